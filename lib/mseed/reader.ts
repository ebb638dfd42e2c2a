/** Finds the records in bytes, whole or arriving in pieces, and passes over what is none. */
import { arrayType } from "./decode.ts";
import {
  BAD_LENGTH,
  type DetectionLimits,
  HEADER_BYTES,
  isHeader,
  isHeader3,
  NEED_MORE,
  recordLength,
} from "./detect.ts";
import { MiniSeedError, type ProblemHandler, ProblemReporter } from "./errors.ts";
import type { MiniSeedRecord, Window } from "./record.ts";
import { MiniSeed2Record } from "./v2/record.ts";
import { hasIntactCrc, MiniSeed3Record } from "./v3/record.ts";

/** How to read. */
export interface ReadOptions {
  /** Gets every defect, warnings too, in the order in which they come to light. */
  onProblem?: ProblemHandler | undefined;
  /** Throws the first defect that is more than a warning. Default `false`: what can still be read is read. */
  strict?: boolean | undefined;
  /** Whether to verify the checksums of miniSEED 3. Default `true`. */
  checkCrc?: boolean | undefined;
  /** Records longer than this are passed over; bounds what a reader holds. Default 16 MiB. */
  maxRecordLength?: number | undefined;
}

export const DEFAULT_MAX_RECORD_LENGTH = 16 * 1024 * 1024;

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

  constructor(options: ReadOptions, bytes: Uint8Array) {
    const { maxRecordLength = DEFAULT_MAX_RECORD_LENGTH, checkCrc = true } = options;
    if (!(maxRecordLength >= HEADER_BYTES)) {
      throw new MiniSeedError(
        "INVALID_ARGUMENT",
        `maxRecordLength ${maxRecordLength}: no record is shorter than ${HEADER_BYTES} bytes`,
      );
    }
    this.#reporter = new ProblemReporter(options);
    this.#checkCrc = checkCrc;
    this.#limits = { maxRecordLength, isLast: false, lengthHint: 0 };
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
    const rest = window.subarray(this.#position);
    const length = rest.length + bytes.length;
    const grown = windowOf(new ArrayBuffer(2 * length), 0, length, base + this.#position);
    grown.bytes.set(rest);
    grown.bytes.set(bytes, rest.length);
    this.#window = grown;
    this.#position = 0;
  }

  finish(): void {
    this.#limits.isLast = true;
  }

  next(): MiniSeedRecord | undefined {
    const { isLast } = this.#limits;
    while (this.buffered > 0 && (isLast || this.buffered >= this.#needed)) {
      this.#needed = 0;
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

  /** The complete record at the position; `undefined` if another one interrupts it. */
  #take(length: number): MiniSeedRecord | undefined {
    const interruption = this.#findInterruption(length);
    if (interruption > 0) {
      this.#passHalfRecord(interruption);
      return undefined;
    }
    this.#endSkipped();
    const start = this.#position;
    this.#position += length;
    if (isHeader3(this.#window.bytes, start)) {
      return new MiniSeed3Record(this.#window, start, length, this.#reporter, this.#checkCrc);
    }
    const record = new MiniSeed2Record(this.#window, start, length, this.#reporter);
    if (!record.declaresLength) this.#limits.lengthHint = length;
    return record;
  }

  /**
   * Where another record begins inside the one at the position, -1 if none does. Only looked for where something is odd: no
   * header follows this record's end.
   */
  #findInterruption(length: number): number {
    const { bytes, view } = this.#window;
    const start = this.#position;
    const end = start + length;
    if (end + HEADER_BYTES > bytes.length || isHeader(bytes, view, end)) return -1;
    if (isHeader3(bytes, start) && hasIntactCrc(view, start, length)) return -1;
    return this.#findSureRecord(start + 1, end);
  }

  /** The first place from `from` to `to` where a whole record lies that is followed by another one, or by the end. */
  #findSureRecord(from: number, to: number): number {
    const { bytes, view } = this.#window;
    const last = Math.min(to, bytes.length - HEADER_BYTES + 1);
    for (let p = from; p < last; p++) {
      if (!mayBeHeader(bytes[p] as number)) continue;
      const length = recordLength(bytes, view, p, this.#limits);
      if (length <= 0) continue;
      const end = p + length;
      if (end === bytes.length && this.#limits.isLast) return p;
      if (end + HEADER_BYTES <= bytes.length && isHeader(bytes, view, end)) return p;
    }
    return -1;
  }

  /** The data end inside the record at the position. A length may be wrong: whole records may still lie in what is there. */
  #endInside(length: number): void {
    const { bytes } = this.#window;
    const next = this.#findSureRecord(this.#position + 1, bytes.length);
    if (next > 0) {
      this.#passHalfRecord(next);
      return;
    }
    this.#endSkipped();
    const left = bytes.length - this.#position;
    const offset = this.#offset();
    this.#position = bytes.length;
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
    this.#position = next;
    this.#reporter.report(
      "HALF_RECORD",
      `another record begins after ${length} bytes of this one`,
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
      if (left < HEADER_BYTES && this.#limits.isLast) {
        this.#position = bytes.length;
        this.#reporter.report(
          "TRUNCATED",
          `data end with ${left} bytes, less than any record has`,
          offset,
          left,
        );
        return;
      }
      this.#skippedFrom = offset;
    }
    do this.#position++;
    while (this.#position < bytes.length && !mayBeHeader(bytes[this.#position] as number));
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

  /** The position in all the data. */
  #offset(): number {
    return this.#window.base + this.#position;
  }
}

/** How many more bytes to wait for where a header does not tell its length yet. */
const MORE_BYTES = 16;

/** A record begins with a digit, a space, a NUL, or `M`. */
function mayBeHeader(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x20 || byte === 0 || byte === 0x4d;
}

function checkBytes(bytes: Uint8Array): Uint8Array {
  if (arrayType(bytes) === "Uint8Array") return bytes;
  throw new MiniSeedError("INVALID_ARGUMENT", `the bytes to read are no Uint8Array but ${arrayType(bytes)}`);
}

/** A window of plain arrays: the caller's may be of a subclass, such as Node's Buffer, whose `slice` is no copy. */
function windowOf(buffer: ArrayBufferLike, offset: number, length: number, base: number): Window {
  return { bytes: new Uint8Array(buffer, offset, length), view: new DataView(buffer, offset, length), base };
}
