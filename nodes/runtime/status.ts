/**
 * A node's status, derived from what the node is and not from what happened last: `describe` is asked once a second, and
 * what it says is published only when it changed. All editors share one slow channel for statuses.
 */
import type { Node, NodeStatus } from "node-red";
import { guarded } from "./input-handler.ts";

const INTERVAL_MS = 1000;

export class StatusLine {
  readonly #node: Node;
  readonly #describe: () => NodeStatus;
  readonly #publishSafely: () => void;
  readonly #timer: NodeJS.Timeout;
  #shown = "";
  #shownAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(node: Node, describe: () => NodeStatus) {
    this.#node = node;
    this.#describe = describe;
    this.#publishSafely = guarded(node, () => this.#publish());
    this.#timer = setInterval(this.#publishSafely, INTERVAL_MS);
    this.#timer.unref();
  }

  /** Call it after a change: shows it at once, or within a second if there was another change just now. */
  update(): void {
    if (performance.now() - this.#shownAt >= INTERVAL_MS) this.#publishSafely();
  }

  /** Takes the status away for good: what still happens while the node closes does not bring it back. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#node.status({});
  }

  #publish(): void {
    if (this.#closed) return;
    const status = this.#describe();
    const shown = JSON.stringify(status);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#shownAt = performance.now();
    this.#timer.refresh();
    this.#node.status(status);
  }
}

/** A rate per second as text for a status: `0.02`, `0.3`, `12`. */
export function rateText(rate: number): string {
  if (rate < 0.005) return "0";
  return rate.toFixed(rate < 0.095 ? 2 : rate < 9.5 ? 1 : 0);
}
