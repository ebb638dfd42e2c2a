/** The lines of a drum in columns, with the value each lies about. */
import { Columns, MOST_COLUMNS } from "../columns.ts";
import type { Bins } from "../views.ts";
import type { HelicorderLayout, HelicorderView } from "./view.ts";

/** Columns from which a line's middle is told. */
const ASKED_FOR_MEAN = 128;

/** The columns of the last drawing in a layout: the next one has the same, and a megabyte less to throw away. */
const kept = new WeakMap<HelicorderLayout, Columns[]>();

function memoryOf(layout: HelicorderLayout, count: number): Columns[] {
  const known = kept.get(layout);
  if (known?.[0]?.count === count) return known;
  const memory = layout.lines.map(() => new Columns(count));
  kept.set(layout, memory);
  return memory;
}

/** What each line of a drum has, read once for a drawing. */
export class DrumLines {
  /** Columns of a line. */
  readonly count: number;
  /** Microseconds of a column. */
  readonly columnTime: number;
  /** Line by line; `undefined` where there can be no sample. */
  readonly lines: readonly (Columns | undefined)[];
  readonly #middles = new Float64Array(ASKED_FOR_MEAN);

  constructor(bins: Bins, layout: HelicorderLayout, pixelRatio: number) {
    this.count = Math.max(1, Math.min(Math.round(layout.plot.width * pixelRatio), MOST_COLUMNS));
    this.columnTime = layout.lineLength / this.count;
    const memory = memoryOf(layout, this.count);
    this.lines = layout.lines.map(({ start }, line) => {
      if (!(start < bins.end * bins.width)) return undefined;
      const columns = memory[line]!;
      columns.fill(bins, start, this.columnTime);
      return columns;
    });
  }

  /**
   * The value that a line lies about: `NaN` where each column lies about its own. The mean of the middle half of its columns, so
   * that one glitch doesn't move all of a line.
   */
  centre(columns: Columns, baseline: HelicorderView["baseline"]): number {
    if (baseline === "column") return Number.NaN;
    const step = Math.ceil(columns.count / ASKED_FOR_MEAN);
    let found = 0;
    for (let i = 0; i < columns.count; i += step) {
      const middle = columns.min[i]! / 2 + columns.max[i]! / 2;
      if (Number.isFinite(middle)) this.#middles[found++] = middle;
    }
    if (found === 0) return 0;
    const sorted = this.#middles.subarray(0, found).sort();
    return meanOf(sorted, Math.floor(found / 4), Math.ceil((3 * found) / 4));
  }
}

function meanOf(values: Float64Array, from: number, to: number): number {
  // From the least of them on, so that equal values have exactly that mean.
  const least = values[from]!;
  let above = 0;
  for (let i = from; i < to; i++) above += values[i]! / (to - from) - least / (to - from);
  return least + above;
}
