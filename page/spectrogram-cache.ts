/** Spectrograms of live rows, made anew at most once in a second: they cost more than everything else in the picture. */
import { type Spectrogram, spectrogramOf } from "../lib/seismograph/drawing/index.ts";
import type { Channel } from "./model/channel.ts";

/** Columns over the whole span. */
const COLUMNS = 600;

/** Milliseconds between two of a channel. */
const PAUSE = 1000;

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
    const spectrogram = spectrogramOf(channel.trail.pieces, { start: from, end: to, columns: COLUMNS });
    this.#made.set(channel, { at: performance.now(), spectrogram });
    return spectrogram;
  }
}
