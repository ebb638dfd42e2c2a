/** Spectrograms of live rows: columns have fixed edges, so that only the newest ones are made anew, once in a second at most. */
import { type Spectrogram, spectrogramOf } from "../lib/seismograph/drawing/index.ts";
import type { Channel } from "./model/channel.ts";

/** Columns over the whole span. */
const COLUMNS = 600;

/** Milliseconds between two of a channel. */
const PAUSE = 1000;

/** The newest columns that were made before their window was full, or whose records came late. */
const MADE_AGAIN = 20;

interface Made {
  at: number;
  spectrogram: Spectrogram | undefined;
}

export class SpectrogramCache {
  readonly #made = new WeakMap<Channel, Made>();

  /** The spectrogram of a channel between two times, at most a second old. */
  of(channel: Channel, from: number, to: number): Spectrogram | undefined {
    const known = this.#made.get(channel);
    if (known && performance.now() - known.at < PAUSE) return known.spectrogram;
    const spectrogram = this.#next(channel, known?.spectrogram, from, to);
    this.#made.set(channel, { at: performance.now(), spectrogram });
    return spectrogram;
  }

  #next(
    { trail }: Channel,
    known: Spectrogram | undefined,
    from: number,
    to: number,
  ): Spectrogram | undefined {
    const step = (to - from) / COLUMNS;
    const first = Math.floor(from / step);
    const whole = (start: number, columns: number) =>
      spectrogramOf(trail.pieces, { start: start * step, end: (start + columns) * step, columns });
    const shift = known?.step === step ? first - Math.round(known.start / step) : COLUMNS;
    if (!known || shift < 0 || shift + MADE_AGAIN >= COLUMNS) return whole(first, COLUMNS);
    const fresh = whole(first + COLUMNS - shift - MADE_AGAIN, shift + MADE_AGAIN);
    if (fresh?.rows !== known.rows) return whole(first, COLUMNS);
    const decibels = new Float32Array(COLUMNS * known.rows);
    decibels.set(known.decibels.subarray(shift * known.rows));
    decibels.set(fresh.decibels, decibels.length - fresh.decibels.length);
    return { ...known, start: first * step, decibels };
  }
}
