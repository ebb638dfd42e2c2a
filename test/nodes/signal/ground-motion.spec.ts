// The ground motion node, and the station metadata node that it asks: a number, a table, a file, a service.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { GroundMotion } from "../../../lib/signal/index.ts";
import groundMotion from "../../../nodes/ground-motion.ts";
import stationMetadata from "../../../nodes/station-metadata.ts";
import { type Flow, type Message, startFlow } from "../../support/flow.ts";
import { newFolder } from "../../support/folders.ts";
import { quake, record, recordsOf } from "./records.ts";

const payloadOf = (msg: Message) =>
  msg.payload as { samples: Float32Array; units: string; processing: string[] };
const LINE = "XX|DEMO|00|HHZ|0|0|0|0|0|-90|sensor|4.0E8|1|M/S|100|2020-01-01T00:00:00|";

describe("ground motion node", () => {
  let flow: Flow;
  let server: Server | undefined;
  afterEach(async () => {
    await flow.stop();
    server?.closeAllConnections();
    server?.close();
    server = undefined;
  });

  async function start(settings: object, metadata: object = {}, userDir = newFolder()): Promise<void> {
    flow = await startFlow(
      [stationMetadata, groundMotion],
      [
        { id: "stations", type: "station-metadata", version: 1, ...metadata },
        {
          id: "motion",
          type: "ground-motion",
          version: 1,
          metadata: "stations",
          wires: [["out"]],
          ...settings,
        },
        { id: "catch", type: "catch", scope: ["motion"], wires: [["errors"]] },
        ...["out", "errors"].map((id) => ({ id, type: "helper", wires: [] })),
      ],
      { userDir },
    );
  }
  const give = (...payloads: object[]) => {
    for (const payload of payloads) flow.node("motion").receive({ payload });
  };
  const next = async () => payloadOf(await flow.inbox("out").next());
  const failure = async () => (await flow.inbox("errors").next()).error.code;

  it("divides by a number", async () => {
    await start({ sensitivity: "1000", units: "m/s²" });
    give(record(0, [1000, -500]));
    const { samples, units, processing } = await next();
    assert.deepEqual([samples, units], [Float32Array.of(1, -0.5), "m/s²"]);
    assert.deepEqual(processing, ["divided by 1000 counts per m/s²"]);
  });

  it("integrates over the borders of records, in their order", async () => {
    await start({ sensitivity: "1e6", to: "displacement" });
    const series = quake(1000, 200, 400);
    give(...recordsOf(series));
    const motion = new GroundMotion({
      sensitivity: 1e6,
      sampleRate: 100,
      from: "velocity",
      to: "displacement",
    });
    const whole = Float32Array.from(motion.push(series));
    for (let i = 0; i < 10; i++) {
      const { samples, units, processing } = await next();
      assert.deepEqual([samples, units], [whole.slice(100 * i, 100 * i + 100), "m"]);
      assert.match(processing[0]!, /to m behind a high-pass of 0\.075 Hz, order 2$/);
    }
  });

  it("asks a table, and says which stream it does not know", async () => {
    const table = "# mine\nXX.DEMO.00.HHZ 2000 m/s\nXX.*, 4000, PA";
    await start({ source: "metadata" }, { source: "table", table });
    give(
      record(0, [2000]),
      record(0, [4000], { sourceId: "FDSN:XX_B__H_D_F" }),
      record(0, [1], { sourceId: "FDSN:YY_B__H_H_Z" }),
    );
    assert.deepEqual([(await next()).samples[0], (await next()).units], [1, "Pa"]);
    assert.equal(await failure(), "NO_SENSITIVITY");
    await flow.status(
      "motion",
      ({ fill, text }) => fill === "red" && text === "ground-motion.status.unknown",
    );
  });

  it("reads a StationXML file", async () => {
    const userDir = newFolder();
    const xml = `<FDSNStationXML><Network code="XX"><Station code="DEMO"><Channel code="HHZ" locationCode="00" startDate="2020-01-01">
      <Response><InstrumentSensitivity><Value>500</Value><InputUnits><Name>M/S</Name></InputUnits></InstrumentSensitivity></Response>
      </Channel></Station></Network></FDSNStationXML>`;
    await start({ source: "metadata" }, { source: "file", file: "stations.xml" }, userDir);
    give(record(0, [500]));
    assert.equal(await failure(), "STATIONS_UNREACHABLE");
    writeFileSync(path.join(userDir, "stations.xml"), xml);
    give(record(0, [500]));
    assert.equal((await next()).samples[0], 1);
  });

  it("asks a service once for a station, keeps the answer, and uses an old one while it is away", async () => {
    const asked: string[] = [];
    let answer = 200;
    server = createServer(({ url }, response) => {
      asked.push(url!);
      response.writeHead(answer).end(url!.includes("sta=DEMO") ? LINE : "");
    });
    await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
    const service = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const userDir = newFolder();
    await start({ source: "metadata" }, { source: "service", service }, userDir);
    give(record(0, [4e8]), record(0.01, [8e8]), record(0, [1], { sourceId: "FDSN:XX_B_00_H_H_Z" }));
    assert.deepEqual([(await next()).samples[0], (await next()).samples[0]], [1, 2]);
    assert.equal(await failure(), "NO_SENSITIVITY");
    assert.deepEqual(
      asked.map((url) => /sta=(\w+)/.exec(url)![1]),
      ["DEMO", "B"],
    );
    await flow.stop();
    answer = 500;
    await start({ source: "metadata" }, { source: "service", service }, userDir);
    give(record(0, [4e8]), record(0, [1], { sourceId: "FDSN:XX_C_00_H_H_Z" }));
    assert.equal((await next()).samples[0], 1);
    assert.equal(await failure(), "STATIONS_UNREACHABLE");
    assert.equal(asked.length, 3);
  });

  for (const [settings, metadata, sentence] of [
    [{ sensitivity: "" }, {}, /Counts per unit is missing/],
    [{ source: "metadata", metadata: "nothing" }, {}, /Stations is missing/],
  ] as const) {
    it(`refuses ${JSON.stringify(settings)}`, async () => {
      await start(settings, { source: "table", table: "A 1 m/s", ...metadata });
      assert.match(flow.errors("motion").join(), sentence);
      give(record(0, [1]));
      assert.equal(await failure(), "INVALID_SETTING");
    });
  }

  for (const [metadata, sentence] of [
    [{ source: "service", service: "nowhere" }, /Service is "nowhere"/],
    [{ source: "table", table: "CO.JSC fast" }, /The table has the line/],
    [{ source: "file", file: "" }, /File is missing/],
  ] as const) {
    it(`names what is wrong with the metadata ${JSON.stringify(metadata)}`, async () => {
      await start({ source: "metadata" }, metadata);
      assert.match(flow.errors("stations").join(), sentence);
      give(record(0, [1]));
      assert.match((await flow.inbox("errors").next()).error.message, sentence);
    });
  }

  it("cannot make a motion of a pressure", async () => {
    await start({ sensitivity: "1", units: "Pa", to: "velocity" });
    give(record(0, [1]));
    assert.equal(await failure(), "NO_SENSITIVITY");
  });
});
