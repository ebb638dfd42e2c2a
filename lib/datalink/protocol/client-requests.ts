/**
 * DataLink's commands as data: the header, the payload, and how the reply is read. Sans-I/O. Lengths and characters
 * are checked here, before anything is sent.
 */
import { byteLength, isBytes, toBytes, toText } from "../../bytes.ts";
import { atOnce, inSlices } from "../../slices.ts";
import { type TimeInput, toMicroseconds } from "../../time.ts";
import {
  maxPatternLength,
  maxStreamIdLength,
  parseIdentity,
  type ServerIdentity,
  takesInlineInfoMatch,
} from "./capabilities.ts";
import { DataLinkError, type DataLinkErrorCode } from "./errors.ts";
import { encodeFrame, MAX_HEADER } from "./frame.ts";
import { INFO_TYPES, type InfoResults, type InfoType, parseInfo } from "./info.ts";
import { MAX_PACKET_ID, type Packet, type PacketInput } from "./packet.ts";
import { type Reply, type StatusReply, toPacket } from "./replies.ts";

/** A command, ready to be sent. */
export interface ClientCommand<Result> {
  /** What it is called in a sentence; without payload and secrets. */
  readonly name: string;
  /** Header and payload in one piece. */
  readonly frame: Buffer;
  readonly hasPayload: boolean;
  /** The kind of reply that means success. */
  readonly expects: Reply["kind"];
  /** Whether a server that streams stops doing so at this command. */
  readonly stopsStream: boolean;
  /** Whether an OK may come after the ERROR to it. */
  readonly mayBeAnsweredTwice?: boolean;
  read(reply: Reply): Result | Promise<Result>;
}

/** READ: its reply is read at once, so that the packet keeps its place among those of a stream. */
export interface ReadCommand extends ClientCommand<Packet> {
  read(reply: Reply): Packet;
}

/** A user name and a password, or a JSON Web Token. */
export type Credentials = { readonly user: string; readonly password: string } | { readonly jwt: string };

/** A regular expression for stream ids, as text or as a `RegExp`, of which the source and the flags i, m, s are used. */
export type Pattern = string | RegExp;

/** Servers keep times as signed 64-bit numbers. */
const MAX_INT64 = 2 ** 63;

/** INFO with more characters than this is read in slices. */
const LONG_INFO = 64 * 1024;

/** Most bytes of credentials that ringserver takes. */
const MAX_CREDENTIALS = 4095;

/** `ID`: says who this client is, and asks who the server is. */
export function identify(clientId: string): ClientCommand<ServerIdentity> {
  if (/[^\x20-\x7e]/.test(clientId) || clientId.length > MAX_HEADER - 3) {
    throw invalid(`A client id has at most ${MAX_HEADER - 3} printable ASCII characters.`);
  }
  return {
    ...simple(`ID ${clientId}`.trim(), "ID"),
    read: (reply) => parseIdentity(reply.kind === "ID" ? reply.text : ""),
  };
}

/** `AUTH USERPASS` or `AUTH JWT`. */
export function authenticate(credentials: Credentials): ClientCommand<void> {
  const jwt = "jwt" in credentials;
  const { type, secret } = jwt
    ? { type: "JWT", secret: credentials.jwt }
    : { type: "USERPASS", secret: `${credentials.user}\r${credentials.password}` };
  if (!jwt && credentials.user.includes("\r")) throw invalid("A user name cannot have a carriage return.");
  const payload = toBytes(secret);
  if (payload.length > MAX_CREDENTIALS) {
    throw new DataLinkError(
      "TOO_LARGE",
      `The credentials for AUTH ${type} have ${payload.length} bytes; servers take at most ${MAX_CREDENTIALS}.`,
    );
  }
  return { ...withPayload(`AUTH ${type}`, payload), stopsStream: true, read: () => undefined };
}

/** `POSITION SET`: the id of the packet that now counts as the last one seen. */
export function positionSet(
  to: "EARLIEST" | "LATEST" | bigint,
  packetTime?: TimeInput,
): ClientCommand<bigint> {
  if (typeof to !== "bigint" && to !== "EARLIEST" && to !== "LATEST") {
    throw invalid(`A position is "EARLIEST", "LATEST" or a packet id as a bigint, not ${shown(to)}.`);
  }
  const where = typeof to === "bigint" ? packetIdText(to) : to;
  const time = packetTime === undefined ? "" : ` ${microseconds(packetTime, "packet time")}`;
  return { ...simple(`POSITION SET ${where}${time}`, "OK"), stopsStream: true, read: statusValue };
}

/** `POSITION AFTER`: to the first packet whose data end is later than a time. Gives its id. */
export function positionAfter(time: TimeInput, server: ServerIdentity): ClientCommand<bigint> {
  const header = `POSITION AFTER ${microseconds(time, "time")}`;
  const mayBeAnsweredTwice = server.protocol === "1.0";
  return { ...simple(header, "OK"), stopsStream: true, mayBeAnsweredTwice, read: statusValue };
}

/** `MATCH` and `REJECT`: which streams to send; `null` clears. Gives the number of streams selected now. */
export function filter(
  word: "MATCH" | "REJECT",
  pattern: Pattern | null,
  server: ServerIdentity,
): ClientCommand<number> {
  // Without a size: REJECT of size 0 would reject every stream.
  const source = patternSource(pattern);
  const base = source === "" ? simple(word, "OK") : withPayload(word, patternBytes(source, word, server));
  return { ...base, stopsStream: true, read: (reply) => Number(statusValue(reply)) };
}

/** `READ`: one packet by its id. */
export function read(packetId: bigint): ReadCommand {
  return {
    ...simple(`READ ${packetIdText(packetId)}`, "PACKET"),
    stopsStream: true,
    read: (reply) => toPacket(reply as Reply & { kind: "PACKET" }),
  };
}

/** `STREAM`: has no reply but the packets. */
export const STREAM = encodeFrame("STREAM");

/** `ENDSTREAM`: answered when the last packet has been sent. */
export const END_STREAM: ClientCommand<void> = { ...simple("ENDSTREAM", "ENDSTREAM"), read: () => undefined };

/** `INFO`, of servers that take it with an expression for the streams or connections to list. */
export function info<Type extends InfoType>(
  type: Type,
  match: Pattern | undefined,
  server: ServerIdentity,
): ClientCommand<InfoResults[Type]> {
  if (!(INFO_TYPES as readonly string[]).includes(type)) {
    throw invalid(`INFO is ${INFO_TYPES.join(", ")}, not ${shown(type)}.`);
  }
  const header = `INFO ${type}`;
  const source = match === undefined ? "" : patternSource(match);
  return {
    ...infoRequest(header, source, server),
    read: (reply) => {
      const xml = toText(reply.payload);
      const steps = parseInfo(type, xml);
      return xml.length > LONG_INFO ? inSlices(steps) : atOnce(steps);
    },
  };
}

function infoRequest(header: string, source: string, server: ServerIdentity) {
  if (source === "") return simple(header, "INFO");
  if (!takesInlineInfoMatch(server)) {
    return { ...withPayload(header, patternBytes(source, header, server)), expects: "INFO" as const };
  }
  // A word of the header cannot have a space, but a regular expression has another way to write one.
  return { ...simple(`${header} ${source.replaceAll(" ", "\\x20")}`, "INFO"), name: header };
}

/** `WRITE`: puts a packet into the ring. With `acknowledge` the server answers with the packet's id. */
export function write(
  packet: PacketInput,
  acknowledge: boolean,
  server: ServerIdentity,
): ClientCommand<bigint> {
  const { streamId, dataStart, dataEnd = dataStart, packetId } = packet;
  checkStreamId(streamId, server);
  const payload = typeof packet.payload === "string" ? toBytes(packet.payload) : packet.payload;
  if (!isBytes(payload)) throw invalid(`The payload of ${streamId} is neither bytes nor text.`);
  if (server.packetSize !== undefined && payload.length > server.packetSize) {
    throw new DataLinkError(
      "TOO_LARGE",
      `The packet for ${streamId} has ${payload.length} bytes; the server takes at most ${server.packetSize}. ` +
        "Send smaller packets, or raise the server's packet size.",
    );
  }
  const flags = `${packetId === undefined ? "" : "I"}${acknowledge ? "A" : "N"}`;
  const start = microseconds(dataStart, "data start");
  const end = microseconds(dataEnd, "data end");
  const id = packetId === undefined ? "" : ` ${packetIdText(packetId)}`;
  return {
    name: `WRITE ${streamId}`,
    frame: encodeFrame(`WRITE ${streamId} ${start} ${end} ${flags} ${payload.length}${id}`, payload),
    hasPayload: true,
    expects: "OK",
    stopsStream: false,
    read: statusValue,
  };
}

/** A server that does not announce WRITE would close the connection at the first one. */
export function writeNotPermitted(server: string): DataLinkError {
  return new DataLinkError(
    "NOT_PERMITTED",
    `${server} does not allow this client to write. Log in, or ask the server's operator for permission.`,
  );
}

/** What a server's ERROR means, by its words. */
export function errorCodeOf(message: string): DataLinkErrorCode {
  if (/not found/i.test(message)) return "PACKET_NOT_FOUND";
  if (/permission|authentication|denied|not allowed/i.test(message)) return "NOT_PERMITTED";
  if (/too (large|long)/i.test(message)) return "TOO_LARGE";
  return "SERVER_ERROR";
}

function simple(header: string, expects: Reply["kind"]) {
  return { name: header, frame: encodeFrame(header), hasPayload: false, expects, stopsStream: false };
}

function withPayload(header: string, payload: Buffer) {
  const frame = encodeFrame(`${header} ${payload.length}`, payload);
  return { name: header, frame, hasPayload: true, expects: "OK" as Reply["kind"], stopsStream: false };
}

function statusValue(reply: Reply): bigint {
  return (reply as StatusReply).value;
}

/** The server's regular expressions are PCRE or RE2: their flags stand in front. */
function patternSource(pattern: Pattern | null): string {
  if (pattern === null) return "";
  if (typeof pattern === "string") return pattern;
  if (!(pattern instanceof RegExp)) throw invalid(`A pattern is text or a RegExp, not ${shown(pattern)}.`);
  const flags = pattern.flags.replace(/[^ims]/g, "");
  return flags === "" ? pattern.source : `(?${flags})${pattern.source}`;
}

function patternBytes(source: string, command: string, server: ServerIdentity): Buffer {
  const bytes = toBytes(source);
  const limit = maxPatternLength(server);
  if (bytes.length > limit) {
    throw new DataLinkError(
      "TOO_LARGE",
      `The pattern for ${command} has ${bytes.length} bytes; this server takes at most ${limit}.`,
    );
  }
  return bytes;
}

function checkStreamId(streamId: string, server: ServerIdentity): void {
  if (typeof streamId !== "string" || streamId === "") throw invalid("A packet needs a stream id.");
  if (/[\s\p{Cc}]/u.test(streamId)) {
    throw invalid(`The stream id ${shown(streamId)} has white space or control characters.`);
  }
  const limit = maxStreamIdLength(server);
  const length = byteLength(streamId);
  if (length > limit) {
    throw new DataLinkError(
      "TOO_LARGE",
      `The stream id ${shown(streamId)} has ${length} bytes; this server takes at most ${limit}.`,
    );
  }
}

function packetIdText(packetId: bigint): string {
  if (typeof packetId !== "bigint" || packetId < 0n || packetId > MAX_PACKET_ID) {
    throw invalid(`A packet id is a bigint from 0 to ${MAX_PACKET_ID}, not ${shown(packetId)}.`);
  }
  return packetId.toString();
}

/** In digits. Numbers beyond 2^53 are refused: more likely they are nanoseconds than meant. */
function microseconds(time: TimeInput, what: string): string {
  const value = toMicroseconds(time);
  if (value !== undefined && Math.abs(value) < MAX_INT64) return BigInt(value).toString();
  throw invalid(
    `The ${what} ${shown(time)} is not a time: give a Date, an ISO 8601 text, a number of microseconds since 1970 ` +
      "or a bigint of nanoseconds.",
  );
}

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : String(value);
}

function invalid(message: string): DataLinkError {
  return new DataLinkError("INVALID_ARGUMENT", message);
}
