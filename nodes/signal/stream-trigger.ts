/** A trigger on one stream: its filter, STA/LTA and the state of its alarm, and the messages that tell of it. */
import {
  TriggerDetector,
  type TriggerDetectorOptions,
  type TriggerEvent,
} from "../../lib/signal/trigger-detector.ts";
import { formatNanoseconds } from "../../lib/time.ts";
import type { SeriesRecord } from "./series-message.ts";
import type { StreamState, Turn } from "./series-streams.ts";
import type { FilterSettings, StreamFilter } from "./stream-filter.ts";

/** All of a detector's settings but the sample rate. */
export type TriggerSettings = Omit<TriggerDetectorOptions, "sampleRate">;

/** What the first output sends. */
export interface TriggerPayload {
  event: "on" | "off";
  id: string;
  sourceId: string;
  onTime: string;
  [name: string]: unknown;
}

export class StreamTrigger implements StreamState {
  readonly bytes: number;
  readonly sampleRate: number;
  /** The newest ratio, and when a record came, by the clock in milliseconds. */
  ratio = 0;
  lastCame = 0;
  readonly #sourceId: string;
  readonly #settings: TriggerSettings;
  readonly #detector: TriggerDetector;
  readonly #filter: StreamFilter | undefined;
  #units: unknown;
  #last = Number.NaN;
  /** Ends that a gap has made, not told of yet. */
  #ended: TriggerEvent[] = [];

  constructor(settings: TriggerSettings, filters: FilterSettings, { sourceId, sampleRate }: SeriesRecord) {
    const filter = filters.isNone ? undefined : filters.at(sampleRate);
    this.#sourceId = sourceId;
    this.#settings = settings;
    this.#detector = new TriggerDetector({ ...settings, sampleRate });
    this.#filter = filter?.make();
    this.sampleRate = sampleRate;
    const windows = settings.method === "classic" ? 8 * (settings.sta + settings.lta) * sampleRate : 0;
    this.bytes = 1000 + windows;
  }

  get isActive(): boolean {
    return this.#detector.isActive;
  }

  /** Seconds until there is a ratio; 0 when there is. */
  get warmUp(): number {
    return this.#detector.warmUp / this.sampleRate;
  }

  reset(gap: number): void {
    this.#filter?.reset();
    const end = this.#detector.reset("gap", gap);
    if (end) this.#ended.push(end);
  }

  /** Ends a trigger because nothing comes any more. */
  end(): TriggerPayload[] {
    const end = this.#detector.reset("no data");
    this.#filter?.reset();
    return end ? [this.#payload(end)] : [];
  }

  push(record: SeriesRecord, turn: Turn<StreamTrigger>): { ratios: Float64Array; events: TriggerPayload[] } {
    this.lastCame = performance.now();
    this.#units = record.payload.units;
    const bridged = turn.held > 0 ? this.#bridge(turn) : [];
    const samples = this.#filter ? this.#filter.push(turn.samples) : turn.samples;
    const { ratios, events: own } = this.#detector.push(turn.startTime, samples, record.sampleRate);
    const events = [...bridged, ...own];
    this.#last = Number(turn.samples[turn.samples.length - 1]);
    this.ratio = ratios[ratios.length - 1] ?? 0;
    return { ratios, events: [...this.#ended.splice(0), ...events].map((event) => this.#payload(event)) };
  }

  /** Goes on over the samples that are missing, with the last value held: what begins or ends there counts as any other. */
  #bridge({ held, startTime }: Turn<StreamTrigger>): readonly TriggerEvent[] {
    const values = new Float64Array(held).fill(this.#last);
    const from = startTime - BigInt(Math.round((held * 1e9) / this.sampleRate));
    return this.#detector.push(from, this.#filter ? this.#filter.push(values) : values).events;
  }

  #payload(event: TriggerEvent): TriggerPayload {
    const { method, sta, lta, on, off } = this.#settings;
    return {
      event: event.event,
      id: triggerId(this.#sourceId, event.onTime),
      sourceId: this.#sourceId,
      onTime: formatNanoseconds(event.onTime),
      ...(event.offTime !== undefined && {
        offTime: formatNanoseconds(event.offTime),
        duration: event.duration,
      }),
      ratio: event.ratio,
      peakRatio: event.peakRatio,
      peakRatioTime: formatNanoseconds(event.peakRatioTime),
      peakAmplitude: event.peakAmplitude,
      peakTime: formatNanoseconds(event.peakTime),
      units: this.#units ?? "counts",
      ...{ method, sta, lta, on, off },
      ...(event.reason !== undefined && { reason: event.reason }),
    };
  }
}

/** The same for both messages of a trigger: `XX_DEMO_00_H_H_Z@2026-01-01T00:00:48.62Z`. */
export function triggerId(sourceId: string, onTime: bigint): string {
  return `${sourceId.replace(/^FDSN:/, "")}@${formatNanoseconds(onTime)}`;
}
