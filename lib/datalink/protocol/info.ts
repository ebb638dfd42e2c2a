/**
 * INFO: the server's XML about itself, its streams and its connections, as typed objects.
 *
 * What every server tells is always there: `""`, 0 or 0n where one does not tell it all the same. What only some tell, or
 * only trusted clients are told, is left out where it is not told; `-` in the XML means that, too. Times come as ISO 8601 or
 * as `2026-11-22 06:48:44.992347`, and are microseconds since 1970 here.
 */
import sax from "sax";
import { MAX_INFO_ROWS } from "../../limits.ts";
import type { Steps } from "../../slices.ts";
import { toMicroseconds } from "../../time.ts";
import { DataLinkError } from "./errors.ts";

/** What can be asked about: the ring, its streams, the server's clients. */
export type InfoType = "STATUS" | "STREAMS" | "CONNECTIONS";

export const INFO_TYPES: readonly InfoType[] = ["STATUS", "STREAMS", "CONNECTIONS"];

/** DataLink, ServerThreads, Thread: INFO is never nested deeper than that. */
const MAX_DEPTH = 8;

/** The ring and its traffic. */
export interface RingStatus {
  /** When the server was started: microseconds since 1970. */
  startTime: number;
  /** The version of the ring's layout. */
  ringVersion: string;
  /** The size of the ring, in bytes. */
  ringSize: number;
  /** The ring's room for a packet, in bytes: of ringserver 4, with its header. */
  packetSize: number;
  /** The packet id after which ids begin anew; servers with 64-bit ids do not tell it. */
  maximumPacketId?: bigint;
  /** How many packets the ring holds. */
  maximumPackets: number;
  /** Whether the ring is a memory-mapped file. */
  memoryMappedRing: boolean;
  /** Whether the ring is gone when the server ends. */
  volatileRing: boolean;
  /** Clients of the server. */
  totalConnections: number;
  /** Streams that have packets in the ring. */
  totalStreams: number;
  /** Packets sent, per second. */
  txPacketRate: number;
  /** Bytes sent, per second. */
  txByteRate: number;
  /** Packets received, per second. */
  rxPacketRate: number;
  /** Bytes received, per second. */
  rxByteRate: number;
  /** The id of the earliest packet; 0 while the ring is empty. */
  earliestPacketId: bigint;
  /** When the server accepted the earliest packet: microseconds since 1970. */
  earliestPacketTime?: number;
  /** The data start time of the earliest packet: microseconds since 1970. */
  earliestDataStart?: number;
  /** The data end time of the earliest packet: microseconds since 1970. */
  earliestDataEnd?: number;
  /** The id of the latest packet; 0 while the ring is empty. */
  latestPacketId: bigint;
  /** When the server accepted the latest packet: microseconds since 1970. */
  latestPacketTime?: number;
  /** The data start time of the latest packet: microseconds since 1970. */
  latestDataStart?: number;
  /** The data end time of the latest packet: microseconds since 1970. */
  latestDataEnd?: number;
}

/** A thread of the server: one that listens, or one that scans a directory. */
export interface ServerThread {
  /** What the thread is doing, for example `ACTIVE`. */
  flags: string;
  /** What it is for, for example `DataLink`, `Mini-SEED Scanner`. */
  type: string;
  /** The port it listens on; a scanner has none. */
  port?: number;
  /** The directory it scans. */
  directory?: string;
  /** How many levels of sub-directories it scans. */
  maxRecursion?: number;
  /** Where it keeps what it has scanned. */
  stateFile?: string;
  /** Which files it scans: a regular expression. */
  match?: string;
  /** Which files it does not scan: a regular expression. */
  reject?: string;
  /** How long its last scan took, in seconds. */
  scanTime?: number;
  /** Packets read, per second. */
  packetRate?: number;
  /** Bytes read, per second. */
  byteRate?: number;
}

/** A stream of the ring. */
export interface StreamInfo {
  /** For example `FDSN:CO_JSC_00_H_H_Z/MSEED`. */
  streamId: string;
  /** The id of its earliest packet in the ring. */
  earliestPacketId: bigint;
  /** The data start time of its earliest packet: microseconds since 1970. */
  earliestDataStart: number;
  /** The data end time of its earliest packet: microseconds since 1970. Not told by old servers. */
  earliestDataEnd?: number;
  /** The id of its latest packet in the ring. */
  latestPacketId: bigint;
  /** The data start time of its latest packet: microseconds since 1970. ringserver 4 puts the end time here. */
  latestDataStart: number;
  /** The data end time of its latest packet: microseconds since 1970. */
  latestDataEnd: number;
  /** How old the end of its latest data is, in seconds. */
  dataLatency: number;
}

/** A client of the server. */
export interface ConnectionInfo {
  /** What it speaks, for example `DataLink`, `DataLink:WebSocket`. */
  type: string;
  /** The client's host name, or its address. */
  host: string;
  /** The client's address. */
  ip: string;
  /** The client's port. */
  port: number;
  /** How the client calls itself, usually `program:user:pid:architecture`. */
  clientId: string;
  /** Since when it is connected: microseconds since 1970. */
  connectionTime: number;
  /** Which streams it asks for: a regular expression. */
  match?: string;
  /** Which streams it does not want: a regular expression. */
  reject?: string;
  /** How many streams that selects. */
  streamCount: number;
  /** The packet it was sent last; 0: none yet. */
  packetId: bigint;
  /** When the server accepted that packet: microseconds since 1970. */
  packetTime?: number;
  /** The data start time of that packet: microseconds since 1970. */
  dataStart?: number;
  /** The data end time of that packet: microseconds since 1970. */
  dataEnd?: number;
  /** Packets sent to it. */
  txPacketCount: number;
  /** Packets sent to it, per second. */
  txPacketRate: number;
  /** Bytes sent to it. */
  txByteCount: number;
  /** Bytes sent to it, per second. */
  txByteRate: number;
  /** Packets received from it. */
  rxPacketCount: number;
  /** Packets received from it, per second. */
  rxPacketRate: number;
  /** Bytes received from it. */
  rxByteCount: number;
  /** Bytes received from it, per second. */
  rxByteRate: number;
  /** Since when it has not been heard of, in seconds. */
  latency: number;
  /** How far it is behind: 0 at the latest packet, 100 at the earliest. Not told of one that does not read. */
  percentLag?: number;
}

/** What every INFO tells. */
export interface AnyInfo {
  /** What the server calls itself, for example `DataLink v1.1 (RingServer/4.5.3)`. */
  version: string;
  /** The name that its operator gave the server. */
  serverId: string;
  /** What it can do, as in its ID reply. */
  capabilities: string;
  status: RingStatus;
  /** The server's answer, as it came. */
  xml: string;
}

/** What `info("STATUS")` resolves to. */
export interface StatusInfo extends AnyInfo {
  /** How many threads the server has. Told to trusted clients only. */
  totalServerThreads?: number;
  /** Empty where this client is not told. */
  serverThreads: ServerThread[];
}

/** What `info("STREAMS")` resolves to. */
export interface StreamsInfo extends AnyInfo {
  /** Streams that have packets in the ring. */
  totalStreams: number;
  /** How many of them are selected: listed in `streams`. */
  selectedStreams: number;
  streams: StreamInfo[];
}

/** What `info("CONNECTIONS")` resolves to. */
export interface ConnectionsInfo extends AnyInfo {
  /** Clients of the server. */
  totalConnections: number;
  /** How many of them are selected: listed in `connections`. */
  selectedConnections: number;
  connections: ConnectionInfo[];
}

/** What `info()` of each type resolves to. */
export interface InfoResults {
  STATUS: StatusInfo;
  STREAMS: StreamsInfo;
  CONNECTIONS: ConnectionsInfo;
}

/** How the text of an attribute is read: into `undefined` where it says nothing. */
type Reader = (text: string) => unknown;

/** An attribute's name as a property, and its reader. */
type Table<T> = Readonly<Record<string, readonly [property: keyof T, read: Reader]>>;

/** What is always told, with what stands for it where it is not. */
type Told<T> = { readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K] };

const text: Reader = (value) => (value === "-" || value === "" ? undefined : value);
const number: Reader = (value) => (/^[+-]?\d[\d.eE+-]*$/.test(value) ? Number(value) : undefined);
const id: Reader = (value) => (/^\d{1,255}$/.test(value) ? BigInt(value) : undefined);
const time: Reader = (value) => toMicroseconds(value);
const yes: Reader = (value) => (value === "" || value === "-" ? undefined : value.toUpperCase() === "TRUE");

const ROOT: Table<AnyInfo> = {
  Version: ["version", text],
  ServerID: ["serverId", text],
  Capabilities: ["capabilities", text],
};
const ROOT_TOLD = { version: "", serverId: "", capabilities: "" };

const STATUS: Table<RingStatus> = {
  StartTime: ["startTime", time],
  RingVersion: ["ringVersion", text],
  RingSize: ["ringSize", number],
  PacketSize: ["packetSize", number],
  MaximumPacketID: ["maximumPacketId", id],
  MaximumPackets: ["maximumPackets", number],
  MemoryMappedRing: ["memoryMappedRing", yes],
  VolatileRing: ["volatileRing", yes],
  TotalConnections: ["totalConnections", number],
  TotalStreams: ["totalStreams", number],
  TXPacketRate: ["txPacketRate", number],
  TXByteRate: ["txByteRate", number],
  RXPacketRate: ["rxPacketRate", number],
  RXByteRate: ["rxByteRate", number],
  EarliestPacketID: ["earliestPacketId", id],
  EarliestPacketCreationTime: ["earliestPacketTime", time],
  EarliestPacketDataStartTime: ["earliestDataStart", time],
  EarliestPacketDataEndTime: ["earliestDataEnd", time],
  LatestPacketID: ["latestPacketId", id],
  LatestPacketCreationTime: ["latestPacketTime", time],
  LatestPacketDataStartTime: ["latestDataStart", time],
  LatestPacketDataEndTime: ["latestDataEnd", time],
};
const STATUS_TOLD: Told<RingStatus> = {
  startTime: 0,
  ringVersion: "",
  ringSize: 0,
  packetSize: 0,
  maximumPackets: 0,
  memoryMappedRing: false,
  volatileRing: false,
  totalConnections: 0,
  totalStreams: 0,
  txPacketRate: 0,
  txByteRate: 0,
  rxPacketRate: 0,
  rxByteRate: 0,
  earliestPacketId: 0n,
  latestPacketId: 0n,
};

const THREAD: Table<ServerThread> = {
  Flags: ["flags", text],
  Type: ["type", text],
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
const THREAD_TOLD: Told<ServerThread> = {
  flags: "",
  type: "",
};

const STREAM: Table<StreamInfo> = {
  Name: ["streamId", text],
  EarliestPacketID: ["earliestPacketId", id],
  EarliestPacketDataStartTime: ["earliestDataStart", time],
  EarliestPacketDataEndTime: ["earliestDataEnd", time],
  LatestPacketID: ["latestPacketId", id],
  LatestPacketDataStartTime: ["latestDataStart", time],
  LatestPacketDataEndTime: ["latestDataEnd", time],
  DataLatency: ["dataLatency", number],
};
const STREAM_TOLD: Told<StreamInfo> = {
  streamId: "",
  earliestPacketId: 0n,
  earliestDataStart: 0,
  latestPacketId: 0n,
  latestDataStart: 0,
  latestDataEnd: 0,
  dataLatency: 0,
};

const CONNECTION: Table<ConnectionInfo> = {
  Type: ["type", text],
  Host: ["host", text],
  IP: ["ip", text],
  Port: ["port", number],
  ClientID: ["clientId", text],
  ConnectionTime: ["connectionTime", time],
  Match: ["match", text],
  Reject: ["reject", text],
  StreamCount: ["streamCount", number],
  PacketID: ["packetId", id],
  PacketCreationTime: ["packetTime", time],
  PacketDataStartTime: ["dataStart", time],
  PacketDataEndTime: ["dataEnd", time],
  TXPacketCount: ["txPacketCount", number],
  TXPacketRate: ["txPacketRate", number],
  TXByteCount: ["txByteCount", number],
  TXByteRate: ["txByteRate", number],
  RXPacketCount: ["rxPacketCount", number],
  RXPacketRate: ["rxPacketRate", number],
  RXByteCount: ["rxByteCount", number],
  RXByteRate: ["rxByteRate", number],
  Latency: ["latency", number],
  PercentLag: ["percentLag", number],
};
const CONNECTION_TOLD: Told<ConnectionInfo> = {
  type: "",
  host: "",
  ip: "",
  port: 0,
  clientId: "",
  connectionTime: 0,
  streamCount: 0,
  packetId: 0n,
  txPacketCount: 0,
  txPacketRate: 0,
  txByteCount: 0,
  txByteRate: 0,
  rxPacketCount: 0,
  rxPacketRate: 0,
  rxByteCount: 0,
  rxByteRate: 0,
  latency: 0,
};

const TOTALS: Table<StatusInfo & StreamsInfo & ConnectionsInfo> = {
  TotalServerThreads: ["totalServerThreads", number],
  TotalStreams: ["totalStreams", number],
  SelectedStreams: ["selectedStreams", number],
  TotalConnections: ["totalConnections", number],
  SelectedConnections: ["selectedConnections", number],
};

/** The lists of INFO: the element that is repeated, how its attributes are read, and the totals that are always told. */
const LISTS = {
  STATUS: ["serverThreads", "Thread", THREAD, THREAD_TOLD, []],
  STREAMS: ["streams", "Stream", STREAM, STREAM_TOLD, ["totalStreams", "selectedStreams"]],
  CONNECTIONS: [
    "connections",
    "Connection",
    CONNECTION,
    CONNECTION_TOLD,
    ["totalConnections", "selectedConnections"],
  ],
} as const;

/**
 * Reads the XML of an INFO reply. Control characters and other flaws of stream ids that no XML may have are taken as
 * they are.
 *
 * @throws DataLinkError `PROTOCOL` where it is not INFO at all; `TOO_LARGE`
 */
export function* parseInfo<Type extends InfoType>(type: Type, xml: string): Steps<InfoResults[Type]> {
  const parser = new InfoParser(type);
  for (let at = 0; at < xml.length; at += PIECE) {
    parser.write(xml.slice(at, at + PIECE));
    yield;
  }
  return parser.end(xml);
}

/** Characters that are read in a step. */
const PIECE = 16 * 1024;

class InfoParser<Type extends InfoType> {
  readonly #type: Type;
  readonly #parser = sax.parser(true);
  readonly #items: object[] = [];
  readonly #info: Record<string, unknown> = {};
  #status: object | undefined;
  #depth = 0;

  constructor(type: Type) {
    this.#type = type;
    this.#parser.onopentag = ({ name, attributes }) => this.#open(name, attributes as Record<string, string>);
    this.#parser.onclosetag = () => {
      this.#depth--;
    };
    this.#parser.onerror = () => {
      // A flaw in one attribute must not hide all the others.
      this.#parser.resume();
    };
  }

  write(xml: string): void {
    this.#parser.write(xml);
  }

  end(xml: string): InfoResults[Type] {
    this.#parser.close();
    if (this.#status === undefined) throw notInfo(this.#type, "it has no Status element");
    const [listName, , , , totals] = LISTS[this.#type];
    for (const total of totals) this.#info[total] ??= this.#items.length;
    const result = { ...ROOT_TOLD, ...this.#info, status: this.#status, [listName]: this.#items, xml };
    return result as unknown as InfoResults[Type];
  }

  #open(name: string, attributes: Record<string, string>): void {
    if (++this.#depth > MAX_DEPTH) throw notInfo(this.#type, `it is nested deeper than ${MAX_DEPTH} levels`);
    const [, itemName, itemTable, told] = LISTS[this.#type];
    if (name === itemName) this.#add({ ...told, ...readAttributes(itemTable, attributes) });
    else if (name === "DataLink") Object.assign(this.#info, readAttributes(ROOT, attributes));
    else if (name === "Status") this.#status = { ...STATUS_TOLD, ...readAttributes(STATUS, attributes) };
    else if (name === "ServerThreads" || name === "StreamList" || name === "ConnectionList")
      Object.assign(this.#info, readAttributes(TOTALS, attributes));
  }

  #add(item: object): void {
    if (this.#items.length >= MAX_INFO_ROWS) {
      throw new DataLinkError(
        "TOO_LARGE",
        `The server's INFO ${this.#type} has more than ${MAX_INFO_ROWS} rows: ask for fewer with an expression.`,
      );
    }
    this.#items.push(item);
  }
}

function readAttributes<T>(table: Table<T>, attributes: Record<string, string>): object {
  const result: Record<PropertyKey, unknown> = {};
  for (const attribute of Object.keys(attributes)) {
    const row = Object.hasOwn(table, attribute) ? table[attribute] : undefined;
    const value = row?.[1](attributes[attribute]!);
    if (row && value !== undefined) result[row[0]] = value;
  }
  return result;
}

function notInfo(type: InfoType, why: string): DataLinkError {
  return new DataLinkError("PROTOCOL", `The server's INFO ${type} cannot be read: ${why}.`);
}
