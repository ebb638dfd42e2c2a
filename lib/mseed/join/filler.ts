/**
 * Fills records with samples that come in small pieces, as they do in real time: a stream's samples wait until they fill a
 * record, and go as they are where the next ones do not follow them, or when whoever holds the filler has waited enough. It
 * has no clock of its own. What was collected is bounded: the stream that waited longest for more makes room.
 */

import { checkSeries, layOut, type PackOptions, packAll, type Series } from "../pack.ts";
import type { SampleArray } from "../payload/decode.ts";
import { type FilledRecord, Filling } from "./filling.ts";
import { isSeries } from "./follows.ts";

export type { FilledRecord } from "./filling.ts";

/** What is collected at the most. */
export interface FillerLimits {
  /** Streams; default 1,000. */
  maxStreams?: number;
  /** Pieces, in all streams; default 10,000. */
  maxPieces?: number;
  /** Bytes of samples, in all streams; default 64 MiB. */
  maxBytes?: number;
}

const DEFAULT_LIMITS = { maxStreams: 1000, maxPieces: 10_000, maxBytes: 64 * 1024 * 1024 };

/**
 * Collects series stream by stream into full records. The records are those that `packRecords` makes of the same samples in one
 * piece, whatever the pieces are. No time is moved by more than a twentieth of a sample: what does not follow exactly (a gap, an
 * overlap, another rate, encoding, version or other headers) begins records of its own.
 *
 * `Tag` is whatever the caller wants to know of a piece again when its samples are in a record.
 */
export class RecordFiller<Tag> {
  readonly #limits: Required<FillerLimits>;
  /** By source id; the one that grew last is the last. */
  readonly #fillings = new Map<string, Filling<Tag>>();
  #pieces = 0;
  #bytes = 0;

  constructor(limits: FillerLimits = {}) {
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
  }

  /** Streams whose samples wait. */
  get streams(): number {
    return this.#fillings.size;
  }

  /** Pieces that have samples that wait. */
  get pieces(): number {
    return this.#pieces;
  }

  /** When the sample that waits longest came, as `add` was told; `undefined` if none waits. */
  get oldest(): number | undefined {
    let oldest: number | undefined;
    for (const { since } of this.#fillings.values()) {
      if (oldest === undefined || since < oldest) oldest = since;
    }
    return oldest;
  }

  /**
   * Takes a series; gives the records that are full, and those that end because it does not follow. Text, and what has no
   * samples or no rate, is not collected: its records are given at once, behind what the stream had.
   * @param options the same for all; `encoding` and `formatVersion` may differ from one to the next, as far as the caller wants
   * @param now when it came, on whatever clock the caller has
   * @throws MiniSeedError as `packRecords`; then nothing of the series is taken, and nothing has changed
   */
  add(series: Series, options: PackOptions, tag: Tag, now: number): FilledRecord<Tag>[] {
    const [packable, samples] = checkSeries(series, options);
    const id = packable.sourceId.text;
    const before = this.#fillings.get(id);
    const { startTime, rate } = packable;
    if (samples instanceof Uint8Array || !isSeries({ startTime, rate, sampleCount: samples.length })) {
      const alone = [...packAll(packable, samples, layOut(packable, samples.length, options))];
      const records = alone.map((bytes, i) => {
        const finished = i === alone.length - 1 ? [tag] : [];
        return { bytes, first: tag, finished };
      });
      return [...this.#end(before), ...records];
    }
    if (before?.isFollowedBy(packable, options)) {
      before.check(samples);
      return [...this.#grow(before, samples, tag, now), ...this.#makeRoom()];
    }
    const next = new Filling<Tag>(packable, options);
    next.check(samples);
    const ended = this.#end(before);
    return [...ended, ...this.#grow(next, samples, tag, now), ...this.#makeRoom()];
  }

  /** Gives what has waited since before a time, full or not. */
  flush(before: number): FilledRecord<Tag>[] {
    const waited = [...this.#fillings.values()].filter(({ since }) => since < before);
    return waited.flatMap((filling) => this.#end(filling));
  }

  /** Gives all that is left. */
  finish(): FilledRecord<Tag>[] {
    return this.flush(Number.POSITIVE_INFINITY);
  }

  #grow(filling: Filling<Tag>, samples: SampleArray, tag: Tag, now: number): FilledRecord<Tag>[] {
    // Behind all others.
    this.#fillings.delete(filling.id);
    this.#fillings.set(filling.id, filling);
    return this.#counting(filling, () => filling.add(samples, tag, now));
  }

  #makeRoom(): FilledRecord<Tag>[] {
    const { maxStreams, maxPieces, maxBytes } = this.#limits;
    const records: FilledRecord<Tag>[] = [];
    for (const filling of this.#fillings.values()) {
      if (this.#fillings.size <= maxStreams && this.#pieces <= maxPieces && this.#bytes <= maxBytes) break;
      records.push(...this.#end(filling));
    }
    return records;
  }

  #end(filling: Filling<Tag> | undefined): FilledRecord<Tag>[] {
    if (!filling) return [];
    this.#fillings.delete(filling.id);
    return this.#counting(filling, () => filling.takeAll());
  }

  #counting(filling: Filling<Tag>, work: () => FilledRecord<Tag>[]): FilledRecord<Tag>[] {
    const { pieces, bytes } = filling;
    const records = work();
    this.#pieces += filling.pieces - pieces;
    this.#bytes += filling.bytes - bytes;
    // A full record may have taken the last sample with it.
    if (filling.pieces === 0) this.#fillings.delete(filling.id);
    return records;
  }
}
