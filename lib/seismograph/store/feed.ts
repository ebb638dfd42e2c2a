/**
 * Records of one channel in their order, and what the filters of all views make of them. The filters go on from record to record,
 * so that a whole drum is filtered as one; they begin anew at a gap.
 */
import { Continuity, type ContinuityKind } from "../../signal/continuity.ts";
import { IirFilter } from "../../signal/iir-filter.ts";
import type { BandView } from "../frames.ts";
import { sectionsOf } from "../views.ts";
import type { RawSamples } from "./samples.ts";

/** Samples as a channel takes them. Times in microseconds since 1970. */
export interface Series {
  start: number;
  /** In hertz. */
  sampleRate: number;
  samples: RawSamples;
}

/** What is new in a record. */
export interface Turn extends Series {
  kind: ContinuityKind;
  /** The samples as each view has them; undefined where the rate is too low for it. */
  filtered: (ArrayLike<number> | undefined)[];
}

export class Feed {
  readonly #views: readonly BandView[];
  readonly #continuity = new Continuity();
  #filters: (IirFilter | "raw" | undefined)[] = [];

  constructor(views: readonly BandView[]) {
    this.#views = views;
  }

  /** The time behind the newest sample, in microseconds since 1970; `NaN` before the first. */
  get end(): number {
    const { end } = this.#continuity;
    return end === undefined ? Number.NaN : Number(end / 1000n);
  }

  /** Which of the views there are at the channel's rate. */
  get isThere(): boolean[] {
    return this.#filters.map((filter) => filter !== undefined);
  }

  /**
   * @param arrival when the record came, if it came just now: only then can a stream go back in time for good
   * @returns without samples where they are late or there twice
   */
  push(series: Series, arrival?: number): Turn {
    const { start, sampleRate, samples } = series;
    const span = { startTime: Math.round(start), sampleRate, sampleCount: samples.length };
    const { kind, restart, skip, startTime } = this.#continuity.push(span, arrival);
    if (skip === samples.length) return { ...series, kind, samples: samples.subarray(0, 0), filtered: [] };
    if (kind === "first" || kind === "rate" || kind === "back") this.#design(sampleRate);
    else if (restart) this.#reset();
    const fresh = skip === 0 ? samples : samples.subarray(skip);
    const filtered = this.#filters.map((filter) => (filter === "raw" ? fresh : filter?.push(fresh)));
    return {
      kind,
      start: skip === 0 ? start : Number(startTime / 1000n),
      sampleRate,
      samples: fresh,
      filtered,
    };
  }

  #design(sampleRate: number): void {
    this.#filters = this.#views.map((view) => {
      const sections = sectionsOf(view, sampleRate);
      return sections?.length === 0 ? "raw" : sections && new IirFilter(sections);
    });
  }

  #reset(): void {
    for (const filter of this.#filters) if (filter instanceof IirFilter) filter.reset();
  }
}
