/**
 * INFO: the server's XML about itself, its streams and its connections, as typed objects.
 *
 * What all servers say is always there, as nothing (0, an empty text) where one does not say it; what only some versions
 * or some occasions have is left out where it is not said, or said to be unset (`-`). Times come as ISO 8601 or as
 * `2026-11-22 06:48:44.992347`.
 */
import sax from "sax";
import { toMicroseconds } from "../../time.ts";
import { DataLinkError } from "./errors.ts";

/** What a server can be asked about. */
export type InfoType = "STATUS" | "STREAMS" | "CONNECTIONS";

export const INFO_TYPES: readonly InfoType[] = ["STATUS", "STREAMS", "CONNECTIONS"];

/** The ring and its traffic. */
export interface RingStatus {
  /** When the server was started: microseconds since 1970. */
  startTime?: number;
  /** Version of the ring's own format. */
  ringVersion: string;
  /** Bytes of the whole ring; ringserver 4.0 says 0. */
  ringSize: number;
  /** Bytes of a packet: in ringserver 4 of its place in the ring, which is 120 more than a payload may have. */
  packetSize: number;
  /** The greatest packet id before they begin anew; only ringserver before 4. */
  maximumPacketId?: bigint;
  /** How many packets the ring can hold. */
  maximumPackets: number;
  /** Whether the ring is a file that is mapped into memory. */
  memoryMappedRing: boolean;
  /** Whether the ring is gone when the server ends. */
  volatileRing: boolean;
  /** Clients that are connected. */
  totalConnections: number;
  /** Streams that have packets in the ring. */
  totalStreams: number;
  /** Packets sent per second. */
  txPacketRate: number;
  /** Bytes sent per second. */
  txByteRate: number;
  /** Packets received per second. */
  rxPacketRate: number;
  /** Bytes received per second. */
  rxByteRate: number;
  /** Id of the oldest packet; 0 while the ring is empty. */
  earliestPacketId: bigint;
  /** When the server accepted the oldest packet: microseconds since 1970. */
  earliestPacketTime?: number;
  /** Start of the oldest packet's data: microseconds since 1970. */
  earliestDataStart?: number;
  /** End of the oldest packet's data: microseconds since 1970. */
  earliestDataEnd?: number;
  /** Id of the newest packet; 0 while the ring is empty. */
  latestPacketId: bigint;
  /** When the server accepted the newest packet: microseconds since 1970. */
  latestPacketTime?: number;
  /** Start of the newest packet's data: microseconds since 1970. */
  latestDataStart?: number;
  /** End of the newest packet's data: microseconds since 1970. */
  latestDataEnd?: number;
}

/** A thread of the server: one that listens, or one that scans a directory for files. */
export interface ServerThread {
  /** What it is doing, such as `ACTIVE`. */
  flags: string;
  /** What it is for, such as `IPv4: DataLink SeedLink HTTP`. */
  type: string;
  /** Where it listens. */
  port?: number;
  /** What it scans. */
  directory?: string;
  /** How many levels of folders it goes down. */
  maxRecursion?: number;
  /** Where it keeps what it has read. */
  stateFile?: string;
  /** Regular expression of the files it reads. */
  match?: string;
  /** Regular expression of the files it does not read. */
  reject?: string;
  /** Seconds that one scan takes. */
  scanTime?: number;
  /** Packets per second that it reads. */
  packetRate?: number;
  /** Bytes per second that it reads. */
  byteRate?: number;
}

/** A stream of the ring. */
export interface StreamInfo {
  /** For example `FDSN:CO_JSC_00_H_H_Z/MSEED`. */
  streamId: string;
  /** Id of its oldest packet. */
  earliestPacketId: bigint;
  /** Start of its oldest packet's data: microseconds since 1970. */
  earliestDataStart?: number;
  /** End of its oldest packet's data: microseconds since 1970; not from ringserver 4. */
  earliestDataEnd?: number;
  /** Id of its newest packet. */
  latestPacketId: bigint;
  /** Start of its newest packet's data: microseconds since 1970. ringserver 4 gives the end here. */
  latestDataStart?: number;
  /** End of its newest packet's data: microseconds since 1970. */
  latestDataEnd?: number;
  /** Seconds from the end of its newest data to now. */
  dataLatency?: number;
}

/** A client of the server. */
export interface ConnectionInfo {
  /** `DataLink`, `SeedLink` or `HTTP`, with `:WebSocket` and `:TLS` where they apply. */
  type: string;
  /** Name of its machine, or its address. */
  host: string;
  /** Its address. */
  ip: string;
  /** Its port. */
  port?: number;
  /** What it calls itself. */
  clientId?: string;
  /** When it connected: microseconds since 1970. */
  connectionTime?: number;
  /** Regular expression of the streams it wants. */
  match?: string;
  /** Regular expression of the streams it does not want. */
  reject?: string;
  /** Streams that are selected by these. */
  streamCount: number;
  /** The packet last sent to it. */
  packetId?: bigint;
  /** When the server accepted that packet: microseconds since 1970. */
  packetTime?: number;
  /** Start of that packet's data: microseconds since 1970. */
  dataStart?: number;
  /** End of that packet's data: microseconds since 1970. */
  dataEnd?: number;
  /** Packets sent to it. */
  txPacketCount: number;
  /** Packets sent to it per second. */
  txPacketRate: number;
  /** Bytes sent to it. */
  txByteCount: number;
  /** Bytes sent to it per second. */
  txByteRate: number;
  /** Packets received from it. */
  rxPacketCount: number;
  /** Packets received from it per second. */
  rxPacketRate: number;
  /** Bytes received from it. */
  rxByteCount: number;
  /** Bytes received from it per second. */
  rxByteRate: number;
  /** Seconds since anything was exchanged with it. */
  latency?: number;
  /** How far it is behind the newest packet, in percent of the ring. */
  percentLag?: number;
}

/** What every INFO has. */
export interface ServerInfo {
  /** The server's name and version, such as `DataLink v1.1 (RingServer/4.5.3) :: DLPROTO:1.1`. */
  version: string;
  /** What its operator calls it. */
  serverId: string;
  /** Its protocol, packet size and whether this client may write, such as `DLPROTO:1.1 PACKETSIZE:512 WRITE`. */
  capabilities: string;
  /** The ring and its traffic. */
  status: RingStatus;
  /** The server's answer, as it came. */
  xml: string;
}

/** INFO STATUS. */
export interface StatusInfo extends ServerInfo {
  /** How many threads there are; told to trusted clients only. */
  totalServerThreads?: number;
  /** Told to trusted clients only: empty for others. */
  serverThreads: ServerThread[];
}

/** INFO STREAMS. */
export interface StreamsInfo extends ServerInfo {
  /** How many streams the ring has. */
  totalStreams?: number;
  /** How many are listed. */
  selectedStreams?: number;
  /** Those that were asked for and that this client may read. */
  streams: StreamInfo[];
}

/** INFO CONNECTIONS, for trusted clients. */
export interface ConnectionsInfo extends ServerInfo {
  /** How many clients there are. */
  totalConnections?: number;
  /** How many are listed. */
  selectedConnections?: number;
  /** Those that were asked for, newest first. */
  connections: ConnectionInfo[];
}

/** What `info()` of each type resolves to. */
export interface InfoResults {
  STATUS: StatusInfo;
  STREAMS: StreamsInfo;
  CONNECTIONS: ConnectionsInfo;
}

/** DataLink, ServerThreads, Thread: INFO is never nested deeper than that. */
const MAX_DEPTH = 8;

/** Reads the text of an attribute; it is empty where the attribute is not there. */
type Read = (text: string) => unknown;
/** The attributes of an element, and which properties they become. */
type Table<T> = Readonly<Record<string, readonly [property: keyof T & string, read: Read]>>;

const text = (value: string) => (value === "-" || value === "" ? undefined : value);
const number = (value: string) => (/^[+-]?\d[\d.eE+-]*$/.test(value) ? Number(value) : undefined);
const id = (value: string) => (/^\d{1,20}$/.test(value) ? BigInt(value) : undefined);
const time = (value: string) => (text(value) === undefined ? undefined : toMicroseconds(value));
// What all servers say.
const name = (value: string) => text(value) ?? "";
const count = (value: string) => number(value) ?? 0;
const place = (value: string) => id(value) ?? 0n;
const yes = (value: string) => value.toUpperCase() === "TRUE";

const ROOT: Table<ServerInfo> = {
  Version: ["version", name],
  ServerID: ["serverId", name],
  Capabilities: ["capabilities", name],
};

const STATUS: Table<RingStatus> = {
  StartTime: ["startTime", time],
  RingVersion: ["ringVersion", name],
  RingSize: ["ringSize", count],
  PacketSize: ["packetSize", count],
  MaximumPacketID: ["maximumPacketId", id],
  MaximumPackets: ["maximumPackets", count],
  MemoryMappedRing: ["memoryMappedRing", yes],
  VolatileRing: ["volatileRing", yes],
  TotalConnections: ["totalConnections", count],
  TotalStreams: ["totalStreams", count],
  TXPacketRate: ["txPacketRate", count],
  TXByteRate: ["txByteRate", count],
  RXPacketRate: ["rxPacketRate", count],
  RXByteRate: ["rxByteRate", count],
  EarliestPacketID: ["earliestPacketId", place],
  EarliestPacketCreationTime: ["earliestPacketTime", time],
  EarliestPacketDataStartTime: ["earliestDataStart", time],
  EarliestPacketDataEndTime: ["earliestDataEnd", time],
  LatestPacketID: ["latestPacketId", place],
  LatestPacketCreationTime: ["latestPacketTime", time],
  LatestPacketDataStartTime: ["latestDataStart", time],
  LatestPacketDataEndTime: ["latestDataEnd", time],
};

const THREAD: Table<ServerThread> = {
  Flags: ["flags", name],
  Type: ["type", name],
  Port: ["port", number],
  Directory: ["directory", text],
  MaxRecursion: ["maxRecursion", number],
  StateFile: ["stateFile", text],
  Match: ["match", text],
  Reject: ["reject", text],
  ScanTime: ["scanTime", number],
  PacketRate: ["packetRate", number],
  ByteRate: ["byteRate", number],
};

const STREAM: Table<StreamInfo> = {
  Name: ["streamId", name],
  EarliestPacketID: ["earliestPacketId", place],
  EarliestPacketDataStartTime: ["earliestDataStart", time],
  EarliestPacketDataEndTime: ["earliestDataEnd", time],
  LatestPacketID: ["latestPacketId", place],
  LatestPacketDataStartTime: ["latestDataStart", time],
  LatestPacketDataEndTime: ["latestDataEnd", time],
  DataLatency: ["dataLatency", number],
};

const CONNECTION: Table<ConnectionInfo> = {
  Type: ["type", name],
  Host: ["host", name],
  IP: ["ip", name],
  Port: ["port", number],
  ClientID: ["clientId", text],
  ConnectionTime: ["connectionTime", time],
  Match: ["match", text],
  Reject: ["reject", text],
  StreamCount: ["streamCount", count],
  PacketID: ["packetId", id],
  PacketCreationTime: ["packetTime", time],
  PacketDataStartTime: ["dataStart", time],
  PacketDataEndTime: ["dataEnd", time],
  TXPacketCount: ["txPacketCount", count],
  TXPacketRate: ["txPacketRate", count],
  TXByteCount: ["txByteCount", count],
  TXByteRate: ["txByteRate", count],
  RXPacketCount: ["rxPacketCount", count],
  RXPacketRate: ["rxPacketRate", count],
  RXByteCount: ["rxByteCount", count],
  RXByteRate: ["rxByteRate", count],
  Latency: ["latency", number],
  PercentLag: ["percentLag", number],
};

const TOTALS: Table<StatusInfo & StreamsInfo & ConnectionsInfo> = {
  TotalServerThreads: ["totalServerThreads", number],
  TotalStreams: ["totalStreams", number],
  SelectedStreams: ["selectedStreams", number],
  TotalConnections: ["totalConnections", number],
  SelectedConnections: ["selectedConnections", number],
};

/** The lists of INFO: the element that is repeated, and how its attributes are read. */
const LISTS = {
  STATUS: ["serverThreads", "Thread", THREAD],
  STREAMS: ["streams", "Stream", STREAM],
  CONNECTIONS: ["connections", "Connection", CONNECTION],
} as const;

/**
 * Reads the XML of an INFO reply. Control characters and other flaws of stream ids that no XML may have are taken as
 * they are.
 *
 * @throws DataLinkError `PROTOCOL` where it is no INFO at all.
 */
export function parseInfo<Type extends InfoType>(type: Type, xml: string): InfoResults[Type] {
  const [listName, itemName, itemTable] = LISTS[type];
  const items: object[] = [];
  const info = readAttributes(ROOT, {});
  let status: object | undefined;
  let depth = 0;

  const parser = sax.parser(true);
  parser.onopentag = ({ name, attributes }) => {
    if (++depth > MAX_DEPTH) throw notInfo(type, `it is nested deeper than ${MAX_DEPTH} levels`);
    const values = attributes as Record<string, string>;
    if (name === itemName) items.push(readAttributes(itemTable, values));
    else if (name === "DataLink") Object.assign(info, readAttributes(ROOT, values));
    else if (name === "Status") status = readAttributes(STATUS, values);
    else if (name === "ServerThreads" || name === "StreamList" || name === "ConnectionList")
      Object.assign(info, readAttributes(TOTALS, values));
  };
  parser.onclosetag = () => {
    depth--;
  };
  parser.onerror = () => {
    // A flaw in one attribute must not hide all the others.
    parser.resume();
  };
  parser.write(xml).close();
  if (status === undefined) throw notInfo(type, "it has no Status element");
  return { ...info, status, [listName]: items, xml } as unknown as InfoResults[Type];
}

function readAttributes<T>(table: Table<T>, attributes: Record<string, string>): object {
  const result: Record<string, unknown> = {};
  for (const [attribute, [property, read]] of Object.entries(table)) {
    const value = read(Object.hasOwn(attributes, attribute) ? attributes[attribute]! : "");
    if (value !== undefined) result[property] = value;
  }
  return result;
}

function notInfo(type: InfoType, why: string): DataLinkError {
  return new DataLinkError("PROTOCOL", `The server's INFO ${type} cannot be read: ${why}.`);
}
