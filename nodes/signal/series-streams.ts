/**
 * The state that a node keeps for each stream: at most a thousand, the longest silent goes first, and all of it bounded in bytes.
 * Records are put in order: what was seen already is cut off, what is late or there twice is dropped and counted.
 */
import { Continuity, type ContinuityKind } from "../../lib/signal/continuity.ts";
import { SignalError } from "../../lib/signal/errors.ts";
import type { Samples, SeriesRecord } from "./series-message.ts";

/** What a node holds for a stream at a sample rate. */
export interface StreamState {
  /** Begins anew, as behind a gap of so many seconds. */
  reset(gap: number): void;
  /** About how many bytes it takes. */
  readonly bytes: number;
}

/** A record whose place in its stream is known. */
export interface Turn<State> {
  state: State;
  /** Those that are new. */
  samples: Samples;
  /** Of the first of them. */
  startTime: bigint;
  kind: ContinuityKind;
  /** Seconds that are missing before it; 0 without a gap. */
  gap: number;
  /** So many samples are missing that may be passed over: the state goes on, with the last value held. */
  held: number;
}

interface Stream<State> {
  continuity: Continuity;
  state: State;
  sampleRate: number;
}

const MOST_STREAMS = 1000;
const MOST_BYTES = 512 * 1024 * 1024;

export class SeriesStreams<State extends StreamState> {
  gaps = 0;
  /** Records that were late or there twice. */
  dropped = 0;
  readonly #make: (record: SeriesRecord) => State;
  readonly #gone: (state: State, sourceId: string) => void;
  readonly #longestHeld: number;
  readonly #streams = new Map<string, Stream<State>>();
  #bytes = 0;

  /**
   * @param make the state of a stream, when its first record comes and when its sample rate has changed
   * @param options `longestHeld`: gaps of so many samples are passed over; `gone`: what to do with the state of a stream that
   *   makes room for another or changes its rate
   */
  constructor(
    make: (record: SeriesRecord) => State,
    options: { longestHeld?: number; gone?: (state: State, sourceId: string) => void } = {},
  ) {
    this.#make = make;
    this.#longestHeld = options.longestHeld ?? 0;
    this.#gone = options.gone ?? (() => {});
  }

  get size(): number {
    return this.#streams.size;
  }

  /** The states by their source ids. */
  *entries(): Generator<[sourceId: string, state: State]> {
    for (const [sourceId, { state }] of this.#streams) yield [sourceId, state];
  }

  /** Forgets all streams. */
  clear(): void {
    this.#streams.clear();
    this.#bytes = 0;
    this.gaps = 0;
    this.dropped = 0;
  }

  /**
   * Puts a record in its place; undefined where it is late or there twice. The state has begun anew where it has to.
   * @throws SignalError of the record, or of `make`
   */
  take(record: SeriesRecord): Turn<State> | undefined {
    const stream = this.#streams.get(record.sourceId);
    const continuity = stream?.continuity ?? new Continuity();
    const place = continuity.push(record, BigInt(Date.now()) * 1_000_000n);
    if (place.kind === "late" || place.kind === "duplicate") {
      this.dropped++;
      return undefined;
    }
    const held = place.kind === "gap" && place.samples <= this.#longestHeld ? place.samples : 0;
    if (place.kind === "gap") this.gaps++;
    const isOther = stream === undefined || place.kind === "rate";
    const state = isOther ? this.#renew(record, continuity) : stream.state;
    if (!isOther) this.#touch(record.sourceId, stream);
    if (!isOther && place.restart && held === 0) state.reset(place.seconds);
    return {
      state,
      samples: place.skip === 0 ? record.samples : record.samples.subarray(place.skip),
      startTime: place.startTime,
      kind: place.kind,
      gap: place.kind === "gap" ? place.seconds : 0,
      held,
    };
  }

  #touch(sourceId: string, stream: Stream<State>): void {
    this.#streams.delete(sourceId);
    this.#streams.set(sourceId, stream);
  }

  #renew(record: SeriesRecord, continuity: Continuity): State {
    const { sourceId, sampleRate } = record;
    this.#remove(sourceId);
    const state = this.#make(record);
    if (this.#bytes + state.bytes > MOST_BYTES) {
      throw new SignalError(
        "INVALID_SETTING",
        `The streams of this node would take more than ${MOST_BYTES / 2 ** 20} MiB: choose shorter windows, or share the streams out among several nodes.`,
      );
    }
    if (this.#streams.size >= MOST_STREAMS)
      for (const oldest of [...this.#streams.keys()].slice(0, 1)) this.#remove(oldest);
    this.#streams.set(sourceId, { continuity, state, sampleRate });
    this.#bytes += state.bytes;
    return state;
  }

  #remove(sourceId: string): void {
    const stream = this.#streams.get(sourceId);
    if (!stream) return;
    this.#streams.delete(sourceId);
    this.#bytes -= stream.state.bytes;
    this.#gone(stream.state, sourceId);
  }
}
