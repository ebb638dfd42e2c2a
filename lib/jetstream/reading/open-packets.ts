/**
 * The packets that a worker has been given and has not committed: where their acknowledgements go, how much memory they take,
 * and which were committed not long ago, so that one that comes again because its acknowledgement was lost is only acknowledged again.
 */
import { sizeOf } from "../../subscription/packet-queue.ts";
import type { JetStreamPacket } from "../format/packet.ts";

/** Numbers of committed packets that are remembered. */
const REMEMBERED = 16_384;

interface Open {
  readonly packet: JetStreamPacket;
  /** When it was stored: a stream that is made anew has the same numbers again. */
  readonly time: number;
  /** Where its acknowledgement goes: of the delivery that came last. */
  reply: string;
}

export class OpenPackets {
  readonly #open = new Map<number, Open>();
  /** When each was stored, by its number, in the order in which they were committed. */
  readonly #committed = new Map<number, number>();
  #bytes = 0;

  get size(): number {
    return this.#open.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether a packet is open, which then is acknowledged where the last delivery says. */
  renew(sequence: number, time: number, reply: string): boolean {
    const open = this.#open.get(sequence);
    if (!open) return false;
    if (open.time === time) open.reply = reply;
    // The stream was made anew: nobody waits for that one any more.
    else this.remove(open.packet);
    return open.time === time;
  }

  /** The group begins anew, or the stream: what comes now is to be handed out, whatever its number. */
  forget(): void {
    this.#open.clear();
    this.#committed.clear();
    this.#bytes = 0;
  }

  wasCommitted(sequence: number, time: number): boolean {
    return this.#committed.get(sequence) === time;
  }

  add(packet: JetStreamPacket, time: number, reply: string): void {
    this.#open.set(packet.sequence, { packet, time, reply });
    this.#bytes += sizeOf(packet);
  }

  /** Where the acknowledgement of a packet goes; `undefined` for one that is not open. */
  commit(packet: JetStreamPacket): string | undefined {
    const open = this.#take(packet);
    if (!open) return undefined;
    this.#committed.delete(packet.sequence);
    this.#committed.set(packet.sequence, open.time);
    if (this.#committed.size > REMEMBERED) {
      const [oldest] = this.#committed.keys();
      this.#committed.delete(oldest!);
    }
    return open.reply;
  }

  remove(packet: JetStreamPacket): string | undefined {
    return this.#take(packet)?.reply;
  }

  #take(packet: JetStreamPacket): Open | undefined {
    const open = this.#open.get(packet.sequence);
    if (open?.packet !== packet) return undefined;
    this.#open.delete(packet.sequence);
    this.#bytes -= sizeOf(packet);
    return open;
  }
}
