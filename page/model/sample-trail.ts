/** The newest raw samples of a channel in pieces without a gap, for as long a time as is shown. Pure. */
import type { Segment } from "../../lib/seismograph/drawing/index.ts";
import type { SamplesFrame } from "../../lib/seismograph/frames.ts";

/** Most samples kept, whatever comes: an hour at 500 Hz. */
const MOST_SAMPLES = 1_800_000;

/** Records follow each other without a gap where their distance is a period, give or take so much of it. */
const SLACK = 0.5;

/** Samples without a gap, in room that grows and of which the oldest are given up. */
class Piece implements Segment {
  readonly period: number;
  start: number;
  #room = new Float32Array(1024);
  #count = 0;

  constructor(start: number, period: number) {
    this.start = start;
    this.period = period;
  }

  get samples(): Float32Array {
    return this.#room.subarray(0, this.#count);
  }

  get end(): number {
    return this.start + this.#count * this.period;
  }

  add(samples: ArrayLike<number>): void {
    const count = this.#count + samples.length;
    if (count > this.#room.length) {
      const room = new Float32Array(Math.max(count, 2 * this.#room.length));
      room.set(this.samples);
      this.#room = room;
    }
    this.#room.set(samples, this.#count);
    this.#count = count;
  }

  /** Forgets its first samples. */
  drop(count: number): void {
    this.#room.copyWithin(0, count, this.#count);
    this.#count -= count;
    this.start += count * this.period;
  }
}

export class SampleTrail {
  readonly #span: number;
  #pieces: Piece[] = [];

  /** @param span microseconds kept before the newest sample */
  constructor(span: number) {
    this.#span = span;
  }

  get pieces(): readonly Segment[] {
    return this.#pieces;
  }

  add({ start, sampleRate, samples }: Pick<SamplesFrame, "start" | "sampleRate" | "samples">): void {
    if (samples.length === 0 || !(sampleRate > 0) || !Number.isFinite(start)) return;
    const period = 1e6 / sampleRate;
    const last = this.#pieces.at(-1);
    const follows =
      last?.period === period &&
      Math.abs(start - last.end) < SLACK * period &&
      last.samples.length < MOST_SAMPLES;
    const piece = follows ? last : new Piece(start, period);
    if (!follows) this.#pieces.push(piece);
    piece.add(samples);
    this.#forget(piece.end - this.#span);
  }

  /** Forgets what ends before a time, a quarter more at once so that little is moved about; and what is too much. */
  #forget(oldest: number): void {
    this.#pieces = this.#pieces.filter(({ end }) => end > oldest);
    const first = this.#pieces[0]!;
    const old = Math.floor((oldest - first.start) / first.period);
    if (old > first.samples.length / 4) first.drop(old);
    let count = this.#pieces.reduce((sum, { samples }) => sum + samples.length, 0);
    while (count > MOST_SAMPLES && this.#pieces.length > 1) count -= this.#pieces.shift()!.samples.length;
  }
}
