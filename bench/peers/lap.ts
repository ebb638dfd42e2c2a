// A program measures itself: what it takes from its first quarter on, in which it starts and its code is compiled.
import type { Cost } from "./measure.ts";

export class Lap {
  readonly #count: number;
  #done = 0;
  #begun = { at: 0, processor: 0 };

  /** @param count how many packets, or whatever there is; the fourth part of them does not count */
  constructor(count: number) {
    this.#count = count;
  }

  /** One more is done; whether that was the last one. */
  next(): boolean {
    this.#done++;
    if (this.#done === this.#count / 4) this.#begun = now();
    return this.#done === this.#count;
  }

  /** Tells who has started this program. */
  tell(): void {
    const { at, processor } = now();
    const cost: Cost = { seconds: at - this.#begun.at, processor: processor - this.#begun.processor };
    process.stdout.write(JSON.stringify(cost));
  }
}

/** In seconds. */
function now(): { at: number; processor: number } {
  const { user, system } = process.cpuUsage();
  return { at: performance.now() / 1000, processor: (user + system) / 1e6 };
}
