// lib/slices.ts, and what is read by it: long work lets everything else have its turn, and comes out the same as at once.
import assert from "node:assert/strict";
import { mock } from "node:test";
import { parseInfo } from "../lib/datalink/protocol/info.ts";
import { plainInfo } from "../lib/datalink/protocol/plain-info.ts";
import { parseHello } from "../lib/seedlink/protocol/hello.ts";
import { parseInfoJson } from "../lib/seedlink/protocol/info-json.ts";
import { parseInfoXml } from "../lib/seedlink/protocol/info-xml.ts";
import { atOnce, inSlices, type Steps } from "../lib/slices.ts";

const STREAMS = 10_000;
const range = <Value>(value: (i: number) => Value) => Array.from({ length: STREAMS }, (_, i) => value(i));
const TIME = "2026-11-22T06:30:00.000000Z";

describe("long work in slices", () => {
  afterEach(() => mock.restoreAll());

  it("lets the event loop have its turn whenever a slice is over, and not before", async () => {
    let now = 0;
    mock.method(performance, "now", () => now);
    let turns = 0;
    let isOver = false;
    const count = () => {
      if (isOver) return;
      turns++;
      setImmediate(count);
    };
    setImmediate(count);
    function* work(): Steps<number> {
      for (let step = 0; step < 100; step++) {
        now += 3;
        yield;
      }
      return turns;
    }
    // Slices of 10 ms, of steps of 3 ms: four steps each.
    assert.equal(await inSlices(work()), 25);
    isOver = true;
  });

  it("rejects with what a step throws, also behind the first slice", async () => {
    let now = 0;
    mock.method(performance, "now", () => now);
    function* work(): Steps<void> {
      for (let step = 0; step < 10; step++) {
        now += 6;
        yield;
      }
      throw new Error("odd");
    }
    await assert.rejects(inSlices(work()), /odd/);
    assert.throws(() => atOnce(work()), /odd/);
  });

  const streamXml = (i: number) =>
    `<Stream Name="FDSN:XX_S${i}_00_H_H_Z/MSEED" EarliestPacketID="${i}" LatestPacketID="${i}" LatestPacketDataEndTime="${TIME}"/>`;
  const dataLinkXml = `<DataLink><Status TotalStreams="${STREAMS}"/><StreamList>${range(streamXml).join("")}</StreamList></DataLink>`;
  const stationXml = (i: number) =>
    `<station name="S${i}" network="XX" begin_seq="1" end_seq="2"><stream location="00" seedname="HHZ" begin_time="${TIME}" end_time="${TIME}"/></station>`;
  const seedLinkXml = `<seedlink software="x">${range(stationXml).join("")}</seedlink>`;
  const stream = { id: "00_H_H_Z", format: "2", subformat: "D", start_time: TIME, end_time: TIME };
  const json = JSON.stringify({
    software: "x",
    station: range((i) => ({ id: `XX_S${i}`, start_seq: 1, end_seq: 2, stream: [stream] })),
  });

  const works: [name: string, work: () => Steps<object>, rows: (result: never) => number][] = [
    [
      "DataLink INFO",
      () => parseInfo("STREAMS", dataLinkXml),
      (info: { streams: [] }) => info.streams.length,
    ],
    [
      "DataLink INFO as plain values",
      () => plainInfo(atOnce(parseInfo("STREAMS", dataLinkXml))),
      (info: { streams: [] }) => info.streams.length,
    ],
    [
      "SeedLink INFO of protocol 3",
      () => parseInfoXml(seedLinkXml, parseHello("", "")),
      (info: { stations: [] }) => info.stations.length,
    ],
    [
      "SeedLink INFO of protocol 4",
      () => parseInfoJson(json),
      (info: { stations: [] }) => info.stations.length,
    ],
  ];
  for (const [name, work, rows] of works) {
    it(`reads ${name} of ${STREAMS} streams in steps that are small parts of it, with the same result`, async () => {
      let steps = 0;
      const counted = function* (): Steps<object> {
        const all = work();
        for (;;) {
          const { done, value } = all.next();
          if (done) return value;
          steps++;
          yield;
        }
      };
      const result = await inSlices(counted());
      assert.equal(rows(result as never), STREAMS);
      assert.ok(steps >= 60, `${steps} steps`);
      assert.deepEqual(result, atOnce(work()));
    });
  }
});
