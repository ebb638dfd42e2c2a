/**
 * The newest samples of one channel as the instrument gave them, for zooming and downloads: blocks of equal distances, in the order
 * of time. A block that is full takes two bytes a sample where its samples lie close together, as those of a quiet sensor do.
 */
import { baseOf, type RawSamples } from "./samples.ts";

/** Samples at equal distances, without a gap among them. Times in microseconds since 1970. */
export interface Piece {
  start: number;
  /** In hertz. */
  sampleRate: number;
  samples: RawSamples;
}

interface Block {
  start: number;
  sampleRate: number;
  count: number;
  /** As they came, or 16 bits above `base`. */
  values: RawSamples | Uint16Array;
  base: number;
  /** Whether it was forgotten: whoever adds samples begins another one. */
  isGone: boolean;
}

/** Seconds of a block, and bounds for slow and fast channels, in samples. */
const BLOCK_SECONDS = 40;
const SMALLEST = 128;
const LARGEST = 16_384;
/** Samples of a piece: more than that comes in several. */
const MOST_OF_PIECE = 1_000_000;
/** Bytes of a block besides its samples, and of one that is open. */
const BYTES_OF_BLOCK = 200;
const ROOM_FOR_OPEN = 64 * 1024;

/** Bytes that samples of so many minutes can take, one quarter more for blocks that gaps end early. */
export function rawBytesOf(
  minutes: number,
  { sampleRate, samples }: Pick<Piece, "sampleRate" | "samples">,
): number {
  return 1.25 * minutes * 60 * sampleRate * samples.BYTES_PER_ELEMENT + ROOM_FOR_OPEN;
}

export class RawMemory {
  readonly #kept: number;
  /** Bytes that it may take: where there are more, the oldest block goes, whatever its age. */
  mostBytes: number;
  #blocks: Block[] = [];
  #bytes = 0;

  /** @param minutes how far back from the newest sample it reaches */
  constructor(minutes: number, mostBytes = Number.POSITIVE_INFINITY) {
    this.#kept = minutes * 60e6;
    this.mostBytes = mostBytes;
  }

  /** Bytes of memory that the samples take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Time of the oldest sample; `NaN` if there is none. */
  get begin(): number {
    return this.#blocks[0]?.start ?? Number.NaN;
  }

  clear(): void {
    for (const block of this.#blocks) block.isGone = true;
    this.#blocks = [];
    this.#bytes = 0;
  }

  /** Somebody who adds samples one after the other: two of them can be at different times of the memory. */
  writer(): (piece: Piece) => void {
    let open: Block | undefined;
    return (piece) => {
      if (this.#isTooOld(endOf({ ...piece, count: piece.samples.length }))) return;
      for (let from = 0; from < piece.samples.length; ) {
        if (!open || !this.#fits(open, piece, from)) open = this.#begin(piece, from, open);
        from += this.#append(open, piece.samples, from);
      }
      this.#forgetOld();
    };
  }

  /** What there is from one time up to another, pieces that belong together as one. */
  pieces(from: number, to: number): Piece[] {
    const parts = this.#blocks.map((block) => partOf(block, from, to)).filter((part) => part !== undefined);
    const pieces: Piece[] = [];
    for (let i = 0; i < parts.length; ) {
      let end = i + 1;
      let count = parts[i]!.samples.length;
      while (
        end < parts.length &&
        follows(parts[end - 1]!, parts[end]!) &&
        count + parts[end]!.samples.length <= MOST_OF_PIECE
      ) {
        count += parts[end]!.samples.length;
        end++;
      }
      pieces.push(joined(parts.slice(i, end), count));
      i = end;
    }
    return pieces;
  }

  #isTooOld(end: number): boolean {
    const newest = this.#blocks.at(-1);
    return newest !== undefined && end < endOf(newest) - this.#kept;
  }

  #fits(block: Block, { start, sampleRate, samples }: Piece, from: number): boolean {
    const period = 1e6 / sampleRate;
    return (
      !block.isGone &&
      block.count < block.values.length &&
      block.values.constructor === samples.constructor &&
      block.sampleRate === sampleRate &&
      Math.abs(start + from * period - endOf(block)) <= period / 2
    );
  }

  #begin({ start, sampleRate, samples }: Piece, from: number, before: Block | undefined): Block {
    if (before) this.#close(before);
    const room = Math.max(SMALLEST, Math.min(LARGEST, Math.ceil(sampleRate * BLOCK_SECONDS)));
    const values = new (samples.constructor as Int32ArrayConstructor)(room);
    const begin = start + (from * 1e6) / sampleRate;
    const block: Block = { start: begin, sampleRate, count: 0, values, base: 0, isGone: false };
    let at = this.#blocks.length;
    while (at > 0 && this.#blocks[at - 1]!.start > block.start) at--;
    this.#blocks.splice(at, 0, block);
    this.#bytes += values.byteLength + BYTES_OF_BLOCK;
    return block;
  }

  #append(block: Block, samples: RawSamples, from: number): number {
    const count = Math.min(samples.length - from, block.values.length - block.count);
    block.values.set(samples.subarray(from, from + count), block.count);
    block.count += count;
    return count;
  }

  /** Takes no more room than it needs, now that nothing more comes. */
  #close(block: Block): void {
    if (block.isGone || block.values instanceof Uint16Array) return;
    const values = block.values.subarray(0, block.count);
    const base = baseOf(values);
    this.#bytes -= block.values.byteLength;
    if (base === undefined) block.values = values.slice();
    else {
      const packed = new Uint16Array(values.length);
      // Much faster than Uint16Array.from.
      for (let i = 0; i < packed.length; i++) packed[i] = values[i]! - base;
      block.values = packed;
      block.base = base;
    }
    this.#bytes += block.values.byteLength;
  }

  #forgetOld(): void {
    let old = 0;
    while (
      old < this.#blocks.length - 1 &&
      (this.#bytes > this.mostBytes || this.#isTooOld(endOf(this.#blocks[old]!)))
    ) {
      const block = this.#blocks[old++]!;
      block.isGone = true;
      this.#bytes -= block.values.byteLength + BYTES_OF_BLOCK;
    }
    if (old > 0) this.#blocks.splice(0, old);
  }
}

/** One period behind the last sample. */
function endOf({ start, sampleRate, count }: Pick<Block, "start" | "sampleRate" | "count">): number {
  return start + (count * 1e6) / sampleRate;
}

function partOf(block: Block, from: number, to: number): Piece | undefined {
  const { start, sampleRate, base } = block;
  const index = (time: number) => Math.ceil(((time - start) * sampleRate) / 1e6 - 1e-6);
  const first = Math.max(0, Math.min(index(from), block.count));
  const last = Math.max(0, Math.min(index(to), block.count));
  if (first >= last) return undefined;
  const values = block.values.subarray(first, last);
  const samples = values instanceof Uint16Array ? unpacked(values, base) : values;
  return { start: start + (first * 1e6) / sampleRate, sampleRate, samples };
}

function unpacked(values: Uint16Array, base: number): Int32Array {
  const samples = new Int32Array(values.length);
  for (let i = 0; i < samples.length; i++) samples[i] = values[i]! + base;
  return samples;
}

function follows(before: Piece, next: Piece): boolean {
  const end = endOf({ ...before, count: before.samples.length });
  return (
    before.sampleRate === next.sampleRate &&
    before.samples.constructor === next.samples.constructor &&
    Math.abs(next.start - end) <= 0.5e6 / next.sampleRate
  );
}

function joined(parts: Piece[], count: number): Piece {
  const [first] = parts as [Piece];
  const samples = new (first.samples.constructor as Int32ArrayConstructor)(count);
  let at = 0;
  for (const part of parts) {
    samples.set(part.samples, at);
    at += part.samples.length;
  }
  return { ...first, samples };
}
