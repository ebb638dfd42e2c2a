// Every parser and node with wrong inputs: always the same ones here. `npm run fuzz -- NAME --minutes N` makes others, for as
// long, and what it has found is tried again here (test/fuzz/cases).
import assert from "node:assert/strict";
import { casesOf, type Finding, fuzz, replay } from "./fuzzing.ts";
import { TARGETS } from "./targets.ts";

const SEED = 1;

/** What a busy machine may take for a second of work. */
const TIMEOUT_MS = 180_000;

describe("wrong inputs", () => {
  for (const [name, target] of Object.entries(TARGETS)) {
    it(`${name}: ${target.about}`, async function () {
      this.timeout(TIMEOUT_MS);
      await replay(target, casesOf(name));
      const findings: Finding[] = [];
      const count = target.quick;
      const onFinding = (finding: Finding) => void findings.push(finding);
      assert.equal(await fuzz(name, target, { seed: SEED, count, onFinding }), count);
      assert.deepEqual(findings, []);
    });
  }
});
