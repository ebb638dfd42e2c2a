/**
 * Which packets have been handed out and not yet committed. They may be committed in any order; the position moves
 * past a packet only when all before it are committed too. Bounded by number and by bytes.
 */

import { Fifo } from "../net/fifo.ts";
import { type Carrier, sizeOf } from "./packet-queue.ts";

export interface WindowLimits {
  /** How many packets may be handed out and not committed. */
  readonly packets: number;
  /** How many bytes they may have together; one packet may always be out, whatever its size. */
  readonly bytes: number;
}

export class CommitWindow<Packet extends Carrier> {
  /** Those that the position has not moved past, in order. */
  readonly #packets = new Fifo<Packet>();
  /** Those of them that are not committed. */
  readonly #open = new Set<Packet>();
  readonly #limits: WindowLimits;
  #bytes = 0;
  #waiting: (() => void)[] = [];

  constructor(limits: WindowLimits) {
    this.#limits = limits;
  }

  get isFull(): boolean {
    return this.#packets.length >= this.#limits.packets || this.#bytes >= this.#limits.bytes;
  }

  /** Packets handed out that the position has not moved past. */
  get length(): number {
    return this.#packets.length;
  }

  add(packet: Packet): void {
    this.#packets.push(packet);
    this.#open.add(packet);
    this.#bytes += sizeOf(packet);
  }

  /**
   * Calls `pass` with each packet that the position moves past now, in order; returns whether there were any. A packet that
   * is not open is ignored.
   */
  commit(packet: Packet, pass: (packet: Packet) => void): boolean {
    if (!this.#open.delete(packet) || packet !== this.#packets.first) return false;
    for (
      let first: Packet | undefined = packet;
      first && !this.#open.has(first);
      first = this.#packets.first
    ) {
      this.#packets.shift();
      this.#bytes -= sizeOf(first);
      pass(first);
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
