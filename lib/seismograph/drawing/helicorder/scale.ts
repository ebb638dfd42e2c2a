/** How far a line of a drum reaches: judged by the median, which an earthquake doesn't move, and held still. */
import type { Bins } from "../views.ts";
import { DrumLines } from "./lines.ts";
import type { HelicorderLayout, HelicorderView } from "./view.ts";

/** Half a line spacing is so many times the median (SWARM: three times the mean of the maxima). */
const TIMES_MEDIAN = 3;
/** Columns that are asked in all. */
const MOST_ASKED = 20_000;
/** Of the way to a new scale, what one step goes. */
const EASE = 0.25;

/**
 * Half a line spacing in the units of the samples: 3 × the median of how far the columns reach from their line's baseline;
 * `NaN` where there is no sample. The same samples in a dead stream give 1, so that there is a line.
 */
export function helicorderScale(
  bins: Bins,
  layout: HelicorderLayout,
  baseline: HelicorderView["baseline"],
): number {
  const drum = new DrumLines(bins, layout, 1);
  const step = Math.ceil((drum.count * layout.lines.length) / MOST_ASKED);
  const reaches: number[] = [];
  for (const columns of drum.lines) {
    if (!columns) continue;
    const { min, max } = columns;
    const centre = drum.centre(columns, baseline);
    for (let i = 0; i < columns.count; i += step) {
      const own = Number.isNaN(centre) ? min[i]! / 2 + max[i]! / 2 : centre;
      const reach = Math.max(max[i]! - own, own - min[i]!);
      if (!Number.isNaN(reach)) reaches.push(reach);
    }
  }
  if (reaches.length === 0) return Number.NaN;
  const median = Float64Array.from(reaches).sort()[reaches.length >> 1]!;
  return median > 0 ? Math.min(TIMES_MEDIAN * median, Number.MAX_VALUE) : 1;
}

/**
 * A scale that holds still while it is looked at: judged anew when a line is full or the picture another one, and then gone to in steps.
 */
export class HeldScale {
  #value = Number.NaN;
  #target = Number.NaN;
  #judged: string | undefined;

  /**
   * The scale to draw with now. `picture` names what is looked at (stream, view, hours): another one is taken at once. `line` is the
   * number of the newest line. Nothing moves while it `isHeld`, as by a pointer that is down.
   */
  next(picture: string, line: number, judge: () => number, isHeld = false): number {
    const isOther = this.#judged !== undefined && !this.#judged.startsWith(`${picture}\n`);
    if (isOther) this.#value = Number.NaN;
    if (isHeld && !Number.isNaN(this.#value)) return this.#value;
    const key = `${picture}\n${line}`;
    if (key !== this.#judged || Number.isNaN(this.#target)) {
      this.#judged = key;
      this.#target = judge();
    }
    return this.#ease();
  }

  #ease(): number {
    const ratio = this.#target / this.#value;
    const isNear = !(ratio > 0) || Math.abs(Math.log(ratio)) < 0.01;
    this.#value = isNear || Number.isNaN(this.#value) ? this.#target : this.#value * ratio ** EASE;
    return this.#value;
  }
}
