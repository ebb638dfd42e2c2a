// lib/mseed/: a million mutated records make no trouble, and memory stays as it is. FUZZ_SEED chooses others, FUZZ_COUNT more.
import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Finding, fuzz } from "../fuzz/fuzzing.ts";
import { TARGETS } from "../fuzz/targets.ts";

const SEED = Number(process.env.FUZZ_SEED ?? 2);
const COUNT = Number(process.env.FUZZ_COUNT ?? 1_000_000);
/** 50 bytes kept of each record would be more. */
const MAX_GROWTH = 40 * 1024 * 1024;

/** Bytes in use after a garbage collection. */
function used(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe("mutated records", () => {
  it(`make no trouble: ${COUNT} of them, seed ${SEED}`, async function () {
    this.timeout(30 * 60_000);
    const findings: Finding[] = [];
    const onFinding = (finding: Finding) => void findings.push(finding);
    const first = Math.floor(COUNT / 10);
    const try_ = (from: number, count: number) =>
      fuzz("records", TARGETS.records!, { seed: SEED, from, count, onFinding });
    await try_(0, first);
    // What is compiled and cached once is in use by now.
    const atFirst = used();
    await try_(first, COUNT - first);
    assert.deepEqual(findings, []);
    const growth = used() - atFirst;
    assert.ok(growth < MAX_GROWTH, `${growth} bytes more than at first`);
  });
});
