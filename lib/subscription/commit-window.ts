/**
 * Which packets have been handed out and not yet committed. They may be committed in any order; the position moves
 * past a packet only when all before it are committed too.
 */

import type { Packet } from "../datalink/protocol/packet.ts";
import { Fifo } from "../net/fifo.ts";

interface Entry {
  readonly packet: Packet;
  committed: boolean;
}

export class CommitWindow {
  readonly #entries = new Fifo<Entry>();
  readonly #open = new Map<Packet, Entry>();
  readonly #size: number;
  #waiting: (() => void)[] = [];

  /** @param size how many packets may be handed out and not committed */
  constructor(size: number) {
    this.#size = size;
  }

  get isFull(): boolean {
    return this.#entries.length >= this.#size;
  }

  /** Packets handed out that the position has not moved past. */
  get length(): number {
    return this.#entries.length;
  }

  add(packet: Packet): void {
    const entry = { packet, committed: false };
    this.#entries.push(entry);
    this.#open.set(packet, entry);
  }

  /** The packet that the position has moved to, if it has moved. A packet that is not open is ignored. */
  commit(packet: Packet): Packet | undefined {
    const entry = this.#open.get(packet);
    if (entry === undefined) return undefined;
    this.#open.delete(packet);
    entry.committed = true;
    let reached: Packet | undefined;
    while (this.#entries.first?.committed) reached = this.#entries.shift()!.packet;
    if (reached) this.wake();
    return reached;
  }

  /** Resolves when there is room, or when `wake` is called. */
  room(): Promise<void> {
    if (!this.isFull) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
