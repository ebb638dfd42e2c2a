/** Texts of bytes that come again and again, such as the name of a stream in each of its packets, or what is made of them: made once, then found. */

/** Names come from outside, in any number. */
const MAX_TEXTS = 65_536;

interface Entry<Text> {
  readonly bytes: Uint8Array;
  readonly text: Text;
}

export class TextCache<Text = string> {
  readonly #make: (bytes: Uint8Array) => Text;
  readonly #most: number;
  readonly #entries = new Map<number, Entry<Text>>();

  /**
   * @param make the text of some bytes: always the same one for the same bytes
   * @param most how many are kept; with more all are made anew
   */
  constructor(make: (bytes: Uint8Array) => Text, most: number = MAX_TEXTS) {
    this.#make = make;
    this.#most = most;
  }

  /** The text of the `length` bytes from `start` on. */
  get(bytes: Uint8Array, start: number, length: number): Text {
    let hash = length;
    for (let i = start; i < start + length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    const key = hash & 0x3fffffff;
    const entry = this.#entries.get(key);
    if (entry !== undefined && holds(entry.bytes, bytes, start, length)) return entry.text;
    // A copy: a view would hold all that it was received with.
    return this.#add(key, new Uint8Array(bytes.subarray(start, start + length)));
  }

  /** Of two with the same key the later one stays. */
  #add(key: number, bytes: Uint8Array): Text {
    const text = this.#make(bytes);
    if (this.#entries.size >= this.#most) this.#entries.clear();
    this.#entries.set(key, { bytes, text });
    return text;
  }
}

function holds(own: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (own.length !== length) return false;
  for (let i = 0; i < length; i++) if (own[i] !== bytes[start + i]) return false;
  return true;
}
