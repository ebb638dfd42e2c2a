/**
 * What the ring knows of its packets without looking into them, by sequence: 32 bytes each, in blocks of typed arrays that
 * come and go with the packets, so that nothing ever has to be moved.
 */

/** Packets in a block; a power of two. */
const BLOCK = 4096;

class Block {
  readonly offsets = new Uint32Array(BLOCK);
  readonly lengths = new Uint32Array(BLOCK);
  readonly slots = new Uint32Array(BLOCK);
  readonly steps = new Uint32Array(BLOCK);
  readonly ids = new BigUint64Array(BLOCK);
  readonly dataEnds = new Float64Array(BLOCK);
}

export interface IndexEntry {
  packetId: bigint;
  /** Time of the last sample, in microseconds since 1970. */
  dataEnd: number;
  /** Place and length of the frame in the store, in bytes. */
  offset: number;
  length: number;
  /** Place of the stream in the table of streams. */
  slot: number;
}

export class PacketIndex {
  /** Those with the packets from `#base` on. */
  #blocks: Block[] = [];
  #spare: Block | undefined;
  #base = 0;
  #first = 0;
  #end = 0;

  /** Sequence of the earliest packet; `end` where there is none. */
  get first(): number {
    return this.#first;
  }

  /** The sequence that the next packet will get. */
  get end(): number {
    return this.#end;
  }

  push({ packetId, dataEnd, offset, length, slot }: IndexEntry): void {
    const sequence = this.#end;
    if (sequence - this.#base === this.#blocks.length * BLOCK) {
      this.#blocks.push(this.#spare ?? new Block());
      this.#spare = undefined;
    }
    this.#end++;
    const block = this.#blockOf(sequence);
    const at = sequence & (BLOCK - 1);
    block.ids[at] = packetId;
    block.dataEnds[at] = dataEnd;
    block.offsets[at] = offset;
    block.lengths[at] = length;
    block.slots[at] = slot;
  }

  /** Forgets the earliest packet. */
  shift(): void {
    this.#first++;
    if (this.#first - this.#base < BLOCK) return;
    this.#spare = this.#blocks.shift();
    this.#base += BLOCK;
  }

  idAt(sequence: number): bigint {
    return this.#blockOf(sequence).ids[sequence & (BLOCK - 1)]!;
  }

  dataEndAt(sequence: number): number {
    return this.#blockOf(sequence).dataEnds[sequence & (BLOCK - 1)]!;
  }

  offsetAt(sequence: number): number {
    return this.#blockOf(sequence).offsets[sequence & (BLOCK - 1)]!;
  }

  lengthAt(sequence: number): number {
    return this.#blockOf(sequence).lengths[sequence & (BLOCK - 1)]!;
  }

  slotAt(sequence: number): number {
    return this.#blockOf(sequence).slots[sequence & (BLOCK - 1)]!;
  }

  /** How many sequences further the next packet of the same stream is; only for a packet that has one. */
  stepAt(sequence: number): number {
    return this.#blockOf(sequence).steps[sequence & (BLOCK - 1)]!;
  }

  setStep(sequence: number, step: number): void {
    this.#blockOf(sequence).steps[sequence & (BLOCK - 1)] = step;
  }

  /** Sequence of the packet with this id, or `undefined` where there is none. */
  sequenceOf(packetId: bigint): number | undefined {
    const sequence = this.sequenceFrom(packetId);
    return sequence < this.#end && this.idAt(sequence) === packetId ? sequence : undefined;
  }

  /** Sequence of the first packet with this id or a higher one, which is found by halves: ids ascend. `end` for none. */
  sequenceFrom(packetId: bigint): number {
    let low = this.#first;
    let high = this.#end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.idAt(middle) < packetId) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #blockOf(sequence: number): Block {
    return this.#blocks[Math.floor((sequence - this.#base) / BLOCK)]!;
  }
}
