/**
 * Joins records of one source id that follow each other into fuller ones, in bounded memory and in whatever order the
 * source ids come. Nothing is rounded, decimated or filled in: where records differ in more than their samples, or do not
 * follow each other in time, one run of them ends and another begins.
 */
import {
  ENCODINGS,
  MiniSeed2Record,
  type MiniSeedRecord,
  packRecords,
  readRecords,
  type SampleArray,
} from "../../mseed/index.ts";
import { dataExtraHeaders, dataHeaders } from "./data-headers.ts";

export interface JoinOptions {
  /** Bytes of the records to be written. */
  recordLength: number;
  /** Seconds that a record may begin too early or too late and still follow; `undefined`: half a sample. */
  tolerance: number | undefined;
  /** Whether something is wrong with a record: it is copied as it is, because a new one would hide that. */
  isDoubtful: (record: MiniSeedRecord) => boolean;
  write: (bytes: Uint8Array) => Promise<void>;
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
/** A run is packed when it has so many samples for each byte of a record: mostly some records full, and one begun. */
const SAMPLES_PER_BYTE = 4;

export class Joiner {
  readonly #options: JoinOptions;
  /** By source id; the one that grew last is the last. */
  readonly #runs = new Map<string, Run>();
  /** Samples in all runs. */
  #held = 0;
  /** Records written. */
  written = 0;

  constructor(options: JoinOptions) {
    this.#options = options;
  }

  /** Takes the next record. It may be written now or later. */
  async add(record: MiniSeedRecord): Promise<void> {
    const id = record.sourceId.text;
    const samples = this.#joinableSamples(record);
    let run = this.#runs.get(id);
    if (run && !(samples && run.isFollowedBy(record, this.#options.tolerance))) {
      await this.#end(id, run);
      run = undefined;
    }
    if (!samples) {
      await this.#write([record.bytes]);
      return;
    }
    this.#runs.delete(id);
    if (run) run.append(samples);
    else run = new Run(record, samples, this.#options.recordLength);
    this.#runs.set(id, run);
    this.#held += samples.length;
    await this.#takeFrom(run, () => run.takeFullRecords());
    await this.#makeRoom();
  }

  /** Writes what is left. */
  async finish(): Promise<void> {
    for (const [id, run] of this.#runs) await this.#end(id, run);
  }

  /** The samples of a record that can be joined to others; `undefined` for text, for nothing, and for what is not sound. */
  #joinableSamples(record: MiniSeedRecord): SampleArray | undefined {
    if (!WRITABLE.has(record.encoding) || record.sampleRate === 0 || record.sampleCount === 0)
      return undefined;
    const { samples } = record;
    return typeof samples === "string" || this.#options.isDoubtful(record) ? undefined : samples;
  }

  async #makeRoom(): Promise<void> {
    for (const [id, run] of this.#runs) {
      if (this.#runs.size <= MAX_RUNS && this.#held <= MAX_HELD) return;
      await this.#end(id, run);
    }
  }

  async #end(id: string, run: Run): Promise<void> {
    this.#runs.delete(id);
    await this.#takeFrom(run, () => run.takeAll());
  }

  async #takeFrom(run: Run, take: () => Iterable<Uint8Array>): Promise<void> {
    const before = run.held;
    await this.#write(take());
    this.#held -= before - run.held;
  }

  async #write(records: Iterable<Uint8Array>): Promise<void> {
    for (const bytes of records) {
      this.written++;
      await this.#options.write(bytes);
    }
  }
}

/** Records that follow each other, as one series of samples. */
class Run {
  /** The first record, from which all times are counted: its own copy, so that no more is held than is needed. */
  readonly #first: MiniSeedRecord;
  readonly #headers: string;
  readonly #recordLength: number;
  #pieces: SampleArray[];
  /** Samples in the pieces. */
  held: number;
  /** Samples that are written already. */
  #taken = 0;
  #records = 1;
  /** Samples to hold before packing them. */
  #enough: number;

  constructor(first: MiniSeedRecord, samples: SampleArray, recordLength: number) {
    [this.#first = first] = readRecords(first.bytes.slice(), { checkCrc: false });
    this.#headers = joinedHeaders(first);
    this.#recordLength = recordLength;
    this.#pieces = [samples];
    this.held = samples.length;
    this.#enough = recordLength * SAMPLES_PER_BYTE;
  }

  isFollowedBy(record: MiniSeedRecord, tolerance: number | undefined): boolean {
    const { rate } = this.#first;
    if (record.rate.samples !== rate.samples || record.rate.seconds !== rate.seconds) return false;
    const due = this.#first.timeOfSample(this.#taken + this.held);
    const distance = Math.abs(Number(record.startTime - due)) / 1e9;
    return distance <= (tolerance ?? record.samplePeriod / 2) && joinedHeaders(record) === this.#headers;
  }

  append(samples: SampleArray): void {
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
    const { sourceId, publicationVersion, flags, formatVersion, encoding } = first;
    return packRecords(
      {
        sourceId,
        startTime: first.timeOfSample(this.#taken),
        sampleRate: rateNumber(first.rate),
        samples,
        publicationVersion,
        flags,
        extraHeaders: dataExtraHeaders(first),
      },
      {
        formatVersion,
        encoding,
        recordLength: this.#recordLength,
        littleEndian: first instanceof MiniSeed2Record && first.littleEndian,
      },
    );
  }
}

/** A rate as `packRecords` takes it exactly: hertz, or below 1 Hz a negative period. */
function rateNumber({ samples, seconds }: MiniSeedRecord["rate"]): number {
  return samples >= seconds ? Number(samples) / Number(seconds) : -Number(seconds) / Number(samples);
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
