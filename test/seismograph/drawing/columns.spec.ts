// lib/seismograph/drawing/columns.ts: every sample shows, columns take equally many bins, and a trace has no holes.
import assert from "node:assert/strict";
import fc from "fast-check";
import { Columns, newSpans, spansOf } from "../../../lib/seismograph/drawing/columns.ts";
import { TraceBins } from "../../../lib/waveform/bins.ts";

const WIDTH = 500_000;

function binsOf(values: readonly number[], first = 1000): TraceBins {
  const bins = new TraceBins(WIDTH, 10_000);
  values.forEach((value, i) => {
    bins.add((first + i) * WIDTH, WIDTH, [value]);
  });
  return bins;
}

const numbers = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 400 });

describe("columns of bins", () => {
  it("lose no sample, whatever the width of a column", () => {
    fc.assert(
      fc.property(numbers, fc.double({ min: 1, max: 40, noNaN: true }), (values, perColumn) => {
        const columns = new Columns(Math.ceil(values.length / perColumn));
        columns.fill(binsOf(values), 1000 * WIDTH, perColumn * WIDTH);
        values.forEach((value, i) => {
          const column = Math.min(columns.count - 1, Math.floor(i / perColumn + 1e-9));
          // A bin at an edge may be of the column before it.
          const around = [column - 1, column, column + 1].filter((at) => at >= 0 && at < columns.count);
          assert.ok(around.some((at) => columns.min[at]! <= value && value <= columns.max[at]!));
        });
      }),
    );
  });

  it("read one by one what has no read", () => {
    const bins = binsOf([1, 5, -3, 2, 8, 0]);
    const slow = {
      width: WIDTH,
      end: bins.end,
      min: (bin: number) => bins.min(bin),
      max: (bin: number) => bins.max(bin),
    };
    const [fast, other] = [new Columns(3), new Columns(3)];
    fast.fill(bins, 1000 * WIDTH, 2 * WIDTH);
    other.fill(slow, 1000 * WIDTH, 2 * WIDTH);
    assert.deepEqual(other, fast);
    assert.deepEqual([...fast.max], [5, 2, 8]);
    assert.deepEqual([...fast.min], [1, -3, 0]);
  });

  it("take equally many bins each, so that no pattern arises", () => {
    // Bins that become one larger from one to the next: a column of n bins spans n - 1.
    const bins = binsOf(Array.from({ length: 2000 }, (_, i) => i));
    for (const perColumn of [1.53, 2.01, 3.06, 7.5, 13.2]) {
      const columns = new Columns(100);
      columns.fill(bins, 1000 * WIDTH, perColumn * WIDTH);
      const spans = new Set(Array.from(columns.min, (min, i) => columns.max[i]! - min));
      assert.deepEqual([...spans], [Math.ceil(perColumn) - 1]);
    }
  });

  it("are a straight line between bins that are wider than they", () => {
    const columns = new Columns(40);
    columns.fill(binsOf([0, 10, 20, 30]), 1000 * WIDTH, WIDTH / 10);
    for (let i = 6; i < 35; i++) {
      const value = i + 0.5 - 5;
      assert.ok(Math.abs(columns.min[i]! - value) < 1e-4, `column ${i}: ${columns.min[i]}`);
    }
  });

  it("keep gaps", () => {
    const bins = binsOf([1, 2, 3, 4]);
    bins.add(1010 * WIDTH, WIDTH, [5, 6]);
    const columns = new Columns(6);
    columns.fill(bins, 1000 * WIDTH, 2 * WIDTH);
    assert.deepEqual(columns.gaps(0, 6), [[2, 5]]);
    assert.equal(columns.first(), 0);
  });
});

describe("spans of columns", () => {
  const mapping = { middle: 100, perUnit: 1, centre: 0, top: 40, bottom: 161 };

  function spansFor(values: readonly number[], more: Partial<typeof mapping> = {}) {
    const columns = new Columns(values.length);
    values.forEach((value, i) => {
      columns.set(i, value, value);
    });
    const spans = newSpans(values.length);
    spansOf(columns, { ...mapping, ...more }, spans, 2);
    return spans;
  }

  it("touch their neighbours and stay within top and bottom", () => {
    fc.assert(
      fc.property(numbers, fc.double({ min: 0.001, max: 100, noNaN: true }), (values, perUnit) => {
        const { trace } = spansFor(values, { perUnit });
        for (let i = 0; i < values.length; i++) {
          const [top, bottom] = [trace[2 * i]!, trace[2 * i + 1]!];
          assert.ok(top >= 40 && bottom <= 161 && bottom > top);
          if (i === 0) continue;
          assert.ok(
            top <= trace[2 * i - 1]! && bottom >= trace[2 * i - 2]!,
            `columns ${i - 1} and ${i} touch`,
          );
        }
      }),
    );
  });

  it("lie about the centre, up for what is above it", () => {
    const { trace, isCut } = spansFor([500, 510, 490], { centre: 500 });
    assert.deepEqual([...trace.slice(0, 2)], [100, 101]);
    assert.equal(trace[2], 90);
    assert.equal(trace[5], 111);
    assert.equal(isCut, false);
  });

  it("mark the ends that were cut off, above and below, and forget them with the next trace", () => {
    const spans = spansFor([1000, 0, -1000]);
    assert.equal(spans.isCut, true);
    assert.deepEqual([...spans.cut], [40, 42, 0, 0, 0, 0, 0, 0, 0, 0, 159, 161]);
    const columns = new Columns(3);
    for (let i = 0; i < 3; i++) columns.set(i, 0, 0);
    spansOf(columns, mapping, spans, 2);
    assert.deepEqual([...spans.cut], new Array(12).fill(0));
  });

  it("draw what has no finite place at the edge or in the middle", () => {
    const { trace } = spansFor([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300, Number.NaN]);
    assert.equal(trace[0], 40);
    assert.equal(trace[3], 161);
    assert.equal(trace[4], 40);
    assert.deepEqual([...trace.slice(6)], [0, 0]);
    const lost = spansFor([Number.POSITIVE_INFINITY], { centre: Number.POSITIVE_INFINITY });
    assert.deepEqual([...lost.trace], [100, 101]);
  });

  it("lie each about its own middle, if asked to", () => {
    const columns = new Columns(2);
    columns.set(0, 1000, 1020);
    columns.set(1, -50, -10);
    const spans = newSpans(2);
    spansOf(columns, { ...mapping, centre: Number.NaN }, spans, 2);
    assert.deepEqual([...spans.trace], [90, 111, 80, 121]);
  });
});
