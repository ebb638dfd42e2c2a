/**
 * Decompresses bzip2, in which BZJSON packets carry their JSON. The format has no published standard; this follows what
 * its one implementation writes: Huffman-coded, move-to-front, run lengths, Burrows-Wheeler transform, run lengths again.
 */
import { CodedError } from "../errors.ts";

/**
 * - `INVALID_BZIP2`: the bytes are not bzip2, or damaged.
 * - `TOO_LARGE`: decompressed they would exceed the limit.
 */
export type Bzip2ErrorCode = "INVALID_BZIP2" | "TOO_LARGE";

export class Bzip2Error extends CodedError<Bzip2ErrorCode> {}

/** The two 48-bit marks, in halves: pi and its square root in BCD. */
const BLOCK_MARK = [0x314159, 0x265359] as const;
const END_MARK = [0x177245, 0x385090] as const;

const MAX_CODE_LENGTH = 20;
const GROUP_SYMBOLS = 50;
/** The two digits of a run length, and the symbols from which literal positions begin. */
const RUN_A = 0;
const RUN_B = 1;
const LEVEL_BYTES = 100_000;

/**
 * The decompressed bytes of one bzip2 stream, or of several one after the other.
 *
 * @param maxBytes the most that they may be decompressed
 * @throws Bzip2Error `INVALID_BZIP2`, `TOO_LARGE`
 */
export function bunzip2(compressed: Uint8Array, maxBytes: number): Uint8Array {
  const bits = new BitReader(compressed);
  const output = new Output(maxBytes);
  do readStream(bits, output);
  while (bits.skipToByte());
  return output.bytes();
}

function readStream(bits: BitReader, output: Output): void {
  const level =
    bits.read(8) === 0x42 && bits.read(8) === 0x5a && bits.read(8) === 0x68 ? bits.read(8) - 0x30 : 0;
  if (level < 1 || level > 9) throw invalid("does not begin with BZh and a digit");
  let streamCrc = 0;
  for (;;) {
    const [first, second] = [bits.read(24), bits.read(24)];
    const crc = bits.read(32);
    if (first === END_MARK[0] && second === END_MARK[1]) {
      if (crc !== streamCrc) throw invalid("does not have the checksum that its end tells");
      return;
    }
    if (first !== BLOCK_MARK[0] || second !== BLOCK_MARK[1]) throw invalid("has no block where one belongs");
    if (readBlock(bits, level * LEVEL_BYTES, output) !== crc) {
      throw invalid("has a block whose checksum does not match");
    }
    streamCrc = ((streamCrc << 1) | (streamCrc >>> 31)) ^ crc;
    streamCrc >>>= 0;
  }
}

/** Reads one block into the output; its checksum. */
function readBlock(bits: BitReader, blockBytes: number, output: Output): number {
  if (bits.read(1) === 1) throw invalid("has a randomised block, as versions before 1.0 wrote them");
  const start = bits.read(24);
  const used = readSymbolsUsed(bits);
  const symbolCount = used.length + 2;
  const tableCount = bits.read(3);
  if (tableCount < 2 || tableCount > 6) throw invalid("has a block with a wrong number of tables");
  const selectors = readSelectors(bits, tableCount);
  const tables = Array.from({ length: tableCount }, () => new HuffmanTable(bits, symbolCount));
  const length = readSymbols(bits, tables, selectors, used, blockBytes);
  if (start >= length) throw invalid("has a block whose first byte lies outside");
  return output.writeBlock(length, start);
}

function readSymbolsUsed(bits: BitReader): number[] {
  const ranges = bits.read(16);
  const used: number[] = [];
  for (let range = 0; range < 16; range++) {
    if ((ranges & (0x8000 >> range)) === 0) continue;
    const members = bits.read(16);
    for (let i = 0; i < 16; i++) if (members & (0x8000 >> i)) used.push(range * 16 + i);
  }
  if (used.length === 0) throw invalid("has a block without symbols");
  return used;
}

/** Which table each group of 50 symbols is coded with: move-to-front numbers, in unary. */
function readSelectors(bits: BitReader, tableCount: number): Uint8Array {
  const selectors = new Uint8Array(bits.read(15));
  if (selectors.length === 0) throw invalid("has a block without selectors");
  const order = [0, 1, 2, 3, 4, 5].slice(0, tableCount);
  for (let i = 0; i < selectors.length; i++) {
    let place = 0;
    while (bits.read(1) === 1) if (++place >= tableCount) throw invalid("has a wrong selector");
    const [table] = order.splice(place, 1);
    order.unshift(table!);
    selectors[i] = table!;
  }
  return selectors;
}

/** The block before the Burrows-Wheeler transform is undone: bytes in the low 8 bits. Decompressing is synchronous, so one is enough. */
let block = new Uint32Array(0);

/** Decodes the symbols of a block into `block`; how many bytes they are. */
function readSymbols(
  bits: BitReader,
  tables: readonly HuffmanTable[],
  selectors: Uint8Array,
  used: readonly number[],
  blockBytes: number,
): number {
  if (block.length < blockBytes) block = new Uint32Array(blockBytes);
  const order = [...used];
  const end = used.length + 1;
  let length = 0;
  let run = 0;
  let runDigit = 1;
  for (let group = 0; ; group++) {
    if (group >= selectors.length) throw invalid("has a block without end");
    const table = tables[selectors[group]!]!;
    for (let i = 0; i < GROUP_SYMBOLS; i++) {
      const symbol = table.read(bits);
      if (symbol === RUN_A || symbol === RUN_B) {
        run += symbol === RUN_A ? runDigit : 2 * runDigit;
        runDigit *= 2;
        if (run > blockBytes) throw invalid("has a block that is too long");
        continue;
      }
      if (length + run + 1 > blockBytes + (symbol === end ? 1 : 0))
        throw invalid("has a block that is too long");
      block.fill(order[0]!, length, length + run);
      length += run;
      run = 0;
      runDigit = 1;
      if (symbol === end) return length;
      const [byte] = order.splice(symbol - 1, 1);
      order.unshift(byte!);
      block[length++] = byte!;
    }
  }
}

/** A canonical Huffman code: codes of one length follow each other, and those of the next length follow them. */
class HuffmanTable {
  /** In order of their codes. */
  readonly #symbols: number[] = [];
  /** For each length: the number above its codes, and what to take from a code for its place among the symbols. */
  readonly #limits = new Int32Array(MAX_CODE_LENGTH + 1);
  readonly #offsets = new Int32Array(MAX_CODE_LENGTH + 1);

  constructor(bits: BitReader, symbolCount: number) {
    const lengths = readCodeLengths(bits, symbolCount);
    let code = 0;
    for (let length = 1; length <= MAX_CODE_LENGTH; length++) {
      const offset = code - this.#symbols.length;
      for (const [symbol, its] of lengths.entries()) if (its === length) this.#symbols.push(symbol);
      const limit = this.#symbols.length + offset;
      this.#offsets[length] = offset;
      this.#limits[length] = limit;
      code = limit * 2;
    }
  }

  read(bits: BitReader): number {
    let code = 0;
    for (let length = 1; length <= MAX_CODE_LENGTH; length++) {
      code = code * 2 + bits.read(1);
      if (code >= this.#limits[length]!) continue;
      const symbol = this.#symbols[code - this.#offsets[length]!];
      if (symbol !== undefined) return symbol;
    }
    throw invalid("has a code that its table does not know");
  }
}

/** The length of each symbol's code: the first as a number, each next as steps up and down. */
function readCodeLengths(bits: BitReader, symbolCount: number): Uint8Array {
  const lengths = new Uint8Array(symbolCount);
  let length = bits.read(5);
  for (let i = 0; i < symbolCount; i++) {
    for (;;) {
      if (length < 1 || length > MAX_CODE_LENGTH) throw invalid("has a table with a wrong code length");
      if (bits.read(1) === 0) break;
      length += bits.read(1) === 0 ? 1 : -1;
    }
    lengths[i] = length;
  }
  return lengths;
}

class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #held = 0;
  #heldBits = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The next `count` bits, at most 32, as an unsigned number. */
  read(count: number): number {
    if (count > 24) return this.read(count - 16) * 0x1_0000 + this.read(16);
    while (this.#heldBits < count) {
      if (this.#at >= this.#bytes.length) throw invalid("ends too early");
      this.#held = ((this.#held << 8) | this.#bytes[this.#at++]!) >>> 0;
      this.#heldBits += 8;
    }
    this.#heldBits -= count;
    const value = (this.#held >>> this.#heldBits) & (2 ** count - 1);
    this.#held &= 2 ** this.#heldBits - 1;
    return value;
  }

  /** Goes to the next whole byte; whether there is one. */
  skipToByte(): boolean {
    this.#heldBits = 0;
    this.#held = 0;
    return this.#at < this.#bytes.length;
  }
}

/** What is decompressed, with its limit. */
class Output {
  readonly #maxBytes: number;
  #bytes = new Uint8Array(4096);
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Undoes the transform of the first `length` bytes of `block`, whose first byte is number `start`; the block's checksum. */
  writeBlock(length: number, start: number): number {
    linkBlock(length);
    let crc = 0xffff_ffff;
    let position = block[start]! >>> 8;
    let previous = -1;
    let repeats = 0;
    for (let i = 0; i < length; i++) {
      const entry = block[position]!;
      const byte = entry & 0xff;
      position = entry >>> 8;
      // Behind four equal bytes comes how many more of them there are.
      if (repeats === 4) {
        crc = this.#put(previous, byte, crc);
        repeats = 0;
        previous = -1;
        continue;
      }
      repeats = byte === previous ? repeats + 1 : 1;
      previous = byte;
      crc = this.#put(byte, 1, crc);
    }
    return ~crc >>> 0;
  }

  #put(byte: number, count: number, crc: number): number {
    const length = this.#length + count;
    if (length > this.#maxBytes) {
      throw new Bzip2Error(
        "TOO_LARGE",
        `The bzip2 data would be more than ${this.#maxBytes} bytes decompressed.`,
      );
    }
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.min(this.#maxBytes, Math.max(length, 2 * this.#bytes.length)));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.fill(byte, this.#length, length);
    this.#length = length;
    let updated = crc;
    for (let i = 0; i < count; i++) updated = (updated << 8) ^ CRC_TABLE[((updated >>> 24) ^ byte) & 0xff]!;
    return updated;
  }
}

/** Puts above each byte of `block`, sorted, the place of the byte that follows it in the text. */
function linkBlock(length: number): void {
  const places = new Uint32Array(256);
  for (let i = 0; i < length; i++) places[block[i]! & 0xff]!++;
  let sum = 0;
  for (let byte = 0; byte < 256; byte++) {
    const count = places[byte]!;
    places[byte] = sum;
    sum += count;
  }
  for (let i = 0; i < length; i++) {
    const byte = block[i]! & 0xff;
    const place = places[byte]!++;
    block[place] = (block[place]! & 0xff) | (i << 8);
  }
}

/** CRC-32 with the polynomial 04C11DB7, most significant bit first. */
export const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1;
  return crc;
});

function invalid(what: string): Bzip2Error {
  return new Bzip2Error("INVALID_BZIP2", `The data are not bzip2, or damaged: the stream ${what}.`);
}
