/**
 * The picture of several traces over one time axis, small enough to be sent four times a second: per row two bytes
 * for each column.
 */
import type { TraceBins } from "./bins.ts";

/** One trace of a picture. */
export interface PictureRow {
  /** The stream of the row. */
  sourceId: string;
  /** In hertz. */
  sampleRate: number;
  /** How old the newest sample was when it came, in seconds; how old it is now, if nothing has come for a while. */
  latency: number;
  /** The value in the middle of the row. */
  centre: number;
  /** How far the row reaches from `centre` up and down; 0 where it has nothing to show. */
  halfRange: number;
  /**
   * Per column the smallest and the largest value, from left to right: 1 is `centre - halfRange`, 255 is
   * `centre + halfRange`, and 0 means that there is no sample.
   */
  envelope: Uint8Array;
}

/** A picture of traces. */
export interface Picture {
  /** Time of the right edge, in microseconds since 1970. */
  end: number;
  /** Time from the left to the right edge, in microseconds. */
  span: number;
  /** The traces, in the order of their source ids. */
  rows: PictureRow[];
  /** Whether there are more streams than rows. */
  more: boolean;
}

/** The columns of a row whose right edge is the end of bin `end - 1`, with a scale that they fill well. */
export function drawRow(bins: TraceBins, end: number): Pick<PictureRow, "centre" | "halfRange" | "envelope"> {
  const { centre, halfRange } = scaleOf(bins, end);
  const envelope = new Uint8Array(2 * bins.count);
  for (let column = 0; column < bins.count; column++) {
    const bin = end - bins.count + column;
    const min = bins.min(bin);
    if (Number.isNaN(min)) continue;
    envelope[2 * column] = quantise(min, centre, halfRange);
    envelope[2 * column + 1] = quantise(bins.max(bin), centre, halfRange);
  }
  return { centre, halfRange, envelope };
}

/** The smallest of 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 and 10 times a power of ten that is not below a value above 0. */
export function niceAtLeast(value: number): number {
  // Written and read as text, because 1.5 * 10 ** -7 isn't the number that is written 1.5e-7.
  const exponent = Math.floor(Math.log10(value));
  for (const factor of ["1", "1.2", "1.5", "2", "2.5", "3", "4", "5", "6", "8", "10", "12"]) {
    const nice = Number(`${factor}e${exponent}`);
    if (nice >= value) return Math.min(nice, Number.MAX_VALUE);
  }
  return value;
}

function scaleOf(bins: TraceBins, end: number): { centre: number; halfRange: number } {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  let mean = 0;
  let used = 0;
  for (let bin = end - bins.count; bin < end; bin++) {
    const min = bins.min(bin);
    const max = bins.max(bin);
    // An infinite sample (float records can have one) is drawn at the edge, and doesn't count for the scale.
    if (!Number.isFinite(min) || !Number.isFinite(max)) continue;
    lowest = Math.min(lowest, min);
    highest = Math.max(highest, max);
    used++;
    // Divided before anything is added up, so that the largest numbers don't overflow; likewise in quantise.
    mean += (min / 2 + max / 2) / used - mean / used;
  }
  if (used === 0) return { centre: 0, halfRange: 0 };
  const centre = Math.min(Math.max(mean, lowest), highest);
  const reach = Math.min(Math.max(highest - centre, centre - lowest), Number.MAX_VALUE);
  return { centre, halfRange: reach > 0 ? niceAtLeast(reach) : 1 };
}

function quantise(value: number, centre: number, halfRange: number): number {
  const part = halfRange === 0 ? Math.sign(value) : value / halfRange - centre / halfRange;
  return 128 + Math.round(127 * Math.min(Math.max(part, -1), 1));
}
