/**
 * From counts to the ground's motion: divided by the sensitivity, then integrated (trapezium) or differentiated (backward
 * difference) behind a high-pass. It is not a deconvolution: right where the instrument's response is flat.
 */
import { designButterworth } from "./butterworth.ts";
import { IirFilter } from "./iir-filter.ts";
import { isSample, type SampleInput } from "./samples.ts";
import { goodRate, invalid, oneOf } from "./settings.ts";

/** Whatever takes samples piece by piece and gives as many. */
export interface SignalStep {
  /** The next values. */
  push(samples: SampleInput): Float64Array;
  /** Begins anew with the next sample, as behind a gap. */
  reset(): void;
}

/** Divides by the counts per unit. */
export class Gain implements SignalStep {
  readonly #sensitivity: number;

  /** `sensitivity`: counts per unit, not 0. @throws SignalError `INVALID_SETTING` */
  constructor(sensitivity: number) {
    if (!Number.isFinite(sensitivity) || sensitivity === 0) {
      throw invalid("sensitivity", sensitivity, "a number of counts per unit, not 0");
    }
    this.#sensitivity = sensitivity;
  }

  /** Has nothing to forget. */
  reset(): void {}

  /** The samples in the unit; a missing one (NaN, an infinity) is NaN. */
  push(samples: SampleInput): Float64Array {
    const values = new Float64Array(samples);
    for (let i = 0; i < values.length; i++) {
      values[i] = isSample(values[i]!) ? values[i]! / this.#sensitivity : Number.NaN;
    }
    return values;
  }
}

/** The integral over time by trapezia, from 0 at the first sample. To be used behind a high-pass: an offset grows without end. */
export class Integral implements SignalStep {
  readonly #half: number;
  #last = Number.NaN;
  #sum = 0;

  /** `sampleRate` in hertz. @throws SignalError `BAD_SAMPLE_RATE` */
  constructor(sampleRate: number) {
    this.#half = 0.5 / goodRate(sampleRate);
  }

  /** Begins anew with the next sample, as behind a gap. */
  reset(): void {
    this.#last = Number.NaN;
    this.#sum = 0;
  }

  /** The integral at each sample, in unit seconds. A missing sample gives NaN, and the next one begins anew. */
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
    if (!Number.isNaN(this.#last)) this.#sum += (this.#last + value) * this.#half;
    this.#last = value;
    return this.#sum;
  }
}

/** The derivative by time as backward difference, 0 at the first sample. */
export class Derivative implements SignalStep {
  readonly #rate: number;
  #last = Number.NaN;

  /** `sampleRate` in hertz. @throws SignalError `BAD_SAMPLE_RATE` */
  constructor(sampleRate: number) {
    this.#rate = goodRate(sampleRate);
  }

  /** Begins anew with the next sample, as behind a gap. */
  reset(): void {
    this.#last = Number.NaN;
  }

  /** The derivative at each sample, in units per second. A missing sample gives NaN, and the next one begins anew. */
  push(samples: SampleInput): Float64Array {
    const values = new Float64Array(samples);
    for (let i = 0; i < values.length; i++) values[i] = this.#step(values[i]!);
    return values;
  }

  #step(value: number): number {
    const last = this.#last;
    this.#last = isSample(value) ? value : Number.NaN;
    return Number.isNaN(last) && isSample(value) ? 0 : (this.#last - last) * this.#rate;
  }
}

/** What a sensor measures, or what is wanted of it. */
export type MotionQuantity = "displacement" | "velocity" | "acceleration";

const QUANTITIES: readonly MotionQuantity[] = ["displacement", "velocity", "acceleration"];

/** What is measured, and what is wanted. */
export interface GroundMotionOptions {
  /** Counts per unit. */
  sensitivity: number;
  /** In hertz. */
  sampleRate: number;
  /** What the sensor measures, in m, m/s or m/s²; default `velocity`. */
  from?: MotionQuantity;
  /** What is wanted; default the same. */
  to?: MotionQuantity;
  /**
   * The high-pass before integrating or differentiating; again before each further integral. Default 0.075 Hz, order 2;
   * `false` for none.
   */
  highpass?: { corner: number; order?: number; start?: "rest" | "zero" } | false;
}

/** Sensitivity, high-pass and integrals or derivatives of one stream, in the order that is right. */
export class GroundMotion implements SignalStep {
  readonly #steps: SignalStep[];

  /** @throws SignalError `INVALID_SETTING`, `BAD_SAMPLE_RATE`, `CORNER_ABOVE_NYQUIST` */
  constructor(options: GroundMotionOptions) {
    const { from: measured = "velocity", to: wanted = measured } = options;
    const [from, to] = [oneOf("from", measured, QUANTITIES), oneOf("to", wanted, QUANTITIES)];
    const derivatives = QUANTITIES.indexOf(to) - QUANTITIES.indexOf(from);
    this.#steps = [new Gain(options.sensitivity)];
    for (let i = 0; i > derivatives; i--) {
      this.#steps.push(...highpass(options), new Integral(options.sampleRate));
    }
    if (derivatives > 0) this.#steps.push(...highpass(options));
    for (let i = 0; i < derivatives; i++) this.#steps.push(new Derivative(options.sampleRate));
  }

  /** Begins anew with the next sample, as behind a gap. */
  reset(): void {
    for (const step of this.#steps) step.reset();
  }

  /** The motion at each sample; a missing one (NaN, an infinity) is NaN, and the next one begins anew. */
  push(samples: SampleInput): Float64Array {
    return this.#steps.reduce<SampleInput>((values, step) => step.push(values), samples) as Float64Array;
  }
}

function highpass({ highpass, sampleRate }: GroundMotionOptions): SignalStep[] {
  if (highpass === false) return [];
  const { corner, order, start } = { corner: 0.075, order: 2, ...highpass };
  const sections = designButterworth({ kind: "highpass", corners: corner, order, sampleRate });
  return [new IirFilter(sections, { start: start ?? "rest" })];
}
