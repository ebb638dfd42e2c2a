/**
 * Bytes that arrived and are not read yet, in whatever pieces they came. What lies within one piece is given out as a
 * view of it; only what straddles pieces is copied together.
 */
import { allocateBytes } from "../../bytes.ts";
import type { TextCache } from "../../text-cache.ts";

/** Shorter pieces that have to wait are gathered: each piece has a cost of its own, and there may be millions of them. */
const SMALL = 1024;

/** Size of the memory that they are gathered in. */
const GATHERED = 16 * 1024;

const EMPTY = allocateBytes(0);

export class ByteQueue {
  /** Not empty pieces; the first one is read from `#offset` on. */
  #pieces: Buffer[] = [];
  #offset = 0;
  #length = 0;
  /** Memory that small pieces are copied to, and how much of it is used. */
  #gathered = EMPTY;
  #used = 0;
  /** The piece that was gathered last. */
  #tail: Buffer | undefined;

  /** How many bytes there are. */
  get length(): number {
    return this.#length;
  }

  /** Takes the next piece. A large one is not copied: the caller must not write into it afterwards. */
  push(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#length += piece.length;
    if (this.#pieces.length === 0 || piece.length > SMALL) this.#pieces.push(piece);
    else this.#gather(piece);
  }

  /** Memory that was given out is never written to again: what is gathered comes behind it. */
  #gather(piece: Buffer): void {
    if (this.#used + piece.length > this.#gathered.length) {
      this.#gathered = allocateBytes(GATHERED);
      this.#used = 0;
      this.#tail = undefined;
    }
    const last = this.#pieces.at(-1)!;
    const continues = last === this.#tail;
    const start = continues ? this.#used - last.length : this.#used;
    this.#gathered.set(piece, this.#used);
    this.#used += piece.length;
    const gathered = this.#gathered.subarray(start, this.#used);
    this.#tail = gathered;
    if (continues) this.#pieces[this.#pieces.length - 1] = gathered;
    else this.#pieces.push(gathered);
  }

  /** The byte at `index`, which must be below `length`. */
  at(index: number): number {
    let place = this.#offset + index;
    const first = this.#pieces[0];
    if (first !== undefined && place < first.length) return first[place]!;
    for (const piece of this.#pieces) {
      if (place < piece.length) return piece[place]!;
      place -= piece.length;
    }
    return 0;
  }

  /** Where a byte is first found among the first `limit` bytes, or -1. */
  indexOf(byte: number, limit: number): number {
    let before = -this.#offset;
    for (const piece of this.#pieces) {
      if (before >= limit) break;
      const found = piece.indexOf(byte, before < 0 ? -before : 0);
      if (found >= 0) return before + found < limit ? before + found : -1;
      before += piece.length;
    }
    return -1;
  }

  /** The next `size` bytes, which must be there. */
  take(size: number): Buffer {
    if (size === 0) return EMPTY;
    const first = this.#pieces[0]!;
    const start = this.#offset;
    if (first.length - start < size) return this.#join(size);
    this.#length -= size;
    this.#offset += size;
    if (this.#offset === first.length) {
      this.#pieces.shift();
      this.#offset = 0;
    }
    return first.subarray(start, start + size);
  }

  /** Passes over bytes, which must be there. */
  skip(size: number): void {
    const first = this.#pieces[0]!;
    if (first.length - this.#offset <= size) {
      this.take(size);
      return;
    }
    this.#length -= size;
    this.#offset += size;
  }

  /** The text of the next `size` bytes, which must be there. */
  takeText(size: number, texts: TextCache): string {
    if (size === 0) return "";
    const first = this.#pieces[0]!;
    const start = this.#offset;
    if (first.length - start <= size) return texts.get(this.take(size), 0, size);
    this.skip(size);
    return texts.get(first, start, size);
  }

  #join(size: number): Buffer {
    const joined = allocateBytes(size);
    let filled = 0;
    let used = 0;
    while (filled < size) {
      const piece = this.#pieces[used]!;
      const copied = Math.min(piece.length - this.#offset, size - filled);
      joined.set(piece.subarray(this.#offset, this.#offset + copied), filled);
      filled += copied;
      this.#offset += copied;
      if (this.#offset === piece.length) {
        used++;
        this.#offset = 0;
      }
    }
    this.#pieces.splice(0, used);
    this.#length -= size;
    return joined;
  }
}
