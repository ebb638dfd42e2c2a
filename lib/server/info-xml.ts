/**
 * The XML of INFO STATUS, STREAMS and CONNECTIONS, with the elements and attributes of ringserver 4.5.3. Each part is a
 * generator of pieces of text, so that a long list can be written without holding up the server.
 *
 * Two of ringserver's values are not copied: its LatestPacketDataStartTime in a Stream is the end time, and its
 * PacketDataStartTime in a Connection is always `-`.
 */
import { formatMicroseconds } from "../time.ts";
import type { ConnectionFigures, PacketFigures, StatusFigures, StreamFigures } from "./figures.ts";
import { attributes, briefTime } from "./xml.ts";

/** INFO STATUS; the listeners are for trusted clients. */
export function* statusXml(status: StatusFigures, capabilities: string, trusted: boolean): Generator<string> {
  yield open(status, capabilities);
  if (trusted) yield listenersElement(status);
  yield "</DataLink>";
}

/** INFO STREAMS: how many were selected, and the rows of those that are still there. */
export function* streamsXml(
  status: StatusFigures,
  capabilities: string,
  selected: number,
  rows: Iterable<StreamFigures>,
): Generator<string> {
  yield open(status, capabilities);
  const counts = { TotalStreams: status.streams, SelectedStreams: selected };
  yield* list("StreamList", counts, selected, rows, (row) => streamElement(row, status.now));
}

/** INFO CONNECTIONS of the clients given. */
export function* clientsXml(
  status: StatusFigures,
  capabilities: string,
  selected: ConnectionFigures[],
): Generator<string> {
  yield open(status, capabilities);
  const counts = { TotalConnections: status.clients, SelectedConnections: selected.length };
  yield* list("ConnectionList", counts, selected.length, selected, clientElement);
}

function* list<Row>(
  name: string,
  counts: Record<string, number>,
  selected: number,
  rows: Iterable<Row>,
  element: (row: Row) => string,
): Generator<string> {
  const opened = `<${name}${attributes(counts)}`;
  if (selected === 0) {
    yield `${opened}/></DataLink>`;
    return;
  }
  yield `${opened}>`;
  for (const row of rows) yield element(row);
  yield `</${name}></DataLink>`;
}

function open(status: StatusFigures, capabilities: string): string {
  const { version, serverId } = status;
  const root = attributes({
    Version: `${version} :: DLPROTO:1.1`,
    ServerID: serverId,
    Capabilities: capabilities,
  });
  return `<DataLink${root}>${statusElement(status)}`;
}

function statusElement(status: StatusFigures): string {
  const slot = status.packetSize + SLOT_HEADER;
  return `<Status${attributes({
    StartTime: briefTime(status.startTime),
    RingVersion: RING_VERSION,
    RingSize: status.ringBytes,
    PacketSize: slot,
    MaximumPackets: Math.floor(status.ringBytes / slot),
    MemoryMappedRing: "FALSE",
    VolatileRing: status.isVolatile ? "TRUE" : "FALSE",
    TotalConnections: status.clients,
    TotalStreams: status.streams,
    TXPacketRate: status.sent.packetRate.toFixed(1),
    TXByteRate: status.sent.byteRate.toFixed(1),
    RXPacketRate: status.received.packetRate.toFixed(1),
    RXByteRate: status.received.byteRate.toFixed(1),
    ...packetAttributes("Earliest", status.earliest),
    ...packetAttributes("Latest", status.latest),
  })}/>`;
}

/**
 * ringserver keeps packets in slots of equal size, with this many bytes for what is known about a packet, and reports
 * the size of a slot as PacketSize. Clients know that figure, so it is given in the same way.
 */
const SLOT_HEADER = 120;

/** The format of ringserver's ring whose attributes these are. */
const RING_VERSION = 3;

function packetAttributes(which: string, packet: PacketFigures | undefined): Record<string, string | bigint> {
  return {
    [`${which}PacketID`]: packet?.packetId ?? 0n,
    [`${which}PacketCreationTime`]: packet ? briefTime(packet.packetTime) : "-",
    [`${which}PacketDataStartTime`]: packet ? briefTime(packet.dataStart) : "-",
    [`${which}PacketDataEndTime`]: packet ? briefTime(packet.dataEnd) : "-",
  };
}

function listenersElement({ listeners }: StatusFigures): string {
  const threads = listeners.map(
    ({ type, port }) => `<Thread${attributes({ Flags: "ACTIVE", Type: type, Port: port })}/>`,
  );
  return `<ServerThreads${attributes({ TotalServerThreads: threads.length })}>${threads.join("")}</ServerThreads>`;
}

function streamElement({ streamId, earliest, latest }: StreamFigures, now: number): string {
  return `<Stream${attributes({
    Name: streamId,
    EarliestPacketID: earliest.packetId,
    EarliestPacketDataStartTime: formatMicroseconds(earliest.dataStart),
    LatestPacketID: latest.packetId,
    LatestPacketDataStartTime: formatMicroseconds(latest.dataStart),
    LatestPacketDataEndTime: formatMicroseconds(latest.dataEnd),
    DataLatency: ((now - latest.dataEnd) / 1e6).toFixed(1),
  })}/>`;
}

function clientElement(client: ConnectionFigures): string {
  const { sent, received, lastPacket } = client;
  return `<Connection${attributes({
    Type: client.type,
    Host: client.address,
    IP: client.address,
    Port: client.port,
    ClientID: client.clientId === "" ? "-" : client.clientId,
    ConnectionTime: briefTime(Math.floor(client.connectedAt / 1e6) * 1e6),
    Match: client.match ?? "-",
    Reject: client.reject ?? "-",
    StreamCount: client.selectedStreams,
    PacketID: lastPacket?.packetId ?? 0n,
    PacketDataStartTime: lastPacket ? briefTime(lastPacket.dataStart) : "-",
    PacketCreationTime: lastPacket ? briefTime(lastPacket.packetTime) : "-",
    TXPacketCount: sent.packets,
    TXPacketRate: sent.packetRate.toFixed(1),
    TXByteCount: sent.bytes,
    TXByteRate: sent.byteRate.toFixed(1),
    RXPacketCount: received.packets,
    RXPacketRate: received.packetRate.toFixed(1),
    RXByteCount: received.bytes,
    RXByteRate: received.byteRate.toFixed(1),
    Latency: client.idleSeconds.toFixed(1),
    PercentLag: client.percentLag,
  })}/>`;
}
