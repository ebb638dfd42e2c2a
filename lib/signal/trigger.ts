/**
 * When a ratio is an event. On at the first value of at least `on`; off at the last one of at least `off` (ObsPy's
 * `trigger_onset`); a new one begins only behind it. {@link triggerOnsets} for a whole series, {@link TriggerLogic} value by
 * value, with the rules that keep a door slam from ringing the bell.
 */
import { isSample } from "./samples.ts";
import { goodRate, invalid, notNegative, positive } from "./settings.ts";

/** Where a trigger begins and ends. */
export interface Thresholds {
  /** A trigger begins at the first ratio of at least this. */
  on: number;
  /** It ends at the last ratio of at least this; not above `on`. */
  off: number;
}

/** Thresholds, and how long triggers last. */
export interface TriggerOptions extends Thresholds {
  /** In hertz: what follows is in seconds of data, not of the clock. */
  sampleRate: number;
  /** A trigger counts only once it has lasted so long; it is told of then, with its true onset. Default 0. */
  minimum?: number;
  /** From one that is told of to the next it takes at least so long. Default 0. */
  deadTime?: number;
  /** It ends after so long, and a new one begins only when the ratio has been below `on`. Default 0: no limit. */
  longest?: number;
}

/** Why a trigger ended: the ratio fell, the data have a gap, none came any more, or it lasted as long as it may. */
export type TriggerEndReason = "ratio" | "gap" | "no data" | "longest";

/** Places are counted in samples since the beginning, the first one being 0; gaps count as {@link TriggerLogic.end} was told. */
export interface TriggerSpan {
  onIndex: number;
  /** So far, or for good with `off`: the largest ratio, and the largest absolute value of the samples behind the ratios. */
  peakRatio: number;
  peakRatioIndex: number;
  peakAmplitude: number;
  peakAmplitudeIndex: number;
}

/** That a trigger has begun or ended. */
export type TriggerChange =
  | ({ event: "on"; ratio: number } & TriggerSpan)
  | ({ event: "off"; ratio: number; offIndex: number; reason: TriggerEndReason } & TriggerSpan);

/**
 * All triggers of a series as `[onIndex, offIndex]`; the last value is the end of one that is still on.
 * @throws SignalError `INVALID_SETTING`
 */
export function triggerOnsets(ratios: ArrayLike<number>, thresholds: Thresholds): [number, number][] {
  const { on, off } = checked(thresholds);
  const spans: [number, number][] = [];
  for (let i = 0; i < ratios.length; i++) {
    if (!(ratios[i]! >= on)) continue;
    const start = i;
    while (i + 1 < ratios.length && ratios[i + 1]! >= off) i++;
    spans.push([start, i]);
  }
  return spans;
}

function checked({ on, off }: Thresholds): Thresholds {
  positive("on", on);
  if (notNegative("off", off) > on) throw invalid("off", off, `not above on, ${on}`);
  return { on, off };
}

/** The triggers of one stream, ratio by ratio. */
export class TriggerLogic {
  readonly #on: number;
  readonly #off: number;
  readonly #minimum: number;
  readonly #deadTime: number;
  readonly #longest: number;
  #index = 0;
  #ratio = 0;
  #span: TriggerSpan | undefined;
  #isTold = false;
  /** Whether the ratio has been below `on` since a trigger that became too long. */
  #isArmed = true;
  #lastTold = Number.NEGATIVE_INFINITY;

  /** @throws SignalError `INVALID_SETTING`, `BAD_SAMPLE_RATE` */
  constructor(options: TriggerOptions) {
    const { on, off } = checked(options);
    const rate = goodRate(options.sampleRate);
    const samples = (name: "minimum" | "deadTime" | "longest") =>
      Math.round(notNegative(name, options[name] ?? 0, "of seconds") * rate);
    this.#on = on;
    this.#off = off;
    this.#minimum = samples("minimum");
    this.#deadTime = samples("deadTime");
    this.#longest = samples("longest") || Number.POSITIVE_INFINITY;
    if (this.#longest < this.#minimum) throw invalid("longest", options.longest, "0 or not below minimum");
  }

  /** Whether a trigger is on that was told of. */
  get isActive(): boolean {
    return this.#span !== undefined && this.#isTold;
  }

  /** Whether the ratio is in a trigger, be it told of yet or not. */
  get isRunning(): boolean {
    return this.#span !== undefined;
  }

  /** What is known of the trigger that runs, if one does; it changes as values come. */
  get span(): Readonly<TriggerSpan> | undefined {
    return this.#span;
  }

  /** How many samples have been counted. */
  get index(): number {
    return this.#index;
  }

  /** Takes the next ratios as {@link step} does, from a place on, up to the first one that may change something: gives its place. */
  skip(ratios: Float64Array, from: number): number {
    if (this.#span || !this.#isArmed) return from;
    let at = from;
    while (at < ratios.length && !(ratios[at]! >= this.#on)) at++;
    this.#index += at - from;
    return at;
  }

  /** Takes the next ratio, and the sample behind it; tells what that changes. A ratio of NaN is below every threshold. */
  step(ratio: number, sample = 0): TriggerChange | undefined {
    const index = this.#index++;
    if (this.#span && !(ratio >= this.#off)) return this.#finish("ratio", index - 1);
    if (!this.#span && !this.#begins(ratio, index)) return undefined;
    const span = this.#span!;
    this.#ratio = ratio;
    widen(span, index, ratio, isSample(sample) ? Math.abs(sample) : 0);
    if (!this.#isTold && this.#isDue(span, index)) return this.#tell(span, index, ratio);
    return index - span.onIndex >= this.#longest ? this.#finish("longest", index) : undefined;
  }

  /**
   * Ends a trigger because the data end: at its last value so far. Behind a gap, `skipped` is how many samples are missing, so
   * that the count stays in step with time.
   */
  end(reason: "gap" | "no data", skipped = 0): TriggerChange | undefined {
    const change = this.#span && this.#finish(reason, this.#index - 1);
    this.#index += skipped;
    this.#isArmed = true;
    return change;
  }

  #begins(ratio: number, index: number): boolean {
    if (!(ratio >= this.#on)) {
      this.#isArmed = true;
      return false;
    }
    if (!this.#isArmed) return false;
    this.#isTold = false;
    this.#span = {
      onIndex: index,
      peakRatio: ratio,
      peakRatioIndex: index,
      peakAmplitude: -1,
      peakAmplitudeIndex: index,
    };
    return true;
  }

  #isDue({ onIndex }: TriggerSpan, index: number): boolean {
    return index - onIndex >= this.#minimum && index - this.#lastTold >= this.#deadTime;
  }

  #tell(span: TriggerSpan, index: number, ratio: number): TriggerChange {
    this.#isTold = true;
    this.#lastTold = index;
    return { event: "on", ratio, ...span };
  }

  #finish(reason: TriggerEndReason, offIndex: number): TriggerChange | undefined {
    const span = this.#span!;
    this.#span = undefined;
    this.#isArmed = reason !== "longest";
    return this.#isTold ? { event: "off", ratio: this.#ratio, offIndex, reason, ...span } : undefined;
  }
}

function widen(span: TriggerSpan, index: number, ratio: number, amplitude: number): void {
  if (ratio > span.peakRatio) {
    span.peakRatio = ratio;
    span.peakRatioIndex = index;
  }
  if (amplitude > span.peakAmplitude) {
    span.peakAmplitude = amplitude;
    span.peakAmplitudeIndex = index;
  }
}
