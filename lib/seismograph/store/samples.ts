/** Samples as they are kept: 32-bit integers where that loses nothing, else floats. */

/** What raw samples are kept in. */
export type RawSamples = Int32Array | Float32Array | Float64Array;

/** The same samples in one of the three kinds; no copy where they are of one already. */
export function rawSamples(samples: ArrayLike<number>): RawSamples {
  if (samples instanceof Int32Array || samples instanceof Float32Array || samples instanceof Float64Array)
    return samples;
  // Not only numbers of this JavaScript context: those of a Function node are of another.
  const values = Float64Array.from(samples, (value) => (typeof value === "number" ? value : Number.NaN));
  const whole = Int32Array.from(values);
  return whole.every((value, i) => Object.is(value, values[i])) ? whole : values;
}

/** Whether all are whole numbers that fit into 16 bits from the smallest on; gives that one. */
export function baseOf(samples: RawSamples): number | undefined {
  if (!(samples instanceof Int32Array)) return undefined;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of samples) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return max - min < 65_536 ? min : undefined;
}
