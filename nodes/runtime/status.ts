/**
 * A node's status, derived from what the node is and not from what happened last: `describe` is asked once a second, and
 * what it says is published only when it changed. All editors share one slow channel for statuses.
 */
import type { Node, NodeStatus } from "node-red";
import { guarded } from "./input-handler.ts";
import { Misfits } from "./misfits.ts";

const INTERVAL_MS = 1000;

/**
 * A status is about twice as wide as its node at most: so many letters, of which Chinese and Japanese ones count twice. Tests whose
 * texts are the catalogs' keys, which are longer, have another width.
 */
export const statusWidth = { letters: 44 };

export class StatusLine {
  readonly #node: Node;
  readonly #describe: () => NodeStatus;
  readonly #publishSafely: () => void;
  readonly #timer: NodeJS.Timeout;
  readonly #misfits: Misfits | undefined;
  #shown = "";
  #shownAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(node: Node, describe: () => NodeStatus) {
    this.#node = node;
    this.#describe = describe;
    this.#publishSafely = guarded(node, () => this.#publish());
    this.#timer = setInterval(this.#publishSafely, INTERVAL_MS);
    this.#timer.unref();
    this.#misfits = Misfits.of(node);
    if (this.#misfits) this.#misfits.onChange = () => this.update();
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
    const status = short(this.#misfits?.statusWith(this.#describe()) ?? this.#describe());
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

/** The first of several ways to say something that is short enough; the last one in any case. */
export function shortestNeeded(...ways: [string, ...string[]]): string {
  return ways.find((way) => letters(way) <= statusWidth.letters) ?? (ways.at(-1) as string);
}

/** Cut at the end where it is too wide; a count or the like in parentheses there stays. */
export function shortText(text: string): string {
  if (letters(text) <= statusWidth.letters) return text;
  const count = /\s*\([^()]{1,12}\)$/.exec(text)?.[0] ?? "";
  const kept = Array.from(text.slice(0, text.length - count.length));
  while (letters(kept.join("")) + letters(count) + 1 > statusWidth.letters) kept.pop();
  return `${kept.join("").trimEnd()}…${count}`;
}

function short(status: NodeStatus): NodeStatus {
  return typeof status === "object" && status.text ? { ...status, text: shortText(status.text) } : status;
}

/** Ideographs and kana are as wide as two letters. */
function letters(text: string): number {
  return text.length + (text.match(/[\u1100-\u11ff\u2e80-\uffff]/g)?.length ?? 0);
}
