/**
 * What the server tells of itself, its streams and its clients, as plain rows: they hold nothing of the server, and whoever
 * shows them (info-xml.ts, http.ts) chooses among them by the same rules.
 */
import type { StreamPattern } from "./access/pattern.ts";
import type { Ring, RingStream } from "./ring/ring.ts";
import type { TrafficFigures } from "./traffic.ts";

/** A packet of the ring without its payload; times in microseconds since 1970. */
export interface PacketFigures {
  streamId: string;
  packetId: bigint;
  packetTime: number;
  dataStart: number;
  dataEnd: number;
}

/** The server as a whole. */
export interface StatusFigures {
  /** For example `DataLink v1.1 (SeisFlow/0.1.0)`. */
  version: string;
  serverId: string;
  /** Microseconds since 1970. */
  startTime: number;
  now: number;
  /** Whether the ring is in memory only. */
  isVolatile: boolean;
  /** Bytes that the ring holds, and the largest payload that it takes. */
  ringBytes: number;
  packetSize: number;
  clients: number;
  streams: number;
  packets: number;
  earliest: PacketFigures | undefined;
  latest: PacketFigures | undefined;
  sent: TrafficFigures;
  received: TrafficFigures;
  listeners: { type: string; port: number }[];
}

/** A stream that has packets in the ring. */
export interface StreamFigures {
  streamId: string;
  /** How many of its packets the ring holds. */
  packets: number;
  earliest: PacketFigures;
  latest: PacketFigures;
}

/** A client that is connected. */
export interface ConnectionFigures {
  /** `DataLink`, with `:WebSocket` and `:TLS` where they apply. */
  type: string;
  address: string;
  port: number;
  clientId: string;
  /** Microseconds since 1970. */
  connectedAt: number;
  /** The regular expressions by which it chooses among the streams. */
  match: string | undefined;
  reject: string | undefined;
  selectedStreams: number;
  /** The packet that it was sent last, if the ring still holds it. */
  lastPacket: PacketFigures | undefined;
  sent: TrafficFigures;
  received: TrafficFigures;
  /** Seconds since anything was exchanged. */
  idleSeconds: number;
  /** How far behind the newest packet, 0 to 100. */
  percentLag: number;
}

/** The packet at a sequence; `undefined` where the ring does not hold it. */
export function packetFigures(ring: Ring, sequence: number | undefined): PacketFigures | undefined {
  if (sequence === undefined || sequence < ring.first || sequence >= ring.end) return undefined;
  const { payload: _, ...packet } = ring.packetAt(sequence);
  return packet;
}

/** A row for a stream; `undefined` where it has left the ring meanwhile. */
export function streamFigures(ring: Ring, stream: RingStream): StreamFigures | undefined {
  const { streamId, packets } = stream;
  if (ring.streams.get(streamId) !== stream) return undefined;
  const earliest = packetFigures(ring, stream.earliest)!;
  const latest = stream.latest === stream.earliest ? earliest : packetFigures(ring, stream.latest)!;
  return { streamId, packets, earliest, latest };
}

/** The streams that `has` chooses, by their names; in steps, because there may be many. */
export function* selectStreams(
  ring: Ring,
  has: (stream: RingStream) => boolean,
): Generator<undefined, RingStream[]> {
  const selected: RingStream[] = [];
  for (const stream of [...ring.streams.values()]) {
    if (has(stream)) selected.push(stream);
    yield;
  }
  return selected.sort((a, b) => (a.streamId < b.streamId ? -1 : 1));
}

/** The clients whose address or name a pattern finds; in steps. */
export function* selectClients(
  clients: ConnectionFigures[],
  pattern: StreamPattern | undefined,
): Generator<undefined, ConnectionFigures[]> {
  const selected: ConnectionFigures[] = [];
  for (const client of clients) {
    if (!pattern || pattern.test(client.address) || pattern.test(client.clientId)) selected.push(client);
    yield;
  }
  return selected;
}
