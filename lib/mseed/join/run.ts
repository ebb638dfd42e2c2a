/**
 * Records that follow each other, as one series of samples whose times are counted from the first one. A clock that drifts
 * ends it before that would move a sample: what comes next begins a series of its own, at its own time.
 */
import type { SampleArray } from "../payload/decode.ts";
import { readRecords } from "../reader.ts";
import type { MiniSeedRecord } from "../record.ts";
import { MiniSeed2Record } from "../v2/record.ts";
import { dataExtraHeaders, dataHeaders } from "./data-headers.ts";
import { follows, joins, type Start } from "./follows.ts";
import { repack } from "./repack.ts";

/** How to join: see `JoinerOptions`. */
interface RunOptions {
  recordLength: number;
  tolerance?: number | undefined;
}

/** A run is packed when it has so many samples for each byte of a record: mostly some records full, and one begun. */
const SAMPLES_PER_BYTE = 4;

export class Run {
  /** The first record, from which all times are counted: its own copy, so that no more is held than is needed. */
  readonly #first: MiniSeedRecord;
  readonly #headers: string;
  readonly #options: RunOptions;
  /** Samples that fill no record yet; the last record's are the last piece, whole. */
  #pieces: SampleArray[];
  /** Samples in the pieces. */
  held: number;
  /** Samples that are written already. */
  #taken = 0;
  #records = 1;
  /** The last record, by its own times. */
  #last: Start;
  /** Samples to hold before packing them. */
  #enough: number;

  constructor(first: MiniSeedRecord, samples: SampleArray, options: RunOptions) {
    [this.#first = first] = readRecords(first.bytes.slice(), { checkCrc: false });
    this.#headers = joinedHeaders(first);
    this.#options = options;
    this.#pieces = [samples];
    this.held = samples.length;
    this.#last = startOf(first);
    this.#enough = options.recordLength * SAMPLES_PER_BYTE;
  }

  /** Whether a record's samples can be joined, at its own time or so near to it that this is not worth a word. */
  isFollowedBy(record: MiniSeedRecord): boolean {
    const { tolerance } = this.#options;
    return joins(this.#counted(), record, tolerance) && joinedHeaders(record) === this.#headers;
  }

  append(record: MiniSeedRecord, samples: SampleArray): void {
    this.#pieces.push(samples);
    this.held += samples.length;
    this.#last = startOf(record);
    this.#records++;
  }

  /** Records that are full, once it is worth while. The samples after them stay, and those of the last record. */
  takeFullRecords(): Uint8Array[] {
    const last = this.#pieces.at(-1) as SampleArray;
    if (this.held - last.length < this.#enough) return [];
    const samples = concatenate(this.#pieces.slice(0, -1));
    const packed = [...this.#pack(samples)];
    const begun = packed.pop();
    // Not even two: records are so long, or samples so even, that more of them are needed.
    if (packed.length === 0) this.#enough *= 2;
    const [rest] = packed.length > 0 && begun ? readRecords(begun, { checkCrc: false }) : [];
    const from = samples.length - (rest ? rest.sampleCount : samples.length);
    this.#taken += from;
    this.#pieces = [samples.slice(from), last];
    this.held -= from;
    return packed;
  }

  /**
   * All that is left. A record that found none to join is what it was, byte for byte.
   * @param next what comes after it: where it follows, it still does, and else there still is a gap
   */
  takeAll(next?: Start): Uint8Array[] {
    const pieces = this.#pieces;
    const last = pieces.at(-1) as SampleArray;
    this.#pieces = [];
    const counted = this.#counted();
    this.held = 0;
    if (this.#records === 1) return [this.#first.bytes];
    const { tolerance } = this.#options;
    const isGapKept = !next || follows(counted, next, tolerance) === follows(this.#last, next, tolerance);
    if (isGapKept) return [...this.#pack(concatenate(pieces))];
    return [...this.#pack(concatenate(pieces.slice(0, -1))), ...this.#pack(last, this.#last.startTime)];
  }

  /** All samples so far, by the times that are counted from the first. */
  #counted(): Start {
    return { ...startOf(this.#first), sampleCount: this.#taken + this.held };
  }

  #pack(samples: SampleArray, startTime?: bigint): Iterable<Uint8Array> {
    const first = this.#first;
    return repack(first, {
      startTime: startTime ?? first.timeOfSample(this.#taken),
      samples,
      encoding: first.encoding,
      extraHeadersText: dataExtraHeaders(first),
      recordLength: this.#options.recordLength,
    });
  }
}

function startOf({ startTime, rate, sampleCount }: Start): Start {
  return { startTime, rate, sampleCount };
}

/** What must be the same in records that are joined, besides source id and rate. */
function joinedHeaders(record: MiniSeedRecord): string {
  const codes = record instanceof MiniSeed2Record ? String.fromCharCode(...record.codes) : "";
  return `${record.formatVersion} ${record.encoding} ${codes} ${dataHeaders(record)}`;
}

function concatenate(pieces: readonly SampleArray[]): SampleArray {
  const [first] = pieces;
  if (!first || pieces.length === 1) return first ?? new Int32Array(0);
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const ArrayType = first.constructor as new (length: number) => SampleArray;
  const all = new ArrayType(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
