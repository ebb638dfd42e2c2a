/**
 * The length of the vector that the components of one sensor make, √(x² + y² + z²), sample by sample. Components come in records of
 * their own, one after the other: each waits for the others, by the times of the samples.
 */

import type { SampleInput } from "./samples.ts";
import { goodRate, whole } from "./settings.ts";

/** Consecutive samples, the first one at `startTime` (nanoseconds since 1970). */
export interface TimedSamples {
  startTime: bigint;
  samples: Float64Array;
}

/** A stretch of one component that waits for the others. */
interface Waiting {
  /** Place of the first sample, counted in samples since 1970. */
  at: number;
  samples: Float64Array;
}

const MOST_WAITING = 1_000_000;
/** A component that is so many seconds behind is not waited for. */
const PATIENCE = 60;

/** Joins the components of one sensor: feed it the records of all. */
export class VectorMagnitude {
  readonly #rate: number;
  readonly #components: number;
  readonly #waiting = new Map<string, Waiting[]>();
  /** The time that places are counted from: that of the first sample, so that numbers stay exact. */
  #origin: bigint | undefined;
  /** Up to where lengths have been given. */
  #done = Number.NEGATIVE_INFINITY;

  /** `sampleRate` in hertz. @throws SignalError `BAD_SAMPLE_RATE`, `INVALID_SETTING` */
  constructor(options: { sampleRate: number; components?: number }) {
    this.#rate = goodRate(options.sampleRate);
    this.#components = whole("components", options.components ?? 3, 2, 3);
  }

  /** Takes samples of a component, such as `Z`; gives the lengths that are complete with them. Samples go to the nearest place. */
  push(component: string, startTime: bigint, samples: SampleInput): TimedSamples[] {
    if (!this.#waiting.has(component) && this.#waiting.size === this.#components) return [];
    this.#origin ??= startTime;
    const at = Math.round((Number(startTime - this.#origin) * this.#rate) / 1e9);
    const queue = this.#waiting.get(component) ?? [];
    this.#waiting.set(component, queue);
    const last = queue.at(-1);
    const free = Math.max(this.#done, last ? last.at + last.samples.length : Number.NEGATIVE_INFINITY);
    const from = Math.max(0, Math.min(samples.length, free - at));
    const values = new Float64Array(samples).subarray(from);
    if (values.length > 0) queue.push({ at: at + from, samples: values });
    this.#forget(at + samples.length);
    return this.#waiting.size === this.#components ? this.#join() : [];
  }

  /** Leaves out what has waited for too long. */
  #forget(newest: number): void {
    const oldest = newest - Math.min(MOST_WAITING, PATIENCE * this.#rate + MOST_WAITING / 10);
    for (const queue of this.#waiting.values()) {
      while (queue[0] && queue[0].at + queue[0].samples.length < oldest) queue.shift();
    }
  }

  /** The stretches that all components have. */
  #join(): TimedSamples[] {
    const joined: TimedSamples[] = [];
    const queues = [...this.#waiting.values()];
    for (;;) {
      const heads = queues.map(([head]) => head);
      if (heads.some((head) => head === undefined)) return joined;
      const from = Math.max(...heads.map((head) => head!.at));
      const to = Math.min(...heads.map((head) => head!.at + head!.samples.length));
      if (from < to) joined.push(this.#lengths(heads as Waiting[], from, to));
      for (const queue of queues) cutUpTo(queue, to);
    }
  }

  #lengths(heads: Waiting[], from: number, to: number): TimedSamples {
    const samples = new Float64Array(to - from);
    for (const head of heads) {
      for (let i = 0; i < samples.length; i++)
        samples[i] = samples[i]! + head.samples[from - head.at + i]! ** 2;
    }
    for (let i = 0; i < samples.length; i++) samples[i] = Math.sqrt(samples[i]!);
    this.#done = to;
    const startTime = this.#origin! + BigInt(Math.round((from * 1e9) / this.#rate));
    return { startTime, samples };
  }
}

/** Takes away what lies before a place: some of the first stretch at least, if it ends there. */
function cutUpTo(queue: Waiting[], place: number): void {
  const head = queue[0];
  if (!head || head.at >= place) return;
  const end = head.at + head.samples.length;
  if (end <= place) queue.shift();
  else queue[0] = { at: place, samples: head.samples.subarray(place - head.at) };
}
