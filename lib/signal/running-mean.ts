/** Takes the offset away: each sample less the mean of the last seconds, which it is part of. */
import { isSample, type SampleInput } from "./samples.ts";
import { windowSamples } from "./settings.ts";
import { SlidingSum } from "./sliding-sum.ts";

/** Length of the mean, and the sample rate. */
export interface RunningMeanOptions {
  /** Length of the mean in seconds, default 60. */
  seconds?: number;
  /** In hertz. */
  sampleRate: number;
}

/** Takes the offset of one stream away, by the mean of its last seconds. */
export class RunningMean {
  readonly #length: number;
  readonly #sum: SlidingSum;
  #count = 0;

  /** @throws SignalError `INVALID_SETTING`, `BAD_SAMPLE_RATE` */
  constructor(options: RunningMeanOptions) {
    this.#length = windowSamples("seconds", options.seconds ?? 60, options.sampleRate);
    this.#sum = new SlidingSum(this.#length);
  }

  /** Begins anew with the next sample, as behind a gap. */
  reset(): void {
    if (this.#count > 0) this.#sum.clear();
    this.#count = 0;
  }

  /**
   * The samples without the mean, as many as were given; at the start the mean is of fewer. A missing sample (NaN, an
   * infinity) gives NaN, and the next one begins anew.
   */
  push(samples: SampleInput): Float64Array {
    const values = new Float64Array(samples);
    for (let i = 0; i < values.length; i++) values[i] = this.#step(values[i]!);
    return values;
  }

  #step(value: number): number {
    if (!isSample(value)) {
      this.reset();
      return Number.NaN;
    }
    if (this.#count < this.#length) this.#count++;
    return value - this.#sum.add(value) / this.#count;
  }
}
