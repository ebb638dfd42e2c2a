/**
 * RSAM, RMS, peak and the like over windows that begin at whole multiples of their length since 1970, so that stations can be
 * compared. RSAM is the mean absolute amplitude (Endo and Murray, 1991), here about the window's own mean.
 */
import { type TimeInput, toNanoseconds } from "../time.ts";
import { SignalError } from "./errors.ts";
import { isSample, type SampleInput } from "./samples.ts";
import { goodRate, MOST_SAMPLES, positive, shown } from "./settings.ts";

/** Length of the windows, and what is wanted of them. */
export interface WindowOptions {
  /** Length in seconds, 0.1 to 86,400; default 60. */
  window?: number;
  /** Whether amplitudes are about the window's mean (default), or about 0, as fits behind a high-pass. */
  removeMean?: boolean;
  /** Whether the median is wanted, which needs a sorted copy of the window. Default yes. */
  median?: boolean;
}

/** Samples at equal distances, as `mseed-decode` and `readRecords` give them. */
export interface SamplesAtTime {
  startTime: TimeInput;
  /** In hertz. */
  sampleRate: number;
  samples: SampleInput;
}

/** One window. Times in nanoseconds since 1970; values in the samples' unit, with μ the mean (0 if it is not removed). */
export interface WindowResult {
  startTime: bigint;
  endTime: bigint;
  count: number;
  /** How much of the window there are samples of, 0 to 1. */
  completeness: number;
  mean: number;
  /** Mean of |x − μ|. */
  rsam: number;
  /** Root of the mean of (x − μ)². */
  rms: number;
  min: number;
  max: number;
  /** Largest |x − μ|, and when it was first. */
  peak: number;
  peakTime: bigint;
  /** Median of |x − μ|; NaN if it is not wanted. */
  median: number;
}

const SHORTEST = 0.1;
const LONGEST = 86_400;
/** A sample so near before a window's edge, in samples, lies on it: times are whole nanoseconds. */
const ON_EDGE = 1e-6;
const FIRST_CAPACITY = 256;

/** Measures of one stream, window by window: feed it record by record. */
export class WindowStatistics {
  /** Samples that came for a window which was closed already. */
  tooLate = 0;
  readonly #length: bigint;
  readonly #seconds: number;
  readonly #removeMean: boolean;
  readonly #wantsMedian: boolean;
  #values = new Float64Array(FIRST_CAPACITY);
  #count = 0;
  /** The open window's start; no window before it is opened again. */
  #start: bigint | undefined;
  #rate = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #minTime = 0n;
  #maxTime = 0n;

  /** @throws SignalError `INVALID_SETTING` */
  constructor(options: WindowOptions = {}) {
    this.#seconds = positive("window", options.window ?? 60, "of seconds");
    if (this.#seconds < SHORTEST || this.#seconds > LONGEST) {
      throw new SignalError(
        "INVALID_SETTING",
        `window is ${this.#seconds} s: it must be ${SHORTEST} to ${LONGEST} s`,
      );
    }
    this.#length = BigInt(Math.round(this.#seconds * 1e9));
    this.#removeMean = options.removeMean ?? true;
    this.#wantsMedian = options.median ?? true;
  }

  /** The end of the window that is open (nanoseconds since 1970), if it has samples. */
  get openUntil(): bigint | undefined {
    return this.#count > 0 ? this.#start! + this.#length : undefined;
  }

  /**
   * Takes the samples of a record, and gives the windows that it closed: those before the window of its last sample. Missing
   * samples (NaN, an infinity) are left out, and windows without any are not given. What Continuity calls a duplicate or late
   * is to be kept away, or it counts twice.
   * @throws SignalError `BAD_SAMPLE_RATE`, `BAD_TIME`, `INVALID_SETTING` if a window has more than ten million samples or
   *   is shorter than one
   */
  push(record: SamplesAtTime): WindowResult[] {
    const rate = goodRate(record.sampleRate);
    if (rate * this.#seconds > MOST_SAMPLES) {
      throw new SignalError(
        "INVALID_SETTING",
        `A window of ${this.#seconds} s has more than ${MOST_SAMPLES} samples at ${rate} Hz: choose a shorter one`,
      );
    }
    if (rate * this.#seconds < 1 - ON_EDGE) {
      throw new SignalError(
        "INVALID_SETTING",
        `A window of ${this.#seconds} s is shorter than a sample at ${rate} Hz: choose a longer one`,
      );
    }
    const start = toNanoseconds(record.startTime);
    if (start === undefined) {
      throw new SignalError(
        "BAD_TIME",
        `The record's start time is ${shown(record.startTime)}: that is not a time`,
      );
    }
    return this.#take(start, rate, record.samples);
  }

  /** Closes the open window though it may lack samples: for a clock that says it is over. */
  close(): WindowResult | undefined {
    const result = this.#count > 0 ? this.#result() : undefined;
    if (this.#start !== undefined) this.#open(this.#start + this.#length);
    return result;
  }

  #take(start: bigint, rate: number, samples: SampleInput): WindowResult[] {
    const closed: WindowResult[] = [];
    for (let at = 0; at < samples.length; ) {
      const window = this.#windowOf(start + span(at + ON_EDGE, rate));
      const edge = Number(window + this.#length - start);
      const to = Math.min(samples.length, Math.max(at + 1, Math.ceil((edge * rate) / 1e9 - ON_EDGE)));
      if (this.#start !== undefined && window < this.#start) this.tooLate += to - at;
      else {
        if (window !== this.#start) this.#turnTo(window, closed);
        this.#rate = rate;
        this.#add(start, rate, samples, at, to);
      }
      at = to;
    }
    return closed;
  }

  #windowOf(time: bigint): bigint {
    const past = time % this.#length;
    return time - (past < 0n ? past + this.#length : past);
  }

  #turnTo(window: bigint, closed: WindowResult[]): void {
    if (this.#count > 0) closed.push(this.#result());
    this.#open(window);
  }

  #open(window: bigint): void {
    this.#start = window;
    this.#count = 0;
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = Number.NEGATIVE_INFINITY;
  }

  #add(start: bigint, rate: number, samples: SampleInput, from: number, to: number): void {
    this.#makeRoom(this.#count + to - from);
    const values = this.#values;
    for (let i = from; i < to; i++) {
      const value = samples[i]!;
      if (!isSample(value) || this.#count === MOST_SAMPLES) continue;
      values[this.#count++] = value;
      if (value < this.#min) {
        this.#min = value;
        this.#minTime = start + span(i, rate);
      }
      if (value > this.#max) {
        this.#max = value;
        this.#maxTime = start + span(i, rate);
      }
    }
  }

  #makeRoom(count: number): void {
    if (count <= this.#values.length) return;
    const larger = new Float64Array(Math.min(MOST_SAMPLES, Math.max(count, 2 * this.#values.length)));
    larger.set(this.#values.subarray(0, this.#count));
    this.#values = larger;
  }

  #result(): WindowResult {
    const values = this.#values.subarray(0, this.#count);
    const mean = meanOf(values);
    const centre = this.#removeMean ? mean : 0;
    const [above, below] = [Math.abs(this.#max - centre), Math.abs(this.#min - centre)];
    const isMax = above > below || (above === below && this.#maxTime <= this.#minTime);
    return {
      startTime: this.#start!,
      endTime: this.#start! + this.#length,
      count: this.#count,
      completeness: Math.min(1, this.#count / (this.#seconds * this.#rate)),
      mean,
      ...amplitudes(values, centre),
      min: this.#min,
      max: this.#max,
      peak: Math.max(above, below),
      peakTime: isMax ? this.#maxTime : this.#minTime,
      median: this.#wantsMedian ? medianAmplitude(values, centre) : Number.NaN,
    };
  }
}

function span(samples: number, rate: number): bigint {
  return BigInt(Math.round((samples * 1e9) / rate));
}

/** The mean of the differences from the first value, plus that: an offset takes no digits. */
function meanOf(values: Float64Array): number {
  const first = values[0]!;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! - first;
  return first + sum / values.length;
}

function amplitudes(values: Float64Array, centre: number): { rsam: number; rms: number } {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const amplitude = Math.abs(values[i]! - centre);
    sum += amplitude;
    squares += amplitude * amplitude;
  }
  return { rsam: sum / values.length, rms: Math.sqrt(squares / values.length) };
}

function medianAmplitude(values: Float64Array, centre: number): number {
  const sorted = values.map((value) => Math.abs(value - centre)).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
