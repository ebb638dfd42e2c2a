/** Records that follow each other, as one series of samples. */
import type { SampleArray } from "../decode.ts";
import { readRecords } from "../reader.ts";
import type { MiniSeedRecord } from "../record.ts";
import { dataExtraHeaders, dataHeaders } from "./data-headers.ts";
import { follows } from "./follows.ts";
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
  #pieces: SampleArray[];
  /** Samples in the pieces. */
  held: number;
  /** Samples that are written already. */
  #taken = 0;
  #records = 1;
  /** Samples to hold before packing them. */
  #enough: number;

  constructor(first: MiniSeedRecord, samples: SampleArray, options: RunOptions) {
    [this.#first = first] = readRecords(first.bytes.slice(), { checkCrc: false });
    this.#headers = joinedHeaders(first);
    this.#options = options;
    this.#pieces = [samples];
    this.held = samples.length;
    this.#enough = options.recordLength * SAMPLES_PER_BYTE;
  }

  isFollowedBy(record: MiniSeedRecord): boolean {
    const { startTime, rate } = this.#first;
    // The very same rate, which the joined record tells of all its samples.
    if (record.rate.samples !== rate.samples || record.rate.seconds !== rate.seconds) return false;
    const all = { startTime, rate, sampleCount: this.#taken + this.held };
    return follows(all, record, this.#options.tolerance) && joinedHeaders(record) === this.#headers;
  }

  append(_record: MiniSeedRecord, samples: SampleArray): void {
    this.#pieces.push(samples);
    this.held += samples.length;
    this.#records++;
  }

  /** Records that are full, once it is worth while. The samples after them stay. */
  takeFullRecords(): Uint8Array[] {
    if (this.held < this.#enough) return [];
    const samples = concatenate(this.#pieces);
    const packed = [...this.#pack(samples)];
    const last = packed.pop();
    // Not even two: records are so long, or samples so even, that more of them are needed.
    if (packed.length === 0) this.#enough *= 2;
    const [begun] = packed.length > 0 && last ? readRecords(last, { checkCrc: false }) : [];
    const rest = begun ? begun.sampleCount : samples.length;
    this.#taken += samples.length - rest;
    this.#pieces = [samples.slice(samples.length - rest)];
    this.held = rest;
    return packed;
  }

  /** All that is left. A record that found none to join is what it was, byte for byte. */
  takeAll(): Iterable<Uint8Array> {
    const samples = concatenate(this.#pieces);
    this.#pieces = [];
    this.held = 0;
    return this.#records === 1 ? [this.#first.bytes] : this.#pack(samples);
  }

  #pack(samples: SampleArray): Iterable<Uint8Array> {
    const first = this.#first;
    return repack(first, {
      startTime: first.timeOfSample(this.#taken),
      samples,
      encoding: first.encoding,
      extraHeadersText: dataExtraHeaders(first),
      recordLength: this.#options.recordLength,
    });
  }
}

/** What must be the same in records that are joined, besides source id and rate. */
function joinedHeaders(record: MiniSeedRecord): string {
  return `${record.formatVersion} ${record.encoding} ${dataHeaders(record)}`;
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
