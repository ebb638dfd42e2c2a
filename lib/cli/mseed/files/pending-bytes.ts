/**
 * The bytes of a file that were read and not yet dealt with. A command that replaces the file it reads writes all of them
 * again but for the records that it changes: what does not match and what is not a record stays, byte for byte.
 */
import type { MiniSeedRecord } from "../../../mseed/index.ts";
import { isSameFile, type Output } from "../../output.ts";

export class PendingBytes {
  readonly #isKept: (file: string) => boolean;
  readonly #output: Output;
  #file: string | undefined;
  #pieces: Uint8Array[] = [];
  /** Where in the file the first piece begins. */
  #offset = 0;

  /** @param isKept whether a file's bytes are written again; those of others are not held */
  constructor(output: Output, isKept: (file: string) => boolean) {
    this.#output = output;
    this.#isKept = isKept;
  }

  /** For a command that writes to the file `name`: holds the bytes of that one of the files it reads, if it is among them. */
  static async of(name: string, files: readonly string[], output: Output): Promise<PendingBytes> {
    const same = await Promise.all(files.map((file) => isSameFile(file, name)));
    const kept = new Set(files.filter((_, i) => same[i]));
    return new PendingBytes(output, (file) => kept.has(file));
  }

  /** Adds the next bytes of a file. Those of the file before must have been dealt with. */
  push(file: string, piece: Uint8Array): void {
    if (!this.#isKept(file)) return;
    if (file !== this.#file) {
      this.#file = file;
      this.#pieces = [];
      this.#offset = 0;
    }
    this.#pieces.push(piece.slice());
  }

  /** Before a record of a file is used: writes what lies before it, and forgets the record. */
  async pass(file: string, { offset, length }: Pick<MiniSeedRecord, "offset" | "length">): Promise<void> {
    if (file !== this.#file) return;
    await this.copy(file, offset);
    for (const _ of this.#take(offset + length));
  }

  /** Writes the bytes of a file up to an offset. */
  async copy(file: string, to: number): Promise<void> {
    if (file !== this.#file) return;
    for (const bytes of this.#take(to)) await this.#output.write(bytes);
  }

  /** Writes what is left: a record inside which the file ends, behind which nothing else may come. */
  async copyRest(): Promise<void> {
    for (const bytes of this.#take(Number.POSITIVE_INFINITY)) await this.#output.write(bytes);
  }

  *#take(to: number): Generator<Uint8Array, void> {
    for (let first = this.#pieces[0]; first && this.#offset < to; first = this.#pieces[0]) {
      const length = Math.min(first.length, to - this.#offset);
      if (length === first.length) this.#pieces.shift();
      else this.#pieces[0] = first.subarray(length);
      this.#offset += length;
      yield first.subarray(0, length);
    }
  }
}
