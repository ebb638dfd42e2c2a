/** How far the rows of the live picture reach: each for itself, as its station, as all, or fixed; and held still. */
import { niceAtLeast } from "../../../waveform/picture.ts";
import { readBins } from "../bin-reader.ts";
import type { LiveRow, RowScale } from "./view.ts";

/** Which rows share their reach: none, those of a station, all of the same units; or the reach itself, in units of the samples. */
export type ScaleMode = "each" | "station" | "all" | number;

/** A scale stays until the trace needs less than this part of it. */
const SHRINKS_BELOW = 0.4;
/** The middle stays until the trace has moved by this part of the reach. */
const MIDDLE_MOVES_BY = 0.04;
/** Bins that are looked at for one row. */
const MOST_BINS = 100_000;

/**
 * The scales of rows from `start` to `end` (microseconds since 1970). Give the ones in use as `previous`: a row then keeps its scale
 * as long as that fits, so that the picture doesn't breathe. Rows without samples in view reach 0.
 */
export function liveScales(
  rows: readonly Pick<LiveRow, "bins" | "station" | "units">[],
  { start, end, mode }: { start: number; end: number; mode: ScaleMode },
  previous: readonly (RowScale | undefined)[] = [],
): RowScale[] {
  const own = rows.map((row) => ownScale(row, start, end));
  const group = (row: number) => groupOf(rows[row]!, row, mode);
  const reaches = new Map<string, number>();
  own.forEach(({ reach }, row) => {
    reaches.set(group(row), Math.max(reach, reaches.get(group(row)) ?? 0));
  });
  return own.map((scale, row) => {
    if (scale.reach === 0) return scale;
    const reach = typeof mode === "number" ? Math.abs(mode) : reaches.get(group(row))!;
    return held({ ...scale, reach }, previous[row], typeof mode === "number");
  });
}

function ownScale({ bins }: Pick<LiveRow, "bins">, start: number, end: number): RowScale {
  const to = Math.min(Math.ceil(end / bins.width), bins.end);
  const from = Math.max(Math.floor(start / bins.width), to - MOST_BINS);
  if (!(to > from)) return { centre: 0, reach: 0 };
  const { min, max } = readBins(bins, from, to - from);
  let [lowest, highest, mean, used] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let i = 0; i < min.length; i++) {
    // An infinite sample is drawn at the edge, and doesn't count.
    if (!(min[i]! > Number.NEGATIVE_INFINITY && max[i]! < Number.POSITIVE_INFINITY)) continue;
    if (min[i]! < lowest) lowest = min[i]!;
    if (max[i]! > highest) highest = max[i]!;
    used++;
    // Divided before anything is added up, so that the largest numbers don't overflow.
    mean += (min[i]! / 2 + max[i]! / 2) / used - mean / used;
  }
  if (used === 0) return { centre: 0, reach: 0 };
  const centre = Math.min(Math.max(mean, lowest), highest);
  const reach = Math.min(Math.max(highest - centre, centre - lowest), Number.MAX_VALUE);
  return { centre, reach: reach > 0 ? niceAtLeast(reach) : 1 };
}

function groupOf(
  { station, units }: Pick<LiveRow, "station" | "units">,
  row: number,
  mode: ScaleMode,
): string {
  if (mode === "station") return `${station}\n${units}`;
  return mode === "all" ? units : String(row);
}

function held(next: RowScale, previous: RowScale | undefined, isFixed: boolean): RowScale {
  if (!previous || !(previous.reach > 0)) return next;
  const fits = next.reach <= previous.reach && next.reach >= previous.reach * SHRINKS_BELOW;
  const reach = fits && !isFixed ? previous.reach : next.reach;
  const isNear = Math.abs(next.centre / reach - previous.centre / reach) <= MIDDLE_MOVES_BY;
  return { centre: isNear ? previous.centre : next.centre, reach };
}

/** The next rounder reach: larger (`1`) or smaller (`-1`) by about √2. */
export function stepReach(reach: number, direction: 1 | -1): number {
  return niceAtLeast(Math.max(Number.MIN_VALUE, reach * Math.SQRT2 ** direction * 0.98));
}
