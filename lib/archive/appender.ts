/**
 * Appends to many files at once. What arrives for one file goes there in order, and what arrives while its last write
 * is under way goes there with one write call. All files that have something to write are written in one round, by a
 * thread of its own. Memory is bounded: when it is full, `append` waits.
 */
import { rename } from "node:fs/promises";
import type { WholeLength } from "../files/append-file.ts";
import { MANY_OPENED, openThread } from "../files/open-thread.ts";
import { syncThread } from "../files/sync-thread.ts";
import { MANY_FILES, type WriteOutcome, writeAll, writeThread } from "../files/write-thread.ts";
import { Batch } from "./appender/batch.ts";
import { inParallel } from "./appender/in-parallel.ts";
import { Memory } from "./appender/memory.ts";
import { OpenFiles } from "./appender/open-files.ts";
import { Rounds } from "./appender/rounds.ts";
import { Syncing } from "./appender/syncing.ts";
import { Target, type Targets } from "./appender/target.ts";
import { ArchiveError, fileSystemError } from "./errors.ts";
import type { Journal, PacketMark } from "./journal.ts";
import { type AppenderOptions, type AppenderSettings, settingsOf } from "./settings.ts";

const NOTHING = new Uint8Array(0);

/** Files that are opened or looked up in one round: what is open already does not wait for more of them. */
const MOST_PREPARED = 128;
/** Files that are opened, looked up, synchronised or closed at once: Node.js has four threads for them. */
const CONCURRENCY = 8;

/** Appends to many files at once. */
export class Appender implements AsyncDisposable {
  readonly #settings: AppenderSettings;
  readonly #end: Uint8Array;
  readonly #journal: Journal | undefined;
  readonly #targets: Targets = new Map();
  readonly #memory: Memory;
  readonly #files: OpenFiles;
  readonly #syncing: Syncing;
  readonly #rounds = new Rounds(
    () => this.#files.limit,
    (targets) => this.#round(targets),
  );
  readonly #maintenance: NodeJS.Timeout;
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
    const settings = settingsOf(options);
    this.#settings = settings;
    this.#end = end;
    this.#journal = journal;
    this.#memory = new Memory(settings.maxPendingBytes);
    this.#files = new OpenFiles(this.#targets, settings, wholeLength, end);
    this.#syncing = new Syncing(this.#targets, this.#files.unsynced, settings.onEvent);
    openThread.acquire();
    writeThread.acquire();
    syncThread.acquire();
    this.#maintenance = setInterval(() => void this.#maintain(), settings.fsyncInterval).unref();
  }

  /** Files open now. */
  get openFiles(): number {
    return this.#files.count;
  }

  /** Bytes taken and not yet written. */
  get pendingBytes(): number {
    return this.#memory.held;
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
    if (this.#closing) return Promise.reject(closed(path));
    const bytes = chunk.length + this.#end.length;
    if (this.#memory.take(bytes)) return this.#add(path, chunk, mark);
    if (!this.#memory.mayWait(bytes)) return Promise.reject(overloaded(path, this.#memory.asked));
    return this.#memory.wait(bytes, () => this.#add(path, chunk, mark));
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
    const { lastWaiting } = this.#memory;
    if (lastWaiting) batches.push(lastWaiting);
    await Promise.allSettled(batches);
    await this.sync();
  }

  /**
   * Resolves when all that was acknowledged before is safe from a power failure; at once with the policy `none`.
   * @throws ArchiveError what the disk says; it is tried again the next time.
   */
  async sync(): Promise<void> {
    if (this.#settings.fsync === "none") return;
    // What goes on already may have begun before the last acknowledgement.
    await this.#syncing.underWay;
    const failure = await this.#syncing.syncAll();
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
    if (this.#closing || !target.isIdle || target.isFailing) return false;
    // With an empty batch under way, nothing else is written to it.
    const pause = new Batch();
    target.current = pause;
    this.#targets.set(path, target);
    try {
      await this.#rename(target, to);
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

  /** As {@link close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #add(path: string, chunk: Uint8Array, mark: PacketMark | undefined): Promise<void> {
    let target = this.#targets.get(path);
    if (target === undefined) {
      target = new Target(path);
      this.#targets.set(path, target);
    }
    const written = target.add(chunk, this.#end, this.#journal && mark);
    if (target.current === undefined) this.#rounds.add(target);
    return written;
  }

  /** Writes what the paths have. Never rejects: each batch is told, or tried again. */
  async #round(targets: readonly Target[]): Promise<void> {
    const now = performance.now();
    const ready: Target[] = [];
    const others: Target[] = [];
    for (const target of targets) {
      const isReady = this.#isReady(target, now);
      if (!isReady && others.length === MOST_PREPARED) {
        this.#rounds.add(target);
        continue;
      }
      target.take();
      target.used = now;
      (isReady ? ready : others).push(target);
    }
    const prepared = this.#prepareAll(others, now);
    await this.#writeAll(ready);
    await this.#writeAll(await prepared);
  }

  #isReady(target: Target, now: number): boolean {
    return target.file !== undefined && !target.file.hasLeftover && !this.#files.isDue(target, now);
  }

  /** Opens files, and looks up those that it is time for: those that can be written now. */
  async #prepareAll(targets: readonly Target[], now: number): Promise<Target[]> {
    if (targets.length >= MANY_FILES) await writeThread.start();
    const closed = targets.filter(({ file }) => file === undefined);
    if (closed.length >= MANY_OPENED && (await openThread.start())) await this.#files.openMany(closed);
    const prepared: Target[] = [];
    await inParallel(CONCURRENCY, targets, async (target) => {
      if (await this.#attempt(target, () => this.#prepare(target, now))) prepared.push(target);
    });
    return prepared;
  }

  async #prepare(target: Target, now: number): Promise<true> {
    if (this.#files.isDue(target, now)) await this.#files.lookUp(target, now);
    const file = target.file ?? (await this.#files.open(target));
    await file.cutLeftover();
    return true;
  }

  /** Writes the batches of open files, with one entry of the journal and one message to the thread. */
  async #writeAll(targets: readonly Target[]): Promise<void> {
    if (targets.length === 0) return;
    try {
      await this.#record(targets);
    } catch (cause) {
      await inParallel(CONCURRENCY, targets, (target) =>
        this.#failed(target, fileSystemError(target.path, cause)),
      );
      return;
    }
    const outcomes = await this.#append(targets);
    const written: Target[] = [];
    await inParallel(CONCURRENCY, targets, async (target, i) => {
      if (await this.#attempt(target, () => this.#settle(target, outcomes[i]!))) written.push(target);
    });
    for (const target of written) this.#succeeded(target);
  }

  async #record(targets: readonly Target[]): Promise<void> {
    if (this.#journal === undefined) return;
    const recorded = new Set<Promise<void>>();
    for (const { file, current } of targets) {
      if (current!.marks.length > 0) recorded.add(this.#journal.record(file!, current!.marks));
    }
    await Promise.all(recorded);
  }

  /** What became of each batch; where the thread ended on the way, what the files themselves tell. */
  async #append(targets: readonly Target[]): Promise<(WriteOutcome | Error)[]> {
    const jobs = targets.map(({ file, current }) => file!.jobFor(current!.bytes));
    try {
      return await writeAll(jobs);
    } catch (error) {
      const found = targets.map(({ file, current }) =>
        file!.findWritten(current!.bytes).catch(() => undefined),
      );
      return (await Promise.all(found)).map((outcome) => outcome ?? (error as Error));
    }
  }

  /**
   * Takes note of what became of a batch; `false` where it has to be written again.
   * @throws what the file system says.
   */
  async #settle(target: Target, outcome: WriteOutcome | Error): Promise<boolean> {
    if (outcome instanceof Error) throw outcome;
    const file = target.file!;
    const state = await file.settle(target.current!.bytes, outcome);
    if (state === "written") {
      if (this.#settings.fsync === "every") await file.sync();
      return true;
    }
    // What was written to a file that was removed went with it.
    if (state === "removed") await this.#files.close(target);
    else await this.#files.lookUp(target, performance.now());
    this.#rounds.add(target);
    return false;
  }

  /** What an action says, `false` where it failed. Never rejects: what the file system says goes to the batch. */
  async #attempt(target: Target, action: () => Promise<boolean>): Promise<boolean> {
    try {
      return await action();
    } catch (cause) {
      await this.#failed(target, fileSystemError(target.path, cause));
      return false;
    }
  }

  #succeeded(target: Target): void {
    const batch = target.current!;
    if (target.recover()) this.#settings.onEvent({ type: "recovered", file: target.path });
    this.#leave(target, batch);
    batch.resolve();
  }

  async #failed(target: Target, error: ArchiveError): Promise<void> {
    const batch = target.current!;
    if (target.fail(error)) this.#settings.onEvent({ type: "problem", file: target.path, error });
    if (error.code === "TOO_MANY_FILES") await this.#files.openFewer();
    if (this.#closing || target.hasFailedFor(this.#settings.retryFor)) {
      this.#leave(target, batch);
      batch.reject(error);
      return;
    }
    target.retryLater(() => this.#rounds.add(target));
  }

  /** A batch leaves memory, written or refused, and makes room. */
  #leave(target: Target, batch: Batch): void {
    target.current = undefined;
    if (target.next) this.#rounds.add(target);
    else if (target.file === undefined && !target.isFailing) this.#targets.delete(target.path);
    this.#memory.give(batch.length);
  }

  async #rename(target: Target, to: string): Promise<void> {
    // Opened anew, it is the file that has this name now, and what a crash left is set aside.
    await this.#files.close(target);
    const file = await this.#files.open(target);
    await file.sync();
    await this.#files.close(target);
    await this.#journal?.complete(target.path);
    await rename(target.path, to);
    this.#files.forget(target.path);
  }

  /** Once per interval: synchronises what was written, and closes what nothing is written to any more. */
  async #maintain(): Promise<void> {
    if (this.#syncing.underWay) return;
    if (this.#settings.fsync === "interval") await this.#syncing.syncAll();
    await this.#files.closeIdle();
  }

  async #close(): Promise<void> {
    clearInterval(this.#maintenance);
    for (const target of this.#targets.values()) target.retryNow();
    try {
      await this.flush();
    } finally {
      await inParallel(CONCURRENCY, [...this.#targets.values()], (target) =>
        this.#files.closeTelling(target),
      );
      await this.#journal?.close();
      await openThread.release();
      await writeThread.release();
      await syncThread.release();
    }
  }
}

function closed(path: string): ArchiveError {
  return new ArchiveError("CLOSED", `Cannot write ${path}: the archive is closed.`);
}

/** @param bytes that are held or wait */
function overloaded(path: string, bytes: number): ArchiveError {
  return new ArchiveError(
    "OVERLOADED",
    `Cannot write ${path}: ${bytes} bytes are waiting for the disk already. ` +
      "Wait for earlier writes before giving more.",
  );
}
