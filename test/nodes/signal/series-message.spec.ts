// nodes/signal/series-message.ts: what is read of a record in a message, and the record that goes on in its place.
import assert from "node:assert/strict";
import { readSeries, samplesOf, withSamples } from "../../../nodes/signal/series-message.ts";
import { at, ID, record, START } from "./records.ts";

const read = (more: object = {}) => readSeries({ ...record(0, [1, 2, 3]), ...more });

describe("a record for a node for signals", () => {
  it("has its id, time, rate and samples, and the payload that it came in", () => {
    const payload = record(0, [1, 2, 3]);
    assert.deepEqual(readSeries(payload), {
      ...{ payload, sourceId: ID, startTime: START, sampleRate: 100, samples: payload.samples },
    });
  });

  it("has numbers, and NaN where there is none, of whatever list", () => {
    assert.deepEqual(samplesOf([1, null, 2.5, "3"]), Float64Array.of(1, Number.NaN, 2.5, Number.NaN));
    for (const list of [Int16Array.of(7), Float32Array.of(7), Float64Array.of(7)])
      assert.equal(samplesOf(list), list);
  });

  it("is none where there are no samples, or text", () => {
    for (const samples of [undefined, null, "log", [], new Int32Array()])
      assert.equal(read({ samples }), undefined);
  });

  it("is known by its codes where it has no source id", () => {
    for (const sourceId of [undefined, "", 5, "x".repeat(201)])
      assert.equal(read({ sourceId })!.sourceId, ID);
    assert.equal(read({ sourceId: "x".repeat(200) })!.sourceId, "x".repeat(200));
    const { sourceId } = read({ sourceId: undefined, location: undefined })!;
    assert.equal(sourceId, "FDSN:XX_DEMO__H_H_Z");
    assert.equal(read({ sourceId: undefined, station: "ABCDEFGH" })!.sourceId, "FDSN:XX_ABCDEFGH_00_H_H_Z");
  });

  const refused: [code: string, change: object, sentence: RegExp][] = [
    ["NO_SAMPLES", { samples: { length: 3 } }, /samples is not an array/],
    ["NO_SAMPLES", { samples: new BigInt64Array(3) }, /samples is not an array/],
    ["NO_SAMPLES", { samples: new BigUint64Array(3) }, /samples is not an array/],
    ["NO_SAMPLES", { samples: new Uint8Array(10_000_001) }, /has 10000001 samples: give at most 10000000/],
    ["INVALID_MESSAGE", { sourceId: undefined, station: undefined }, /sourceId is missing/],
    ["INVALID_MESSAGE", { sourceId: undefined, station: "ABCDEFGHI" }, /sourceId is missing/],
    ["BAD_TIME", { startTime: undefined }, /startTime is missing/],
    ["INVALID_MESSAGE", { startTime: "noon" }, /startTime is not a time/],
    ["BAD_SAMPLE_RATE", { sampleRate: 0 }, /sampleRate is 0:/],
    ["BAD_SAMPLE_RATE", { sampleRate: Infinity }, /sampleRate is Infinity:/],
    ["BAD_SAMPLE_RATE", { sampleRate: "100" }, /sampleRate is not a number:/],
  ];
  for (const [code, change, message] of refused) {
    it(`is refused with ${code}: ${Object.entries(change).flat().join(" ").slice(0, 60)}`, () => {
      assert.throws(() => read(change), { code, message });
    });
  }

  it("may have ten million samples", () => {
    assert.equal(samplesOf(new Uint8Array(10_000_000))!.length, 10_000_000);
  });
});

describe("a record with other samples", () => {
  const sentence = "made anew";
  const make = (more: object, series: object) =>
    withSamples(read(more)!, {
      samples: Float64Array.of(0.5, 1.5, 2.5),
      startTime: START,
      sentence,
      ...series,
    });

  it("keeps what it had", () => {
    const { samples: _, ...fields } = record(0, [1, 2, 3]);
    assert.deepEqual(make({ other: 1 }, {}), {
      ...fields,
      ...{ other: 1, encoding: "float32", processing: [sentence], samples: Float32Array.of(0.5, 1.5, 2.5) },
    });
    assert.ok(!("units" in make({}, {})));
    assert.equal(make({ units: "counts" }, {}).units, "counts");
    assert.equal(make({ units: "counts" }, { units: "m/s" }).units, "m/s");
  });

  it("tells where it begins and how many samples it has, if that has changed", () => {
    const cut = make({}, { startTime: at(0.01), samples: Float64Array.of(1, 2) });
    assert.deepEqual([cut.startTime, cut.sampleCount], ["2026-01-01T00:00:00.01Z", 2]);
    // What came may be wrong about itself.
    assert.equal(make({ sampleCount: 7 }, {}).sampleCount, 3);
    assert.equal(make({ sampleCount: undefined }, {}).sampleCount, 3);
    const text = { startTime: "2026-01-01 00:00:00" };
    assert.equal(make(text, {}).startTime, text.startTime);
  });

  it("says what was done to it, of what was done before the last fifty", () => {
    const processing = Array.from({ length: 60 }, (_, i) => `step ${i}`);
    assert.deepEqual(make({ processing }, {}).processing, [...processing.slice(10), sentence]);
    assert.deepEqual(make({ processing: "none" }, {}).processing, [sentence]);
  });
});
