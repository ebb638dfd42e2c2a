/** The bytes that were read and not yet written: so that what is no record is copied, too. */

export class Tape {
  #pieces: Uint8Array[] = [];
  /** Where in the file the first piece begins. */
  #offset = 0;

  /** Adds the next bytes. */
  push(piece: Uint8Array): void {
    this.#pieces.push(piece.slice());
  }

  /** Forgets the bytes up to an offset. */
  skip(to: number): void {
    Array.from(this.take(to));
  }

  /** Hands out the bytes up to an offset, and forgets them. */
  *take(to: number): Generator<Uint8Array, void> {
    for (let first = this.#pieces[0]; first && this.#offset < to; first = this.#pieces[0]) {
      const length = Math.min(first.length, to - this.#offset);
      if (length === first.length) this.#pieces.shift();
      else this.#pieces[0] = first.subarray(length);
      this.#offset += length;
      yield first.subarray(0, length);
    }
  }
}
