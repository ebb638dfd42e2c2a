// lib/waveform/record.ts: what a waveform takes, and the sentence for what it doesn't.
import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { TraceError } from "../../lib/waveform/errors.ts";
import { readTraceRecord } from "../../lib/waveform/record.ts";

const record = {
  sourceId: "FDSN:XX_DEMO_00_H_H_Z",
  startTime: "2026-11-22T06:19:29.804Z",
  sampleRate: 100,
  samples: new Int32Array([1, 2, 3]),
};

describe("a record for a trace", () => {
  it("has its time in microseconds", () => {
    const read = readTraceRecord(record)!;
    assert.deepEqual(
      [read.start, read.period, read.sampleRate],
      [Date.UTC(2026, 10, 22, 6, 19, 29, 804) * 1000, 10_000, 100],
    );
    assert.equal(read.samples, record.samples);
  });

  it("may have its samples in any list of numbers, of another JavaScript context as well", () => {
    const lists = ["[1, 2]", "new Float32Array([1, 2])", "new Float64Array(2)", "new Int16Array(2)"];
    for (const list of lists)
      assert.equal(readTraceRecord({ ...record, samples: runInNewContext(list) })?.samples.length, 2);
  });

  it("may have a single sample", () => {
    for (const samples of [[1], Int32Array.of(1), Float32Array.of(Number.NaN)])
      assert.equal(readTraceRecord({ ...record, samples })?.samples, samples);
  });

  it("is nothing to draw where it holds text, or nothing", () => {
    assert.equal(readTraceRecord({ ...record, sampleRate: 0, samples: "log line" }), undefined);
    assert.equal(readTraceRecord({ ...record, sampleRate: 0, samples: new Int32Array() }), undefined);
  });

  const refused: [string, object, RegExp][] = [
    ["NO_SAMPLES", { samples: undefined }, /mseed decode/],
    ["NO_SAMPLES", { samples: ["1", "2"] }, /numbers/],
    ["NO_SAMPLES", { samples: new BigInt64Array(2) }, /numbers/],
    ["NO_SAMPLES", { samples: { length: 1e9 } }, /numbers/],
    ["BAD_SOURCE_ID", { sourceId: "" }, /1 to 255/],
    ["BAD_SOURCE_ID", { sourceId: 7 }, /1 to 255/],
    ["BAD_SAMPLE_RATE", { sampleRate: 0 }, /above 0/],
    ["BAD_SAMPLE_RATE", { sampleRate: -1 }, /above 0/],
    ["BAD_SAMPLE_RATE", { sampleRate: NaN }, /above 0/],
    ["BAD_SAMPLE_RATE", { sampleRate: "100" }, /above 0/],
    ["BAD_TIME", { startTime: "yesterday" }, /yesterday/],
    ["BAD_TIME", { startTime: undefined }, /startTime/],
    ["BAD_TIME", { sampleRate: 1e-300 }, /1e-300 Hz/],
    ["BAD_TIME", { startTime: 2 ** 53 - 1 }, /date/],
  ];
  for (const [code, change, sentence] of refused) {
    it(`is refused with ${code}: ${Object.keys(change)[0]} ${String(Object.values(change)[0])}`, () => {
      assert.throws(
        () => readTraceRecord({ ...record, ...change }),
        (error) => error instanceof TraceError && error.code === code && sentence.test(error.message),
      );
    });
  }

  it("is either read or refused with a TraceError, whatever comes", () => {
    fc.assert(
      fc.property(
        fc.anything({ withTypedArray: true, withDate: true, withBigInt: true, withNullPrototype: true }),
        fc.anything({ withNullPrototype: true }),
        (a, b) => {
          for (const payload of [
            a,
            { ...record, samples: a, startTime: b },
            { ...record, sourceId: a, sampleRate: b },
          ]) {
            try {
              readTraceRecord(payload);
            } catch (error) {
              assert.ok(error instanceof TraceError, String(error));
            }
          }
        },
      ),
    );
  });
});
