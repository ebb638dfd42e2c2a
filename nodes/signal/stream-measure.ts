/** The windows of one stream, the level that they are held against, and the messages of both. */
import { Level, type LevelOptions } from "../../lib/signal/level.ts";
import { type WindowResult, WindowStatistics } from "../../lib/signal/window-statistics.ts";
import { formatNanoseconds } from "../../lib/time.ts";
import type { Samples } from "./series-message.ts";
import type { StreamState } from "./series-streams.ts";

export const STATISTICS = ["rsam", "rms", "peak", "mean", "median", "min", "max"] as const;

export interface MeasureSettings {
  window: number;
  statistic: (typeof STATISTICS)[number];
  /** Percent of a window that there must be samples of. */
  complete: number;
  /** Milliseconds behind a window's end until it is closed without later samples. */
  wait: number;
  removeMean: boolean;
  level: LevelOptions | undefined;
}

/** What the outputs send: a window, and what it changes of the level. */
export interface Measured {
  window: Record<string, unknown>;
  change: Record<string, unknown> | undefined;
}

/** From so many samples on the median, which needs a sorted copy, is made only where it is what is measured. */
const MOST_FOR_MEDIAN = 1_000_000;

export class StreamMeasure implements StreamState {
  readonly bytes: number;
  /** The newest window's value, if it has one. */
  value: number | null = null;
  readonly #sourceId: string;
  readonly #settings: MeasureSettings;
  readonly #statistics: WindowStatistics;
  readonly #level: Level | undefined;
  #units: unknown;
  /** End of the newest sample, in milliseconds since 1970, and when it came by the clock. */
  #newest = 0;
  #cameAt = 0;

  /** `removesMean` is false where the samples are lengths of vectors, which have no mean to remove. */
  constructor(
    settings: MeasureSettings,
    sourceId: string,
    sampleRate: number,
    removesMean = settings.removeMean,
  ) {
    const { window, statistic, level } = settings;
    const median = statistic === "median" || window * sampleRate <= MOST_FOR_MEDIAN;
    this.#sourceId = sourceId;
    this.#settings = settings;
    this.#statistics = new WindowStatistics({ window, removeMean: removesMean, median });
    this.#level = level && new Level(level);
    this.bytes = 1000 + 16 * window * sampleRate;
  }

  get isAbove(): boolean {
    return this.#level?.isAbove ?? false;
  }

  reset(): void {}

  push(startTime: bigint, sampleRate: number, samples: Samples, units: unknown): Measured[] {
    this.#units = units;
    this.#newest = Number(startTime / 1000n) / 1000 + (samples.length * 1000) / sampleRate;
    this.#cameAt = performance.now();
    return this.#statistics.push({ startTime, sampleRate, samples }).map((result) => this.#measured(result));
  }

  /** Closes a window that is over for long enough: data time goes on with the clock where no samples come. */
  closeIfOver(now: number): Measured[] {
    const until = this.#statistics.openUntil;
    if (until === undefined) return [];
    const dataNow = this.#newest + now - this.#cameAt;
    return dataNow >= Number(until / 1_000_000n) + this.#settings.wait ? this.close() : [];
  }

  close(): Measured[] {
    const result = this.#statistics.close();
    return result ? [this.#measured(result)] : [];
  }

  #measured(result: WindowResult): Measured {
    const { statistic, complete } = this.#settings;
    this.value = 100 * result.completeness >= complete ? result[statistic] : null;
    const startTime = formatNanoseconds(result.startTime);
    const endTime = formatNanoseconds(result.endTime);
    const units = this.#units ?? "counts";
    const common = { sourceId: this.#sourceId, startTime, endTime };
    const change = this.#level?.push(this.value);
    const { count, completeness, mean, rsam, rms, min, max, peak, median } = result;
    return {
      window: {
        ...common,
        ...{
          count,
          completeness,
          mean,
          rsam,
          rms,
          min,
          max,
          peak,
          peakTime: formatNanoseconds(result.peakTime),
        },
        ...{ median: Number.isNaN(median) ? null : median, units, statistic, value: this.value },
      },
      change: change && { ...change, ...common, time: endTime, statistic, units },
    };
  }
}
