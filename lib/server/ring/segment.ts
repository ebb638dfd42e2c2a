/**
 * The files in which a ring outlives its process. A segment is a run of packets: a line that says what it is, then
 * batches of PACKET frames as they lie in the ring, each behind its length and checksum, so that a write that was cut
 * short shows. Segments are numbered; a new packet only ever goes to the end of the newest one.
 */
import { type FileHandle, open, readdir } from "node:fs/promises";
import path from "node:path";
import { crc32 } from "node:zlib";

/** First bytes of every segment. */
const TITLE = Buffer.from("DataLink ring 1\n");

/** Before each batch: a mark, the batch's length and its CRC-32, as little-endian 32-bit numbers. */
export const BATCH_HEADER = 12;
const MARK = 0x42_4c_44_0a;

/** Bytes read at once. */
const READ_BYTES = 1024 * 1024;

const NAME = /^ring-(\d{12})\.dat$/;

/** The numbers of the segments in a folder, ascending. */
export async function listSegments(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  return names
    .map((name) => Number(NAME.exec(name)?.[1] ?? Number.NaN))
    .filter((number) => !Number.isNaN(number))
    .sort((a, b) => a - b);
}

export function segmentPath(folder: string, number: number): string {
  return path.join(folder, `ring-${String(number).padStart(12, "0")}.dat`);
}

/** A segment that is being written. */
export class SegmentWriter {
  readonly #file: FileHandle;
  #size = 0;

  static async create(folder: string, number: number): Promise<SegmentWriter> {
    const file = await open(segmentPath(folder, number), "w", 0o600);
    const segment = new SegmentWriter(file);
    await segment.#writeAll(TITLE);
    return segment;
  }

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#size;
  }

  /** Writes a batch; when this resolves, it outlives the process. What fails may be tried again: it is written to the same place. */
  async append(frames: Buffer): Promise<void> {
    const header = Buffer.allocUnsafe(BATCH_HEADER);
    header.writeUInt32LE(MARK, 0);
    header.writeUInt32LE(frames.length, 4);
    header.writeUInt32LE(crc32(frames), 8);
    await this.#writeAll(header, frames);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #writeAll(...parts: Buffer[]): Promise<void> {
    const total = parts.reduce((sum, part) => sum + part.length, 0);
    try {
      const { bytesWritten } = await this.#file.writev(parts, this.#size);
      if (bytesWritten < total) throw new Error(`only ${bytesWritten} of ${total} bytes could be written`);
    } catch (error) {
      await this.#file.truncate(this.#size).catch(() => {});
      throw error;
    }
    this.#size += total;
  }
}

/** A batch of PACKET frames, and where it begins in its segment. */
export interface Batch {
  frames: Buffer;
  at: number;
}

/**
 * Gives a segment's batches one after the other, up to the first one that is not whole.
 *
 * @param maxBatch the largest batch, in bytes, that can have been written
 */
export async function* readSegment(
  folder: string,
  number: number,
  maxBatch: number,
): AsyncGenerator<Batch, undefined> {
  const file = await open(segmentPath(folder, number), "r");
  try {
    const window = new FileWindow(file, (await file.stat()).size);
    const title = await window.take(TITLE.length);
    if (!title?.equals(TITLE)) return;
    for (;;) {
      const at = window.position;
      const header = await window.take(BATCH_HEADER);
      if (header?.readUInt32LE(0) !== MARK) return;
      const [length, checksum] = [header.readUInt32LE(4), header.readUInt32LE(8)];
      if (length === 0 || length > maxBatch) return;
      const frames = await window.take(length);
      if (!frames || crc32(frames) !== checksum) return;
      yield { frames, at };
    }
  } finally {
    await file.close();
  }
}

/** Reads a file from front to back, in large pieces. */
class FileWindow {
  position = 0;
  readonly #file: FileHandle;
  readonly #size: number;
  #ahead = Buffer.alloc(0);

  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.#size = size;
  }

  /** The next bytes, or `undefined` where there are not as many any more. */
  async take(length: number): Promise<Buffer | undefined> {
    if (this.position + length > this.#size) return undefined;
    if (length > this.#ahead.length) {
      const wanted = Math.min(Math.max(length, READ_BYTES), this.#size - this.position);
      const piece = Buffer.allocUnsafe(wanted);
      const { bytesRead } = await this.#file.read(piece, 0, wanted, this.position);
      this.#ahead = piece.subarray(0, bytesRead);
      if (bytesRead < length) return undefined;
    }
    const bytes = this.#ahead.subarray(0, length);
    this.#ahead = this.#ahead.subarray(length);
    this.position += length;
    return bytes;
  }
}
