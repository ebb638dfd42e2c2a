/** Finds the records in bytes, whole or arriving in pieces, and passes over what is none. */

import { MAX_RECORD_BYTES } from "../limits.ts";
import {
  BAD_LENGTH,
  type DetectionLimits,
  type Following,
  HEADER_BYTES,
  HEADER3_BYTES,
  isHeader3,
  isSureHeader2,
  mayBeginRecord,
  mayEndWithRecord2,
  mayHoldHeader,
  NEED_MORE,
  recordLength,
  SEARCH_STEP,
  TELLING_BYTES,
  whatFollows,
} from "./detect.ts";
import { MiniSeedError, type ProblemHandler, ProblemReporter } from "./errors.ts";
import { arrayType } from "./payload/decode.ts";
import type { MiniSeedRecord, Window } from "./record.ts";
import { MiniSeed2Record } from "./v2/record.ts";
import { crcOf, MiniSeed3Record, recordCrc } from "./v3/record.ts";

/** How to read. */
export interface ReadOptions {
  /** Gets every defect, warnings too, in the order in which they come to light. */
  onProblem?: ProblemHandler | undefined;
  /** Throws the first defect that is more than a warning. Default `false`: what can still be read is read. */
  strict?: boolean | undefined;
  /**
   * Whether to verify the checksums of miniSEED 3. Default `true`. Without, a damaged record that declares just as many bytes
   * as it has and whole records behind it have is taken for one that holds them.
   */
  checkCrc?: boolean | undefined;
  /** Records longer than this are passed over; bounds what a reader holds. Default 16 MiB. */
  maxRecordLength?: number | undefined;
}

/**
 * The records in bytes, one after the other, of both versions as they come.
 *
 * The records are views: do not change the bytes while records of them are in use. For bytes that arrive in pieces see
 * `RecordReader` and `readRecordStream`.
 * @throws MiniSeedError with `strict`, at the first defect that is more than a warning; else never
 */
export function* readRecords(bytes: Uint8Array, options: ReadOptions = {}): Generator<MiniSeedRecord, void> {
  const scanner = new RecordScanner(options, checkBytes(bytes));
  scanner.finish();
  for (let record = scanner.next(); record; record = scanner.next()) yield record;
}

/**
 * The records in a stream of bytes, such as a file's, a socket's or a web response's: it is read only as fast as the records
 * are taken.
 * @throws MiniSeedError as `readRecords`; and whatever the stream itself throws
 */
export async function* readRecordStream(
  stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: ReadOptions = {},
): AsyncGenerator<MiniSeedRecord, void> {
  const reader = new RecordReader(options);
  for await (const bytes of stream) {
    reader.push(bytes);
    for (let record = reader.next(); record; record = reader.next()) yield record;
  }
  reader.finish();
  for (let record = reader.next(); record; record = reader.next()) yield record;
}

/**
 * Reads records from bytes that arrive in pieces: `push` a piece, take records with `next` until there is none, at the end
 * `finish` and take the last ones. It holds the pieces that are not read yet, and at most one record.
 *
 * Records are views of a copy: the caller may use the memory of a piece again.
 */
export class RecordReader {
  readonly #scanner: RecordScanner;

  /** @throws MiniSeedError `INVALID_ARGUMENT` for a record length limit below any record's */
  constructor(options: ReadOptions = {}) {
    this.#scanner = new RecordScanner(options, new Uint8Array(0));
  }

  /** Bytes pushed that no record has been made of yet. */
  get buffered(): number {
    return this.#scanner.buffered;
  }

  /**
   * Adds the next bytes.
   * @throws MiniSeedError `INVALID_ARGUMENT` after `finish`, and for what is no `Uint8Array`
   */
  push(bytes: Uint8Array): void {
    this.#scanner.add(checkBytes(bytes));
  }

  /** Says that no more bytes will come, so that `next` gives what is left. */
  finish(): void {
    this.#scanner.finish();
  }

  /**
   * The next record, or `undefined` until more bytes are there.
   * @throws MiniSeedError with `strict`, at the first defect that is more than a warning; the next call goes on after it
   */
  next(): MiniSeedRecord | undefined {
    return this.#scanner.next();
  }
}

/** The search itself, over bytes that nobody else changes. */
class RecordScanner {
  readonly #reporter: ProblemReporter;
  readonly #checkCrc: boolean;
  readonly #limits: DetectionLimits;
  #window: Window;
  /** Where in the window to look for the next record. */
  #position = 0;
  /** Bytes that must be there from the position on before it is worth looking again. */
  #needed = 0;
  /** Where in all the data bytes began that are no record, -1 if none: told as one problem when they end. */
  #skippedFrom = -1;
  /** The record before the position, if it was given before it was known whether another one begins in its last bytes. */
  #unsure: MiniSeedRecord | undefined;
  /** Bytes behind the position in which no other record was found to begin: not to be searched again. */
  #searched = 0;
  /** The checksum of the record at the position, once it was worked out. */
  #crc: number | undefined;
  /** Bytes that checksums may be worked out of: a few for each byte that was passed, or hostile data could ask for any number. */
  #crcCredit = MAX_CRC_CREDIT;

  constructor(options: ReadOptions, bytes: Uint8Array) {
    const { maxRecordLength = MAX_RECORD_BYTES, checkCrc = true } = options;
    if (!(maxRecordLength >= HEADER_BYTES)) {
      throw new MiniSeedError(
        "INVALID_ARGUMENT",
        `maxRecordLength ${maxRecordLength}: no record is shorter than ${HEADER_BYTES} bytes`,
      );
    }
    this.#reporter = new ProblemReporter(options);
    this.#checkCrc = checkCrc;
    this.#limits = { maxRecordLength, isLast: false, lengthHint: 0, isSearched: false, littleEndian: false };
    this.#window = windowOf(bytes.buffer, bytes.byteOffset, bytes.length, 0);
  }

  get buffered(): number {
    return this.#window.bytes.length - this.#position;
  }

  /**
   * Appends a copy of the bytes: in place where the buffer has room after the window, which no record looks at; else in a
   * new buffer, twice as large as it must be, so that each byte is moved once on average, however small the pieces are.
   */
  add(bytes: Uint8Array): void {
    if (this.#limits.isLast) {
      throw new MiniSeedError("INVALID_ARGUMENT", "the reader was told to finish: use a new one");
    }
    const { bytes: window, base } = this.#window;
    const { buffer, byteOffset } = window;
    if (byteOffset + window.length + bytes.length <= buffer.byteLength) {
      const grown = windowOf(buffer, byteOffset, window.length + bytes.length, base);
      grown.bytes.set(bytes, window.length);
      this.#window = grown;
      return;
    }
    const kept = this.#unsure ? this.#position - UNTOLD_BYTES : this.#position;
    const rest = window.subarray(kept);
    const length = rest.length + bytes.length;
    const grown = windowOf(new ArrayBuffer(2 * length), 0, length, base + kept);
    grown.bytes.set(rest);
    grown.bytes.set(bytes, rest.length);
    this.#window = grown;
    this.#position -= kept;
  }

  finish(): void {
    this.#limits.isLast = true;
  }

  next(): MiniSeedRecord | undefined {
    const { isLast } = this.#limits;
    while (this.buffered > 0 && (isLast || this.buffered >= this.#needed)) {
      this.#needed = 0;
      if (this.#unsure && this.#lookBack(this.#unsure) === UNDECIDED) continue;
      const { bytes, view } = this.#window;
      const length = recordLength(bytes, view, this.#position, this.#limits);
      if (length === NEED_MORE) {
        this.#needed = this.buffered + MORE_BYTES;
      } else if (length < 0) {
        this.#skip(length);
      } else if (length <= this.buffered) {
        const record = this.#take(length);
        if (record) return record;
      } else if (isLast) {
        this.#endInside(length);
      } else {
        this.#needed = length;
      }
    }
    if (isLast) this.#endSkipped();
    return undefined;
  }

  /** The complete record at the position; `undefined` if another one interrupts it, or if that cannot be told yet. */
  #take(length: number): MiniSeedRecord | undefined {
    const { bytes, view } = this.#window;
    const { isLast, isSearched, littleEndian } = this.#limits;
    const start = this.#position;
    const following = whatFollows(bytes, view, start + length, isLast);
    const is3 = isHeader3(bytes, start);
    const interruption = is3
      ? this.#findInterruption3(length, following)
      : this.#findInterruption2(length, following, isSearched);
    if (interruption === UNDECIDED) return undefined;
    if (interruption !== NONE) {
      this.#passHalfRecord(interruption);
      return undefined;
    }
    this.#endSkipped();
    const crc = is3 && this.#checkCrc ? this.#crcOf(length) : undefined;
    this.#moveTo(start + length);
    if (is3) return new MiniSeed3Record(this.#window, start, length, this.#reporter, crc);
    // Two steps, so that the record counts as given where `strict` throws in between.
    const record = new MiniSeed2Record(this.#window, start, length, this.#reporter, littleEndian);
    if (!record.declaresLength) this.#limits.lengthHint = length;
    if (following !== "record") this.#unsure = record;
    return record;
  }

  /** Where another record begins inside the one of version 3 at the position. Not in one whose checksum is right. */
  #findInterruption3(length: number, following: Following): number {
    const end = this.#position + length;
    // At the end of the data there is nothing behind it that could show what is wrong.
    if (following === "record" && !this.#checkCrc && end < this.#window.bytes.length) return NONE;
    const isAffordable = this.#crcCredit >= length;
    if (isAffordable && this.#hasIntactCrc(length)) return NONE;
    // Not known to be sound: whatever follows may have begun inside.
    if (following === "unknown") return this.#await(end + HEADER_BYTES);
    if (isAffordable) this.#crcCredit -= length;
    return this.#search(this.#position + 1, end, 1);
  }

  /**
   * Where another record begins inside the one of version 2 at the position. Where a header follows, only one that has lost
   * or declares as many bytes as whole records have can hide others: those begin at multiples of 64 bytes. A record is given as
   * soon as it is there if nothing in it looks like a header.
   */
  #findInterruption2(length: number, following: Following, isSearched: boolean): number {
    const { bytes, view } = this.#window;
    const start = this.#position;
    const end = start + length;
    const last = end - UNTOLD_BYTES;
    if (following === "unknown") {
      const isOdd = mayHoldHeader(bytes, view, start + 1, last, end);
      return isOdd ? this.#await(end + HEADER_BYTES) : NONE;
    }
    if (following === "other" || isSearched) return this.#search(start + 1, last, 1);
    return mayEndWithRecord2(bytes, start, end) ? this.#search(start + SEARCH_STEP, last, SEARCH_STEP) : NONE;
  }

  /** Whether another record began in the last bytes of one that was given: then go on from there. */
  #lookBack(record: MiniSeedRecord): number {
    const { bytes, view } = this.#window;
    const end = this.#position;
    const following = whatFollows(bytes, view, end, this.#limits.isLast);
    if (following === "unknown") return this.#await(end + HEADER_BYTES);
    const next = following === "record" ? NONE : this.#search(end - UNTOLD_BYTES, end, 1);
    if (next === UNDECIDED) return UNDECIDED;
    this.#moveTo(next === NONE ? end : next);
    if (next === NONE) return NONE;
    const length = this.#offset() - record.offset;
    this.#reporter.report(
      "HALF_RECORD",
      `another record begins after ${length} of the ${record.length} bytes of this one: its end is missing`,
      record.offset,
      length,
      record,
    );
    return next;
  }

  /** The first place from `from` to `to` where a record begins beyond doubt: see `#isSure`. */
  #search(from: number, to: number, step: number): number {
    const { bytes } = this.#window;
    const last = Math.min(to, bytes.length - HEADER3_BYTES + 1);
    for (let p = this.#searched > 0 ? this.#position + this.#searched : from; p < last; p += step) {
      if (!mayBeginRecord(bytes[p] as number)) continue;
      const answer = this.#isSure(p);
      if (answer === NONE) continue;
      if (answer === UNDECIDED) this.#searched = Math.max(0, p - this.#position);
      return answer;
    }
    if (last < to && !this.#limits.isLast) return this.#await(to + HEADER_BYTES);
    return NONE;
  }

  /**
   * `p` itself if a record begins there that is sound by its checksum, or its header beyond doubt, or complete and followed by
   * another one or the end; `NONE` if not.
   */
  #isSure(p: number): number {
    const { bytes, view } = this.#window;
    const { isLast } = this.#limits;
    const length = recordLength(bytes, view, p, this.#limits);
    if (length === NEED_MORE) return this.#await(bytes.length + MORE_BYTES);
    if (length < 0) return NONE;
    const is3 = isHeader3(bytes, p);
    const isSure = is3 ? false : isSureHeader2(bytes, view, p, isLast);
    if (isSure === undefined) return this.#await(bytes.length + MORE_BYTES);
    if (isSure) return p;
    const end = p + length;
    if (end > bytes.length) return isLast ? NONE : this.#await(end + HEADER_BYTES);
    const following = whatFollows(bytes, view, end, isLast);
    if (following === "unknown") return this.#await(end + HEADER_BYTES);
    if (following === "record") return p;
    if (!is3 || this.#crcCredit < length) return NONE;
    this.#crcCredit -= length;
    return recordCrc(view, p, length) === crcOf(view, p) ? p : NONE;
  }

  /** The data end inside the record at the position. A length may be wrong: whole records may still lie in what is there. */
  #endInside(length: number): void {
    const { bytes } = this.#window;
    const next = this.#search(this.#position + 1, bytes.length, 1);
    if (next !== NONE) {
      this.#passHalfRecord(next);
      return;
    }
    this.#endSkipped();
    const left = bytes.length - this.#position;
    const offset = this.#offset();
    this.#moveTo(bytes.length);
    this.#reporter.report(
      "TRUNCATED",
      `data end after ${left} of the ${length} bytes of a record`,
      offset,
      left,
    );
  }

  #passHalfRecord(next: number): void {
    this.#endSkipped();
    const length = next - this.#position;
    const offset = this.#offset();
    this.#moveTo(next);
    this.#reporter.report(
      "HALF_RECORD",
      `another record begins after ${length} bytes of this one: skipped`,
      offset,
      length,
    );
  }

  /** Passes over a byte that begins no record, and those after it that do not look like it either. */
  #skip(reason: number): void {
    const { bytes } = this.#window;
    const left = bytes.length - this.#position;
    const offset = this.#offset();
    if (this.#skippedFrom < 0) {
      if (left < HEADER_BYTES && this.#limits.isLast && reason !== BAD_LENGTH) {
        this.#moveTo(bytes.length);
        this.#reporter.report(
          "TRUNCATED",
          `data end with ${left} bytes, fewer than any record has`,
          offset,
          left,
        );
        return;
      }
      this.#skippedFrom = offset;
    }
    let next = this.#position + 1;
    while (next < bytes.length && !mayBeginRecord(bytes[next] as number)) next++;
    this.#moveTo(next);
    if (reason === BAD_LENGTH) {
      this.#reporter.report(
        "RECORD_LENGTH",
        "header of a record whose length cannot be",
        offset,
        HEADER_BYTES,
      );
    }
  }

  /** Tells of the bytes passed over, if there are any before the position. */
  #endSkipped(): void {
    if (this.#skippedFrom < 0) return;
    const from = this.#skippedFrom;
    const length = this.#offset() - from;
    this.#skippedFrom = -1;
    this.#reporter.report(
      "NOT_MINISEED",
      `${length} bytes at offset ${from} are no record: skipped`,
      from,
      length,
    );
  }

  /** Goes on from a place in the window, with nothing known of it yet. */
  #moveTo(position: number): void {
    this.#crcCredit = Math.min(
      MAX_CRC_CREDIT,
      this.#crcCredit + CRC_CREDIT_PER_BYTE * (position - this.#position),
    );
    this.#position = position;
    this.#searched = 0;
    this.#crc = undefined;
    this.#unsure = undefined;
  }

  /** Nothing more can be told before bytes up to `end` are there. */
  #await(end: number): typeof UNDECIDED {
    this.#needed = Math.max(end - this.#position, this.buffered + 1);
    return UNDECIDED;
  }

  #crcOf(length: number): number {
    this.#crc ??= recordCrc(this.#window.view, this.#position, length);
    return this.#crc;
  }

  #hasIntactCrc(length: number): boolean {
    return this.#crcOf(length) === crcOf(this.#window.view, this.#position);
  }

  /** The position in all the data. */
  #offset(): number {
    return this.#window.base + this.#position;
  }
}

/** Answers of a search that are no place. */
const NONE = -1;
const UNDECIDED = -2;

/** How many more bytes to wait for where a header does not tell its length yet. */
const MORE_BYTES = 16;

/** So few bytes of a header that begins at the end of a record do not tell it from data. */
const UNTOLD_BYTES = TELLING_BYTES - 1;

const MAX_CRC_CREDIT = 4 * MAX_RECORD_BYTES;
const CRC_CREDIT_PER_BYTE = 8;

function checkBytes(bytes: Uint8Array): Uint8Array {
  if (arrayType(bytes) === "Uint8Array") return bytes;
  throw new MiniSeedError(
    "INVALID_ARGUMENT",
    `the bytes to read are not a Uint8Array but of type ${arrayType(bytes)}`,
  );
}

/** A window of plain arrays: the caller's may be of a subclass, such as Node's Buffer, whose `slice` is no copy. */
function windowOf(buffer: ArrayBufferLike, offset: number, length: number, base: number): Window {
  return { bytes: new Uint8Array(buffer, offset, length), view: new DataView(buffer, offset, length), base };
}
