/** Parts of packets that are remembered: hundreds of thousands of them, so each takes a few bytes and no object of its own. */

/** What tells a part from all others. */
export interface MarkKey {
  /** The id that the server gave the packet. */
  packetId: bigint;
  /** Microseconds since 1970. With the id it tells a packet from one that has the id after a server began anew. */
  packetTime: number;
  /** Which of the chunks that the packet was divided into, from 0 on. */
  part: number;
}

const FIRST_CAPACITY = 64;

/** A set of marks, sorted when it is asked after some were added. */
export class MarkSet {
  #count = 0;
  #times = new Float64Array(FIRST_CAPACITY);
  #ids = new BigUint64Array(FIRST_CAPACITY);
  #parts = new Uint32Array(FIRST_CAPACITY);
  /** Their places in ascending order; `undefined` when some were added since it was asked for. */
  #order: Uint32Array | undefined;

  /** Bytes that the marks take, with the room that is kept for more: all that there is of them. */
  get bytes(): number {
    const order = this.#order?.byteLength ?? 0;
    return this.#times.byteLength + this.#ids.byteLength + this.#parts.byteLength + order;
  }

  /** Adds a mark; one that is there already takes its bytes again. */
  add({ packetId, packetTime, part }: MarkKey): void {
    if (this.#count === this.#times.length) this.#grow();
    this.#times[this.#count] = packetTime;
    this.#ids[this.#count] = packetId;
    this.#parts[this.#count] = part;
    this.#count++;
    this.#order = undefined;
  }

  /** Whether the mark was added. */
  has(mark: MarkKey): boolean {
    const order = this.#sorted();
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#compare(order[middle]!, mark) < 0) low = middle + 1;
      else high = middle;
    }
    return low < order.length && this.#compare(order[low]!, mark) === 0;
  }

  #sorted(): Uint32Array {
    this.#order ??= Uint32Array.from({ length: this.#count }, (_, place) => place).sort(
      (a, b) => this.#times[a]! - this.#times[b]! || this.#compare(a, this.#at(b)),
    );
    return this.#order;
  }

  #at(place: number): MarkKey {
    return { packetId: this.#ids[place]!, packetTime: this.#times[place]!, part: this.#parts[place]! };
  }

  #compare(place: number, { packetId, packetTime, part }: MarkKey): number {
    const time = this.#times[place]! - packetTime;
    if (time !== 0) return time;
    const id = this.#ids[place]!;
    if (id !== packetId) return id < packetId ? -1 : 1;
    return this.#parts[place]! - part;
  }

  #grow(): void {
    const { length } = this.#times;
    const [times, ids, parts] = [this.#times, this.#ids, this.#parts];
    this.#times = new Float64Array(2 * length);
    this.#ids = new BigUint64Array(2 * length);
    this.#parts = new Uint32Array(2 * length);
    this.#times.set(times);
    this.#ids.set(ids);
    this.#parts.set(parts);
  }
}
