/** Which characters one place of an expression takes: any of ASCII, and whether all others. */
export class CharacterSet {
  /** A bit per character of ASCII. */
  readonly #bits = new Uint32Array(4);
  #others = false;

  /** Adds the characters from one code to another, both of ASCII. */
  add(first: number, last: number = first): this {
    for (let code = first; code <= last; code++) this.#bits[code >> 5]! |= 1 << (code & 31);
    return this;
  }

  addAll(set: CharacterSet): this {
    for (let i = 0; i < 4; i++) this.#bits[i]! |= set.#bits[i]!;
    this.#others ||= set.#others;
    return this;
  }

  /** Adds the other case of each letter. */
  foldCase(): this {
    for (let upper = 0x41; upper <= 0x5a; upper++) {
      if (this.has(upper)) this.add(upper | 0x20);
      else if (this.has(upper | 0x20)) this.add(upper);
    }
    return this;
  }

  /** The set of all characters that this one does not have. */
  negated(): CharacterSet {
    const negated = new CharacterSet();
    for (let i = 0; i < 4; i++) negated.#bits[i] = ~this.#bits[i]!;
    negated.#others = !this.#others;
    return negated;
  }

  has(code: number): boolean {
    return code < 128 ? ((this.#bits[code >> 5]! >>> (code & 31)) & 1) === 1 : this.#others;
  }

  overlaps(other: CharacterSet): boolean {
    if (this.#others && other.#others) return true;
    for (let i = 0; i < 4; i++) if ((this.#bits[i]! & other.#bits[i]!) !== 0) return true;
    return false;
  }

  /** The same for equal sets. */
  get key(): string {
    return `${this.#bits.join()},${this.#others}`;
  }
}
