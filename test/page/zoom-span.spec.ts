// The span of the zoom strip: it moves and widens about the pointer, and stays one that can be shown.
import assert from "node:assert/strict";
import fc from "fast-check";
import { atMost, moved, widened } from "../../page/zoom-span.ts";

const NOW = Date.UTC(2026, 10, 28) * 1000;
const spans = fc
  .tuple(fc.integer({ min: 1, max: 3600e6 }), fc.integer({ min: 1e6, max: 3600e6 }))
  .map(([ago, length]) => ({ from: NOW - ago - length, to: NOW - ago }));

describe("the span of a zoom", () => {
  it("moves by a part of its length, and back", () => {
    fc.assert(
      fc.property(spans, fc.double({ min: -2, max: 2, noNaN: true }), (span, part) => {
        const there = moved(span, part);
        assert.ok(Math.abs(there.to - there.from - (span.to - span.from)) < 1);
        assert.ok(Math.abs(moved(there, -part).from - span.from) < 1);
      }),
    );
  });

  it("widens about a time that keeps its place, between half a second and an hour", () => {
    fc.assert(
      fc.property(
        spans,
        fc.double({ min: 0.001, max: 1000, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (span, factor, place) => {
          const about = span.from + place * (span.to - span.from);
          const now = widened(span, factor, about);
          const length = now.to - now.from;
          assert.ok(length > 499_999 && length < 3600e6 + 1);
          assert.ok(Math.abs((about - now.from) / length - place) < 1e-6);
        },
      ),
    );
  });

  it("is never too long, too short or altogether in the future, and stands in whole milliseconds", () => {
    const times = fc.integer({ min: 0, max: 2 * NOW });
    fc.assert(
      fc.property(times, times, (a, b) => {
        const { from, to } = atMost({ from: Math.min(a, b), to: Math.max(a, b) }, NOW);
        assert.ok(from >= 0 && from <= NOW && to - from >= 499_000 && to - from <= 3600e6 + 1000);
        assert.equal(from % 1000, 0);
        assert.equal(to % 1000, 0);
      }),
    );
  });
});
