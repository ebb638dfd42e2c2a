// The demo worn down for half a minute, by a plan in which everything happens: every packet that was acknowledged is archived, none torn or
// repeated, and nothing is left behind. `npm run soak` is the same for as long as one likes.
import assert from "node:assert/strict";
import { drawPlan, KINDS } from "../soak/plan.ts";
import { Soak } from "../soak/soak.ts";
import { needsNodeRed } from "../support/node-red.ts";

const SEED = 3;

describe("a soak", () => {
  it("loses, tears and repeats nothing, and leaves nothing behind", async function () {
    this.timeout(600_000);
    if (process.platform !== "linux") this.skip();
    await needsNodeRed(this, "5");
    const lives = drawPlan({ seed: SEED, steps: 11, fewest: 5, most: 6 });
    const kinds = new Set(lives.flatMap(({ steps }) => steps.flat()).map(({ kind }) => kind));
    assert.equal(kinds.size, KINDS.length);
    const said: string[] = [];
    const { problems, table, acknowledged } = await Soak.run({
      ...{ lives, every: 200, rate: 10, stations: 5, diskBytes: 16 << 20 },
      say: (line) => said.push(line),
    });
    assert.deepEqual(problems, [], said.join("\n"));
    assert.ok(acknowledged > 0);
    console.log(table.map((line) => `      ${line}`).join("\n"));
  });
});
