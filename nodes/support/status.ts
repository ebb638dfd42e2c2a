/**
 * A node's status, derived from what the node is and not from what happened last: `describe` is asked once a second, and
 * what it says is published only when it changed. All editors share one slow channel for statuses.
 */
import type { Node, NodeStatus } from "node-red";

const INTERVAL_MS = 1000;

export class StatusLine {
  readonly #node: Node;
  readonly #describe: () => NodeStatus;
  readonly #timer: NodeJS.Timeout;
  #shown = "";
  #shownAt = Number.NEGATIVE_INFINITY;

  constructor(node: Node, describe: () => NodeStatus) {
    this.#node = node;
    this.#describe = describe;
    this.#timer = setInterval(() => this.#publish(), INTERVAL_MS);
    this.#timer.unref();
  }

  /** Call it after a change: shows it at once, or within a second if there was another change just now. */
  update(): void {
    if (performance.now() - this.#shownAt >= INTERVAL_MS) this.#publish();
  }

  /** Ends the timer and takes the status away. */
  close(): void {
    clearInterval(this.#timer);
    this.#node.status({});
  }

  #publish(): void {
    const status = this.#describe();
    const shown = JSON.stringify(status);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#shownAt = performance.now();
    this.#node.status(status);
  }
}

/** Counts things and says how many there were per second since it was last asked. */
export class RateMeter {
  #count = 0;
  #since = performance.now();
  #rate = 0;

  add(count = 1): void {
    this.#count += count;
  }

  /** Per second, as text for a status: `0.3`, `12`. Asked again within half a second it says the same. */
  read(): string {
    const elapsed = (performance.now() - this.#since) / 1000;
    if (elapsed >= 0.5) {
      this.#rate = this.#count / elapsed;
      this.#count = 0;
      this.#since = performance.now();
    }
    return formatRate(this.#rate);
  }
}

/** Per second, as text for a status: with a decimal where that says more. */
export function formatRate(rate: number): string {
  return rate >= 0.05 && rate < 9.5 ? rate.toFixed(1) : rate.toFixed(0);
}
