/** A trigger on the samples of one stream: STA/LTA and trigger logic together, with times of the data for all that it tells. */
import { isSample, type SampleInput } from "./samples.ts";
import { goodRate, latest } from "./settings.ts";
import { StaLta, type StaLtaOptions } from "./sta-lta.ts";
import { type TriggerChange, type TriggerEndReason, TriggerLogic, type TriggerOptions } from "./trigger.ts";

/** What {@link StaLta} and {@link TriggerLogic} take. */
export interface TriggerDetectorOptions extends StaLtaOptions, TriggerOptions {
  /** Keep the long-term average as it is while a trigger is on. Default no. */
  holdLta?: boolean;
}

/** A trigger that has begun or ended. Times in nanoseconds since 1970. */
export interface TriggerEvent {
  event: "on" | "off";
  onTime: bigint;
  /** With `off`: the time of its last sample (never before `onTime`), and seconds from the first to it. */
  offTime?: bigint;
  duration?: number;
  reason?: TriggerEndReason;
  ratio: number;
  peakRatio: number;
  peakRatioTime: bigint;
  /** The largest absolute value of the samples, in their unit. */
  peakAmplitude: number;
  peakTime: bigint;
}

/** A time for a place: those of the record at hand are counted from its start, so that nothing adds up over hours. */
interface Mark {
  index: number;
  time: bigint;
}

const NONE: readonly TriggerEvent[] = Object.freeze([]);

/** The triggers of one stream, from its samples: feed it record by record. */
export class TriggerDetector {
  readonly #staLta: StaLta;
  readonly #logic: TriggerLogic;
  #period: number;
  readonly #holdLta: boolean;
  #record: Mark = { index: 0, time: 0n };
  /** Times of the running trigger's onset and peaks in records before, and of the newest sample. */
  readonly #marks: { on?: Mark; ratio?: Mark; amplitude?: Mark; newest?: Mark } = {};

  /** @throws SignalError `INVALID_SETTING`, `BAD_SAMPLE_RATE` */
  constructor(options: TriggerDetectorOptions) {
    this.#staLta = new StaLta(options);
    this.#logic = new TriggerLogic(options);
    this.#period = 1e9 / options.sampleRate;
    this.#holdLta = options.holdLta ?? false;
  }

  /** Whether a trigger is on that was told of. */
  get isActive(): boolean {
    return this.#logic.isActive;
  }

  /** How many more samples it takes until there is a ratio. */
  get warmUp(): number {
    return this.#staLta.warmUp;
  }

  /**
   * Takes the next samples, the first one at `startTime` (nanoseconds since 1970): their ratios, and what began or ended. A
   * missing sample (NaN, an infinity) ends a trigger, and the ratio begins anew. `sampleRate` is the record's own, where it
   * differs a little from the nominal one: times of samples are counted with it.
   * @throws SignalError `BAD_SAMPLE_RATE`
   */
  push(
    startTime: bigint,
    samples: SampleInput,
    sampleRate?: number,
  ): { ratios: Float64Array; events: readonly TriggerEvent[] } {
    const [staLta, logic] = [this.#staLta, this.#logic];
    if (sampleRate !== undefined) this.#period = 1e9 / goodRate(sampleRate);
    const ratios = this.#holdLta ? new Float64Array(samples.length) : staLta.push(samples);
    this.#record = { index: logic.index, time: startTime };
    let events: TriggerEvent[] | undefined;
    for (let i = 0; i < ratios.length; i++) {
      if (this.#holdLta) ratios[i] = staLta.step(Number(samples[i]));
      else i = logic.skip(ratios, i);
      if (i === ratios.length) break;
      const sample = Number(samples[i]);
      const change = isSample(sample) ? logic.step(ratios[i]!, sample) : logic.end("gap", 1);
      if (this.#holdLta) staLta.holdLta = logic.isRunning;
      if (change !== undefined) {
        events ??= [];
        events.push(this.#describe(change));
      }
    }
    this.#keepMarks();
    return { ratios, events: events ?? NONE };
  }

  /** Begins anew, as behind a gap of `seconds`, or where no data come any more; gives the end of a trigger that was on. */
  reset(reason: "gap" | "no data" = "gap", seconds = 0): TriggerEvent | undefined {
    const change = this.#logic.end(reason, Math.max(0, Math.round((seconds * 1e9) / this.#period)));
    this.#staLta.reset();
    return change && this.#describe(change);
  }

  #describe(change: TriggerChange): TriggerEvent {
    const { event, ratio, peakRatio, peakAmplitude } = change;
    const onTime = this.#timeOf(change.onIndex, this.#marks.on);
    const common = {
      event,
      onTime,
      ratio,
      peakRatio,
      peakRatioTime: this.#timeOf(change.peakRatioIndex, this.#marks.ratio),
      peakAmplitude,
      peakTime: this.#timeOf(change.peakAmplitudeIndex, this.#marks.amplitude),
    };
    if (change.event === "on") return common;
    const lastTime = this.#timeOf(change.offIndex, this.#marks.newest);
    const offTime = latest(lastTime, onTime);
    return { ...common, offTime, duration: Number(offTime - onTime) / 1e9, reason: change.reason };
  }

  #timeOf(index: number, mark: Mark | undefined): bigint {
    if (mark !== undefined && mark.index === index && index < this.#record.index) return mark.time;
    return this.#record.time + BigInt(Math.round((index - this.#record.index) * this.#period));
  }

  /** Before the next record comes: the times of what the running trigger has in this one, or in those before. */
  #keepMarks(): void {
    const mark = (index: number, old?: Mark) => ({ index, time: this.#timeOf(index, old) });
    const span = this.#logic.span;
    this.#marks.newest = mark(this.#logic.index - 1, this.#marks.newest);
    if (!span) return;
    this.#marks.on = mark(span.onIndex, this.#marks.on);
    this.#marks.ratio = mark(span.peakRatioIndex, this.#marks.ratio);
    this.#marks.amplitude = mark(span.peakAmplitudeIndex, this.#marks.amplitude);
  }
}
