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
  /** Read from `#offset` on; empty where nothing waits. */
  #first = EMPTY;
  #offset = 0;
  /** What comes behind the first piece. None is empty. */
  readonly #further: Buffer[] = [];
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
    const isFirst = this.#length === 0;
    this.#length += piece.length;
    if (isFirst) this.#first = piece;
    else if (piece.length > SMALL) this.#further.push(piece);
    else this.#gather(piece);
  }

  /** Memory that was given out is never written to again: what is gathered comes behind it. */
  #gather(piece: Buffer): void {
    if (this.#used + piece.length > this.#gathered.length) {
      this.#gathered = allocateBytes(GATHERED);
      this.#used = 0;
      this.#tail = undefined;
    }
    const last = this.#further.at(-1) ?? this.#first;
    const continues = last === this.#tail;
    const start = continues ? this.#used - last.length : this.#used;
    this.#gathered.set(piece, this.#used);
    this.#used += piece.length;
    const gathered = this.#gathered.subarray(start, this.#used);
    this.#tail = gathered;
    if (!continues) this.#further.push(gathered);
    else if (this.#further.length > 0) this.#further[this.#further.length - 1] = gathered;
    else this.#first = gathered;
  }

  /** The byte at `index`, which must be below `length`. */
  at(index: number): number {
    const place = this.#offset + index;
    const first = this.#first;
    return place < first.length ? first[place]! : this.#atFurther(place - first.length);
  }

  #atFurther(index: number): number {
    let place = index;
    for (const piece of this.#further) {
      if (place < piece.length) return piece[place]!;
      place -= piece.length;
    }
    return 0;
  }

  /** Where a byte is first found among the first `limit` bytes, or -1. */
  indexOf(byte: number, limit: number): number {
    let before = -this.#offset;
    for (let n = -1; n < this.#further.length && before < limit; n++) {
      const piece = n < 0 ? this.#first : this.#further[n]!;
      const found = piece.indexOf(byte, before < 0 ? -before : 0);
      if (found >= 0) return before + found < limit ? before + found : -1;
      before += piece.length;
    }
    return -1;
  }

  /** The next `size` bytes, which must be there. */
  take(size: number): Buffer {
    if (size === 0) return EMPTY;
    const first = this.#first;
    const start = this.#offset;
    if (first.length - start < size) return this.#join(size);
    this.#advance(size);
    return first.subarray(start, start + size);
  }

  /** Passes over bytes, which must be there. */
  skip(size: number): void {
    if (this.#first.length - this.#offset < size) this.take(size);
    else this.#advance(size);
  }

  /** The text of the next `size` bytes, which must be there. */
  takeText(size: number, texts: TextCache): string {
    if (size === 0) return "";
    const first = this.#first;
    const start = this.#offset;
    if (first.length - start < size) return texts.get(this.take(size), 0, size);
    this.#advance(size);
    return texts.get(first, start, size);
  }

  /** Over bytes of the first piece. */
  #advance(size: number): void {
    this.#length -= size;
    this.#offset += size;
    if (this.#offset < this.#first.length) return;
    this.#first = this.#further.shift() ?? EMPTY;
    this.#offset = 0;
  }

  #join(size: number): Buffer {
    const joined = allocateBytes(size);
    for (let filled = 0; filled < size; ) {
      const start = this.#offset;
      const copied = Math.min(this.#first.length - start, size - filled);
      joined.set(this.#first.subarray(start, start + copied), filled);
      filled += copied;
      this.#advance(copied);
    }
    return joined;
  }
}
