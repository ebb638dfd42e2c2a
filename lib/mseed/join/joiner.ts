/**
 * Joins records of one source id that follow each other into fuller ones, in bounded memory and in whatever order the
 * source ids come. Nothing is rounded, decimated, filled in or moved (see `Run`): where records differ in more than their samples, or do not
 * follow each other in time, one run of them ends and another begins.
 */

import { ENCODINGS } from "../encodings.ts";
import type { SampleArray } from "../payload/decode.ts";
import type { MiniSeedRecord } from "../record.ts";
import { checkTolerance } from "./follows.ts";
import { Run } from "./run.ts";

/** How to join. */
export interface JoinerOptions {
  /** Bytes of the records to be written. */
  recordLength: number;
  /** Seconds that a record may begin too early or too late and still follow; default half a sample. */
  tolerance?: number | undefined;
  /** Whether something is wrong with a record: it is copied as it is, because a new one would hide that. */
  isDoubtful?: (record: MiniSeedRecord) => boolean;
}

/** Encodings that can be written as they were read. */
const WRITABLE: ReadonlySet<number> = new Set([
  ENCODINGS.int16,
  ENCODINGS.int32,
  ENCODINGS.float32,
  ENCODINGS.float64,
  ENCODINGS.steim1,
  ENCODINGS.steim2,
]);

/** Runs that are open at once, and samples held in all: the run that waited longest for its next record makes room. */
const MAX_RUNS = 10_000;
const MAX_HELD = 16 * 1024 * 1024;

export class Joiner {
  readonly #options: JoinerOptions;
  /** By source id; the one that grew last is the last. */
  readonly #runs = new Map<string, Run>();
  /** Samples in all runs. */
  #held = 0;

  /** @throws MiniSeedError `INVALID_ARGUMENT` for a tolerance that is not a number of seconds */
  constructor(options: JoinerOptions) {
    checkTolerance(options.tolerance);
    this.#options = options;
  }

  /** Takes the next record, whose bytes may change after this; gives those that are done. To be used to the end. */
  *add(record: MiniSeedRecord): Generator<Uint8Array, void> {
    const id = record.sourceId.text;
    const samples = this.#joinableSamples(record);
    let run = this.#runs.get(id);
    if (run && !(samples && run.isFollowedBy(record))) {
      yield* this.#end(id, run, record);
      run = undefined;
    }
    if (!samples) {
      yield record.bytes;
      return;
    }
    this.#runs.delete(id);
    if (run) run.append(record, samples);
    else run = new Run(record, samples, this.#options);
    this.#runs.set(id, run);
    this.#held += samples.length;
    yield* this.#takeFrom(run, () => run.takeFullRecords());
    yield* this.#makeRoom();
  }

  /** Gives what is left. */
  *finish(): Generator<Uint8Array, void> {
    for (const [id, run] of this.#runs) yield* this.#end(id, run);
  }

  /** The samples of a record that can be joined to others; `undefined` for text, for nothing, and for what is not sound. */
  #joinableSamples(record: MiniSeedRecord): SampleArray | undefined {
    if (!WRITABLE.has(record.encoding) || record.sampleRate === 0 || record.sampleCount === 0)
      return undefined;
    const { samples } = record;
    return typeof samples === "string" || this.#options.isDoubtful?.(record) ? undefined : samples;
  }

  *#makeRoom(): Generator<Uint8Array, void> {
    for (const [id, run] of this.#runs) {
      if (this.#runs.size <= MAX_RUNS && this.#held <= MAX_HELD) return;
      yield* this.#end(id, run);
    }
  }

  *#end(id: string, run: Run, next?: MiniSeedRecord): Generator<Uint8Array, void> {
    this.#runs.delete(id);
    yield* this.#takeFrom(run, () => run.takeAll(next));
  }

  *#takeFrom(run: Run, take: () => Iterable<Uint8Array>): Generator<Uint8Array, void> {
    const before = run.held;
    yield* take();
    this.#held -= before - run.held;
  }
}
