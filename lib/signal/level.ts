/** Whether a measure is above a level, with hysteresis: above at `on` or more, below again only under `off`. */
import { invalid } from "./settings.ts";

/** The level, in the unit of the measure. */
export interface LevelOptions {
  on: number;
  /** Not above `on`; default the same. */
  off?: number;
}

/** That the level was crossed. */
export interface LevelChange {
  event: "above" | "below";
  /** The threshold that was crossed, and the value that did. */
  level: number;
  value: number;
}

/** Says when a measure goes above a level, and below again. */
export class Level {
  readonly #on: number;
  readonly #off: number;
  #isAbove = false;

  /** @throws SignalError `INVALID_SETTING` */
  constructor(options: LevelOptions) {
    const { on, off = on } = options;
    if (!Number.isFinite(on)) throw invalid("on", on, "a number");
    if (!Number.isFinite(off) || off > on) throw invalid("off", off, `a number not above on, ${on}`);
    this.#on = on;
    this.#off = off;
  }

  /** Whether it is above. */
  get isAbove(): boolean {
    return this.#isAbove;
  }

  /** Takes the next value; tells if it crosses. No value (`null`, NaN) changes nothing. */
  push(value: number | null): LevelChange | undefined {
    if (value === null || Number.isNaN(value)) return undefined;
    const isAbove = this.#isAbove ? value >= this.#off : value >= this.#on;
    if (isAbove === this.#isAbove) return undefined;
    this.#isAbove = isAbove;
    return { event: isAbove ? "above" : "below", level: isAbove ? this.#on : this.#off, value };
  }
}
