// The plan of a soak: the same for a seed, and everything happens in it.
import assert from "node:assert/strict";
import { drawPlan, KINDS } from "./plan.ts";

const OPTIONS = { steps: 40, fewest: 3, most: 9 };

describe("the plan of a soak", () => {
  it("is the same for the same seed, and another one for another", () => {
    const plan = drawPlan({ ...OPTIONS, seed: 7 });
    assert.deepEqual(drawPlan({ ...OPTIONS, seed: 7 }), plan);
    assert.notDeepEqual(drawPlan({ ...OPTIONS, seed: 8 }), plan);
  });

  it("has as many steps as it is to have, and every kind of event before one comes again", () => {
    for (let seed = 0; seed < 20; seed++) {
      const lives = drawPlan({ ...OPTIONS, seed });
      const steps = lives.flatMap(({ steps }) => steps);
      assert.equal(steps.length, OPTIONS.steps);
      const kinds = steps.flat().map(({ kind }) => kind);
      assert.deepEqual([...kinds.slice(0, KINDS.length)].sort(), [...KINDS].sort());
      for (const { steps } of lives.slice(0, -1)) assert.ok(steps.length >= OPTIONS.fewest);
      for (const { steps } of lives) assert.ok(steps.length <= OPTIONS.most);
    }
  });
});
