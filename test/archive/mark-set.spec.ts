// lib/archive/mark-set.ts: remembers what a set of their texts would, in a fraction of the memory.
import assert from "node:assert/strict";
import fc from "fast-check";
import { type MarkKey, MarkSet } from "../../lib/archive/mark-set.ts";

/** Few values, so that marks share some of them; and the largest. */
const mark = fc.record({
  packetId: fc.oneof(fc.bigInt(0n, 5n), fc.constant(2n ** 64n - 1n)),
  packetTime: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constant(Number.MAX_SAFE_INTEGER)),
  part: fc.oneof(fc.nat(3), fc.constant(2 ** 32 - 1)),
});
const textOf = ({ packetId, packetTime, part }: MarkKey) => `${packetId} ${packetTime} ${part}`;

describe("a set of marks", () => {
  it("has what was added and nothing else, whenever it is asked", () => {
    const steps = fc.array(fc.record({ mark, add: fc.boolean() }), { maxLength: 300, size: "max" });
    fc.assert(
      fc.property(steps, (all) => {
        const marks = new MarkSet();
        const texts = new Set<string>();
        for (const step of all) {
          if (step.add) {
            marks.add(step.mark);
            texts.add(textOf(step.mark));
          } else assert.equal(marks.has(step.mark), texts.has(textOf(step.mark)));
        }
      }),
    );
  });

  it("takes no more than 50 bytes for each", () => {
    assert.equal(new MarkSet().bytes, 64 * 20);
    const count = 300_000;
    const marks = new MarkSet();
    for (let i = 0; i < count; i++)
      marks.add({ packetId: BigInt(i), packetTime: 1000 * (count - i), part: 0 });
    // It makes its order when it is asked first.
    assert.ok(marks.has({ packetId: 7n, packetTime: 1000 * (count - 7), part: 0 }));
    const bytes = marks.bytes / count;
    assert.ok(bytes >= 20 && bytes < 50, `${bytes} bytes`);
  });
});
