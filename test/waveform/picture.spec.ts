// lib/waveform/picture.ts: two bytes per column give the trace back as finely as they can, on a scale that it fills.
import assert from "node:assert/strict";
import fc from "fast-check";
import { TraceBins } from "../../lib/waveform/bins.ts";
import { commonScale, drawRow, niceAtLeast, scaleOf } from "../../lib/waveform/picture.ts";

const COUNT = 40;

/** One sample per bin, the first in bin 0; NaN for a gap. */
function bins(samples: number[]): TraceBins {
  const made = new TraceBins(1000, COUNT);
  made.add(500, 1000, samples);
  return made;
}

/** The row whose right edge is the end of bin `end - 1`. */
function row(made: TraceBins, end: number) {
  const view = { from: end - COUNT, to: end, columns: COUNT };
  const scale = scaleOf(made, view);
  return { ...scale, envelope: drawRow(made, view, scale) };
}

// Up to a quarter of the largest number: beyond it a row that fits all samples has no half range.
const finite = fc.double({ noNaN: true, min: -Number.MAX_VALUE / 4, max: Number.MAX_VALUE / 4 });
const counts = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const gap = fc.constant(NaN);

describe("a row of a picture", () => {
  it("shows each column as finely as a byte can, and 0 for a gap only", () => {
    const samples = fc.array(fc.oneof(counts, finite, gap), { minLength: COUNT, maxLength: COUNT });
    fc.assert(
      fc.property(samples, (values) => {
        const { centre, halfRange, envelope } = row(bins(values), COUNT);
        assert.equal(envelope.length, 2 * COUNT);
        values.forEach((value, column) => {
          const [min, max] = [envelope[2 * column]!, envelope[2 * column + 1]!];
          assert.equal(min, max);
          assert.equal(min === 0, Number.isNaN(value));
          if (min === 0) return;
          // In units of the half range, as the values themselves may be the largest that there are.
          const shown = centre / halfRange + (min - 128) / 127;
          assert.ok(
            Math.abs(shown - value / halfRange) <= 0.5 / 127 + 1e-9,
            `${value} shown as ${shown * halfRange}`,
          );
        });
      }),
    );
  });

  it("reaches far enough, and hardly further than it must", () => {
    fc.assert(
      fc.property(fc.array(counts, { minLength: 2, maxLength: COUNT }), (values) => {
        const { centre, halfRange } = row(bins(values), COUNT);
        const reach = Math.max(...values.map((value) => Math.abs(value - centre)));
        assert.ok(halfRange >= reach);
        assert.ok(reach === 0 ? halfRange === 1 : halfRange < 1.4 * reach);
      }),
    );
  });

  it("is empty where the stream has nothing in view", () => {
    const { halfRange, envelope } = row(bins([1, 2, 3]), 1000);
    assert.equal(halfRange, 0);
    assert.ok(envelope.every((byte) => byte === 0));
  });

  it("draws infinite samples at the edge, on the scale of the others", () => {
    const { centre, halfRange, envelope } = row(bins([-2, Infinity, 2, -Infinity]), 4);
    assert.deepEqual([centre, halfRange], [0, 2]);
    assert.deepEqual([...envelope.slice(-8)], [1, 1, 255, 255, 255, 255, 1, 1]);
    assert.deepEqual([...row(bins([Infinity, -Infinity]), 2).envelope.slice(-4)], [255, 255, 1, 1]);
  });

  it("has round numbers on its scale", () => {
    assert.deepEqual(
      [1, 1.1, 1.6, 2.2, 6.5, 9, 10, 0.00012, 101].map(niceAtLeast),
      [1, 1.2, 2, 2.5, 8, 10, 10, 0.00012, 120],
    );
    fc.assert(
      fc.property(fc.double({ min: 5e-324, max: Number.MAX_VALUE, noNaN: true }), (value) => {
        const nice = niceAtLeast(value);
        assert.ok(nice >= value && nice <= Number.MAX_VALUE);
        assert.ok(nice < 2 * value || value < 1e-322);
      }),
    );
  });

  it("merges bins where there are more than columns, and repeats them where there are fewer", () => {
    const values = [1, 5, 2, 8, -3, 0];
    const made = bins(values);
    const scale = { centre: 0, halfRange: 127 };
    const inColumns = (columns: number) =>
      [...drawRow(made, { from: 0, to: 6, columns }, scale)].map((v) => v - 128);
    assert.deepEqual(inColumns(3), [1, 5, 2, 8, -3, 0]);
    assert.deepEqual(inColumns(2), [1, 5, -3, 8]);
    assert.deepEqual(inColumns(12).slice(0, 8), [1, 1, 1, 1, 5, 5, 5, 5]);
  });

  it("reaches as far as all the others on a common scale, around its own middle", () => {
    const scales = [
      { centre: 1000, halfRange: 5 },
      { centre: 0, halfRange: 40 },
      { centre: 0, halfRange: 0 },
    ];
    assert.deepEqual(commonScale(scales), [{ centre: 1000, halfRange: 40 }, scales[1], scales[2]]);
    assert.deepEqual(commonScale([]), []);
  });
});
