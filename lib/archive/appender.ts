/**
 * Appends to many files at once. What arrives for one file goes there in order, and what arrives in one turn of the
 * event loop goes there with one write call. A chunk is in its file whole or not at all: what a failed write left
 * behind is taken back, and what a crash left behind is set aside when the file is opened again.
 */
import { type FileHandle, mkdir, open, stat } from "node:fs/promises";
import path from "node:path";
import { ArchiveError, fileSystemError } from "./errors.ts";

/**
 * When what was written is also made to survive a power failure (fdatasync): `none`, never by us; `interval`, at the
 * latest so many milliseconds later; `every`, before the write is acknowledged.
 */
export type FsyncPolicy = "none" | "interval" | "every";

/** What an archive tells beside the results of its writes. */
export type ArchiveEvent =
  /** The file system refused; the data is held and tried again. */
  | { type: "problem"; file: string; error: ArchiveError }
  /** The file that had a problem is written to again. */
  | { type: "recovered"; file: string }
  /** A torn end of `bytes` bytes, left by a crash, was moved to the file `aside`. */
  | { type: "torn"; file: string; aside: string; bytes: number };

export interface AppenderOptions {
  /** Default `interval`. */
  fsync?: FsyncPolicy | undefined;
  /** For the policy `interval`: milliseconds, default 1000. */
  fsyncInterval?: number | undefined;
  /** Files kept open at once, default 500; the one not used for longest is closed for another. */
  maxOpenFiles?: number | undefined;
  /** Bytes held in memory until they are written, default 16 MiB: then `append` waits. */
  maxPendingBytes?: number | undefined;
  /** Milliseconds to go on trying after the file system refused, default 5000. */
  retryFor?: number | undefined;
  onEvent?: ((event: ArchiveEvent) => void) | undefined;
}

/**
 * How many bytes of a file that was found are whole chunks. What lies behind is torn.
 */
export type WholeLength = (file: FileHandle, size: number) => Promise<number>;

/** Writes under way at once: as many as Node.js has threads for files, and as many more being prepared. */
const CONCURRENCY = 8;
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 5000;
/** How often a file is looked up by its path, to see whether it was renamed or replaced. */
const LOOK_UP_MS = 1000;
const FIRST_BATCH_BYTES = 1024;

interface Writer {
  bytes: number;
  resolve(bytes: number): void;
  reject(error: ArchiveError): void;
}

/** Chunks for one file that are written with one call. */
class Batch {
  buffer = Buffer.allocUnsafe(FIRST_BATCH_BYTES);
  length = 0;
  readonly writers: Writer[] = [];

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

/** One file, and what is to be appended to it. */
class Target {
  readonly path: string;
  handle: FileHandle | undefined;
  /** Its identity when it was opened, and when it was last looked up by path. */
  identity = "";
  lookedUp = 0;
  /** Written to since the last fdatasync. */
  dirty = false;
  /** Being written, or to be tried again. */
  current: Batch | undefined;
  next: Batch | undefined;
  queued = false;
  /** Since when, in a row, the file system has refused, and what it said. */
  failingSince = 0;
  failure: ArchiveError | undefined;
  retryDelay = FIRST_RETRY_MS;

  constructor(file: string) {
    this.path = file;
  }
}

const NOTHING = new Uint8Array(0);

export class Appender implements AsyncDisposable {
  readonly #fsync: FsyncPolicy;
  readonly #maxOpenFiles: number;
  readonly #maxPendingBytes: number;
  readonly #retryFor: number;
  readonly #onEvent: (event: ArchiveEvent) => void;
  readonly #wholeLength: WholeLength;
  readonly #end: Uint8Array;
  /** All files that are open or have something to write; the ones used last come last. */
  readonly #targets = new Map<string, Target>();
  #open = 0;
  #ready: Target[] = [];
  #scheduled = false;
  #running = 0;
  #pendingBytes = 0;
  /** Chunks for which there is no room yet. */
  readonly #waiting: { bytes: number; start(): void }[] = [];
  #idle: (() => void)[] = [];
  #syncTimer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  /**
   * @param wholeLength tells what is torn in a file that is found.
   * @param end what follows each chunk.
   * @throws ArchiveError `INVALID_ARGUMENT`.
   */
  constructor(options: AppenderOptions, wholeLength: WholeLength, end: Uint8Array = NOTHING) {
    this.#fsync = options.fsync ?? "interval";
    if (!["none", "interval", "every"].includes(this.#fsync)) {
      throw new ArchiveError(
        "INVALID_ARGUMENT",
        `The fsync policy "${this.#fsync}" is not known: use none, interval or every.`,
      );
    }
    this.#maxOpenFiles = atLeast(1, "maxOpenFiles", options.maxOpenFiles ?? 500);
    this.#maxPendingBytes = atLeast(1, "maxPendingBytes", options.maxPendingBytes ?? 16 * 2 ** 20);
    this.#retryFor = atLeast(0, "retryFor", options.retryFor ?? 5000);
    this.#onEvent = options.onEvent ?? (() => {});
    this.#wholeLength = wholeLength;
    this.#end = end;
    if (this.#fsync === "interval") {
      const interval = atLeast(1, "fsyncInterval", options.fsyncInterval ?? 1000);
      this.#syncTimer = setInterval(() => void this.#syncAll(), interval).unref();
    }
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
   * Appends a chunk to a file, which is created with its directories where it does not exist. Resolves to the number
   * of bytes when they are in the file (and, with the policy `every`, on the disk). The chunk is copied at once, or,
   * when no memory is left, when there is room again.
   *
   * @throws ArchiveError when the file system goes on refusing (then nothing of the chunk is in the file) or the
   * appender is closed.
   */
  append(file: string, chunk: Uint8Array): Promise<number> {
    if (this.#closing)
      return Promise.reject(new ArchiveError("CLOSED", `Cannot write ${file}: the archive is closed.`));
    const bytes = chunk.length + this.#end.length;
    if (this.#waiting.length > 0 || !this.#hasRoom(bytes)) {
      return new Promise((resolve) => {
        this.#waiting.push({ bytes, start: () => resolve(this.#add(file, chunk, bytes)) });
      });
    }
    return this.#add(file, chunk, bytes);
  }

  /** Resolves when all that was appended is in its files and on the disk, or was refused. */
  async flush(): Promise<void> {
    if (this.#pendingBytes > 0 || this.#running > 0)
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    await this.#syncAll();
  }

  /** Waits for all that was appended, then closes the files. */
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

  #add(file: string, chunk: Uint8Array, bytes: number): Promise<number> {
    let target = this.#targets.get(file);
    if (target === undefined) {
      target = new Target(file);
      this.#targets.set(file, target);
    }
    target.next ??= new Batch();
    const batch = target.next;
    batch.add(chunk, this.#end);
    this.#pendingBytes += bytes;
    if (!target.queued && target.current === undefined) this.#queue(target);
    return new Promise((resolve, reject) => batch.writers.push({ bytes, resolve, reject }));
  }

  #queue(target: Target): void {
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
    while (this.#running < limit && this.#ready.length > 0) {
      const target = this.#ready.shift()!;
      target.queued = false;
      target.current ??= target.next;
      if (target.current === target.next) target.next = undefined;
      this.#running++;
      void this.#work(target, target.current!);
    }
  }

  async #work(target: Target, batch: Batch): Promise<void> {
    try {
      await this.#write(target, batch);
      this.#done(target, batch);
    } catch (cause) {
      this.#failed(target, batch, fileSystemError(target.path, cause));
    }
    this.#running--;
    this.#startWrites();
  }

  async #write(target: Target, batch: Batch): Promise<void> {
    if (target.handle && Date.now() - target.lookedUp > LOOK_UP_MS) await this.#lookUp(target);
    for (;;) {
      const handle = target.handle ?? (await this.#openTarget(target));
      await writeWhole(handle, batch.buffer.subarray(0, batch.length));
      target.dirty = true;
      if (this.#fsync === "every") await this.#sync(target, handle);
      // A file that was removed meanwhile took the batch with it.
      if ((await handle.stat()).nlink > 0) return;
      await this.#closeTarget(target);
    }
  }

  #done(target: Target, batch: Batch): void {
    // Used last, closed last.
    this.#targets.delete(target.path);
    this.#targets.set(target.path, target);
    if (target.failure) {
      target.failure = undefined;
      target.retryDelay = FIRST_RETRY_MS;
      this.#onEvent({ type: "recovered", file: target.path });
    }
    this.#finish(target, batch);
    for (const writer of batch.writers) writer.resolve(writer.bytes);
  }

  #failed(target: Target, batch: Batch, error: ArchiveError): void {
    const now = Date.now();
    if (target.failure === undefined) target.failingSince = now;
    if (target.failure?.code !== error.code) this.#onEvent({ type: "problem", file: target.path, error });
    target.failure = error;
    const givesUp = this.#closing !== undefined || now - target.failingSince >= this.#retryFor;
    if (!givesUp) {
      setTimeout(() => this.#queue(target), target.retryDelay);
      target.retryDelay = Math.min(2 * target.retryDelay, LAST_RETRY_MS);
      return;
    }
    this.#finish(target, batch);
    for (const writer of batch.writers) writer.reject(error);
  }

  /** A batch leaves memory, written or refused. */
  #finish(target: Target, batch: Batch): void {
    target.current = undefined;
    this.#pendingBytes -= batch.length;
    if (target.next) this.#queue(target);
    else if (target.handle === undefined) this.#targets.delete(target.path);
    while (this.#waiting.length > 0 && this.#hasRoom(this.#waiting[0]!.bytes)) this.#waiting.shift()!.start();
    if (this.#pendingBytes === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #openTarget(target: Target): Promise<FileHandle> {
    await this.#makeRoom();
    const handle = await openCreating(target.path);
    try {
      const { size, dev, ino } = await handle.stat();
      const whole = await this.#wholeLength(handle, size);
      if (whole < size) await this.#setAside(target.path, handle, whole, size);
      target.identity = `${dev}:${ino}`;
      target.lookedUp = Date.now();
    } catch (error) {
      await handle.close();
      throw error;
    }
    target.handle = handle;
    this.#open++;
    return handle;
  }

  /** Closes the file not used for longest where as many are open as may be. */
  async #makeRoom(): Promise<void> {
    if (this.#open < this.#maxOpenFiles) return;
    for (const target of this.#targets.values()) {
      if (target.handle === undefined || target.current !== undefined) continue;
      await this.#closeTarget(target);
      return;
    }
  }

  async #closeTarget(target: Target): Promise<void> {
    const handle = target.handle;
    if (handle === undefined) return;
    target.handle = undefined;
    this.#open--;
    if (target.current === undefined && target.next === undefined) this.#targets.delete(target.path);
    if (target.dirty && this.#fsync !== "none") await this.#sync(target, handle);
    await handle.close();
  }

  /** Lets go of a file that its path does not name any more: it was renamed, removed or replaced. */
  async #lookUp(target: Target): Promise<void> {
    target.lookedUp = Date.now();
    const identity = await stat(target.path).then(
      ({ dev, ino }) => `${dev}:${ino}`,
      () => "",
    );
    if (identity !== target.identity) await this.#closeTarget(target);
  }

  /** Moves what a crash left behind the last whole chunk into a file beside it. */
  async #setAside(file: string, handle: FileHandle, whole: number, size: number): Promise<void> {
    const aside = `${file}.torn`;
    const torn = Buffer.alloc(size - whole);
    await handle.read(torn, 0, torn.length, whole);
    await using copy = await open(aside, "a");
    await writeWhole(copy, Buffer.concat([torn, this.#end]));
    await copy.datasync();
    await handle.truncate(whole);
    this.#onEvent({ type: "torn", file, aside, bytes: torn.length });
  }

  async #sync(target: Target, handle: FileHandle): Promise<void> {
    target.dirty = false;
    await handle.datasync();
  }

  async #syncAll(): Promise<void> {
    for (const target of [...this.#targets.values()]) {
      if (!target.dirty || target.handle === undefined) continue;
      try {
        await this.#sync(target, target.handle);
      } catch (cause) {
        this.#onEvent({ type: "problem", file: target.path, error: fileSystemError(target.path, cause) });
      }
    }
  }

  async #close(): Promise<void> {
    clearInterval(this.#syncTimer);
    await this.flush();
    for (const target of [...this.#targets.values()]) await this.#closeTarget(target);
  }
}

/** Writes all of it at the end of the file, or nothing: what a failed write did write is cut off again. */
async function writeWhole(handle: FileHandle, bytes: Buffer): Promise<void> {
  let written = 0;
  try {
    while (written < bytes.length) {
      written += (await handle.write(bytes, written, bytes.length - written)).bytesWritten;
    }
  } catch (error) {
    if (written > 0) {
      const { size } = await handle.stat();
      await handle.truncate(size - written);
    }
    throw error;
  }
}

async function openCreating(file: string): Promise<FileHandle> {
  try {
    return await open(file, "a+");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    await mkdir(path.dirname(file), { recursive: true });
    return await open(file, "a+");
  }
}

function atLeast(least: number, name: string, value: number): number {
  if (typeof value === "number" && value >= least) return value;
  throw new ArchiveError("INVALID_ARGUMENT", `${name} must be a number of at least ${least}, not ${value}.`);
}
