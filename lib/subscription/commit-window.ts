/**
 * Which packets have been handed out and not yet committed. They may be committed in any order; the position moves
 * past a packet only when all before it are committed too. Bounded by number and by bytes.
 */

import { Fifo } from "../net/fifo.ts";
import { type Carrier, sizeOf } from "./packet-queue.ts";

interface Entry<Packet> {
  readonly packet: Packet;
  committed: boolean;
}

export interface WindowLimits {
  /** How many packets may be handed out and not committed. */
  readonly packets: number;
  /** How many bytes they may have together; one packet may always be out, whatever its size. */
  readonly bytes: number;
}

export class CommitWindow<Packet extends Carrier> {
  readonly #entries = new Fifo<Entry<Packet>>();
  readonly #open = new Map<Packet, Entry<Packet>>();
  readonly #limits: WindowLimits;
  #bytes = 0;
  #waiting: (() => void)[] = [];

  constructor(limits: WindowLimits) {
    this.#limits = limits;
  }

  get isFull(): boolean {
    return this.#entries.length >= this.#limits.packets || this.#bytes >= this.#limits.bytes;
  }

  /** Packets handed out that the position has not moved past. */
  get length(): number {
    return this.#entries.length;
  }

  add(packet: Packet): void {
    const entry = { packet, committed: false };
    this.#entries.push(entry);
    this.#open.set(packet, entry);
    this.#bytes += sizeOf(packet);
  }

  /**
   * Calls `pass` with each packet that the position moves past now, in order; returns whether there were any. A packet that
   * is not open is ignored.
   */
  commit(packet: Packet, pass: (packet: Packet) => void): boolean {
    const entry = this.#open.get(packet);
    if (entry === undefined) return false;
    this.#open.delete(packet);
    entry.committed = true;
    if (!this.#entries.first?.committed) return false;
    while (this.#entries.first?.committed) {
      const passed = this.#entries.shift()!.packet;
      this.#bytes -= sizeOf(passed);
      pass(passed);
    }
    this.wake();
    return true;
  }

  /** Resolves when there is room, or when `wake` is called. */
  room(): Promise<void> {
    if (!this.isFull) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  wake(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
