/**
 * Appends to many files at once. What arrives for one file goes there in order, and what arrives while its last write
 * is under way goes there with one write call. Memory is bounded: when it is full, `append` waits.
 */
import { readFileSync } from "node:fs";
import { rename } from "node:fs/promises";
import { AppendFile, type WholeLength } from "../files/append-file.ts";
import { syncPath } from "../files/sync-path.ts";
import { ArchiveError, fileSystemError } from "./errors.ts";
import type { Journal, PacketMark } from "./journal.ts";

/**
 * When what was written is also made to survive a power failure (fdatasync): `none`, never by us; `interval`, at the
 * latest so many milliseconds later (and as long as the disk then takes); `every`, before the write is acknowledged.
 */
export type FsyncPolicy = "none" | "interval" | "every";

/** What an archive tells beside the results of its writes. */
export type ArchiveEvent =
  /** The file system refused; the data is held and tried again. */
  | { type: "problem"; file: string; error: ArchiveError }
  /** The file that had a problem is written to again. */
  | { type: "recovered"; file: string }
  /** A torn end of `bytes` bytes, left by a crash, was moved to the file `aside`. */
  | { type: "torn"; file: string; aside: string; bytes: number }
  /** A file that had not been written to for long is now in the file `to`, compressed. */
  | { type: "compressed"; file: string; to: string };

/** How an archive writes its files. */
export interface AppenderOptions {
  /** Default `interval`. */
  fsync?: FsyncPolicy | undefined;
  /** For the policy `interval`: milliseconds, default 1000. */
  fsyncInterval?: number | undefined;
  /**
   * Files kept open at once; the one not used for longest is closed for another. Default: half of what the system
   * allows this process, at most 5,000.
   */
  maxOpenFiles?: number | undefined;
  /** Bytes held in memory until they are written, default 16 MiB: then `append` waits, and four times as much may wait. */
  maxPendingBytes?: number | undefined;
  /** Milliseconds to go on trying after the file system refused, default 5000. */
  retryFor?: number | undefined;
  /** Told as it happens; must not throw. */
  onEvent?: ((event: ArchiveEvent) => void) | undefined;
}

/**
 * Writes under way at once: Node.js has four threads for files, and as many writes wait ready for them. With more, the
 * batches would become smaller and more numerous.
 */
const CONCURRENCY = 8;
/** Files synchronised at once: fewer than threads, so that writes go on. */
const SYNC_CONCURRENCY = 2;
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 5000;
/**
 * How often a file is looked up by its path even where its file system does not say that it was renamed: less often where
 * many are open.
 */
const LOOK_UP_MS = 1000;
const LOOK_UP_MS_PER_FILE = 2;
const IDLE_MS = 60_000;
const FIRST_BATCH_BYTES = 1024;
const MAX_CLOSED_SIZES = 20_000;
/** Waiting chunks may have so many times the bytes that are held. */
const WAITING_FACTOR = 4;

/** Chunks for one file that are written with one call, and share one promise. */
class Batch {
  buffer = Buffer.allocUnsafe(FIRST_BATCH_BYTES);
  length = 0;
  readonly marks: PacketMark[] = [];
  readonly written: Promise<void>;
  resolve!: () => void;
  reject!: (error: ArchiveError) => void;

  constructor() {
    this.written = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  add(chunk: Uint8Array, end: Uint8Array): void {
    const length = this.length + chunk.length + end.length;
    if (length > this.buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, 2 * this.buffer.length));
      this.buffer.copy(larger, 0, 0, this.length);
      this.buffer = larger;
    }
    this.buffer.set(chunk, this.length);
    this.buffer.set(end, this.length + chunk.length);
    this.length = length;
  }
}

/** One path, what is to be appended to it, and the file while it is open. */
class Target {
  readonly path: string;
  file: AppendFile | undefined;
  /** When the file was last looked up by its path, and last written to. */
  lookedUp = 0;
  used = 0;
  /** Being written, or to be tried again. */
  current: Batch | undefined;
  next: Batch | undefined;
  queued = false;
  retryTimer: NodeJS.Timeout | undefined;
  retryDelay = FIRST_RETRY_MS;
  /** What the file system last said, and since when it has been refusing. */
  failure: ArchiveError | undefined;
  failingSince = 0;

  constructor(path: string) {
    this.path = path;
  }

  get isIdle(): boolean {
    return this.current === undefined && this.next === undefined;
  }
}

interface WaitingChunk {
  bytes: number;
  start: () => void;
  written: Promise<void>;
}

const NOTHING = new Uint8Array(0);

export class Appender implements AsyncDisposable {
  readonly #fsync: FsyncPolicy;
  readonly #maxPendingBytes: number;
  readonly #retryFor: number;
  readonly #onEvent: (event: ArchiveEvent) => void;
  readonly #wholeLength: WholeLength;
  readonly #end: Uint8Array;
  readonly #journal: Journal | undefined;
  readonly #maintenance: NodeJS.Timeout;
  #maxOpenFiles: number;
  /** All paths that are open or have something to write; the ones written last come last. */
  readonly #targets = new Map<string, Target>();
  #open = 0;
  /** Paths with something to write, of which `#taken` are being written already. */
  #ready: Target[] = [];
  #taken = 0;
  #scheduled = false;
  #running = 0;
  #pendingBytes = 0;
  /** Chunks for which there is no room yet. */
  #waiting: WaitingChunk[] = [];
  #waitingBytes = 0;
  /** Sizes of files that were closed whole: they need no look at their end when they are opened again. */
  readonly #closedSizes = new Map<string, number>();
  /** Files that were closed, and directories that got new entries with them, since the last synchronisation. */
  readonly #unsynced = new Set<string>();
  /** What the disk did not synchronise when it was asked last. */
  readonly #notSynced = new Set<string>();
  #syncing: Promise<ArchiveError | undefined> | undefined;
  #closing: Promise<void> | undefined;

  /**
   * @param wholeLength tells what is torn in a file that is found.
   * @param end what follows each chunk.
   * @param journal is told what is about to be written where.
   * @throws ArchiveError `INVALID_ARGUMENT`.
   */
  constructor(
    options: AppenderOptions,
    wholeLength: WholeLength,
    end: Uint8Array = NOTHING,
    journal?: Journal,
  ) {
    this.#fsync = options.fsync ?? "interval";
    if (!["none", "interval", "every"].includes(this.#fsync)) {
      throw new ArchiveError(
        "INVALID_ARGUMENT",
        `The fsync policy "${this.#fsync}" is not known: use none, interval or every.`,
      );
    }
    this.#maxOpenFiles = atLeast(1, "maxOpenFiles", options.maxOpenFiles ?? defaultOpenFiles());
    this.#maxPendingBytes = atLeast(1, "maxPendingBytes", options.maxPendingBytes ?? 16 * 2 ** 20);
    this.#retryFor = atLeast(0, "retryFor", options.retryFor ?? 5000);
    this.#onEvent = options.onEvent ?? (() => {});
    this.#wholeLength = async (file) =>
      this.#closedSizes.get(file.path) === file.size ? file.size : await wholeLength(file);
    this.#end = end;
    this.#journal = journal;
    const interval = atLeast(1, "fsyncInterval", options.fsyncInterval ?? 1000);
    this.#maintenance = setInterval(() => void this.#maintain(), interval).unref();
  }

  /** Files open now. */
  get openFiles(): number {
    return this.#open;
  }

  /** Bytes taken and not yet written. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /**
   * Appends a chunk to a file, which is created with its directories where it does not exist. Resolves when it is in
   * the file (and, with the policy `every`, on the disk). The chunk is copied at once, or, where no room is left, when
   * there is room again.
   *
   * @param mark the packet that the chunk is, for the journal.
   * @throws ArchiveError when the file system goes on refusing (then nothing of the chunk is in the file), when too
   * much is waiting (`OVERLOADED`), or when the appender is closed (`CLOSED`).
   */
  append(path: string, chunk: Uint8Array, mark?: PacketMark): Promise<void> {
    if (this.#closing) {
      return Promise.reject(new ArchiveError("CLOSED", `Cannot write ${path}: the archive is closed.`));
    }
    const bytes = chunk.length + this.#end.length;
    if (this.#waiting.length === 0 && this.#hasRoom(bytes)) return this.#add(path, chunk, bytes, mark);
    if (this.#waitingBytes + bytes > WAITING_FACTOR * this.#maxPendingBytes) {
      return Promise.reject(
        new ArchiveError(
          "OVERLOADED",
          `Cannot write ${path}: ${this.#pendingBytes + this.#waitingBytes} bytes are waiting for the disk already. ` +
            "Wait for earlier writes before giving more.",
        ),
      );
    }
    this.#waitingBytes += bytes;
    let start!: () => void;
    const written = new Promise<void>((resolve) => {
      start = () => resolve(this.#add(path, chunk, bytes, mark));
    });
    this.#waiting.push({ bytes, start, written });
    return written;
  }

  /**
   * Resolves when all that was appended before is in its files and safe, or was refused.
   * @throws ArchiveError as `sync`
   */
  async flush(): Promise<void> {
    const batches: Promise<unknown>[] = [];
    for (const { current, next } of this.#targets.values()) {
      if (current) batches.push(current.written);
      if (next) batches.push(next.written);
    }
    const last = this.#waiting.at(-1);
    if (last) batches.push(last.written);
    await Promise.allSettled(batches);
    await this.sync();
  }

  /**
   * Resolves when all that was acknowledged before is safe from a power failure; at once with the policy `none`.
   * @throws ArchiveError what the disk says; it is tried again the next time.
   */
  async sync(): Promise<void> {
    if (this.#fsync === "none") return;
    // What goes on already may have begun before the last acknowledgement.
    await this.#syncing;
    const failure = await this.#syncAll();
    if (failure) throw failure;
  }

  /**
   * Gives a file another name, whole and safe from a power failure. What is appended meanwhile waits, and begins a new
   * file. `false`, and nothing done, where something is being written to it or the file system refused it before.
   *
   * @throws what the file system says.
   */
  async moveAway(path: string, to: string): Promise<boolean> {
    const target = this.#targets.get(path) ?? new Target(path);
    if (this.#closing || !target.isIdle || target.failure) return false;
    // With an empty batch under way, nothing else is written to it.
    const pause = new Batch();
    target.current = pause;
    this.#targets.set(path, target);
    try {
      // Opened anew, it is the file that has this name now, and what a crash left is set aside.
      await this.#closeFile(target);
      const file = await this.#openFile(target);
      await file.sync();
      await this.#closeFile(target);
      await this.#journal?.complete(path);
      await rename(path, to);
      this.#closedSizes.delete(path);
      return true;
    } finally {
      this.#leave(target, pause);
      pause.resolve();
    }
  }

  /**
   * Waits for all that was appended, then closes the files. What the file system refuses from now on is not retried.
   * @throws ArchiveError where what was written could not be made safe
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #hasRoom(bytes: number): boolean {
    return this.#pendingBytes === 0 || this.#pendingBytes + bytes <= this.#maxPendingBytes;
  }

  #add(path: string, chunk: Uint8Array, bytes: number, mark: PacketMark | undefined): Promise<void> {
    let target = this.#targets.get(path);
    if (target === undefined) {
      target = new Target(path);
      this.#targets.set(path, target);
    }
    target.next ??= new Batch();
    target.next.add(chunk, this.#end);
    if (mark && this.#journal) target.next.marks.push(mark);
    this.#pendingBytes += bytes;
    if (target.current === undefined) this.#queue(target);
    return target.next.written;
  }

  #queue(target: Target): void {
    if (target.queued) return;
    target.queued = true;
    this.#ready.push(target);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#startWrites();
    });
  }

  #startWrites(): void {
    const limit = Math.min(CONCURRENCY, this.#maxOpenFiles);
    while (this.#running < limit && this.#taken < this.#ready.length) {
      const target = this.#ready[this.#taken++]!;
      target.queued = false;
      if (target.current === undefined) {
        target.current = target.next;
        target.next = undefined;
      }
      this.#running++;
      void this.#work(target, target.current!);
    }
    if (this.#taken === this.#ready.length || this.#taken > 1000) {
      this.#ready = this.#ready.slice(this.#taken);
      this.#taken = 0;
    }
  }

  async #work(target: Target, batch: Batch): Promise<void> {
    try {
      await this.#write(target, batch);
      this.#succeeded(target, batch);
    } catch (cause) {
      await this.#failed(target, batch, fileSystemError(target.path, cause));
    }
    this.#running--;
    this.#startWrites();
  }

  async #write(target: Target, batch: Batch): Promise<void> {
    const now = Date.now();
    target.used = now;
    const isDue = now - target.lookedUp > LOOK_UP_MS + LOOK_UP_MS_PER_FILE * this.#open;
    if (target.file && (isDue || target.file.isTouched())) {
      target.lookedUp = now;
      if (!(await target.file.isInPlace())) await this.#closeFile(target);
    }
    for (;;) {
      const file = target.file ?? (await this.#openFile(target));
      if (batch.marks.length > 0) await this.#journal?.record(file, batch.marks);
      await file.append(batch.buffer.subarray(0, batch.length));
      if (this.#fsync === "every") await file.sync();
      if (!file.isRemoved()) return;
      // The batch went with the file, and has to be written again.
      await this.#closeFile(target);
    }
  }

  #succeeded(target: Target, batch: Batch): void {
    this.#targets.delete(target.path);
    this.#targets.set(target.path, target);
    if (target.failure) {
      target.failure = undefined;
      target.retryDelay = FIRST_RETRY_MS;
      this.#onEvent({ type: "recovered", file: target.path });
    }
    this.#leave(target, batch);
    batch.resolve();
  }

  async #failed(target: Target, batch: Batch, error: ArchiveError): Promise<void> {
    if (target.failure === undefined) target.failingSince = target.used;
    if (target.failure?.code !== error.code) this.#onEvent({ type: "problem", file: target.path, error });
    target.failure = error;
    if (error.code === "TOO_MANY_FILES") await this.#openFewer();
    if (this.#closing || Date.now() - target.failingSince >= this.#retryFor) {
      this.#leave(target, batch);
      batch.reject(error);
      return;
    }
    target.retryTimer = setTimeout(() => this.#retry(target), target.retryDelay);
    target.retryDelay = Math.min(2 * target.retryDelay, LAST_RETRY_MS);
  }

  #retry(target: Target): void {
    clearTimeout(target.retryTimer);
    target.retryTimer = undefined;
    this.#queue(target);
  }

  /** A batch leaves memory, written or refused, and makes room. */
  #leave(target: Target, batch: Batch): void {
    target.current = undefined;
    this.#pendingBytes -= batch.length;
    if (target.next) this.#queue(target);
    else if (target.file === undefined && target.failure === undefined) this.#targets.delete(target.path);
    let started = 0;
    for (; started < this.#waiting.length; started++) {
      const chunk = this.#waiting[started]!;
      if (!this.#hasRoom(chunk.bytes)) break;
      this.#waitingBytes -= chunk.bytes;
      chunk.start();
    }
    if (started > 0) this.#waiting = this.#waiting.slice(started);
  }

  async #openFile(target: Target): Promise<AppendFile> {
    await this.#makeRoomFor(1);
    this.#open++;
    try {
      const file = await AppendFile.open(target.path, this.#wholeLength, this.#end);
      target.file = file;
      target.lookedUp = Date.now();
      if (file.torn) this.#onEvent({ type: "torn", file: file.path, ...file.torn });
      return file;
    } catch (error) {
      this.#open--;
      throw error;
    }
  }

  /** Closes files that were not used for longest until `count` more may be opened. */
  async #makeRoomFor(count: number): Promise<void> {
    for (const target of this.#targets.values()) {
      if (this.#open + count <= this.#maxOpenFiles) return;
      if (target.current === undefined) await this.#closeFile(target);
    }
  }

  /** The system did not let us open as many files as we wanted: be content with half of those that are open. */
  async #openFewer(): Promise<void> {
    this.#maxOpenFiles = Math.max(1, Math.floor(this.#open / 2));
    await this.#makeRoomFor(0);
  }

  async #closeFile(target: Target): Promise<void> {
    const { file } = target;
    if (file === undefined) return;
    target.file = undefined;
    this.#open--;
    if (target.isIdle) this.#targets.delete(target.path);
    if (this.#fsync === "interval") for (const path of file.unsynced) this.#unsynced.add(path);
    if (this.#closedSizes.size >= MAX_CLOSED_SIZES) this.#closedSizes.clear();
    this.#closedSizes.set(file.path, file.size);
    await file.close();
  }

  /** Once per interval: synchronises what was written, and closes what nothing is written to any more. */
  async #maintain(): Promise<void> {
    if (this.#syncing) return;
    if (this.#fsync === "interval") await this.#syncAll();
    const before = Date.now() - IDLE_MS;
    for (const target of this.#targets.values()) {
      if (!target.isIdle || target.used > before) continue;
      this.#targets.delete(target.path);
      await this.#guarded(target.path, () => this.#closeFile(target));
    }
  }

  /** Synchronises what is not. Never rejects: the first failure comes back, and all become events. */
  async #syncAll(): Promise<ArchiveError | undefined> {
    const syncing = this.#syncFiles();
    this.#syncing = syncing;
    const failure = await syncing;
    if (this.#syncing === syncing) this.#syncing = undefined;
    return failure;
  }

  async #syncFiles(): Promise<ArchiveError | undefined> {
    const jobs: [string, () => Promise<void>][] = [];
    for (const target of this.#targets.values()) {
      const { file } = target;
      if (file === undefined || file.unsynced.length === 0) continue;
      // It may be closed before its turn comes.
      jobs.push([file.path, () => (target.file === file ? file.sync() : this.#syncClosed(file.path))]);
    }
    for (const path of this.#unsynced) jobs.push([path, () => this.#syncClosed(path)]);
    let failure: ArchiveError | undefined;
    let next = 0;
    const worker = async () => {
      for (let job = jobs[next++]; job !== undefined; job = jobs[next++]) {
        const error = await this.#guarded(...job);
        const [path] = job;
        if (error) this.#notSynced.add(path);
        else if (this.#notSynced.delete(path)) this.#onEvent({ type: "recovered", file: path });
        failure ??= error;
      }
    };
    await Promise.all(Array.from({ length: SYNC_CONCURRENCY }, worker));
    return failure;
  }

  async #syncClosed(path: string): Promise<void> {
    this.#unsynced.delete(path);
    try {
      await syncPath(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") this.#unsynced.add(path);
      throw error;
    }
  }

  /** Does what nobody waits for: its failure comes back, and becomes an event. */
  async #guarded(path: string, action: () => Promise<void>): Promise<ArchiveError | undefined> {
    try {
      await action();
      return undefined;
    } catch (cause) {
      // Closed or removed meanwhile: there is nothing left to do.
      if (["EBADF", "ENOENT"].includes((cause as NodeJS.ErrnoException).code ?? "")) return undefined;
      const error = fileSystemError(path, cause);
      this.#onEvent({ type: "problem", file: path, error });
      return error;
    }
  }

  async #close(): Promise<void> {
    clearInterval(this.#maintenance);
    for (const target of this.#targets.values()) {
      // What is being written just now would be written twice.
      if (target.retryTimer) this.#retry(target);
    }
    try {
      await this.flush();
    } finally {
      for (const target of [...this.#targets.values()]) {
        await this.#guarded(target.path, () => this.#closeFile(target));
      }
      await this.#journal?.close();
    }
  }
}

/** @throws ArchiveError `INVALID_ARGUMENT` */
export function atLeast(least: number, name: string, value: number): number {
  if (typeof value === "number" && value >= least) return value;
  throw new ArchiveError("INVALID_ARGUMENT", `${name} must be a number of at least ${least}, not ${value}.`);
}

/** Half of the files that this process may have open, at most 5,000; 500 where the system does not tell. */
function defaultOpenFiles(): number {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"));
    if (limit) return Math.min(5000, Math.max(1, Math.floor(Number(limit[1]) / 2)));
  } catch {
    // Only Linux has that file.
  }
  return 500;
}
