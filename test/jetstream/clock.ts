// A clock that the test moves: timers and `performance.now()` go on together, and only when it says so.
import { mock } from "node:test";

export class Clock implements Disposable {
  #now = 1_000_000;

  constructor() {
    mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
    mock.method(performance, "now", () => this.#now);
  }

  /** So many milliseconds pass, and what waits for promises has its turn in between. */
  async pass(milliseconds: number): Promise<void> {
    for (let rest = milliseconds; rest > 0; rest -= STEP_MS) {
      const step = Math.min(rest, STEP_MS);
      this.#now += step;
      mock.timers.tick(step);
      await settled();
    }
  }

  /** Time passes in which nothing at all runs here. */
  stand(milliseconds: number): void {
    this.#now += milliseconds;
  }

  [Symbol.dispose](): void {
    mock.timers.reset();
    mock.restoreAll();
  }
}

const STEP_MS = 50;

/** Resolves when what waits for promises has gone on as far as it can. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
