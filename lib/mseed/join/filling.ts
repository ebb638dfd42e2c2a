/** The record of one stream that is being filled: samples that follow each other, with times that are counted from the first. */
import { ENCODINGS } from "../encodings.ts";
import type { Layout, PackableSeries, PackOptions } from "../layout.ts";
import { layOut, packOne } from "../pack.ts";
import type { SampleArray } from "../payload/decode.ts";
import { encodedLength } from "../payload/encode.ts";
import { DATA_WORDS, FRAME_BYTES } from "../steim/frames.ts";
import { dataExtraHeaders } from "./data-headers.ts";
import { joins } from "./follows.ts";

/** A record, and whose samples are in it. */
export interface FilledRecord<Tag> {
  bytes: Uint8Array;
  /** Of what its first sample came with. */
  first: Tag;
  /** Of those pieces whose samples are all in this record and those before it, in their order. */
  finished: Tag[];
}

interface Piece<Tag> {
  tag: Tag;
  /** Samples of the series up to and including its last one. */
  end: number;
  /** When it came. */
  at: number;
}

/** Of miniSEED 3, whose records have this at the most by default. */
const DEFAULT_LENGTH = 4096;
/** Bytes of a record up to which a layout is kept for each stream. */
const MOST_KEPT = 4096;

export class Filling<Tag> {
  readonly id: string;
  /** All of it has the headers, rate and encoding of what came first. */
  readonly #series: PackableSeries;
  readonly #options: PackOptions;
  /** Bytes that a sample takes, where that is the same for all; else 0. */
  readonly #fixedWidth: number;
  /** So many samples behind a record, and others would not change it: a word of Steim 1 holds four or two, but not three. */
  readonly #mustFollow: number;
  /** Where records are short one layout serves for all. */
  readonly #layout: Layout | undefined;
  /** What waits, and room for more behind it. */
  #samples: SampleArray | undefined;
  #held = 0;
  /** Samples that are in records already. */
  #taken = 0;
  #pieces: Piece<Tag>[] = [];
  /** With fewer samples than this no record can be full. */
  #enough = 0;

  constructor(series: PackableSeries, options: PackOptions) {
    this.id = series.sourceId.text;
    this.#series = { ...series, extraHeadersText: dataExtraHeaders(series) };
    this.#options = options;
    this.#fixedWidth = encodedLength(series.encoding, 1) ?? 0;
    this.#mustFollow = series.encoding === ENCODINGS.steim1 ? 2 : 1;
    const { recordLength = DEFAULT_LENGTH } = options;
    if (recordLength <= MOST_KEPT) this.#layout = layOut(this.#series, recordLength, options);
  }

  /** Pieces that have samples that wait. */
  get pieces(): number {
    return this.#pieces.length;
  }

  /** Bytes of memory that the samples take. */
  get bytes(): number {
    return this.#samples?.byteLength ?? 0;
  }

  /** When the first sample that waits came. */
  get since(): number {
    return this.#pieces[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** Whether a series can go on in the same record. */
  isFollowedBy(next: PackableSeries, options: PackOptions): boolean {
    const { startTime, rate, encoding, publicationVersion, flags, extraHeadersText } = this.#series;
    const isSame =
      next.encoding === encoding &&
      next.publicationVersion === publicationVersion &&
      next.flags === flags &&
      options.formatVersion === this.#options.formatVersion &&
      options.recordLength === this.#options.recordLength &&
      options.littleEndian === this.#options.littleEndian &&
      dataExtraHeaders(next) === extraHeadersText;
    const counted = { startTime, rate, sampleCount: this.#taken + this.#held };
    return isSame && joins(counted, { startTime: next.startTime, rate: next.rate, sampleCount: 1 });
  }

  /**
   * That records of these samples, too, can be written, so that what is taken never fails.
   * @throws MiniSeedError `INVALID_ARGUMENT` for what the format cannot hold, and for times that it cannot tell
   */
  check(samples: SampleArray): void {
    const one = samples.subarray(0, 1);
    const layout = this.#layOut(1);
    const next = this.#taken + this.#held;
    if (next === 0) packOne(this.#series, one, 0, layout);
    packOne(this.#series, one, 0, layout, next + samples.length - 1);
  }

  /** Takes samples; gives the records that are full. */
  add(samples: SampleArray, tag: Tag, at: number): FilledRecord<Tag>[] {
    this.#append(samples);
    this.#pieces.push({ tag, end: this.#taken + this.#held, at });
    return this.#held < this.#enough ? [] : this.#take(false);
  }

  /** Gives all that waits. */
  takeAll(): FilledRecord<Tag>[] {
    return this.#take(true);
  }

  #append(samples: SampleArray): void {
    const length = this.#held + samples.length;
    if (!this.#samples || this.#samples.length < length) {
      const longer = new (samples.constructor as Int32ArrayConstructor)(Math.max(length, 2 * this.#held));
      if (this.#samples) longer.set(this.#samples.subarray(0, this.#held));
      this.#samples = longer;
    }
    this.#samples.set(samples, this.#held);
    this.#held = length;
  }

  /** Records from the first sample on: those that are full, or all. */
  #take(all: boolean): FilledRecord<Tag>[] {
    const records: FilledRecord<Tag>[] = [];
    const samples = this.#samples?.subarray(0, this.#held) ?? new Int32Array(0);
    const layout = this.#layOut(samples.length);
    let from = 0;
    while (from < samples.length) {
      const record = packOne(this.#series, samples, from, layout, this.#taken);
      const rest = samples.length - from - record.samples;
      const left = record.room - record.payloadBytes;
      // Where samples are left they had no room; where none are, those to come may have.
      const isFull =
        rest >= this.#mustFollow || record.samples === layout.maxSamples || left < this.#fixedWidth;
      if (!isFull && !all) {
        // At the most a sample of Steim takes a word.
        const more = this.#fixedWidth ? left / this.#fixedWidth : (left / FRAME_BYTES) * DATA_WORDS;
        this.#enough = record.samples + Math.max(1, Math.floor(more));
        break;
      }
      from += record.samples;
      this.#taken += record.samples;
      records.push({ bytes: record.bytes, ...this.#takePieces() });
      this.#enough = 0;
    }
    this.#forget(from);
    return records;
  }

  /** The tags of a record whose samples have just been taken. */
  #takePieces(): Omit<FilledRecord<Tag>, "bytes"> {
    const first = (this.#pieces[0] as Piece<Tag>).tag;
    const begun = this.#pieces.findIndex(({ end }) => end > this.#taken);
    const finished = this.#pieces.splice(0, begun < 0 ? this.#pieces.length : begun);
    return { first, finished: finished.map(({ tag }) => tag) };
  }

  #forget(samples: number): void {
    this.#samples?.copyWithin(0, samples, this.#held);
    this.#held -= samples;
  }

  #layOut(samples: number): Layout {
    return this.#layout ?? layOut(this.#series, samples, this.#options);
  }
}
