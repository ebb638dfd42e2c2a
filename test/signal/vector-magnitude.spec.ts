// Vector lengths of three components, in whatever pieces and order these come.
import assert from "node:assert/strict";
import fc from "fast-check";
import { VectorMagnitude } from "../../lib/signal/index.ts";
import "../support/properties.ts";

const START = 1_780_000_000_000_000_000n;
const PERIOD = 10_000_000n;
const place = (at: number) => START + BigInt(at) * PERIOD;
const value = (component: number, at: number) => Math.sin(at * (component + 1)) * 100;

describe("vector lengths", () => {
  it("are the same in whatever pieces the components come, with gaps where one has a gap", () => {
    const piece = fc.tuple(
      fc.constantFrom(0, 1, 2),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 0, max: 9 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const vectors = new VectorMagnitude({ sampleRate: 100 });
        const next = [0, 0, 0];
        const there = [new Set<number>(), new Set<number>(), new Set<number>()];
        const found = new Map<number, number>();
        for (const [component, count, gap] of pieces) {
          const from = next[component]! + (gap > 6 ? gap : 0);
          const samples = Array.from({ length: count }, (_, i) => value(component, from + i));
          for (let i = 0; i < count; i++) there[component]!.add(from + i);
          next[component] = from + count;
          for (const joined of vectors.push("ZNE"[component]!, place(from), samples)) {
            const at = Number((joined.startTime - START) / PERIOD);
            joined.samples.forEach((length, i) => {
              assert.ok(!found.has(at + i), "a place is given once");
              found.set(at + i, length);
            });
          }
        }
        const all = [...there[0]!].filter((at) => there[1]!.has(at) && there[2]!.has(at));
        assert.deepEqual(
          [...found.keys()].sort((a, b) => a - b),
          all.sort((a, b) => a - b),
        );
        for (const [at, length] of found) {
          assert.ok(Math.abs(length - Math.hypot(value(0, at), value(1, at), value(2, at))) < 1e-9);
        }
      }),
    );
  });

  it("do not wait for ever for a component that is away, and take samples that come twice once", () => {
    const vectors = new VectorMagnitude({ sampleRate: 100 });
    const second = new Float64Array(100).fill(1);
    vectors.push("E", place(0), second);
    for (let i = 0; i < 3000; i++)
      for (const component of "ZN") vectors.push(component, place(100 * i), second);
    const [last] = vectors.push("E", place(299_900), second).slice(-1);
    assert.deepEqual([last!.startTime, last!.samples.length], [place(299_900), 100]);
    assert.deepEqual(vectors.push("E", place(299_900), second), []);
    assert.deepEqual(vectors.push("X", place(299_900), second), []);
  });

  it("are of two components or three, and of whole places", () => {
    const vectors = new VectorMagnitude({ sampleRate: 100, components: 2 });
    assert.deepEqual(vectors.push("E", place(0), [3, 3, 3]), []);
    // Half a period late is the next place, less is the same one.
    const late = vectors.push("N", place(1) - PERIOD / 2n, [4, 4]);
    assert.deepEqual(late, [{ startTime: place(1), samples: Float64Array.of(5, 5) }]);
    assert.deepEqual(vectors.push("Z", place(0), [1]), []);
    for (const components of [0, 1, 4, 2.5])
      assert.throws(() => new VectorMagnitude({ sampleRate: 100, components }), { code: "INVALID_SETTING" });
    assert.throws(() => new VectorMagnitude({ sampleRate: 0 }), { code: "BAD_SAMPLE_RATE" });
  });
});
