// Numbers that look random and are the same for the same seed.

/** Gives integers from 0 below `limit`. */
export type Random = (limit: number) => number;

/** A generator with a seed (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b_79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  };
}

/** The seed of one input of a run: any input can be made again without those before it. */
export function seedOf(run: number, input: number): number {
  return Math.imul(run ^ Math.imul(input + 1, 0x9e37_79b1), 0x85eb_ca6b) >>> 0;
}

export function pick<T>(items: readonly T[], random: Random): T {
  return items[random(items.length)] as T;
}

/** As many of what `make` gives as `random` says, at most `most`. */
export function several<T>(most: number, random: Random, make: () => T): T[] {
  return Array.from({ length: 1 + random(most) }, make);
}
