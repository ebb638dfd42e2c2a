// A million mutated records: no error but MiniSeedError, none that takes long, and memory stays as it is.
// FUZZ_SEED chooses others, FUZZ_COUNT more of them.
import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { mutate, randomFrom, seeds, tryEverything } from "../mseed/mutate.ts";

const SEED = Number(process.env.FUZZ_SEED ?? 2);
const MUTATIONS = Number(process.env.FUZZ_COUNT ?? 1_000_000);
const MAX_GROWTH = 16 * 1024 * 1024;

/** Bytes in use after a garbage collection. */
function used(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}

describe("mutated records", () => {
  it(`make no trouble: ${MUTATIONS} of them, seed ${SEED}`, function () {
    this.timeout(30 * 60_000);
    const pool = seeds();
    const random = randomFrom(SEED);
    let atFirst = 0;
    for (let i = 0; i < MUTATIONS; i++) {
      tryEverything(mutate(pool, random), random);
      // What is compiled and cached once is in use by now.
      if (i === Math.floor(MUTATIONS / 10)) atFirst = used();
    }
    const growth = used() - atFirst;
    assert.ok(growth < MAX_GROWTH, `${growth} bytes more than at first`);
  });
});
