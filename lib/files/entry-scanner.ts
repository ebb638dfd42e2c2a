/**
 * Finds the whole entries of a log in the bytes of its file, which are pushed piece by piece. What is damaged costs only
 * the entries that it hits: the next one is found by its mark. Pure: no files.
 */
import { crc32 } from "node:zlib";
import { decodeHeader, type EntryFormat, headerBytes } from "./entry-format.ts";

/** A whole entry, and where it lies in the file. */
export interface Entry {
  /** A view into the bytes that were pushed. */
  body: Buffer;
  /** Offsets of its header and of the byte behind it. */
  at: number;
  end: number;
  /** Damaged bytes right before it. */
  damaged: number;
}

/** Bytes of a file that are not part of any whole entry. */
export interface Damage {
  from: number;
  to: number;
}

/**
 * Marks of old logs are known to everybody, and so each may be one that somebody wrote: of a damaged file, so many times
 * its bytes are checked at the most.
 */
const MAX_CHECKED = 64;

export class EntryScanner {
  readonly damages: Damage[] = [];
  readonly #format: EntryFormat;
  readonly #size: number;
  readonly #maxBody: number;
  #bytes: Buffer = Buffer.alloc(0);
  /** Where `#bytes` begin in the file, and the place in them that is looked at. */
  #base = 0;
  #at: number;
  #ended = false;
  #damagedFrom: number | undefined;
  #checked = 0;

  /**
   * @param size of the file, in bytes
   * @param maxBody most bytes that an entry can have
   */
  constructor(format: EntryFormat, size: number, maxBody: number) {
    this.#format = format;
    this.#size = size;
    this.#maxBody = maxBody;
    this.#at = format.start;
  }

  /** Takes the bytes that follow those pushed before, of which the first are the first of the file. */
  push(piece: Buffer): void {
    const rest = this.#bytes.subarray(Math.min(this.#at, this.#bytes.length));
    this.#base += this.#bytes.length - rest.length;
    this.#at -= this.#bytes.length - rest.length;
    this.#bytes = rest.length > 0 ? Buffer.concat([rest, piece]) : piece;
  }

  /** Notes that nothing follows. */
  end(): void {
    this.#ended = true;
  }

  /** The next whole entry; `undefined` where more bytes are wanted, or after `end` there is none. */
  next(): Entry | undefined {
    for (;;) {
      const entry = this.#look();
      if (entry === "later") return this.#ended ? this.#finish() : undefined;
      if (entry !== "none") {
        entry.damaged = this.#closeDamage(entry.at);
        return entry;
      }
      if (!this.#findMark()) return this.#ended ? this.#finish() : undefined;
    }
  }

  /** The entry at the place that is looked at; `later` where bytes are missing to tell, `none` where there is none. */
  #look(): Entry | "later" | "none" {
    // Without a mark, nothing tells where an entry begins behind damage.
    if (this.#damagedFrom !== undefined && this.#format.mark.length === 0) this.#at = this.#bytes.length;
    const start = this.#at + headerBytes(this.#format);
    if (start > this.#bytes.length) return this.#ended && this.#at < this.#bytes.length ? "none" : "later";
    const header = decodeHeader(this.#format, this.#bytes, this.#at);
    if (!header || header.length > this.#maxBody) return "none";
    const end = start + header.length;
    if (this.#base + end > this.#size) return "none";
    if (end > this.#bytes.length) return this.#ended ? "none" : "later";
    const body = this.#bytes.subarray(start, end);
    if (!this.#isSound(body, header.checksum)) return "none";
    const at = this.#base + this.#at;
    this.#at = end;
    return { body, at, end: this.#base + end, damaged: 0 };
  }

  #isSound(body: Buffer, checksum: number): boolean {
    if (this.#damagedFrom !== undefined) this.#checked += body.length;
    return this.#checked <= MAX_CHECKED * this.#size && crc32(body) === checksum;
  }

  /** Goes on to where the next entry may be; `false` where the bytes at hand have no such place. */
  #findMark(): boolean {
    this.#damagedFrom ??= this.#base + this.#at;
    const { mark } = this.#format;
    const found = mark.length > 0 ? this.#bytes.indexOf(mark, this.#at + 1) : -1;
    this.#at = found >= 0 ? found : this.#pastAllBut(mark.length - 1);
    return found >= 0;
  }

  /** The end of the bytes at hand, without as many as may be the beginning of a mark. */
  #pastAllBut(count: number): number {
    return Math.max(this.#at + 1, this.#bytes.length - Math.max(0, count));
  }

  #finish(): undefined {
    const end = this.#base + this.#bytes.length;
    if (this.#at < this.#bytes.length) this.#damagedFrom ??= this.#base + this.#at;
    this.#at = this.#bytes.length;
    this.#closeDamage(end);
  }

  /** Notes where damage ends, if there is any; returns its bytes. */
  #closeDamage(end: number): number {
    const from = this.#damagedFrom ?? end;
    if (from < end) this.damages.push({ from, to: end });
    this.#damagedFrom = undefined;
    return end - from;
  }
}
