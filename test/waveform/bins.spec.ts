// lib/waveform/bins.ts: every sample in its bin, whatever the order of the records, and nothing where there was none.
import assert from "node:assert/strict";
import fc from "fast-check";
import { TraceBins } from "../../lib/waveform/bins.ts";

const WIDTH = 1000;
const COUNT = 50;

interface Run {
  start: number;
  period: number;
  samples: number[];
}

const EPOCH = 1_795_000_000_000_000;

/** Records of whole microseconds, so that the arithmetic is exact. */
function runs(period: fc.Arbitrary<number>): fc.Arbitrary<Run[]> {
  const run = fc.record({
    start: fc.oneof(
      fc.integer({ min: EPOCH, max: EPOCH + 100_000 }),
      fc.integer({ min: -50_000, max: 50_000 }),
    ),
    period,
    samples: fc.array(fc.integer({ min: -1000, max: 1000 }), { maxLength: 300 }),
  });
  return fc.array(run, { maxLength: 8 });
}

function fill(records: Run[]): TraceBins {
  const bins = new TraceBins(WIDTH, COUNT);
  for (const { start, period, samples } of records) bins.add(start, period, samples);
  return bins;
}

function timesOf(records: Run[]): { time: number; value: number }[] {
  return records.flatMap(({ start, period, samples }) =>
    samples.map((value, i) => ({ time: start + i * period, value })),
  );
}

describe("trace bins", () => {
  it("hold the smallest and the largest sample of each bin, in whatever order records come", () => {
    fc.assert(
      fc.property(runs(fc.integer({ min: 1, max: WIDTH })), (records) => {
        const bins = fill(records);
        const samples = timesOf(records);
        const end = Math.max(...samples.map(({ time }) => Math.floor(time / WIDTH) + 1));
        if (samples.length === 0) return assert.ok(Number.isNaN(bins.end));
        assert.equal(bins.end, end);
        for (let bin = end - COUNT; bin < end; bin++) {
          const inBin = samples
            .filter(({ time }) => Math.floor(time / WIDTH) === bin)
            .map(({ value }) => value);
          const expected = inBin.length > 0 ? [Math.min(...inBin), Math.max(...inBin)] : [NaN, NaN];
          assert.deepEqual([bins.min(bin), bins.max(bin)], expected);
        }
      }),
    );
  });

  it("join samples that are further apart than a bin, and leave a gap of one sample open", () => {
    const samples = [0, 100, 200, 300];
    const period = 7 * WIDTH;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: WIDTH - 1 }), fc.boolean(), (offset, backwards) => {
        const bins = new TraceBins(WIDTH, 200);
        const behindTheGap = offset + 5 * period;
        const records: [number, number[]][] = [
          [offset, samples],
          [behindTheGap, samples],
          [behindTheGap + 4 * period, [400]],
        ];
        for (const [start, values] of backwards ? records.reverse() : records)
          bins.add(start, period, values);
        for (let bin = 0; bin < bins.end; bin++) {
          const inGap = bin > 21 && bin < 35;
          assert.equal(Number.isNaN(bins.min(bin)), inGap, `bin ${bin}`);
          const along = bin < 30 ? bin : bin - 35;
          if (!inGap) assert.ok(Math.abs(bins.min(bin) - (along * 100) / 7) < 1e-9, `bin ${bin}`);
        }
      }),
    );
  });

  it("never show a value that lies outside the samples", () => {
    fc.assert(
      fc.property(runs(fc.integer({ min: 1, max: 40 * WIDTH })), (records) => {
        const bins = fill(records);
        const values = timesOf(records).map(({ value }) => value);
        for (let bin = bins.end - COUNT; bin < bins.end; bin++) {
          if (Number.isNaN(bins.min(bin))) continue;
          assert.ok(bins.min(bin) >= Math.min(...values) - 1e-9);
          assert.ok(bins.max(bin) <= Math.max(...values) + 1e-9);
          assert.ok(bins.min(bin) <= bins.max(bin));
        }
      }),
    );
  });

  it("forget what is older than the bins kept, and everything when cleared", () => {
    const bins = new TraceBins(WIDTH, COUNT);
    bins.add(0, WIDTH, [1, 2, 3]);
    bins.add(COUNT * WIDTH, WIDTH, [4]);
    assert.deepEqual([bins.min(0), bins.min(1), bins.min(COUNT)], [NaN, 2, 4]);
    bins.add(-10 * WIDTH, WIDTH, [9]);
    assert.deepEqual([bins.end, bins.min(-10)], [COUNT + 1, NaN]);
    bins.clear();
    assert.deepEqual([bins.end, bins.min(COUNT)], [NaN, NaN]);
  });

  it("take NaN for no sample", () => {
    const bins = new TraceBins(WIDTH, COUNT);
    bins.add(0, WIDTH / 2, new Float32Array([NaN, 5, NaN, NaN, -1, NaN]));
    assert.deepEqual([bins.min(0), bins.max(0), bins.min(1), bins.min(2)], [5, 5, NaN, -1]);
  });

  it("take what another one has, give it away in one piece, and grow with what comes", () => {
    const piece = fc.record({
      first: fc.integer({ min: -4000, max: 4000 }),
      values: fc.array(fc.integer({ min: -1000, max: 1000 }), { maxLength: 40 }),
    });
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 30, max: 6000 }),
        (pieces, count) => {
          const bins = new TraceBins(10, count, "float32");
          const known = new Map<number, number>();
          let end = Number.NEGATIVE_INFINITY;
          for (const { first, values } of pieces) {
            bins.set(
              first,
              values,
              values.map((value) => value + 1),
            );
            if (values.length > 0) end = Math.max(end, first + values.length);
            for (const [i, value] of values.entries()) known.set(first + i, value);
            for (const bin of known.keys()) if (bin < end - count) known.delete(bin);
          }
          const { min, max } = bins.slice(-9000, 9000);
          for (let bin = -9000; bin < 9000; bin++) {
            const value = known.get(bin) ?? Number.NaN;
            assert.ok(Object.is(bins.min(bin), value) && Object.is(min[bin + 9000], value), `bin ${bin}`);
            assert.ok(
              Object.is(bins.max(bin), value + 1) && Object.is(max[bin + 9000], value + 1),
              `bin ${bin}`,
            );
          }
          assert.ok(bins.bytes <= 8 * count);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("are quick with a record far longer than what they keep", () => {
    const bins = new TraceBins(1, COUNT);
    bins.add(0, 1e9, new Int32Array(1000).fill(7));
    assert.equal(bins.end, 999e9 + 1);
    assert.deepEqual([bins.min(999e9), bins.min(999e9 - 1)], [7, NaN]);
  });
});
