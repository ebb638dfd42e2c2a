/** Reads many bins at once into memory that is used again. */
import type { Bins } from "./views.ts";

/** Bins that are read at once, at the most: 8 MB, an hour in bins of 7 ms. */
export const MOST_READ = 500_000;

let mins = new Float64Array(8192);
let maxs = new Float64Array(8192);

/** The smallest and largest samples of `count` bins from number `first` on. Good until the next call. */
export function readBins(bins: Bins, first: number, count: number): { min: Float64Array; max: Float64Array } {
  const length = Math.min(Math.max(0, count), MOST_READ);
  if (mins.length < length) {
    mins = new Float64Array(2 * length);
    maxs = new Float64Array(2 * length);
  }
  const [min, max] = [mins.subarray(0, length), maxs.subarray(0, length)];
  if (bins.read) bins.read(first, min, max);
  else {
    for (let i = 0; i < length; i++) {
      min[i] = bins.min(first + i);
      max[i] = bins.max(first + i);
    }
  }
  return { min, max };
}
