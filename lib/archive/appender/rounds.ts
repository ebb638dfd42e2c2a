/** When paths are written: all that have something to write at once, in rounds, so that many small writes cost little more than one. */
import type { Target } from "./target.ts";

/**
 * Milliseconds from the beginning of a round to that of the next one at least: with many paths and a few packets for each,
 * this is what gathers them. A path that alone has something to write does not wait.
 */
const GATHER_MS = 5;

/** Most paths in a round, so that none waits long for the others' answer. */
const MOST_IN_ROUND = 1024;

/** Has all paths written that have something to write, one round at a time. */
export class Rounds {
  readonly #limit: () => number;
  readonly #write: (targets: readonly Target[]) => Promise<void>;
  #ready: Target[] = [];
  #isBusy = false;
  #beganAt = 0;

  /**
   * @param limit how many may be in a round just now, beside the bound that all rounds have.
   * @param write writes what the paths have; it never rejects.
   */
  constructor(limit: () => number, write: (targets: readonly Target[]) => Promise<void>) {
    this.#limit = limit;
    this.#write = write;
  }

  /** Has a path written in its round, never before the caller has returned. */
  add(target: Target): void {
    if (target.queued) return;
    target.queued = true;
    this.#ready.push(target);
    if (!this.#isBusy) this.#schedule();
  }

  #schedule(): void {
    this.#isBusy = true;
    const wait = this.#beganAt + GATHER_MS - performance.now();
    if (wait < 1) setImmediate(() => void this.#run());
    else setTimeout(() => void this.#run(), wait);
  }

  async #run(): Promise<void> {
    this.#beganAt = performance.now();
    const targets = this.#ready.splice(0, Math.min(MOST_IN_ROUND, this.#limit()));
    for (const target of targets) target.queued = false;
    await this.#write(targets);
    if (this.#ready.length > 0) this.#schedule();
    else this.#isBusy = false;
  }
}
