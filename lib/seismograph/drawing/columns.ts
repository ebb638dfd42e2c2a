/**
 * From bins to the columns of a picture: each pixel column has the smallest and the largest value of the bins in it.
 * Every column takes equally many bins, so that no pattern arises where bins and pixels don't divide.
 */
import { MOST_READ, readBins } from "./bin-reader.ts";
import type { Bins } from "./views.ts";

/** More columns than any screen has: what is wider is drawn no further. */
export const MOST_COLUMNS = 32_768;
/** Bins of one column that are looked at where there are too many to read all. */
const MOST_BINS_OF_COLUMN = 64;
/** A bin's edge that the division just misses is still the edge. */
const SLACK = 1e-6;

interface BinValues {
  min: Float64Array;
  max: Float64Array;
}

/** Where columns lie over the bins that were read: the first one's left edge and the width of each in bins, and how many bins one takes. */
interface Grid {
  origin: number;
  perColumn: number;
  taken: number;
}

/** The columns of one trace, with room for others after it. */
export class Columns {
  /** How many there are. */
  readonly count: number;
  /** Of each column; `NaN` where it has no sample. */
  readonly min: Float64Array;
  readonly max: Float64Array;

  constructor(count: number) {
    this.count = Math.max(1, Math.min(Math.round(count) || 1, MOST_COLUMNS));
    this.min = new Float64Array(this.count);
    this.max = new Float64Array(this.count);
  }

  /**
   * Takes what bins have from `start` (microseconds since 1970) on, `columnTime` microseconds in each column. Where columns are narrower
   * than bins, they have the straight line between the middles of neighbours.
   */
  fill(bins: Bins, start: number, columnTime: number): void {
    const perColumn = columnTime / bins.width;
    const taken = Math.max(1, Math.ceil(perColumn - SLACK));
    const origin = start / bins.width + SLACK;
    const from = Math.floor(origin) - 1;
    const all = Math.floor(origin + (this.count - 1) * perColumn) + taken + 1 - from;
    const grid = { origin: origin - from, perColumn, taken };
    // Where there are far more bins than anybody sees, the first ones of each column stand for it.
    if (!(all <= MOST_READ)) this.#fillOneByOne(bins, origin, perColumn);
    else if (perColumn < 1 - SLACK) this.#interpolate(readBins(bins, from, all), grid);
    else this.#reduce(readBins(bins, from, all), grid);
  }

  #interpolate({ min, max }: BinValues, { origin, perColumn }: Grid): void {
    for (let column = 0; column < this.count; column++) {
      const at = origin + (column + 0.5) * perColumn - 0.5;
      const left = Math.floor(at);
      const own = Math.floor(at + 0.5);
      const part = at - left;
      const low = min[left]! * (1 - part) + min[left + 1]! * part;
      const high = max[left]! * (1 - part) + max[left + 1]! * part;
      // Beside a gap, and beside what is infinite, a bin keeps to its own.
      if (Number.isFinite(low) && Number.isFinite(high)) this.set(column, low, high);
      else this.set(column, min[own]!, max[own]!);
    }
  }

  #reduce({ min, max }: BinValues, { origin, perColumn, taken }: Grid): void {
    const [mins, maxs, count] = [this.min, this.max, this.count];
    for (let column = 0; column < count; column++) {
      const first = Math.floor(origin + column * perColumn);
      const end = first + taken;
      let lowest = Number.POSITIVE_INFINITY;
      let highest = Number.NEGATIVE_INFINITY;
      for (let i = first; i < end; i++) {
        const low = min[i]!;
        const high = max[i]!;
        // NaN compares with nothing.
        if (low < lowest) lowest = low;
        if (high > highest) highest = high;
      }
      const isEmpty = !(lowest <= highest);
      mins[column] = isEmpty ? Number.NaN : lowest;
      maxs[column] = isEmpty ? Number.NaN : highest;
    }
  }

  #fillOneByOne(bins: Bins, origin: number, perColumn: number): void {
    for (let column = 0; column < this.count; column++) {
      const { min, max } = readBins(bins, Math.floor(origin + column * perColumn), MOST_BINS_OF_COLUMN);
      let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (let i = 0; i < min.length; i++) {
        if (min[i]! < lowest) lowest = min[i]!;
        if (max[i]! > highest) highest = max[i]!;
      }
      this.set(column, lowest, highest);
    }
  }

  /** Sets one column; an empty one where `min` is above `max`. */
  set(column: number, min: number, max: number): void {
    this.min[column] = min <= max ? min : Number.NaN;
    this.max[column] = min <= max ? max : Number.NaN;
  }

  /** Whether a column has samples. */
  has(column: number): boolean {
    return !Number.isNaN(this.min[column]!);
  }

  /** The first column with samples; as many as there are columns, if there is none. */
  first(): number {
    const first = this.min.findIndex((min) => !Number.isNaN(min));
    return first < 0 ? this.count : first;
  }

  /** Runs of columns without samples between `from` and `to`, each with its first column and the one behind its last. */
  gaps(from: number, to: number): [number, number][] {
    const gaps: [number, number][] = [];
    for (let column = Math.max(0, from); column < Math.min(to, this.count); column++) {
      if (this.has(column)) continue;
      const last = gaps.at(-1);
      if (last?.[1] === column) last[1]++;
      else gaps.push([column, column + 1]);
    }
    return gaps;
  }
}

/** How values become pixels of the surface. */
export interface Mapping {
  /** The pixel row of `centre`. */
  middle: number;
  /** Pixels of one unit upwards; 0 draws all values in the middle. */
  perUnit: number;
  /** The value in the middle; `NaN`: each column lies about its own middle. */
  centre: number;
  /** Where traces are cut off, in pixel rows. */
  top: number;
  bottom: number;
}

/** How a value in the middle and one at `reach` lie in pixel rows from `top` to `bottom` (excluded): just within them. */
export function mappingOf(
  { centre, reach }: { centre: number; reach: number },
  top: number,
  bottom: number,
): Mapping {
  const last = Math.max(bottom, top + 2);
  const half = Math.floor((last - top - 1) / 2);
  return { middle: top + half, perUnit: half / reach, centre, top, bottom: last };
}

/** What is drawn of columns: their spans, and the ends that were cut off. */
export interface Spans {
  trace: Int32Array;
  /** Two spans for each column: the cut-off end above, the one below. */
  cut: Int32Array;
  /** Whether anything was cut off. */
  isCut: boolean;
}

export function newSpans(count: number): Spans {
  return { trace: new Int32Array(2 * count), cut: new Int32Array(4 * count), isCut: false };
}

/** Turns columns into spans of pixels. Neighbours touch, so that a steep trace has no holes. */
export function spansOf(columns: Columns, mapping: Mapping, into: Spans, cutHeight: number): void {
  const { trace } = into;
  const { top, bottom, middle, perUnit, centre } = mapping;
  if (into.isCut) into.cut.fill(0);
  into.isCut = false;
  const isOwnCentre = Number.isNaN(centre);
  let zero = middle + centre * perUnit;
  let [lastTop, lastBottom] = [Number.NaN, Number.NaN];
  for (let i = 0; i < columns.count; i++) {
    const [min, max] = [columns.min[i]!, columns.max[i]!];
    if (isOwnCentre) zero = middle + (min / 2 + max / 2) * perUnit;
    let high = Math.floor(zero - max * perUnit + 0.5);
    let low = Math.floor(zero - min * perUnit + 1.5);
    if (Number.isNaN(high) || Number.isNaN(low)) {
      if (!columns.has(i)) {
        trace[2 * i] = trace[2 * i + 1] = 0;
        lastTop = lastBottom = Number.NaN;
        continue;
      }
      // An infinite value less an infinite centre is nowhere: in the middle.
      [high, low] = [middle, middle + 1];
    }
    const [ownTop, ownBottom] = [high, low];
    if (high > lastBottom) high = lastBottom;
    if (low < lastTop) low = lastTop;
    [lastTop, lastBottom] = [ownTop, ownBottom];
    if (ownTop < top || ownBottom > bottom) cutOff(into, i, [ownTop, ownBottom], mapping, cutHeight);
    trace[2 * i] = Math.min(Math.max(high, top), bottom - 1);
    trace[2 * i + 1] = Math.max(Math.min(low, bottom), top + 1);
  }
}

function cutOff(
  into: Spans,
  column: number,
  [high, low]: [number, number],
  { top, bottom }: Mapping,
  height: number,
): void {
  into.isCut = true;
  if (high < top) {
    into.cut[4 * column] = top;
    into.cut[4 * column + 1] = top + height;
  }
  if (low > bottom) {
    into.cut[4 * column + 2] = bottom - height;
    into.cut[4 * column + 3] = bottom;
  }
}
