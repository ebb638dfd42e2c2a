/**
 * Lets a ring outlive its process: what is written to the ring is written to a folder, too, batch by batch and without
 * ever holding up the event loop. What is on disk survives the process however it ends (a power cut is up to the
 * operating system). Nothing is acknowledged, and no reader gets anything, that is not on disk.
 */
import { mkdir, rm, stat, truncate } from "node:fs/promises";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { DataLinkError } from "../../datalink/protocol/errors.ts";
import { type FolderLock, lockFolder } from "../../files/folder-lock.ts";
import { gather } from "./gather.ts";
import { largestFrame, MAX_PACKET_SIZE, type Ring } from "./ring.ts";
import { BATCH_HEADER, listSegments, readSegment, SegmentWriter, segmentPath } from "./segment.ts";
import { Selection } from "./selection.ts";

/** Bytes of packets in one batch. */
const BATCH_BYTES = 256 * 1024;

/** Parts that the ring's bytes are divided into; the oldest is deleted once all its packets have left the ring. */
const SEGMENTS = 16;

/** Milliseconds until a write that failed is tried again. */
const RETRY = 1000;

/** Milliseconds after which reading the folder lets others have their turn. */
const TURN = 4;

/** What a folder held. */
export interface Recovered {
  packets: number;
  /** Bytes that were dropped: a write that the end of the process cut short, or damage. */
  droppedBytes: number;
}

export interface JournalHost {
  /** More is on disk. */
  progressed(): void;
  /** A write failed, and is tried again; or went well again. */
  failed(error: Error): void;
  restored(): void;
}

export class Journal {
  readonly #folder: string;
  readonly #ring: Ring;
  readonly #host: JournalHost;
  readonly #lock: FolderLock;
  readonly #everything = new Selection();
  /** Closed segments that still have packets in the ring, with the sequence behind their last one. */
  readonly #old: { number: number; end: number }[] = [];
  #segment: SegmentWriter | undefined;
  #number: number;
  /** Everything before this sequence is on disk, or has left the ring. */
  #durable: number;
  #isFailing = false;
  #closing = false;
  #work: Promise<void> | undefined;

  /**
   * Fills an empty ring with what a folder holds, and keeps the folder up to date from then on.
   *
   * @throws DataLinkError `STORAGE_FAILED` where the folder cannot be used, or another server uses it.
   */
  static async open(
    folder: string,
    ring: Ring,
    host: JournalHost,
  ): Promise<{ journal: Journal; recovered: Recovered }> {
    let lock: FolderLock | undefined;
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      lock = await lockFolder(folder);
      const journal = new Journal(folder, ring, host, lock);
      const recovered = await journal.#recover();
      ring.readEnd = ring.end;
      return { journal, recovered };
    } catch (error) {
      await lock?.release();
      throw storageError(folder, error);
    }
  }

  private constructor(folder: string, ring: Ring, host: JournalHost, lock: FolderLock) {
    this.#folder = folder;
    this.#ring = ring;
    this.#host = host;
    this.#lock = lock;
    this.#number = 0;
    this.#durable = ring.end;
  }

  /** Everything before this sequence is on disk. */
  get durable(): number {
    return this.#durable;
  }

  /** Called when packets were written to the ring. */
  wake(): void {
    this.#work ??= this.#writeAll().finally(() => {
      this.#work = undefined;
    });
  }

  /** Writes what is left, and leaves the folder to others. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#work;
    if (!this.#isFailing) await this.#writeAll();
    await this.#segment?.close().catch(() => {});
    await this.#lock.release();
  }

  /** Never rejects: what fails is told and tried again. */
  async #writeAll(): Promise<void> {
    while (this.#durable < this.#ring.end) {
      try {
        await this.#writeBatch();
        await this.#deleteOld();
        if (this.#isFailing) this.#host.restored();
        this.#isFailing = false;
      } catch (error) {
        if (!this.#isFailing) this.#host.failed(storageError(this.#folder, error));
        this.#isFailing = true;
        // Readers need not suffer from a full disk; writers wait for their acknowledgements until it has room again.
        this.#publish(this.#ring.end);
        if (this.#closing) return;
        await sleep(RETRY);
      }
    }
  }

  async #writeBatch(): Promise<void> {
    const { bytes, next } = gather(this.#ring, {
      selection: this.#everything,
      from: Math.max(this.#durable, this.#ring.first),
      end: this.#ring.end,
      maxBytes: BATCH_BYTES,
      until: Number.POSITIVE_INFINITY,
      prefix: undefined,
    });
    const segment = await this.#segmentFor(bytes.length);
    await segment.append(bytes);
    this.#durable = next;
    this.#publish(next);
    this.#host.progressed();
  }

  #publish(end: number): void {
    this.#ring.readEnd = Math.max(this.#ring.readEnd, end);
    this.#host.progressed();
  }

  async #segmentFor(bytes: number): Promise<SegmentWriter> {
    const isFull = this.#segment && this.#segment.size + bytes > this.#ring.ringBytes / SEGMENTS;
    if (this.#segment && !isFull) return this.#segment;
    const next = await SegmentWriter.create(this.#folder, this.#number + 1);
    if (this.#segment) {
      this.#old.push({ number: this.#number, end: this.#durable });
      await this.#segment.close();
    }
    this.#number++;
    this.#segment = next;
    return next;
  }

  async #deleteOld(): Promise<void> {
    while (this.#old.length > 0 && this.#old[0]!.end <= this.#ring.first) {
      await rm(segmentPath(this.#folder, this.#old[0]!.number), { force: true });
      this.#old.shift();
    }
  }

  async #recover(): Promise<Recovered> {
    const numbers = await listSegments(this.#folder);
    const recovered = { packets: 0, droppedBytes: 0 };
    for (const number of numbers) {
      recovered.droppedBytes += await this.#recoverSegment(number);
      this.#old.push({ number, end: this.#ring.end });
      this.#number = number;
    }
    recovered.packets = this.#ring.packets;
    this.#durable = this.#ring.end;
    await this.#deleteOld();
    return recovered;
  }

  /** Returns the bytes that had to be dropped; they are cut off, so that nobody stumbles over them again. */
  async #recoverSegment(number: number): Promise<number> {
    const maxBatch = BATCH_BYTES + largestFrame(MAX_PACKET_SIZE);
    let good = 0;
    let until = performance.now() + TURN;
    for await (const { frames, at } of readSegment(this.#folder, number, maxBatch)) {
      if (!this.#restore(frames)) break;
      good = at + BATCH_HEADER + frames.length;
      if (performance.now() < until) continue;
      await nextTurn();
      until = performance.now() + TURN;
    }
    const file = segmentPath(this.#folder, number);
    const { size } = await stat(file);
    if (good < size) await truncate(file, good);
    return size - good;
  }

  /** Whether a batch is what may follow in the ring. */
  #restore(frames: Buffer): boolean {
    try {
      for (let offset = 0; offset < frames.length; ) offset = this.#ring.restore(frames, offset);
      return true;
    } catch (error) {
      if (error instanceof DataLinkError) return false;
      throw error;
    }
  }
}

function storageError(folder: string, error: unknown): DataLinkError {
  if (error instanceof DataLinkError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new DataLinkError(
    "STORAGE_FAILED",
    `The ring cannot be kept in ${folder}: ${reason}. Check that the folder can be written and the disk has room.`,
    { cause: error },
  );
}
