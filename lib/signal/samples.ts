/**
 * What counts as a sample in every step of the room. NaN, an infinity, or a value beyond 1e100 (which no instrument has,
 * and which would overflow a filter's state) is a *missing sample*: a gap of one sample inside a record. As at any other
 * gap the steps start anew behind it, and where a step gives a value for each sample, that of a missing one is NaN.
 */

/** Samples at equal distances: a typed array of numbers, or an array of numbers. */
export type SampleInput = ArrayLike<number>;

const LARGEST = 1e100;

/** Whether a value is a sample, not a missing one. */
export function isSample(value: number): boolean {
  return value > -LARGEST && value < LARGEST;
}

/** The place of the first missing sample at or behind `from`; the length if there is none. */
export function firstMissing(samples: Float64Array, from: number): number {
  let at = from;
  while (at < samples.length && isSample(samples[at]!)) at++;
  return at;
}
