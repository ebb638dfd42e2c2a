/**
 * Lets a ring outlive its process: what is written to the ring is written to a folder, too, batch by batch and without
 * ever holding up the event loop. What is on disk survives the process however it ends (a power cut is up to the
 * operating system). Nothing is acknowledged, and no reader gets anything, that is not on disk.
 */
import { randomBytes } from "node:crypto";
import { mkdir, rm, stat, truncate } from "node:fs/promises";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { DataLinkError } from "../../datalink/protocol/errors.ts";
import { EntryLog, type LogState, readLog, readSecret } from "../../files/entry-log.ts";
import { FileError } from "../../files/errors.ts";
import { type FolderLock, lockFolder } from "../../files/folder-lock.ts";
import { gather } from "./gather.ts";
import { largestFrame, MAX_PACKET_SIZE, type Ring } from "./ring.ts";
import { listSegments, SEGMENT, segmentPath } from "./segment.ts";
import { Selection } from "./selection.ts";

/** Bytes of packets in one batch. */
const BATCH_BYTES = 256 * 1024;

/** Parts that the ring's bytes are divided into; the oldest is deleted once all its packets have left the ring. */
const SEGMENTS = 16;

/** Milliseconds until a write that failed is tried again. */
const RETRY = 1000;

/** Milliseconds after which reading the folder lets others have their turn. */
const TURN = 4;

/** Most ranges that are told one by one. */
const MAX_LOST = 100;

/** A damaged part of a segment, which no packet could be read from. */
export interface LostRange {
  file: string;
  bytes: number;
  /** Ids of the packets before and behind it, where there are any. */
  after: bigint | undefined;
  before: bigint | undefined;
}

/** What a folder held. */
export interface Recovered {
  packets: number;
  /** Bytes that were dropped: a write that the end of the process cut short, or damage. */
  droppedBytes: number;
  /** Where they were, in order; the first 100. */
  lost: LostRange[];
  /** Files with the name of a segment that are not one, or one of a newer version: they are left alone. */
  foreign: string[];
}

export interface StorageHost {
  /** More is on disk. */
  progressed(): void;
  /** A write failed, and is tried again; or went well again. */
  failed(error: Error): void;
  restored(): void;
}

export class RingStorage {
  readonly #folder: string;
  readonly #ring: Ring;
  readonly #host: StorageHost;
  readonly #lock: FolderLock;
  readonly #everything = new Selection();
  /** Closed segments that still have packets in the ring, with the sequence behind their last one. */
  readonly #old: { number: number; end: number }[] = [];
  #segment: EntryLog | undefined;
  /** What the marks of all segments of the folder are made of. */
  #secret: Buffer | undefined;
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
    host: StorageHost,
  ): Promise<{ storage: RingStorage; recovered: Recovered }> {
    let lock: FolderLock | undefined;
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      lock = await lockFolder(folder);
      const storage = new RingStorage(folder, ring, host, lock);
      const recovered = await storage.#recover();
      ring.readEnd = ring.end;
      return { storage, recovered };
    } catch (error) {
      await lock?.release();
      throw storageError(folder, error);
    }
  }

  private constructor(folder: string, ring: Ring, host: StorageHost, lock: FolderLock) {
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
    if (!this.#lock.isHeld) {
      throw new FileError(
        "LOCK_LOST",
        `The folder ${this.#folder} was taken over by another server, because this one stood still for long: restart one of them with another folder.`,
      );
    }
    const { bytes, next } = gather(this.#ring, {
      selection: this.#everything,
      from: Math.max(this.#durable, this.#ring.first),
      end: this.#ring.end,
      maxBytes: BATCH_BYTES,
      until: Number.POSITIVE_INFINITY,
      prefix: undefined,
    });
    const segment = await this.#segmentFor(bytes.length);
    await segment.append([bytes]);
    this.#durable = next;
    this.#publish(next);
    this.#host.progressed();
  }

  #publish(end: number): void {
    this.#ring.readEnd = Math.max(this.#ring.readEnd, end);
    this.#host.progressed();
  }

  async #segmentFor(bytes: number): Promise<EntryLog> {
    const isFull = this.#segment && this.#segment.size + bytes > this.#ring.ringBytes / SEGMENTS;
    if (this.#segment && !isFull) return this.#segment;
    const { segment: next, number } = await this.#createSegment();
    if (this.#segment) {
      this.#old.push({ number: this.#number, end: this.#durable });
      await this.#segment.close();
    }
    this.#number = number;
    this.#segment = next;
    return next;
  }

  /** Whatever has the name of the next segment already is not ours: it is passed over. */
  async #createSegment(): Promise<{ segment: EntryLog; number: number }> {
    for (let number = this.#number + 1; ; number++) {
      try {
        const file = segmentPath(this.#folder, number);
        const segment = await EntryLog.create(file, SEGMENT, String(number), this.#secret);
        return { segment, number };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
    }
  }

  async #deleteOld(): Promise<void> {
    while (this.#old.length > 0 && this.#old[0]!.end <= this.#ring.first) {
      await rm(segmentPath(this.#folder, this.#old[0]!.number), { force: true });
      this.#old.shift();
    }
  }

  async #recover(): Promise<Recovered> {
    const recovery = new Recovery(this.#folder, this.#ring);
    const segments = await listSegments(this.#folder);
    await recovery.readSecrets(segments);
    for (const { number, isFile } of segments) {
      if (isFile && (await recovery.read(number))) this.#old.push({ number, end: this.#ring.end });
      this.#number = number;
    }
    this.#secret = recovery.secrets.at(-1) ?? randomBytes(8);
    this.#durable = this.#ring.end;
    await this.#deleteOld();
    return recovery.result(segments.filter(({ isFile }) => !isFile).map(({ number }) => number));
  }
}

/** Reads the segments of a folder into an empty ring. */
class Recovery {
  /** Of the segments whose titles are whole. */
  readonly secrets: Buffer[] = [];
  readonly #folder: string;
  readonly #ring: Ring;
  readonly #lost: LostRange[] = [];
  readonly #foreign: string[] = [];
  #droppedBytes = 0;
  /** Whether the last range that was lost ends with the next packet. */
  #isOpen = false;
  #until = performance.now() + TURN;

  constructor(folder: string, ring: Ring) {
    this.#folder = folder;
    this.#ring = ring;
  }

  async readSecrets(segments: readonly { number: number; isFile: boolean }[]): Promise<void> {
    for (const { number, isFile } of segments) {
      const secret = isFile ? await readSecret(segmentPath(this.#folder, number), SEGMENT) : undefined;
      if (secret && !this.secrets.some((other) => other.equals(secret))) this.secrets.push(secret);
    }
  }

  /** Reads a segment; `false` where the file is not one of ours. */
  async read(number: number): Promise<boolean> {
    const file = segmentPath(this.#folder, number);
    const maxBatch = BATCH_BYTES + largestFrame(MAX_PACKET_SIZE);
    const { secrets } = this;
    const entries = readLog(file, SEGMENT, maxBatch, { label: String(number), secrets });
    try {
      for (;;) {
        const step = await entries.next();
        if (step.done) return await this.#finish(file, step.value);
        const { body, damaged } = step.value;
        if (damaged > 0) this.#lose(file, damaged);
        this.#restore(body);
        await this.#letOthersRun();
      }
    } finally {
      // Closes the file where something has failed before its end.
      await entries.return({ state: "foreign" });
    }
  }

  result(foreign: readonly number[]): Recovered {
    return {
      packets: this.#ring.packets,
      droppedBytes: this.#droppedBytes,
      lost: this.#lost,
      foreign: [...this.#foreign, ...foreign.map((number) => segmentPath(this.#folder, number))],
    };
  }

  async #finish(file: string, state: LogState): Promise<boolean> {
    if (state.state === "begun") {
      this.#droppedBytes += (await stat(file)).size;
      return true;
    }
    if (state.state !== "read") {
      this.#foreign.push(file);
      return false;
    }
    const last = state.damages.at(-1);
    if (last?.to !== state.size) return true;
    this.#lose(file, last.to - last.from);
    // What was cut short is cut off, so that nobody stumbles over it again.
    await truncate(file, last.from);
    return true;
  }

  #lose(file: string, bytes: number): void {
    this.#droppedBytes += bytes;
    if (this.#lost.length === MAX_LOST) return;
    const { latestId } = this.#ring;
    this.#lost.push({ file, bytes, after: latestId > 0n ? latestId : undefined, before: undefined });
    this.#isOpen = true;
  }

  /** Takes in the packets of a batch; a batch that comes behind those that are there already has nothing new. */
  #restore(frames: Buffer): void {
    try {
      for (let offset = 0; offset < frames.length; ) {
        offset = this.#ring.restore(frames, offset);
        this.#closeRange();
      }
    } catch (error) {
      if (!(error instanceof DataLinkError)) throw error;
      this.#droppedBytes += frames.length;
    }
  }

  #closeRange(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const { latestId } = this.#ring;
    for (const range of this.#lost) if (range.before === undefined) range.before = latestId;
  }

  async #letOthersRun(): Promise<void> {
    if (performance.now() < this.#until) return;
    await nextTurn();
    this.#until = performance.now() + TURN;
  }
}

function storageError(folder: string, error: unknown): DataLinkError {
  if (error instanceof DataLinkError) return error;
  if (error instanceof FileError) return new DataLinkError("STORAGE_FAILED", error.message, { cause: error });
  const reason = error instanceof Error ? error.message : String(error);
  return new DataLinkError(
    "STORAGE_FAILED",
    `The ring cannot be kept in ${folder}: ${reason}. Check that the folder can be written and the disk has room.`,
    { cause: error },
  );
}
