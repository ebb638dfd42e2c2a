/** Long work in slices, so that others have their turn. */
import { setImmediate as nextTurn } from "node:timers/promises";

/** Milliseconds of a slice. */
const SLICE = 4;

export class Pace {
  #until = performance.now() + SLICE;

  /** Waits for the event loop's next turn if this one has taken long enough. */
  async step(): Promise<void> {
    if (performance.now() < this.#until) return;
    await nextTurn();
    this.#until = performance.now() + SLICE;
  }
}
