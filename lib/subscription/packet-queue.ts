/**
 * Packets between a connection and their reader, bounded: when it is full the connection stops reading, and the
 * server has to wait. Of several readers in a process each takes them in its turn.
 */

import { Fifo } from "../net/fifo.ts";
import { readers, type Turn, type Turns } from "./turns.ts";

/** What all packets have in common. */
export interface Carrier {
  /** The data. */
  readonly payload: Uint8Array;
}

/** Memory that a packet takes besides its payload, roughly, in bytes. */
const OVERHEAD = 256;

/** Memory that a packet takes, roughly, in bytes. */
export function sizeOf({ payload }: Carrier): number {
  return payload.length + OVERHEAD;
}

/** Where the connection puts the packets of a stream. */
export interface PacketSink<Packet> {
  /** `flaw`: what of its header cannot be told exactly. */
  packet(packet: Packet, flaw?: string): void;
  /** The connection is lost; no packet follows. */
  fail(error: Error): void;
  /** Whether it wants no more packets for now. */
  readonly full: boolean;
}

interface Waiter<Packet> {
  resolve(result: IteratorResult<Packet, undefined>): void;
  reject(error: Error): void;
}

const DONE = { value: undefined, done: true } as const;

export class PacketQueue<Packet extends Carrier> implements PacketSink<Packet> {
  readonly #packets = new Fifo<Packet>();
  readonly #waiting = new Fifo<Waiter<Packet>>();
  readonly #capacity: number;
  readonly #onRoom: () => void;
  readonly #turn: Turn;
  #bytes = 0;
  #end: { error: Error | undefined } | undefined;
  /** Filled up, and not yet half empty again: so that reading stops and goes on in large steps. */
  #full = false;

  /**
   * @param capacity how many bytes of packets count as full
   * @param onRoom called when a full queue is half empty again
   * @param turns whom the reader shares the event loop with, until the queue's end
   */
  constructor(capacity: number, onRoom: () => void, turns: Turns = readers) {
    this.#capacity = capacity;
    this.#onRoom = onRoom;
    this.#turn = turns.join();
  }

  get full(): boolean {
    return this.#full;
  }

  get length(): number {
    return this.#packets.length;
  }

  packet(packet: Packet): void {
    if (this.#end) return;
    const waiter = this.#waiting.shift();
    if (waiter) {
      waiter.resolve({ value: packet, done: false });
      return;
    }
    this.#packets.push(packet);
    this.#bytes += sizeOf(packet);
    if (this.#bytes >= this.#capacity) this.#full = true;
  }

  /** After the packets that are already here, `next` rejects. */
  fail(error: Error): void {
    this.#finish(error);
  }

  /** After the packets that are already here there are no more. */
  end(): void {
    this.#finish(undefined);
  }

  /** Drops the packets that are here; returns how many they were. */
  clear(): number {
    const dropped = this.#packets.length;
    this.#packets.clear();
    this.#bytes = 0;
    this.#makeRoom();
    return dropped;
  }

  /** The next packet if it is already here, and it is this reader's turn. */
  take(): Packet | undefined {
    return this.#turn.isOver ? undefined : this.#take();
  }

  #take(): Packet | undefined {
    const packet = this.#packets.shift();
    if (packet === undefined) return undefined;
    this.#bytes -= sizeOf(packet);
    if (this.#full && this.#bytes * 2 < this.#capacity) this.#makeRoom();
    return packet;
  }

  /** The next packet, or the end. */
  next(): Promise<IteratorResult<Packet, undefined>> {
    if (this.#turn.isOver) return this.#turn.next().then(() => this.next());
    const packet = this.#take();
    if (packet !== undefined) return Promise.resolve({ value: packet, done: false });
    if (this.#end === undefined) {
      return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    }
    const { error } = this.#end;
    // It is told once; whoever asks again is told that it is over.
    this.#end = { error: undefined };
    return error === undefined ? Promise.resolve(DONE) : Promise.reject(error);
  }

  #finish(error: Error | undefined): void {
    if (this.#end) return;
    this.#turn.leave();
    const waiter = this.#waiting.shift();
    if (waiter && error !== undefined) waiter.reject(error);
    else waiter?.resolve(DONE);
    this.#end = { error: waiter ? undefined : error };
    for (let other = this.#waiting.shift(); other; other = this.#waiting.shift()) other.resolve(DONE);
  }

  #makeRoom(): void {
    if (!this.#full) return;
    this.#full = false;
    this.#onRoom();
  }
}
