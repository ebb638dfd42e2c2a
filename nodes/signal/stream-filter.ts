/** The filter of a node's settings, for streams of any sample rate: one design for each rate. */
import {
  type ButterworthOptions,
  bandAt,
  designButterworth,
  type Section,
} from "../../lib/signal/butterworth.ts";
import { IirFilter } from "../../lib/signal/iir-filter.ts";
import { RunningMean } from "../../lib/signal/running-mean.ts";
import { SettingError, type Settings } from "../runtime/settings.ts";

/** A filter of one stream. */
export interface StreamFilter {
  push(samples: ArrayLike<number>): Float64Array;
  reset(): void;
}

/** What a dialog has for a filter. */
export interface FilterDef {
  kind: string;
  low: string;
  high: string;
  order: string;
  start: string;
  mean: string;
}

export type FilterChoice = "highpass" | "lowpass" | "bandpass" | "bandstop" | "mean" | "none";

const MOST_DESIGNS = 100;
const CORNERS = { min: 1e-6, max: 1e6 };

/** What it does to a stream of a certain rate. */
export interface FilterAtRate {
  make: () => StreamFilter;
  /** For `processing`. */
  sentence: string;
  /** Whether the upper corner of a band-pass is too high for the rate, so that it is a high-pass. */
  isOnlyHighpass: boolean;
  bytes: number;
}

export class FilterSettings {
  readonly #kind: FilterChoice;
  readonly #corners: number[];
  readonly #order: number;
  readonly #start: "rest" | "zero";
  readonly #mean: number;
  readonly #designs = new Map<number, FilterAtRate>();

  /** @throws SettingError naming the field as the dialog does */
  constructor(
    settings: Settings,
    def: Partial<FilterDef>,
    kinds: readonly [FilterChoice, ...FilterChoice[]],
  ) {
    this.#kind = settings.choice("Filter", def.kind, kinds);
    const corner = (field: string, value: unknown, fallback: number) =>
      settings.number(field, value, { ...CORNERS, fallback });
    const low = () => corner("Lower corner", def.low, 1);
    const high = () => corner("Upper corner", def.high, 20);
    const { highpass, lowpass, band, none } = {
      highpass: () => [low()],
      lowpass: () => [high()],
      band: () => [low(), high()],
      none: () => [],
    };
    const read = { highpass, lowpass, bandpass: band, bandstop: band, mean: none, none };
    this.#corners = read[this.#kind]();
    this.#order = settings.number("Order", def.order, { min: 1, max: 10, fallback: 4 });
    this.#start = settings.choice("Start", def.start, ["rest", "zero"]);
    this.#mean = settings.number("Mean over", def.mean, { min: 0.1, max: 86_400, fallback: 60 });
    this.#check();
  }

  get isNone(): boolean {
    return this.#kind === "none";
  }

  /** @throws SignalError `CORNER_ABOVE_NYQUIST`, `INVALID_SETTING` */
  at(sampleRate: number): FilterAtRate {
    const known = this.#designs.get(sampleRate);
    if (known) return known;
    if (this.#designs.size >= MOST_DESIGNS) this.#designs.clear();
    const filter =
      this.#kind === "mean" ? this.#meanAt(sampleRate) : this.#butterworthAt(this.#kind, sampleRate);
    this.#designs.set(sampleRate, filter);
    return filter;
  }

  #check(): void {
    const [low, high] = this.#corners;
    if (!Number.isInteger(this.#order))
      throw new SettingError(
        "INVALID_SETTING",
        `Order is ${this.#order}: give a whole number in the node's settings.`,
      );
    if (high === undefined || low! < high) return;
    throw new SettingError(
      "INVALID_SETTING",
      `Lower corner is ${low} and Upper corner ${high}: give a lower one below the upper one in the node's settings.`,
    );
  }

  #meanAt(sampleRate: number): FilterAtRate {
    const seconds = this.#mean;
    return {
      make: () => new RunningMean({ seconds, sampleRate }),
      sentence: `running mean of ${seconds} s removed`,
      isOnlyHighpass: false,
      bytes: 8 * seconds * sampleRate,
    };
  }

  #butterworthAt(kind: FilterChoice, sampleRate: number): FilterAtRate {
    const options = { kind, corners: this.#corners, order: this.#order, sampleRate } as ButterworthOptions;
    const band = bandAt(options);
    const sections: Section[] = designButterworth(options);
    const from = this.#start === "zero" ? ", from zero" : "";
    return {
      make: () => new IirFilter(sections, { start: this.#start }),
      sentence: `${band.kind} ${band.corners.join("–")} Hz, order ${this.#order}${from}`,
      isOnlyHighpass: band.kind !== kind,
      bytes: 500,
    };
  }
}
