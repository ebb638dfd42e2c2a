// lib/mseed/join/cut.ts: windows exact to the sample, whatever the rate, and the parts that they cut.
import assert from "node:assert/strict";
import fc from "fast-check";
import { type MiniSeedRecord, packRecords, readRecords } from "../../lib/mseed/index.ts";
import { cutRecord, samplesWithin } from "../../lib/mseed/join/cut.ts";
import { readOwn } from "./vectors.ts";

const START = 1_700_000_000_123_456_000n;

function record(change = {}, options = {}): MiniSeedRecord {
  const samples = Int32Array.from({ length: 100 }, (_, i) => (i * 7919) % 1009);
  const series = { sourceId: "FDSN:XX_A_00_H_H_Z", startTime: START, sampleRate: 100, samples, ...change };
  const [one] = readRecords(Buffer.concat([...packRecords(series, { recordLength: 4096, ...options })]));
  return one!;
}

const read = (pieces: Uint8Array[] | undefined) =>
  pieces!.flatMap((bytes) => [...readRecords(bytes, { strict: true })]);

describe("samplesWithin", () => {
  it("finds just the samples whose times are in the window, ends included", () => {
    const rate = fc.oneof(
      fc.constantFrom(100, 33.3333, 1, 0.1, -3600.5, 1000 / 3, 40_000),
      fc.double({ min: 0.01, max: 5000, noNaN: true }),
    );
    const index = fc.integer({ min: -5, max: 105 });
    fc.assert(
      fc.property(rate, index, index, fc.integer({ min: -1, max: 1 }), (sampleRate, a, b, nanosecond) => {
        const one = record({ sampleRate }, { encoding: "int32" });
        const at = (i: number) => one.timeOfSample(Math.max(0, i)) + BigInt(nanosecond) - (i < 0 ? 10n : 0n);
        const [start, end] = [at(Math.min(a, b)), at(Math.max(a, b))];
        const { from, to } = samplesWithin(one, start, end);
        const inside = Array.from({ length: 100 }, (_, i) => i).filter(
          (i) => one.timeOfSample(i) >= start && one.timeOfSample(i) <= end,
        );
        assert.equal(to - from, inside.length);
        if (inside.length > 0) assert.equal(from, inside[0]);
      }),
    );
    assert.deepEqual(samplesWithin(record(), undefined, undefined), { from: 0, to: 100 });
  });

  it("gives a leap second to the day that it ends", () => {
    const midnight = BigInt(Date.UTC(2017, 0, 1)) * 1_000_000n;
    const one = record({ startTime: midnight - 10_000_000_000n, sampleRate: 2, samples: new Int32Array(40) });
    // 10 s and the leap second before midnight.
    assert.deepEqual(samplesWithin(one, midnight, undefined), { from: 22, to: 40 });
    assert.deepEqual(samplesWithin(one, undefined, midnight - 1n), { from: 0, to: 22 });
  });

  it("takes text by its time", () => {
    const text = record({ samples: "words", sampleRate: 0 });
    assert.deepEqual(samplesWithin(text, START, START), { from: 0, to: 5 });
    assert.deepEqual(samplesWithin(text, START + 1n, undefined), { from: 0, to: 0 });
  });
});

describe("cutRecord", () => {
  for (const formatVersion of [2, 3] as const) {
    for (const encoding of ["steim1", "steim2", "int16", "int32", "float32", "float64"] as const) {
      it(`keeps samples, times and headers: version ${formatVersion}, ${encoding}`, () => {
        const extraHeaders = { FDSN: { Time: { Quality: 88 } } };
        const one = record(
          { extraHeaders, publicationVersion: 3, flags: 4 },
          { formatVersion, encoding, recordLength: 1024 },
        );
        fc.assert(
          fc.property(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 }), (a, b) => {
            const range = { from: Math.min(a, b), to: Math.max(a, b) };
            const cut = read(cutRecord(one, range));
            assert.deepEqual(
              cut.flatMap((r) => Array.from(r.samples as Int32Array)),
              Array.from((one.samples as Int32Array).slice(range.from, range.to)),
            );
            if (range.from === range.to) return;
            assert.equal(cut[0]!.startTime, one.timeOfSample(range.from));
            assert.equal(cut.at(-1)!.endTime, one.timeOfSample(range.to - 1));
            for (const part of cut) {
              assert.deepEqual(
                [
                  part.sourceId.text,
                  part.encoding,
                  part.publicationVersion,
                  part.flags,
                  part.extraHeaders,
                  part.sampleRate,
                ],
                [one.sourceId.text, one.encoding, 3, 4, one.extraHeaders, 100],
              );
              if (formatVersion === 2) assert.equal(part.length, one.length);
            }
          }),
          { numRuns: 40 },
        );
      });
    }
  }

  it("gives the record itself, byte for byte, where all of it is meant", () => {
    const one = record();
    assert.deepEqual(cutRecord(one, { from: 0, to: 100 }), [one.bytes]);
    assert.deepEqual(cutRecord(one, { from: 7, to: 7 }), []);
  });

  it("finds room for a microsecond that the header did not need before", () => {
    const startTime = START - (START % 100_000n);
    const one = record(
      { startTime, sampleRate: 1e6 / 30_007, samples: new Float64Array(9) },
      { formatVersion: 2, recordLength: 128 },
    );
    const cut = read(cutRecord(one, { from: 1, to: one.sampleCount }));
    assert.equal(cut[0]!.startTime / 1000n, one.timeOfSample(1) / 1000n);
    assert.equal(
      cut.reduce((sum, { sampleCount }) => sum + sampleCount, 0),
      one.sampleCount - 1,
    );
  });

  it("writes the samples of retired encodings as int32 or float32", () => {
    for (const code of [13, 14, 16, 30, 32]) {
      const [one] = readRecords(readOwn(`mutants/v2-encoding-${code}.mseed2`));
      const cut = read(cutRecord(one!, { from: 1, to: one!.sampleCount }));
      assert.deepEqual(
        cut.flatMap((r) => Array.from(r.samples as Int32Array)),
        Array.from(one!.samples as Int32Array).slice(1),
      );
    }
  });

  it("does not cut what cannot be decoded", () => {
    const [one] = readRecords(readOwn("mutants/v3-encoding-19.mseed3"));
    assert.equal(cutRecord(one!, { from: 1, to: one!.sampleCount }), undefined);
  });
});
