/**
 * Compresses with bzip2, for BZJSON packets. All groups of a block are coded with one table, where the program bzip2 makes
 * up to six: for documents of the size of a packet the result is hardly larger.
 */
import { CRC_TABLE } from "./decompress.ts";

/** Bytes of a block behind its first run lengths: 900,000 less what bzip2 itself leaves free. */
const BLOCK_BYTES = 900_000 - 19;
const LONGEST_RUN = 255;
const GROUP_SYMBOLS = 50;
/** The program bzip2 makes no longer codes, and needs not take any of more than 20 bits. */
const MAX_CODE_LENGTH = 17;
/** The two digits of a run length. */
const RUN_A = 0;
const RUN_B = 1;

/** The data as one bzip2 stream. */
export function bzip2(data: Uint8Array): Uint8Array {
  const bits = new BitWriter();
  bits.write(32, 0x425a6839);
  let streamCrc = 0;
  for (let start = 0; start < data.length; ) {
    const { block, end, crc } = shortenRuns(data, start);
    writeBlock(bits, block, crc);
    streamCrc = ((streamCrc << 1) | (streamCrc >>> 31)) ^ crc;
    start = end;
  }
  bits.write(24, 0x177245);
  bits.write(24, 0x385090);
  bits.write(32, streamCrc);
  return bits.bytes();
}

/** Behind four equal bytes comes how many more of them there are. Takes as much of the data as makes a block. */
function shortenRuns(data: Uint8Array, start: number): { block: Uint8Array; end: number; crc: number } {
  const block = new Uint8Array(Math.min(BLOCK_BYTES, 2 * (data.length - start)));
  let crc = 0xffff_ffff;
  let length = 0;
  let at = start;
  while (at < data.length && length + 5 <= BLOCK_BYTES) {
    const byte = data[at]!;
    let run = 1;
    while (run < LONGEST_RUN && data[at + run] === byte) run++;
    block.fill(byte, length, length + Math.min(run, 4));
    length += Math.min(run, 4);
    if (run >= 4) block[length++] = run - 4;
    for (let i = 0; i < run; i++) crc = (crc << 8) ^ CRC_TABLE[((crc >>> 24) ^ byte) & 0xff]!;
    at += run;
  }
  return { block: block.subarray(0, length), end: at, crc: ~crc };
}

function writeBlock(bits: BitWriter, block: Uint8Array, crc: number): void {
  const rotations = sortRotations(block);
  const last = rotations.map((rotation) => block.at(rotation - 1)!);
  const used = [...new Set(block)].sort((a, b) => a - b);
  const symbols = moveToFront(last, used);
  const lengths = codeLengths(symbols, used.length + 2);
  const codes = canonicalCodes(lengths);

  bits.write(24, 0x314159);
  bits.write(24, 0x265359);
  bits.write(32, crc);
  bits.write(1, 0);
  bits.write(24, rotations.indexOf(0));
  writeUsed(bits, used);
  writeTables(bits, Math.ceil(symbols.length / GROUP_SYMBOLS), lengths);
  for (const symbol of symbols) bits.write(lengths[symbol]!, codes[symbol]!);
}

/**
 * Where each rotation of the block begins, in the order of the rotations. They are sorted by their first byte, then by
 * twice as many bytes, and so on: long repetitions cost no more than other data.
 */
function sortRotations(block: Uint8Array): Int32Array {
  const size = block.length;
  let ranks: Int32Array = Int32Array.from(block);
  let rankCount = 256;
  let order = sortByRank(Int32Array.from(block.keys()), ranks, rankCount);
  for (let width = 1; width < size; width *= 2) {
    // Those that begin `width` bytes earlier are, so far, in the order of their second halves.
    const bySecondHalf = order.map((rotation) => (rotation - width + size) % size);
    order = sortByRank(bySecondHalf, ranks, rankCount);
    ranks = rankPairs(order, ranks, width);
    rankCount = ranks[order[size - 1]!]! + 1;
    if (rankCount === size) break;
  }
  return order;
}

/** Sorts rotations by rank; those of equal rank stay in order. */
function sortByRank(rotations: Int32Array, ranks: Int32Array, rankCount: number): Int32Array {
  const places = new Int32Array(rankCount + 1);
  for (const rank of ranks) places[rank + 1]!++;
  for (let rank = 0; rank < rankCount; rank++) places[rank + 1]! += places[rank]!;
  const sorted = new Int32Array(rotations.length);
  for (const rotation of rotations) sorted[places[ranks[rotation]!]!++] = rotation;
  return sorted;
}

/** Ranks rotations by twice the width, given their order by that. */
function rankPairs(order: Int32Array, ranks: Int32Array, width: number): Int32Array {
  const size = order.length;
  const ranked = new Int32Array(size);
  for (let i = 1; i < size; i++) {
    const [before, here] = [order[i - 1]!, order[i]!];
    const same =
      ranks[before] === ranks[here] && ranks[(before + width) % size] === ranks[(here + width) % size];
    ranked[here] = ranked[before]! + (same ? 0 : 1);
  }
  return ranked;
}

/** How long ago each byte was seen last; how often the same one again, in digits; and a symbol for the end. */
function moveToFront(bytes: Int32Array, used: readonly number[]): number[] {
  const order = [...used];
  const symbols: number[] = [];
  let run = 0;
  const endRun = () => {
    for (; run > 0; run = (run - 1) >> 1) symbols.push(run & 1 ? RUN_A : RUN_B);
  };
  for (const byte of bytes) {
    const place = order.indexOf(byte);
    if (place === 0) {
      run++;
      continue;
    }
    endRun();
    symbols.push(place + 1);
    order.splice(place, 1);
    order.unshift(byte);
  }
  endRun();
  symbols.push(used.length + 1);
  return symbols;
}

/** The lengths of a Huffman code; where it would be too long, of one for more even frequencies. */
function codeLengths(symbols: readonly number[], symbolCount: number): number[] {
  const frequencies = new Array<number>(symbolCount).fill(0);
  for (const symbol of symbols) frequencies[symbol]!++;
  for (let weights = frequencies; ; weights = weights.map((weight) => weight >> 1)) {
    const lengths = huffmanLengths(weights.map((weight) => weight + 1));
    if (Math.max(...lengths) <= MAX_CODE_LENGTH) return lengths;
  }
}

function huffmanLengths(weights: readonly number[]): number[] {
  const lengths = weights.map(() => 0);
  let trees = weights.map((weight, symbol) => ({ weight, symbols: [symbol] }));
  while (trees.length > 1) {
    const [one, other, ...rest] = trees.sort((a, b) => a.weight - b.weight);
    const symbols = [...one!.symbols, ...other!.symbols];
    for (const symbol of symbols) lengths[symbol]!++;
    trees = [...rest, { weight: one!.weight + other!.weight, symbols }];
  }
  return lengths;
}

/** Codes of one length follow each other, and those of the next length follow them. */
function canonicalCodes(lengths: readonly number[]): number[] {
  const codes = lengths.map(() => 0);
  let code = 0;
  for (let length = 1; length <= MAX_CODE_LENGTH; length++, code *= 2) {
    for (const [symbol, its] of lengths.entries()) if (its === length) codes[symbol] = code++;
  }
  return codes;
}

/** Which bytes there are: which sixteens, then which of each. */
function writeUsed(bits: BitWriter, used: readonly number[]): void {
  const members = new Array<number>(16).fill(0);
  for (const byte of used) members[byte >> 4]! |= 0x8000 >> (byte & 15);
  bits.write(
    16,
    members.reduce((ranges, member, range) => (member ? ranges | (0x8000 >> range) : ranges), 0),
  );
  for (const member of members) if (member) bits.write(16, member);
}

/** There have to be two tables; all groups select the first. */
function writeTables(bits: BitWriter, groups: number, lengths: readonly number[]): void {
  bits.write(3, 2);
  bits.write(15, groups);
  for (let group = 0; group < groups; group++) bits.write(1, 0);
  writeLengths(bits, lengths);
  writeLengths(bits, lengths);
}

/** The first as a number, each next as steps up and down. */
function writeLengths(bits: BitWriter, lengths: readonly number[]): void {
  let length = lengths[0]!;
  bits.write(5, length);
  for (const next of lengths) {
    for (; length < next; length++) bits.write(2, 0b10);
    for (; length > next; length--) bits.write(2, 0b11);
    bits.write(1, 0);
  }
}

class BitWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;
  #held = 0;
  #heldBits = 0;

  /** The lowest `count` bits, at most 32. */
  write(count: number, value: number): void {
    for (let rest = count; rest > 0; ) {
      const taken = Math.min(rest, 8 - this.#heldBits);
      rest -= taken;
      this.#held = (this.#held << taken) | ((value >>> rest) & ((1 << taken) - 1));
      this.#heldBits += taken;
      if (this.#heldBits === 8) this.#put();
    }
  }

  /** All bytes; the last one is filled with zeros. */
  bytes(): Uint8Array {
    if (this.#heldBits > 0) this.write(8 - this.#heldBits, 0);
    return this.#bytes.subarray(0, this.#length);
  }

  #put(): void {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#length++] = this.#held;
    this.#held = 0;
    this.#heldBits = 0;
  }
}
