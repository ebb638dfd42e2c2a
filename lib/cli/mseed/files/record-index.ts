/**
 * Where the records of files lie, so that they can be read in another order. It holds some 50 bytes for each record,
 * whatever its length, so that many GB of records can be sorted.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { type MiniSeedRecord, type ProblemHandler, readRecords } from "../../../mseed/index.ts";
import { CommandError, type Io } from "../../command.ts";

/** What is kept of a record, in this order. */
const FIELDS = ["file", "offset", "length", "id", "seconds", "nanoseconds"] as const;
type Field = (typeof FIELDS)[number];

const FIRST_CAPACITY = 4096;
/** Bytes read at once where the records of the order lie close behind each other in the file, too. */
const READ_BYTES = 64 * 1024;
/** Records from one look for a signal to the next. */
const SIGNAL_CHECK = 1024;

export class RecordIndex {
  length = 0;
  readonly #files: string[] = [];
  readonly #ids = new Map<string, number>();
  #fields = new Float64Array(FIRST_CAPACITY * FIELDS.length);

  add(file: string, record: MiniSeedRecord): void {
    if (this.#files.at(-1) !== file) this.#files.push(file);
    const id = record.sourceId.text;
    const idNumber = this.#ids.get(id) ?? this.#ids.size;
    this.#ids.set(id, idNumber);
    const seconds = record.startTime / 1_000_000_000n;
    const nanoseconds = record.startTime - seconds * 1_000_000_000n;
    const values = [this.#files.length - 1, record.offset, record.length, idNumber, seconds, nanoseconds];
    const at = this.length++ * FIELDS.length;
    if (at === this.#fields.length) {
      const grown = new Float64Array(at * 2);
      grown.set(this.#fields);
      this.#fields = grown;
    }
    this.#fields.set(values.map(Number), at);
  }

  /**
   * The records by source id, then by start time; those that begin together in the order in which they were added.
   * @param onProblem what is wrong with a record, which was known before
   */
  async *sorted(
    io: Io,
    onProblem: ProblemHandler,
  ): AsyncGenerator<{ file: string; record: MiniSeedRecord }, void> {
    using files = new FilesAtRandom(this.#files, onProblem);
    let read = 0;
    for (const i of this.#order()) {
      // Nothing else here ever waits, and signals arrive only while something does.
      if (++read % SIGNAL_CHECK === 0) await setImmediate();
      io.signal.throwIfAborted();
      const file = this.#get(i, "file");
      const record = files.read(file, this.#get(i, "offset"), this.#get(i, "length"));
      yield { file: this.#files[file] as string, record };
    }
  }

  #order(): Uint32Array {
    const rank = new Uint32Array(this.#ids.size);
    for (const [position, id] of [...this.#ids.keys()].sort().entries()) rank[this.#ids.get(id)!] = position;
    const order = Uint32Array.from({ length: this.length }, (_, i) => i);
    return order.sort(
      (a, b) =>
        rank[this.#get(a, "id")]! - rank[this.#get(b, "id")]! ||
        this.#get(a, "seconds") - this.#get(b, "seconds") ||
        this.#get(a, "nanoseconds") - this.#get(b, "nanoseconds") ||
        a - b,
    );
  }

  #get(i: number, field: Field): number {
    return this.#fields[i * FIELDS.length + FIELDS.indexOf(field)]!;
  }
}

/**
 * Reads records from anywhere in some files, one of them open at a time. Not asynchronously: for the small pieces that
 * records are, handing each one to another thread takes ten times as long as reading it.
 */
class FilesAtRandom implements Disposable {
  readonly #names: readonly string[];
  readonly #onProblem: ProblemHandler;
  #open: { file: number; descriptor: number } | undefined;
  #window = new Uint8Array(0);
  #windowOffset = 0;

  constructor(names: readonly string[], onProblem: ProblemHandler) {
    this.#names = names;
    this.#onProblem = onProblem;
  }

  /** The record; its bytes are its own. */
  read(file: number, offset: number, length: number): MiniSeedRecord {
    const descriptor = this.#descriptorOf(file);
    const windowEnd = this.#windowOffset + this.#window.length;
    if (offset < this.#windowOffset || offset + length > windowEnd) {
      const isClose = offset >= this.#windowOffset && offset < windowEnd + READ_BYTES;
      const buffer = new Uint8Array(isClose ? Math.max(READ_BYTES, length) : length);
      this.#window = buffer.subarray(0, readSync(descriptor, buffer, 0, buffer.length, offset));
      this.#windowOffset = offset;
    }
    const from = offset - this.#windowOffset;
    const bytes = this.#window.slice(from, from + length);
    const [record] = readRecords(bytes, { onProblem: this.#onProblem });
    if (record?.length === length) return record;
    throw new CommandError(`${this.#names[file]}: changed while it was read`);
  }

  [Symbol.dispose](): void {
    if (this.#open) closeSync(this.#open.descriptor);
  }

  #descriptorOf(file: number): number {
    if (this.#open?.file === file) return this.#open.descriptor;
    if (this.#open) closeSync(this.#open.descriptor);
    this.#open = undefined;
    const descriptor = openSync(this.#names[file]!, "r");
    this.#open = { file, descriptor };
    this.#window = new Uint8Array(0);
    return descriptor;
  }
}
