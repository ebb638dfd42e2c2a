/**
 * Between a subscription's connections and its queue: remembers the last packet, sees gaps in the packet ids, and can
 * hold packets back until it is known whether they come from the right place.
 */

import type { PacketQueue, PacketSink } from "../../subscription/packet-queue.ts";
import { isPacketId, type Packet } from "../protocol/packet.ts";
import { type Position, positionOf } from "../protocol/position.ts";

/** A jump in the packet ids: the last packet before it and the first one after it. */
export interface Jump {
  readonly last: bigint;
  readonly next: bigint;
}

export interface FeedOptions {
  /** Whether all packets are asked for, so that their ids follow one another. */
  readonly everyId: boolean;
  readonly onGap: (firstId: bigint, lastId: bigint) => void;
  /** A packet has a header that cannot be told exactly. */
  readonly onFlaw: (packet: Packet, header: string) => void;
}

/** Packets that are held are few: what a server had sent before it heard ENDSTREAM. */
const MANY_HELD = 1000;

export class Feed implements PacketSink<Packet> {
  /** Packets that have passed. */
  passed = 0;
  /** A jump of the packet ids as large as this is suspicious: packets are held, and `onJump` is called. */
  suspiciousJump: bigint | undefined;
  onJump: ((jump: Jump) => void) | undefined;
  readonly #queue: PacketQueue<Packet>;
  readonly #options: FeedOptions;
  #held: Packet[] | undefined;
  #last: Packet | undefined;
  #begun: Position | undefined;
  #trustNext = false;

  constructor(queue: PacketQueue<Packet>, options: FeedOptions) {
    this.#queue = queue;
    this.#options = options;
  }

  get full(): boolean {
    return this.#queue.full || (this.#held?.length ?? 0) > MANY_HELD;
  }

  /** The last packet that has passed, or the one after which the packets were to begin. */
  get position(): Position | undefined {
    return this.#last ? positionOf(this.#last) : this.#begun;
  }

  /** The next packet is to follow the one of this position, or any, where it is not known. */
  beginAfter(position: Position | undefined): void {
    this.#last = undefined;
    this.#begun = position;
    this.#trustNext = false;
  }

  /** The next packet is the right one, however far its id is from the last one. */
  trustNext(): void {
    this.#trustNext = true;
  }

  packet(packet: Packet, flaw?: string): void {
    if (flaw !== undefined) this.#options.onFlaw(packet, flaw);
    if (this.#held) this.#held.push(packet);
    else this.#check(packet);
  }

  /** The subscription hears of it from the connection. */
  fail(): void {}

  /** From now on packets wait for `release` or `discard`. */
  hold(): void {
    this.#held ??= [];
  }

  /** Lets the packets pass that were held, and those to come. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const packet of held) this.packet(packet);
  }

  discard(): void {
    this.#held = undefined;
  }

  #check(packet: Packet): void {
    // No reader can go on behind an id that cannot be asked for.
    if (!isPacketId(packet.packetId)) {
      this.#pass(packet);
      return;
    }
    const last = this.#last?.packetId ?? this.#begun?.packetId;
    if (last !== undefined && packet.packetId !== last + 1n && this.#stopsAt(last, packet)) return;
    this.#trustNext = false;
    this.#last = packet;
    this.#pass(packet);
  }

  #pass(packet: Packet): void {
    this.passed++;
    this.#queue.packet(packet);
  }

  /** Handles ids that do not follow one another: tells of a gap, or begins to hold where it may not be one. */
  #stopsAt(last: bigint, packet: Packet): boolean {
    const next = packet.packetId;
    const suspicious = this.suspiciousJump !== undefined && next - last >= this.suspiciousJump;
    if (suspicious && !this.#trustNext && this.onJump) {
      this.#held = [packet];
      this.onJump({ last, next });
      return true;
    }
    if (this.#options.everyId && next > last) this.#options.onGap(last + 1n, next - 1n);
    return false;
  }
}
