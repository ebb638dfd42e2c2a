/**
 * INFO: the server's XML about itself, its streams and its connections, as typed objects.
 *
 * What a server does not say is left out, so every property is optional: versions differ in what they tell, `-` means
 * unset, and some things are told to trusted clients only. Times come as ISO 8601 or as `2026-11-22 06:48:44.992347`.
 */
import sax from "sax";
import { MAX_INFO_ROWS } from "../../limits.ts";
import { toMicroseconds } from "../../time.ts";
import { DataLinkError } from "./errors.ts";

export const INFO_TYPES = ["STATUS", "STREAMS", "CONNECTIONS"] as const;
export type InfoType = (typeof INFO_TYPES)[number];

/** DataLink, ServerThreads, Thread: INFO is never nested deeper than that. */
const MAX_DEPTH = 8;

/** An attribute's name as a property, and how its text is read: into `undefined` where it says nothing. */
type Row = readonly [property: string, read: (text: string) => unknown];
type Table = Readonly<Record<string, Row>>;
type ReadBy<T extends Table> = {
  [Attribute in keyof T as T[Attribute][0]]?: Exclude<ReturnType<T[Attribute][1]>, undefined>;
};

const text = (value: string) => (value === "-" || value === "" ? undefined : value);
const number = (value: string) => (/^[+-]?\d[\d.eE+-]*$/.test(value) ? Number(value) : undefined);
const id = (value: string) => (/^\d{1,255}$/.test(value) ? BigInt(value) : undefined);
const time = (value: string) => toMicroseconds(value);
const yes = (value: string) => (value === "" || value === "-" ? undefined : value.toUpperCase() === "TRUE");

const ROOT = {
  Version: ["version", text],
  ServerID: ["serverId", text],
  Capabilities: ["capabilities", text],
} as const satisfies Table;

/** Packet ids are 0 while the ring is empty. */
const STATUS = {
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
} as const satisfies Table;

const THREAD = {
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
} as const satisfies Table;

/** ringserver 4 puts the end time into `latestDataStart`. */
const STREAM = {
  Name: ["streamId", text],
  EarliestPacketID: ["earliestPacketId", id],
  EarliestPacketDataStartTime: ["earliestDataStart", time],
  EarliestPacketDataEndTime: ["earliestDataEnd", time],
  LatestPacketID: ["latestPacketId", id],
  LatestPacketDataStartTime: ["latestDataStart", time],
  LatestPacketDataEndTime: ["latestDataEnd", time],
  DataLatency: ["dataLatency", number],
} as const satisfies Table;

const CONNECTION = {
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
} as const satisfies Table;

const TOTALS = {
  TotalServerThreads: ["totalServerThreads", number],
  TotalStreams: ["totalStreams", number],
  SelectedStreams: ["selectedStreams", number],
  TotalConnections: ["totalConnections", number],
  SelectedConnections: ["selectedConnections", number],
} as const satisfies Table;

/** The ring and its traffic. Times are microseconds since 1970, sizes bytes, rates per second. */
export type RingStatus = ReadBy<typeof STATUS>;
/** A thread of the server: one that listens, or one that scans a directory. */
export type ServerThread = ReadBy<typeof THREAD>;
/** A stream of the ring. Times are microseconds since 1970, `dataLatency` seconds. */
export type StreamInfo = ReadBy<typeof STREAM>;
/** A client of the server. Times are microseconds since 1970, `latency` seconds since it was last heard of. */
export type ConnectionInfo = ReadBy<typeof CONNECTION>;

interface AnyInfo extends ReadBy<typeof ROOT> {
  status: RingStatus;
  /** The server's answer, as it came. */
  xml: string;
}

export interface StatusInfo extends AnyInfo, Pick<ReadBy<typeof TOTALS>, "totalServerThreads"> {
  /** Told to trusted clients only. */
  serverThreads: ServerThread[];
}

export interface StreamsInfo
  extends AnyInfo,
    Pick<ReadBy<typeof TOTALS>, "totalStreams" | "selectedStreams"> {
  streams: StreamInfo[];
}

export interface ConnectionsInfo
  extends AnyInfo,
    Pick<ReadBy<typeof TOTALS>, "totalConnections" | "selectedConnections"> {
  connections: ConnectionInfo[];
}

/** What `info()` of each type resolves to. */
export interface InfoResults {
  STATUS: StatusInfo;
  STREAMS: StreamsInfo;
  CONNECTIONS: ConnectionsInfo;
}

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
 * @throws DataLinkError `PROTOCOL` where it is not INFO at all; `TOO_LARGE`
 */
export function parseInfo<Type extends InfoType>(type: Type, xml: string): InfoResults[Type] {
  const parser = new InfoParser(type);
  parser.write(xml);
  return parser.end(xml);
}

/** The same for XML of any length: other work gets its turn in between. */
export async function parseLongInfo<Type extends InfoType>(
  type: Type,
  xml: string,
): Promise<InfoResults[Type]> {
  const parser = new InfoParser(type);
  let until = performance.now() + TURN_MS;
  for (let at = 0; at < xml.length; at += PIECE) {
    parser.write(xml.slice(at, at + PIECE));
    if (performance.now() < until) continue;
    await nextTurn();
    until = performance.now() + TURN_MS;
  }
  return parser.end(xml);
}

/** Characters that are read at once, and how long reading may go on before other work gets its turn. */
const PIECE = 16 * 1024;
const TURN_MS = 10;

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve);
  });
}

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
    const [listName] = LISTS[this.#type];
    const result = { ...this.#info, status: this.#status, [listName]: this.#items, xml };
    return result as unknown as InfoResults[Type];
  }

  #open(name: string, attributes: Record<string, string>): void {
    if (++this.#depth > MAX_DEPTH) throw notInfo(this.#type, `it is nested deeper than ${MAX_DEPTH} levels`);
    const [, itemName, itemTable] = LISTS[this.#type];
    if (name === itemName) this.#add(readAttributes(itemTable, attributes));
    else if (name === "DataLink") Object.assign(this.#info, readAttributes(ROOT, attributes));
    else if (name === "Status") this.#status = readAttributes(STATUS, attributes);
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

function readAttributes(table: Table, attributes: Record<string, string>): object {
  const result: Record<string, unknown> = {};
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
