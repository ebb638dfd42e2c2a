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
  /** Time of the newest sample, in microseconds since 1970. */
  newest: number;
  /**
   * How old the newest sample was when it came, in seconds; how old it is now, if nothing has come for a while. `undefined` where
   * that says nothing: in a picture of all that came.
   */
  latency: number | undefined;
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

/** What of the bins is drawn: those from `from` up to `to`, in so many columns. */
export interface View {
  from: number;
  to: number;
  columns: number;
}

/** What a row shows: the value in its middle, and how far it reaches up and down. */
export type Scale = Pick<PictureRow, "centre" | "halfRange">;

/** The smallest and the largest value of each column: see `PictureRow`. */
export function drawRow(bins: TraceBins, { from, to, columns }: View, scale: Scale): Uint8Array {
  const envelope = new Uint8Array(2 * columns);
  const edge = (column: number) => from + Math.floor((column * (to - from)) / columns);
  for (let column = 0; column < columns; column++) {
    const first = edge(column);
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (let bin = first; bin < Math.max(edge(column + 1), first + 1); bin++) {
      // NaN compares with nothing.
      if (bins.min(bin) < min) min = bins.min(bin);
      if (bins.max(bin) > max) max = bins.max(bin);
    }
    if (min > max) continue;
    envelope[2 * column] = quantise(min, scale);
    envelope[2 * column + 1] = quantise(max, scale);
  }
  return envelope;
}

/** Rows that reach equally far, as far as the one that needs most; each keeps its middle. */
export function commonScale(scales: readonly Scale[]): Scale[] {
  const halfRange = Math.max(0, ...scales.map((scale) => scale.halfRange));
  return scales.map((scale) => (scale.halfRange === 0 ? scale : { ...scale, halfRange }));
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

/** A scale that the trace fills well; a half range of 0 where there is nothing in view. */
export function scaleOf(bins: TraceBins, { from, to }: View): Scale {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  let mean = 0;
  let used = 0;
  for (let bin = from; bin < to; bin++) {
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

function quantise(value: number, { centre, halfRange }: Scale): number {
  const part = halfRange === 0 ? Math.sign(value) : value / halfRange - centre / halfRange;
  return 128 + Math.round(127 * Math.min(Math.max(part, -1), 1));
}
