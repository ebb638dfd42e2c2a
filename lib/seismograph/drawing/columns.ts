/**
 * From bins to the columns of a picture: each pixel column has the smallest and the largest value of the bins in it.
 * Every column takes equally many bins, so that no pattern arises where bins and pixels don't divide.
 */
import type { Bins } from "./views.ts";

/** More columns than any screen has: what is wider is drawn no further. */
export const MOST_COLUMNS = 32_768;
/** Bins of one column; of more, some are passed over. */
const MOST_BINS_OF_COLUMN = 4096;
/** A bin's edge that the division just misses is still the edge. */
const SLACK = 1e-6;

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

  /** Takes what bins have from `start` (microseconds since 1970) on, `columnTime` microseconds in each column. */
  fill(bins: Bins, start: number, columnTime: number): void {
    const perColumn = columnTime / bins.width;
    const taken = Math.max(1, Math.ceil(perColumn - SLACK));
    const stride = Math.ceil(taken / MOST_BINS_OF_COLUMN);
    const origin = start / bins.width + SLACK;
    for (let column = 0; column < this.count; column++) {
      const first = Math.floor(origin + column * perColumn);
      let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (let bin = first; bin < first + taken; bin += stride) {
        const low = bins.min(bin);
        // NaN compares with nothing.
        if (low < min) min = low;
        const high = bins.max(bin);
        if (high > max) max = high;
      }
      this.set(column, min, max);
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
  const { trace, cut } = into;
  const { top, bottom } = mapping;
  into.isCut = false;
  let [lastTop, lastBottom] = [Number.NaN, Number.NaN];
  for (let i = 0; i < columns.count; i++) {
    const [min, max] = [columns.min[i]!, columns.max[i]!];
    cut[4 * i + 1] = cut[4 * i + 3] = trace[2 * i] = trace[2 * i + 1] = cut[4 * i] = cut[4 * i + 2] = 0;
    const centre = Number.isNaN(mapping.centre) ? min / 2 + max / 2 : mapping.centre;
    let high = Math.round(rowOf(max, centre, mapping));
    let low = Math.round(rowOf(min, centre, mapping)) + 1;
    // A column without samples is NaN, and so is all that comes of it.
    if (!(high < low)) {
      lastTop = Number.NaN;
      continue;
    }
    const [ownTop, ownBottom] = [high, low];
    if (high > lastBottom) high = lastBottom;
    if (low < lastTop) low = lastTop;
    [lastTop, lastBottom] = [ownTop, ownBottom];
    if (ownTop < top) {
      into.isCut = true;
      cut[4 * i] = top;
      cut[4 * i + 1] = top + cutHeight;
    }
    if (ownBottom > bottom) {
      into.isCut = true;
      cut[4 * i + 2] = bottom - cutHeight;
      cut[4 * i + 3] = bottom;
    }
    trace[2 * i] = Math.min(Math.max(high, top), bottom - 1);
    trace[2 * i + 1] = Math.max(Math.min(low, bottom), top + 1);
  }
}

function rowOf(value: number, centre: number, { middle, perUnit }: Mapping): number {
  const away = perUnit === 0 && !Number.isNaN(value) ? 0 : value * perUnit - centre * perUnit;
  // An infinite value less an infinite centre is nowhere: in the middle.
  return Number.isNaN(away) && !Number.isNaN(value) ? middle : middle - away;
}
