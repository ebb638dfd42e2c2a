// lib/net/fifo.ts: the oldest first, however many there are and whatever goes in between.
import assert from "node:assert/strict";
import fc from "fast-check";
import { Fifo } from "../../lib/net/fifo.ts";

describe("a queue", () => {
  /** Many in a row: old places are given back from 1024 on. */
  const steps = fc.array(
    fc.record({ act: fc.constantFrom("push", "shift", "clear"), count: fc.integer({ min: 1, max: 1500 }) }),
    { maxLength: 12 },
  );

  it("is as a list whose first item is taken", () => {
    fc.assert(
      fc.property(steps, (all) => {
        const [queue, list] = [new Fifo<number>(), [] as number[]];
        let next = 0;
        for (const { act, count } of all) {
          for (let i = 0; i < (act === "clear" ? 1 : count); i++) {
            if (act === "push") {
              queue.push(next);
              list.push(next++);
            } else if (act === "shift") assert.equal(queue.shift(), list.shift());
            else {
              queue.clear();
              list.length = 0;
            }
            if (queue.length !== list.length || queue.first !== list[0])
              assert.deepEqual([queue.length, queue.first], [list.length, list[0]]);
          }
        }
      }),
    );
  });
});
