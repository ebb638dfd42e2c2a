// lib/mseed/series.ts: what belongs together is one segment, in whatever order it came; the rest is told.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  joinRecords,
  MiniSeedError,
  type MiniSeedRecord,
  packRecords,
  readRecords,
  type Series,
  samplesOf,
} from "../../lib/mseed/index.ts";

const SECOND = 1_000_000_000n;
const ID = "FDSN:XX_A__B_H_Z";

/** Records of a ramp from sample `from` up to `to`, at 1 Hz from time 0, or what is given. */
function ramp(from: number, to: number, series: Partial<Series> = {}, recordLength = 128): MiniSeedRecord[] {
  const samples = Int32Array.from({ length: to - from }, (_, i) => from + i);
  const all = { sourceId: ID, startTime: BigInt(from) * SECOND, sampleRate: 1, samples, ...series };
  const encoding = typeof all.samples === "string" ? "text" : "int32";
  const bytes = packRecords(all, { formatVersion: 3, encoding, recordLength });
  return [...readRecords(Buffer.concat([...bytes]))];
}

function spans(records: MiniSeedRecord[], options = {}): [number, number][] {
  const [series] = joinRecords(records, options);
  return (series?.segments ?? []).map(({ startTime, endTime }) => [
    Number(startTime / SECOND),
    Number(endTime / SECOND),
  ]);
}

describe("joinRecords", () => {
  it("joins records in any order", () => {
    const inOrder = ramp(0, 500);
    assert.ok(inOrder.length > 20);
    fc.assert(
      fc.property(fc.shuffledSubarray(inOrder, { minLength: inOrder.length }), (records) => {
        const [series, ...more] = joinRecords(records);
        assert.equal(more.length, 0);
        assert.equal(series?.segments.length, 1);
        const [segment] = series.segments;
        assert.ok(segment);
        assert.equal(segment.sampleCount, 500);
        assert.deepEqual(
          samplesOf(segment),
          Int32Array.from({ length: 500 }, (_, i) => i),
        );
        assert.deepEqual(series.discontinuities, []);
      }),
      { numRuns: 20 },
    );
  });

  it("tells gaps and overlaps", () => {
    const [series] = joinRecords([...ramp(0, 10), ...ramp(15, 20), ...ramp(18, 30)]);
    assert.deepEqual(series?.discontinuities, [
      { kind: "gap", startTime: 10n * SECOND, endTime: 15n * SECOND, samples: 5 },
      { kind: "overlap", startTime: 18n * SECOND, endTime: 19n * SECOND, samples: 2 },
    ]);
    assert.equal(series?.segments.length, 3);
  });

  it("tells no gap where a longer segment is below a short one", () => {
    const [series] = joinRecords([...ramp(0, 100, {}, 4096), ...ramp(20, 30), ...ramp(100, 110)]);
    assert.deepEqual(
      series?.discontinuities.map(({ kind, samples }) => [kind, samples]),
      [["overlap", 10]],
    );
  });

  it("keeps two copies of the same data apart", () => {
    assert.deepEqual(spans([...ramp(0, 50), ...ramp(0, 50)]), [
      [0, 49],
      [0, 49],
    ]);
  });

  it("takes half a sample as tolerance, or what it is told", () => {
    const late = (ms: bigint) => [
      ...ramp(0, 10),
      ...ramp(10, 20, { startTime: 10n * SECOND + ms * 1_000_000n }),
    ];
    assert.equal(spans(late(499n)).length, 1);
    assert.equal(spans(late(-499n)).length, 1);
    assert.equal(spans(late(501n)).length, 2);
    assert.equal(spans(late(-501n)).length, 2);
    assert.equal(spans(late(100n), { tolerance: 0.05 }).length, 2);
    assert.equal(spans(late(2000n), { tolerance: 2 }).length, 1);
    assert.throws(() => joinRecords([], { tolerance: -1 }), MiniSeedError);
    assert.throws(() => joinRecords([], { tolerance: Number.NaN }), MiniSeedError);
  });

  it("keeps rates, identifiers and, if asked, versions apart", () => {
    const other = ramp(10, 20, { sampleRate: 1.001 });
    assert.equal(spans([...ramp(0, 10), ...other]).length, 2);
    assert.equal(joinRecords([...ramp(0, 10), ...ramp(10, 20, { sourceId: "FDSN:XX_B__B_H_Z" })]).length, 2);
    const revised = [...ramp(0, 10), ...ramp(10, 20, { publicationVersion: 2 })];
    assert.equal(joinRecords(revised).length, 1);
    assert.equal(joinRecords(revised)[0]?.publicationVersion, 2);
    assert.equal(joinRecords(revised, { separateVersions: true }).length, 2);
  });

  it("leaves records of text and of headers alone", () => {
    const text = ramp(0, 0, { samples: "one", sampleRate: 0 });
    const more = ramp(0, 0, { samples: "two", sampleRate: 0, startTime: 1n });
    const [series] = joinRecords([...text, ...more, ...ramp(0, 0), ...ramp(0, 10)]);
    assert.equal(series?.segments.length, 4);
    assert.deepEqual(series?.discontinuities, []);
  });

  it("has no samples for records of different kinds", () => {
    const [series] = joinRecords([
      ...ramp(0, 10),
      ...ramp(10, 20, { samples: Array.from({ length: 10 }, () => 1) }),
    ]);
    assert.equal(series?.segments.length, 1);
    const floats = packRecords(
      { sourceId: ID, startTime: 10n * SECOND, sampleRate: 1, samples: new Float32Array(5) },
      {},
    );
    const [mixed] = joinRecords([...ramp(0, 10), ...readRecords(Buffer.concat([...floats]))]);
    const [segment] = mixed?.segments ?? [];
    assert.ok(segment);
    assert.throws(() => samplesOf(segment), MiniSeedError);
  });

  it("is quick with many records that all overlap", () => {
    const [record] = ramp(0, 10);
    const { sourceId, startTime, endTime, rate, sampleCount, publicationVersion } = record as MiniSeedRecord;
    const span = { sourceId: sourceId.text, startTime, endTime, rate, sampleCount, publicationVersion };
    const [series] = joinRecords(Array.from({ length: 20_000 }, () => span));
    assert.equal(series?.segments.length, 20_000);
  });
});
