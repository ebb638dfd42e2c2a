/** The packets that a message becomes for JetStream: what datalink out would write, and what tells each from all others. */
import { crc32 } from "node:zlib";
import type { SourcePacket } from "../../../lib/jetstream/format/packet.ts";
import { nowMicroseconds } from "../../../lib/time.ts";
import { messagePackets, type OutgoingPacket } from "../message-packets.ts";
import { originOf } from "../packet-fields.ts";

/** What a source may be called: it goes into the headers of NATS. */
export const SOURCE_NAME = /^[\x21-\x7e]{1,128}$/;

export class SourcePackets {
  readonly #source: string;
  readonly #own: string;
  readonly #streamId: string;
  #made = 0n;

  /**
   * @param source the node's setting; empty for what the message says
   * @param own what packets are from that no reader has sent
   * @param streamId the node's setting; empty for what the message says
   */
  constructor({ source, own, streamId }: { source: string; own: string; streamId: string }) {
    this.#source = source;
    this.#own = own;
    this.#streamId = streamId;
  }

  /** @throws what `messagePackets` throws: nothing of the message can be stored then */
  of(msg: Parameters<typeof messagePackets>[0]): SourcePacket[] {
    return messagePackets(msg, this.#streamId).map((packet) => ({
      ...packet,
      payload: asBuffer(packet.payload),
      ...(this.#known(msg, packet) ?? this.#new()),
      digest: digestOf(packet),
    }));
  }

  /** A packet of a reader keeps what that has said of it; nodes between may have changed its data, which the digest tells. */
  #known(msg: object, { streamId }: OutgoingPacket): Identity | undefined {
    const origin = originOf(msg, streamId);
    if (origin === undefined) return undefined;
    // As relays name it: `host:port`.
    const source = this.#source || origin.server.replace(/^[a-z]+:\/\//i, "");
    const { packetId, packetTime } = origin;
    return SOURCE_NAME.test(source) ? { source, packetId, packetTime } : undefined;
  }

  #new(): Identity {
    this.#made++;
    return { source: this.#source || this.#own, packetId: this.#made, packetTime: nowMicroseconds() };
  }
}

/** Without a copy. */
function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

type Identity = Pick<SourcePacket, "source" | "packetId" | "packetTime">;

/** Two packets of one origin with different data are two: a flow may filter one, or make several of it. */
function digestOf({ streamId, payload }: OutgoingPacket): number {
  return crc32(payload, crc32(streamId));
}
