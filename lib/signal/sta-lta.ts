/**
 * The ratio of a short-term to a long-term average of the squared samples, after Allen (1978) and Withers et al. (1998); the
 * definitions are those of ObsPy's `recursive_sta_lta` and `classic_sta_lta`.
 */
import { isSample, type SampleInput } from "./samples.ts";
import { invalid, oneOf, windowSamples } from "./settings.ts";
import { SlidingSum } from "./sliding-sum.ts";

/** Method, windows and sample rate. */
export interface StaLtaOptions {
  /**
   * - `recursive`: averages that forget exponentially, both from 0, the first sample left out;
   * - `classic`: means of the last squares in each window.
   */
  method: "recursive" | "classic";
  /** Short window, in seconds; `round(seconds · rate)` samples. */
  sta: number;
  /** Long window, in seconds, longer than the short one. */
  lta: number;
  /** In hertz. */
  sampleRate: number;
}

/** An average of squares below this is 0: see TINY in iir-filter.ts. */
const TINY = 1e-100;

/** The ratio of one stream: feed it record by record. */
export class StaLta {
  /** While set, the long-term average stays as it is: an event that lasts does not hide itself. */
  holdLta = false;
  /** Windows in samples. */
  readonly nsta: number;
  readonly nlta: number;
  readonly #sums: { sta: SlidingSum; lta: SlidingSum } | undefined;
  /** The first sample for which there is a ratio. */
  readonly #first: number;
  /** Samples since the start, counted up to `nlta`. */
  #count = 0;
  #sta = 0;
  #lta = 0;

  /** @throws SignalError `INVALID_SETTING`, `BAD_SAMPLE_RATE` */
  constructor(options: StaLtaOptions) {
    const isClassic = oneOf("method", options.method, ["recursive", "classic"]) === "classic";
    this.nsta = windowSamples("sta", options.sta, options.sampleRate);
    this.nlta = windowSamples("lta", options.lta, options.sampleRate);
    if (this.nlta <= this.nsta) throw invalid("lta", options.lta, `longer than sta, ${options.sta} s`);
    if (isClassic) this.#sums = { sta: new SlidingSum(this.nsta), lta: new SlidingSum(this.nlta) };
    this.#first = isClassic ? this.nlta - 1 : this.nlta;
  }

  /** How many more samples it takes until there is a ratio. */
  get warmUp(): number {
    return this.#first - Math.min(this.#count, this.#first);
  }

  /** Begins anew with the next sample, as behind a gap. */
  reset(): void {
    if (this.#count === 0) return;
    this.#sums?.sta.clear();
    this.#sums?.lta.clear();
    this.#count = 0;
    this.#sta = 0;
    this.#lta = 0;
    this.holdLta = false;
  }

  /**
   * The ratios, as many as samples were given; 0 until the long window is full, and where the channel is dead. A missing
   * sample (NaN, an infinity) has the ratio 0, and the next one begins anew.
   */
  push(samples: SampleInput): Float64Array {
    const values = new Float64Array(samples);
    for (let at = 0; at < values.length; at++) {
      if (!this.#sums && !this.holdLta && this.#count > 0) at = this.#run(values, at);
      if (at < values.length) values[at] = this.step(values[at]!);
    }
    return values;
  }

  /** What {@link step} does with each sample of the recursive method, up to a missing one or the end, whose place it gives. */
  #run(values: Float64Array, from: number): number {
    const [nsta, nlta, first] = [this.nsta, this.nlta, this.#first];
    let [sta, lta, count, at] = [this.#sta, this.#lta, this.#count, from];
    for (; at < values.length; at++) {
      const sample = values[at]!;
      if (!isSample(sample)) break;
      const square = sample * sample;
      sta += (square - sta) / nsta;
      if (sta < TINY) sta = 0;
      lta += (square - lta) / nlta;
      if (lta < TINY) lta = 0;
      values[at] = count < first ? 0 : lta > 0 ? sta / lta : 0;
      if (count < first) count++;
    }
    [this.#sta, this.#lta, this.#count] = [sta, lta, count];
    return at;
  }

  /** The ratio at one sample. */
  step(sample: number): number {
    if (!isSample(sample)) {
      this.reset();
      return 0;
    }
    const square = sample * sample;
    if (this.#sums) this.#slide(this.#sums, square);
    else if (this.#count > 0) this.#forget(square);
    if (this.#count < this.#first) {
      this.#count++;
      return 0;
    }
    return this.#lta > 0 ? this.#sta / this.#lta : 0;
  }

  #slide(sums: { sta: SlidingSum; lta: SlidingSum }, square: number): void {
    this.#sta = sums.sta.add(square) / this.nsta;
    if (!this.holdLta) this.#lta = sums.lta.add(square) / this.nlta;
  }

  #forget(square: number): void {
    this.#sta += (square - this.#sta) / this.nsta;
    if (this.#sta < TINY) this.#sta = 0;
    if (this.holdLta) return;
    this.#lta += (square - this.#lta) / this.nlta;
    if (this.#lta < TINY) this.#lta = 0;
  }
}
