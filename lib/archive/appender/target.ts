/** One path that is written to: its batches, the file while it is open, and what the file system last refused. */
import type { AppendFile } from "../../files/append-file.ts";
import type { ArchiveError } from "../errors.ts";
import type { PacketMark } from "../journal.ts";
import { Batch } from "./batch.ts";

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 5000;

/** All paths that are open or have something to write. */
export type Targets = Map<string, Target>;

/** One path, what is to be appended to it, and the file while it is open. */
export class Target {
  readonly path: string;
  /** Set while it is open. */
  file: AppendFile | undefined;
  /** When the file was last looked up by its path, by `performance.now()` as all times here: the clock may be set. */
  lookedUp = 0;
  /** When the file was last written to. */
  used = 0;
  /** Being written, or to be tried again. */
  current: Batch | undefined;
  /** What arrives meanwhile. */
  next: Batch | undefined;
  /** Whether its turn to be written will come. */
  queued = false;
  /** Where it stands among the open ones. */
  place = -1;
  #failure: ArchiveError | undefined;
  #failingSince = 0;
  #retry: (() => void) | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #retryDelay = FIRST_RETRY_MS;

  constructor(path: string) {
    this.path = path;
  }

  /** Whether nothing is written to it, and nothing is to be. */
  get isIdle(): boolean {
    return this.current === undefined && this.next === undefined;
  }

  /** Whether the file system refused what was written last. */
  get isFailing(): boolean {
    return this.#failure !== undefined;
  }

  /** Adds a chunk, and what follows each, to the next batch: its promise. */
  add(chunk: Uint8Array, end: Uint8Array, mark: PacketMark | undefined): Promise<void> {
    this.next ??= new Batch();
    this.next.add(chunk, end);
    if (mark) this.next.marks.push(mark);
    return this.next.written;
  }

  /** The batch to be written now: the one to be tried again, or the next. */
  take(): Batch {
    if (this.current === undefined) {
      this.current = this.next;
      this.next = undefined;
    }
    return this.current!;
  }

  /** Notes that the file system refused the batch; `true` if it says something else than before. */
  fail(error: ArchiveError): boolean {
    const isNew = this.#failure?.code !== error.code;
    if (this.#failure === undefined) this.#failingSince = this.used;
    this.#failure = error;
    return isNew;
  }

  /** Notes that the batch is written; `true` if the file system had refused it before. */
  recover(): boolean {
    if (this.#failure === undefined) return false;
    this.#failure = undefined;
    this.#retryDelay = FIRST_RETRY_MS;
    return true;
  }

  /** Whether the file system has been refusing for so many milliseconds. */
  hasFailedFor(milliseconds: number): boolean {
    return performance.now() - this.#failingSince >= milliseconds;
  }

  /** Calls in a while, each time after twice as long. */
  retryLater(retry: () => void): void {
    this.#retry = retry;
    this.#retryTimer = setTimeout(() => this.retryNow(), this.#retryDelay);
    this.#retryDelay = Math.min(2 * this.#retryDelay, LAST_RETRY_MS);
  }

  /** Calls at once what was to be called in a while; does nothing where nothing was, or the next attempt goes on already. */
  retryNow(): void {
    const retry = this.#retry;
    clearTimeout(this.#retryTimer);
    this.#retry = undefined;
    retry?.();
  }
}
