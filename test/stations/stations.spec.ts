// Sensitivities of channels over time, out of StationXML and of an FDSN service's text.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { StationError } from "../../lib/stations/errors.ts";
import { channelQuery, readFdsnText } from "../../lib/stations/fdsn-text.ts";
import { MOST_EPOCHS, normalUnits, Sensitivities } from "../../lib/stations/sensitivities.ts";
import { readStationXml } from "../../lib/stations/station-xml.ts";
import { toNanoseconds } from "../../lib/time.ts";

const VECTORS = path.join(__dirname, "../signal/vectors");
const read = (name: string) => readFileSync(path.join(VECTORS, name), "utf8");

interface Case {
  sourceId: string;
  time: string;
  value: number | null;
  units?: string;
  frequency?: number;
}

const HEAD =
  "#Network | Station | Location | Channel | Latitude | Longitude | Elevation | Depth | Azimuth | Dip | SensorDescription | Scale | ScaleFreq | ScaleUnits | SampleRate | StartTime | EndTime";
const TEXT = `${HEAD}
XX|DEMO|00|HHZ|34.28|-81.26|103|0|0|-90|a sensor|6.27192E8|1|M/S|100|2020-01-01T00:00:00|2025-06-30T12:00:00
XX|DEMO|00|HHZ|34.28|-81.26|103|0|0|-90|a sensor|4.0E8|1|m/s|100|2025-06-30T12:00:00|
XX|DEMO|--|HNZ|34.28|-81.26|103|0|0|-90|another|384500|5|M/S**2|100|2020-01-01T00:00:00|2599-12-31T23:59:59
XX|DEMO||LOG|0|0|0|0||||||||2020-01-01T00:00:00|
`;

describe("sensitivities", () => {
  for (const [what, epochs] of [
    ["station.xml", () => readStationXml(read("station.xml"))],
    ["the text of a service", () => readFdsnText(TEXT)],
  ] as const) {
    for (const { sourceId, time, value, units, frequency } of (
      JSON.parse(read("station.json")) as { cases: Case[] }
    ).cases) {
      it(`of ${sourceId} at ${time}, out of ${what}`, () => {
        const sensitivities = new Sensitivities();
        sensitivities.add(epochs());
        const found = sensitivities.at(sourceId, toNanoseconds(time)!);
        assert.equal(found?.sensitivity ?? null, value);
        if (value !== null) assert.deepEqual([found!.units, found!.frequency], [units, frequency]);
      });
    }
  }

  it("have units as this package writes them", () => {
    assert.deepEqual(["M/S", "m/s", "M/S**2", " m/s^2 ", "PA", "V"].map(normalUnits), [
      "m/s",
      "m/s",
      "m/s²",
      "m/s²",
      "Pa",
      "V",
    ]);
  });

  const xmlOf = (channel: string) =>
    `<f:FDSNStationXML xmlns:f="x"><Network code="XX"><Station code="A">${channel}</Station></Network></f:FDSNStationXML>`;
  const channelOf = (value: string, units = "M", start = ' startDate="2020-01-01"') =>
    `<Channel code="HHZ" locationCode=""${start}><Response><InstrumentSensitivity>${value}<Frequency>1</Frequency>` +
    `<InputUnits><Name>${units}</Name></InputUnits></InstrumentSensitivity></Response></Channel>`;
  const lineOf = (value: string) => `XX|A||HHZ|0|0|0|0|0|0|x|${value}|1|M|100|2020-01-01T00:00:00|`;

  it("are left out where they tell nothing, and others of the same document are not", () => {
    const values = ["", "0", "1e400", "much", " 5 ", "-7"];
    const xml = xmlOf(values.map((value) => channelOf(`<Value>${value}</Value>`)).join("") + channelOf(""));
    const text = values.map(lineOf).join("\n");
    for (const epochs of [readStationXml(xml), readFdsnText(text)]) {
      assert.deepEqual(
        epochs.map(({ sensitivity }) => sensitivity),
        [5, -7],
      );
      for (const { network, station, location, channel, units } of epochs)
        assert.deepEqual([network, station, location, channel, units], ["XX", "A", "", "HHZ", "m"]);
    }
  });

  it("count from the beginning where no start is told, and have units of bounded length", () => {
    const [epoch] = readStationXml(xmlOf(channelOf("<Value>5</Value>", "x".repeat(5000), "")));
    assert.equal(epoch!.units.length, 200);
    const sensitivities = new Sensitivities();
    sensitivities.add([epoch!]);
    for (const year of ["1700", "1950", "2200"])
      assert.equal(sensitivities.at("FDSN:XX_A__H_H_Z", toNanoseconds(`${year}-01-01`)!), epoch);
    assert.equal(sensitivities.at("FDSN:XX_B__H_H_Z", 0n), undefined);
    assert.equal(sensitivities.size, 1);
  });

  it("are one for each channel, wherever in it the response stands", () => {
    const value = channelOf("<Value>5</Value>");
    const around = value.replace(/(<Response>.*<\/Response>)/, "<Depth>1</Depth>$1<Comment>2</Comment>");
    assert.notEqual(around, value);
    const epochs = readStationXml(xmlOf(`<Comment/>${around}<Comment/>${value}`));
    assert.deepEqual(
      epochs.map(({ sensitivity }) => sensitivity),
      [5, 5],
    );
  });

  it("are refused where a document is nested too deep or has too many, and not before", () => {
    const nested = (depth: number) =>
      `<FDSNStationXML>${"<a>".repeat(depth - 1)}${"</a>".repeat(depth - 1)}</FDSNStationXML>`;
    assert.deepEqual(readStationXml(nested(64)), []);
    assert.throws(() => readStationXml(nested(65)), isNotStations);
    const lines = (count: number) => `${lineOf("")}\n`.repeat(count);
    assert.deepEqual(readFdsnText(lines(MOST_EPOCHS)), []);
    assert.throws(() => readFdsnText(lines(MOST_EPOCHS + 1)), isNotStations);
  });

  it("are asked for by station", () => {
    const query = "https://x.org/fdsnws/station/1/query?net=XX&sta=DEMO&level=channel&format=text&nodata=404";
    assert.equal(channelQuery("https://x.org/", "XX", "DEMO"), query);
    assert.equal(channelQuery("https://x.org/fdsnws/station/1", "XX", "DEMO"), query);
  });

  it("are refused where they are not what they should be", () => {
    const deep = `<FDSNStationXML>${"<a>".repeat(100)}`;
    const bad = ["<html></html>", "not xml", "", deep, "<FDSNStationXML><Network></FDSNStationXML>"];
    for (const xml of bad) assert.throws(() => readStationXml(xml), isNotStations, xml.slice(0, 40));
    for (const text of ["<html>", "a|b|c", TEXT.replace("2020-01-01T00:00:00", "soon")])
      assert.throws(() => readFdsnText(text), isNotStations);
    assert.deepEqual(readFdsnText(""), []);
  });
});

function isNotStations(error: unknown): boolean {
  return error instanceof StationError && error.code === "NOT_STATIONS";
}
