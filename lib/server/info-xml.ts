/**
 * The XML of INFO STATUS, STREAMS and CONNECTIONS, with the elements and attributes of ringserver 4.5.3. Each part is a
 * generator of pieces of text, so that a long list can be written without holding up the server.
 *
 * Two of ringserver's values are not copied: its LatestPacketDataStartTime in a Stream is the end time, and its
 * PacketDataStartTime in a Connection is always `-`.
 */
import { formatMicroseconds } from "../time.ts";
import type { Ring, RingStream } from "./ring/ring.ts";
import type { Traffic, TrafficFigures } from "./traffic.ts";

/** What the server tells of itself. */
export interface ServerFigures {
  /** For example `DataLink v1.1 (SeisFlow/0.1.0) :: DLPROTO:1.1`. */
  version: string;
  serverId: string;
  /** Microseconds since 1970. */
  startTime: number;
  now: number;
  volatile: boolean;
  connections: number;
  sent: Traffic;
  received: Traffic;
  listeners: { type: string; port: number }[];
}

/** What is told of one connection. */
export interface ConnectionFigures {
  /** `DataLink`, with `:WebSocket` and `:TLS` where they apply. */
  type: string;
  address: string;
  port: number;
  clientId: string;
  /** Microseconds since 1970. */
  connectedAt: number;
  match: string | undefined;
  reject: string | undefined;
  selectedStreams: number;
  /** Sequence of the packet last sent, or `undefined`. */
  lastSequence: number | undefined;
  sent: TrafficFigures;
  received: TrafficFigures;
  /** Seconds since anything was exchanged. */
  idleSeconds: number;
  /** How far behind the newest packet, 0 to 100. */
  percentLag: number;
}

const OPEN = (figures: ServerFigures, capabilities: string) =>
  `<DataLink${attributes({ Version: figures.version, ServerID: figures.serverId, Capabilities: capabilities })}>`;

/** INFO STATUS; the listeners are for trusted clients. */
export function* statusXml(
  ring: Ring,
  figures: ServerFigures,
  capabilities: string,
  trusted: boolean,
): Generator<string> {
  yield OPEN(figures, capabilities) + statusElement(ring, figures);
  if (trusted) yield listenersElement(figures);
  yield "</DataLink>";
}

/** INFO STREAMS of the streams given. */
export function* streamsXml(
  ring: Ring,
  figures: ServerFigures,
  capabilities: string,
  selected: RingStream[],
): Generator<string> {
  yield OPEN(figures, capabilities) + statusElement(ring, figures);
  const counts = attributes({ TotalStreams: ring.streams.size, SelectedStreams: selected.length });
  if (selected.length === 0) {
    yield `<StreamList${counts}/></DataLink>`;
    return;
  }
  yield `<StreamList${counts}>`;
  for (const stream of selected) {
    // It may have left the ring since it was selected.
    if (ring.streams.get(stream.streamId) === stream) yield streamElement(ring, stream, figures.now);
  }
  yield "</StreamList></DataLink>";
}

/** INFO CONNECTIONS of the connections given. */
export function* connectionsXml(
  ring: Ring,
  figures: ServerFigures,
  capabilities: string,
  selected: ConnectionFigures[],
): Generator<string> {
  yield OPEN(figures, capabilities) + statusElement(ring, figures);
  const counts = attributes({ TotalConnections: figures.connections, SelectedConnections: selected.length });
  if (selected.length === 0) {
    yield `<ConnectionList${counts}/></DataLink>`;
    return;
  }
  yield `<ConnectionList${counts}>`;
  for (const connection of selected) yield connectionElement(ring, connection);
  yield "</ConnectionList></DataLink>";
}

function statusElement(ring: Ring, figures: ServerFigures): string {
  const slot = ring.packetSize + SLOT_HEADER;
  return `<Status${attributes({
    StartTime: briefTime(figures.startTime),
    RingVersion: RING_VERSION,
    RingSize: ring.ringBytes,
    PacketSize: slot,
    MaximumPackets: Math.floor(ring.ringBytes / slot),
    MemoryMappedRing: "FALSE",
    VolatileRing: figures.volatile ? "TRUE" : "FALSE",
    TotalConnections: figures.connections,
    TotalStreams: ring.streams.size,
    TXPacketRate: figures.sent.packetRate.toFixed(1),
    TXByteRate: figures.sent.byteRate.toFixed(1),
    RXPacketRate: figures.received.packetRate.toFixed(1),
    RXByteRate: figures.received.byteRate.toFixed(1),
    ...packetAttributes(ring, "Earliest", ring.first),
    ...packetAttributes(ring, "Latest", ring.end - 1),
  })}/>`;
}

/**
 * ringserver keeps packets in slots of equal size, with this many bytes for what is known about a packet, and reports
 * the size of a slot as PacketSize. Clients know that figure, so it is given in the same way.
 */
const SLOT_HEADER = 120;

/** The format of ringserver's ring whose attributes these are. */
const RING_VERSION = 3;

function packetAttributes(ring: Ring, which: string, sequence: number): Record<string, string | bigint> {
  const packet = ring.packets > 0 ? ring.packetAt(sequence) : undefined;
  return {
    [`${which}PacketID`]: packet?.packetId ?? 0n,
    [`${which}PacketCreationTime`]: packet ? briefTime(packet.packetTime) : "-",
    [`${which}PacketDataStartTime`]: packet ? briefTime(packet.dataStart) : "-",
    [`${which}PacketDataEndTime`]: packet ? briefTime(packet.dataEnd) : "-",
  };
}

function listenersElement(figures: ServerFigures): string {
  const threads = figures.listeners.map(
    ({ type, port }) => `<Thread${attributes({ Flags: "ACTIVE", Type: type, Port: port })}/>`,
  );
  return `<ServerThreads${attributes({ TotalServerThreads: threads.length })}>${threads.join("")}</ServerThreads>`;
}

function streamElement(ring: Ring, stream: RingStream, now: number): string {
  const earliest = ring.packetAt(stream.earliest);
  const latest = stream.latest === stream.earliest ? earliest : ring.packetAt(stream.latest);
  return `<Stream${attributes({
    Name: stream.streamId,
    EarliestPacketID: earliest.packetId,
    EarliestPacketDataStartTime: formatMicroseconds(earliest.dataStart),
    LatestPacketID: latest.packetId,
    LatestPacketDataStartTime: formatMicroseconds(latest.dataStart),
    LatestPacketDataEndTime: formatMicroseconds(latest.dataEnd),
    DataLatency: ((now - latest.dataEnd) / 1e6).toFixed(1),
  })}/>`;
}

function connectionElement(ring: Ring, connection: ConnectionFigures): string {
  const { sent, received, lastSequence } = connection;
  const last =
    lastSequence !== undefined && lastSequence >= ring.first && lastSequence < ring.end
      ? ring.packetAt(lastSequence)
      : undefined;
  return `<Connection${attributes({
    Type: connection.type,
    Host: connection.address,
    IP: connection.address,
    Port: connection.port,
    ClientID: connection.clientId === "" ? "-" : connection.clientId,
    ConnectionTime: briefTime(Math.floor(connection.connectedAt / 1e6) * 1e6),
    Match: connection.match ?? "-",
    Reject: connection.reject ?? "-",
    StreamCount: connection.selectedStreams,
    PacketID: last?.packetId ?? 0n,
    PacketDataStartTime: last ? briefTime(last.dataStart) : "-",
    PacketCreationTime: last ? briefTime(last.packetTime) : "-",
    TXPacketCount: sent.packets,
    TXPacketRate: sent.packetRate.toFixed(1),
    TXByteCount: sent.bytes,
    TXByteRate: sent.byteRate.toFixed(1),
    RXPacketCount: received.packets,
    RXPacketRate: received.packetRate.toFixed(1),
    RXByteCount: received.bytes,
    RXByteRate: received.byteRate.toFixed(1),
    Latency: connection.idleSeconds.toFixed(1),
    PercentLag: connection.percentLag,
  })}/>`;
}

/** ISO time without decimals where it is a whole second. */
function briefTime(microseconds: number): string {
  return formatMicroseconds(microseconds).replace(".000000Z", "Z");
}

function attributes(values: Record<string, string | number | bigint>): string {
  let text = "";
  for (const name in values) text += ` ${name}="${escapeXml(String(values[name]))}"`;
  return text;
}

const ESCAPED: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Control characters, which XML cannot hold, become `?`. */
function escapeXml(text: string): string {
  return text
    .replace(/[&<>"]/g, (character) => ESCAPED[character]!)
    .replace(/[^\x20-\ud7ff\ue000-\ufffd]/g, "?");
}
