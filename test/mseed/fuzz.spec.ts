// Some thousand mutated records, always the same ones; test/slow has a million.
import { mutate, randomFrom, seeds, tryEverything } from "./mutate.ts";

const MUTATIONS = 20_000;

describe("mutated records", () => {
  it(`make no trouble: ${MUTATIONS} of them`, () => {
    const pool = seeds();
    const random = randomFrom(1);
    for (let i = 0; i < MUTATIONS; i++) tryEverything(mutate(pool, random), random);
  });
});
