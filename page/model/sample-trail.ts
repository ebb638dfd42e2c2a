/** The newest raw samples of a channel in pieces without a gap, as they came, for as long a time as is shown. Pure. */

import type { Segment } from "../../lib/seismograph/drawing/index.ts";
import type { SamplesFrame } from "../../lib/seismograph/frames.ts";

/** Most samples kept, whatever comes: an hour at 500 Hz. */
const MOST_SAMPLES = 1_800_000;

export class SampleTrail {
  readonly #span: number;
  #pieces: Segment[] = [];
  #count = 0;

  /** @param span microseconds kept before the newest sample */
  constructor(span: number) {
    this.#span = span;
  }

  get pieces(): readonly Segment[] {
    return this.#pieces;
  }

  add({ start, sampleRate, samples }: Pick<SamplesFrame, "start" | "sampleRate" | "samples">): void {
    if (samples.length === 0 || !(sampleRate > 0)) return;
    this.#pieces.push({ start, period: 1e6 / sampleRate, samples });
    this.#count += samples.length;
    const oldest = start + (samples.length / sampleRate) * 1e6 - this.#span;
    const isOld = ({ start, period, samples }: Segment) => start + samples.length * period < oldest;
    while (this.#pieces.length > 1 && (isOld(this.#pieces[0]!) || this.#count > MOST_SAMPLES))
      this.#count -= this.#pieces.shift()!.samples.length;
  }
}
