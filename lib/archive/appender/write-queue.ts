/** Whose turn it is to be written: the paths that have something to write, in order, a few of them at once. */
import type { Target } from "./target.ts";

/**
 * Writes under way at once: Node.js has four threads for files, and as many writes wait ready for them. With more, the
 * batches would become smaller and more numerous.
 */
const CONCURRENCY = 8;

/** Those that had their turn are dropped from the list when they are so many. */
const MAX_TAKEN = 1000;

/** Has paths written in the order in which they got something to write. */
export class WriteQueue {
  readonly #limit: () => number;
  readonly #write: (target: Target) => Promise<void>;
  /** Paths with something to write, of which the first `#taken` are being written already. */
  #ready: Target[] = [];
  #taken = 0;
  #scheduled = false;
  #running = 0;

  /**
   * @param limit how many may be written at once just now, beside the queue's own bound.
   * @param write writes what a path has; it never rejects, and calls `done` in the end.
   */
  constructor(limit: () => number, write: (target: Target) => Promise<void>) {
    this.#limit = limit;
    this.#write = write;
  }

  /** Has a path written in its turn, never before the caller has returned. */
  add(target: Target): void {
    if (target.queued) return;
    target.queued = true;
    this.#ready.push(target);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#start();
    });
  }

  /** To be called when a write has ended, however it did. */
  done(): void {
    this.#running--;
    this.#start();
  }

  #start(): void {
    const limit = Math.min(CONCURRENCY, this.#limit());
    while (this.#running < limit && this.#taken < this.#ready.length) {
      const target = this.#ready[this.#taken++]!;
      target.queued = false;
      this.#running++;
      void this.#write(target);
    }
    if (this.#taken === this.#ready.length || this.#taken > MAX_TAKEN) this.#drop();
  }

  #drop(): void {
    this.#ready = this.#ready.slice(this.#taken);
    this.#taken = 0;
  }
}
