/**
 * Figures of the samples of a minute or so, in memory that does not grow: mean and spread (Welford, 1962), extremes, and what
 * tells a channel that is dead (samples that are all the same) or clipped (samples at the extremes).
 */
import { isSample, type SampleInput } from "../samples.ts";

/** What is known of the samples since the last turn. Values in their unit; all are NaN, and shares 0, without samples. */
export interface SampleSummary {
  count: number;
  mean: number;
  /** Root of the mean of (x − mean)². */
  rms: number;
  /** Largest |x − mean|. */
  peak: number;
  /** Share of samples that are the same as the one before, 0 to 1. */
  equalShare: number;
  /** Share of samples that are the smallest or the largest one, 0 to 1. */
  extremeShare: number;
}

export class SampleFigures {
  #count = 0;
  #mean = 0;
  #squares = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #atMin = 0;
  #atMax = 0;
  #equal = 0;
  #last = Number.NaN;
  #run = 0;

  /** How many samples the newest one is the last of that are all the same; stays over turns. */
  get equalRun(): number {
    return this.#run;
  }

  /** Takes samples from the place `from` on; missing ones (NaN, an infinity) are left out. */
  push(samples: SampleInput, from = 0): void {
    for (let i = from; i < samples.length; i++) {
      const value = Number(samples[i]);
      if (isSample(value)) this.#add(value);
    }
  }

  /** The figures since the last turn, which begin anew. */
  turn(): SampleSummary {
    const summary = this.summary;
    this.#count = this.#mean = this.#squares = this.#atMin = this.#atMax = this.#equal = 0;
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = Number.NEGATIVE_INFINITY;
    return summary;
  }

  get summary(): SampleSummary {
    const count = this.#count;
    const none = count === 0;
    return {
      count,
      mean: none ? Number.NaN : this.#mean,
      rms: none ? Number.NaN : Math.sqrt(Math.max(0, this.#squares / count)),
      peak: none ? Number.NaN : Math.max(this.#max - this.#mean, this.#mean - this.#min),
      equalShare: none ? 0 : this.#equal / count,
      extremeShare: none ? 0 : Math.min(1, (this.#atMin + this.#atMax) / count),
    };
  }

  #add(value: number): void {
    const isEqual = value === this.#last;
    this.#run = isEqual ? this.#run + 1 : 1;
    this.#last = value;
    this.#count++;
    if (isEqual) this.#equal++;
    const difference = value - this.#mean;
    this.#mean += difference / this.#count;
    this.#squares += difference * (value - this.#mean);
    this.#atMin = value < this.#min ? 1 : this.#atMin + (value === this.#min ? 1 : 0);
    this.#atMax = value > this.#max ? 1 : this.#atMax + (value === this.#max ? 1 : 0);
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }
}
