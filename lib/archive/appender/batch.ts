/** Chunks for one file that are written with one call, and share one promise. */
import type { ArchiveError } from "../errors.ts";
import type { PacketMark } from "../journal.ts";

const FIRST_BYTES = 1024;

/** Chunks for one file that are written with one call, and share one promise. */
export class Batch {
  #buffer = Buffer.allocUnsafe(FIRST_BYTES);
  /** Bytes added so far. */
  length = 0;
  /** The packets that the chunks are, for the journal. */
  readonly marks: PacketMark[] = [];
  /** Settles when the batch is in its file, or was refused. */
  readonly written: Promise<void>;
  /** Settles {@link written}. */
  resolve!: () => void;
  /** Settles {@link written}. */
  reject!: (error: ArchiveError) => void;

  constructor() {
    this.written = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** All chunks, one behind the other: a view, which the next chunk may leave behind. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }

  /** Copies a chunk, and what follows each. */
  add(chunk: Uint8Array, end: Uint8Array): void {
    const length = this.length + chunk.length + end.length;
    if (length > this.#buffer.length) this.#grow(length);
    this.#buffer.set(chunk, this.length);
    this.#buffer.set(end, this.length + chunk.length);
    this.length = length;
  }

  #grow(length: number): void {
    const larger = Buffer.allocUnsafe(Math.max(length, 2 * this.#buffer.length));
    this.#buffer.copy(larger, 0, 0, this.length);
    this.#buffer = larger;
  }
}
