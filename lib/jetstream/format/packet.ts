/** Packets as they lie in a stream of JetStream, and as they are given to it. */
import type { Packet } from "../../datalink/protocol/packet.ts";

/** A packet out of a stream: all of DataLink's {@link Packet}, and where it was. */
export interface JetStreamPacket extends Packet {
  /** Where the packet came from in the first place, as the relay calls it: by default `host:port` of the DataLink server. */
  readonly source: string;
  /** The stream's name. */
  readonly stream: string;
  /** Its number in the stream, from 1, ascending in the order of storage. */
  readonly sequence: number;
  /** How often the group has been given it, from 1. */
  readonly deliveries: number;
  /** Whether the group has been given it before: its worker died, or took longer than `ackWait`. */
  readonly redelivered: boolean;
}

/** A packet for a stream. Source, packet id and packet time together say which one it is: the stream takes it once. */
export interface SourcePacket extends Packet {
  /** Where it comes from, the same for all relays of one server; printable ASCII without spaces. */
  readonly source: string;
  /**
   * Tells packets of one origin with different data from each other, as a program makes them of what it has read: a number of 32 bits,
   * such as a checksum. A relay gives none.
   */
  readonly digest?: number | undefined;
}

/** What the stream says of a packet that it has. */
export interface Stored {
  /** Its number in the stream. */
  readonly sequence: number;
  /** It was there already: another relay, or an attempt whose acknowledgement was lost, had stored it. */
  readonly duplicate: boolean;
}

/** Whatever keeps packets: small, so that another broker fits. */
export interface PacketStore {
  /** Resolves when the packet is kept. */
  publish(packet: SourcePacket): Promise<Stored>;
}
