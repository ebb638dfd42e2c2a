/**
 * What a server sends: ID, OK, ERROR, INFO, PACKET and ENDSTREAM, read and written. Sans-I/O.
 *
 * Grammar: a header of words between white space; the last word of OK, ERROR, INFO and PACKET is the payload's size.
 */
import { allocateBytes, toBytes, toLatin1, toText } from "../../bytes.ts";
import { MAX_INFO_BYTES } from "../../limits.ts";
import { readDigits, writeDigits } from "./digits.ts";
import { DataLinkError } from "./errors.ts";
import { encodeFrame, type Framed, PREHEADER } from "./frame.ts";
import type { Packet } from "./packet.ts";

/** A PACKET reply: the packet itself, with the size of its payload. */
export interface PacketReply extends Framed, Packet {
  kind: "PACKET";
  /** The header, where it has numbers that cannot be told exactly: see {@link parseInexactHeader}. */
  flaw?: string;
}

/** OK or ERROR: a number, and a message for people in the payload. */
export interface StatusReply extends Framed {
  kind: "OK" | "ERROR";
  value: bigint;
}

/** INFO: XML in the payload. */
export interface InfoReply extends Framed {
  kind: "INFO";
  type: string;
}

/** ID: the server's name and, after `::`, what it can do. */
export interface IdReply extends Framed {
  kind: "ID";
  text: string;
}

/** ENDSTREAM: the last packet of a stream has been sent. */
export interface EndStreamReply extends Framed {
  kind: "ENDSTREAM";
}

export type Reply = PacketReply | StatusReply | InfoReply | IdReply | EndStreamReply;

const NO_PAYLOAD = allocateBytes(0);
const SPACE = 0x20;
const PACKET_WORD = toBytes("PACKET ");

/**
 * Reads the header of a reply, for {@link FrameReader}.
 *
 * @throws DataLinkError `PROTOCOL` where it is not one of the replies above.
 */
export function parseReplyHeader(bytes: Buffer, start: number, end: number): Reply {
  if (startsWithPacket(bytes, start, end)) return parsePacketHeader(bytes, start + PACKET_WORD.length, end);
  const plainOk = parsePlainOk(bytes, start, end);
  if (plainOk) return plainOk;
  const text = toText(bytes, start, end);
  const words = text.split(/[ \t\r\n]+/).filter((word) => word !== "");
  const size = words[words.length - 1] ?? "";
  switch (words[0] ?? "") {
    case "OK":
    case "ERROR":
      // ringserver 2020.075 may answer -1 for a packet id.
      if (words.length !== 3 || !/^-?\d+$/.test(words[1]!) || !isDigits(size)) break;
      return {
        kind: words[0] as "OK" | "ERROR",
        value: BigInt(words[1]!),
        size: Number(size),
        payload: NO_PAYLOAD,
      };
    case "INFO":
      if (words.length !== 3 || !isDigits(size)) break;
      if (Number(size) > MAX_INFO_BYTES) throw infoTooLarge(words[1]!, size);
      return { kind: "INFO", type: words[1]!, size: Number(size), payload: NO_PAYLOAD };
    case "ID":
      return { kind: "ID", text: text.slice(text.indexOf("ID") + 2).trim(), size: 0, payload: NO_PAYLOAD };
    case "ENDSTREAM":
      return { kind: "ENDSTREAM", size: 0, payload: NO_PAYLOAD };
  }
  throw malformed(bytes, start, end);
}

/** OK as servers acknowledge packets; anything else about it is told by `undefined`. */
function parsePlainOk(bytes: Buffer, start: number, end: number): StatusReply | undefined {
  if (bytes[start] !== 0x4f || bytes[start + 1] !== 0x4b || bytes[start + 2] !== SPACE) return undefined;
  let space = start + 3;
  while (space < end && bytes[space] !== SPACE) space++;
  const [value, size] = [readDigits(bytes, start + 3, space), readDigits(bytes, space + 1, end)];
  if (value < 0 || size < 0) return undefined;
  return { kind: "OK", value: BigInt(value), size, payload: NO_PAYLOAD };
}

function startsWithPacket(bytes: Buffer, start: number, end: number): boolean {
  if (end - start <= PACKET_WORD.length) return false;
  for (let i = 0; i < PACKET_WORD.length; i++) if (bytes[start + i] !== PACKET_WORD[i]) return false;
  return true;
}

/** Reads `<stream id> <packet id> <packet time> <data start> <data end> <size>` without making a string per number. */
function parsePacketHeader(bytes: Buffer, start: number, end: number): PacketReply {
  const cursor = { bytes, at: start, end };
  const streamStart = skipSpace(cursor);
  const streamEnd = skipWord(cursor);
  const packetId = readPacketId(cursor);
  const packetTime = readInteger(cursor);
  const dataStart = readInteger(cursor);
  const dataEnd = readInteger(cursor);
  const size = readInteger(cursor);
  skipSpace(cursor);
  // NaN, from a word that is not a number, makes the sum NaN.
  const sum = packetTime + dataStart + dataEnd + size;
  if (
    Number.isNaN(sum) ||
    packetId === undefined ||
    size < 0 ||
    streamEnd === streamStart ||
    cursor.at !== end
  ) {
    return parseInexactHeader(bytes, start - PACKET_WORD.length, end);
  }
  const streamId = textOf(bytes, streamStart, streamEnd);
  return { kind: "PACKET", streamId, packetId, packetTime, dataStart, dataEnd, size, payload: NO_PAYLOAD };
}

/** The last time that is told, and with a minus the first: microseconds since 1970. A `Date` has little more. */
const MAX_TIME = 8.6e18;

const WHOLE = /^[+-]?\d+$/;
const DECIMAL = /^[+-]?\d+(\.\d*)?(e[+-]?\d+)?$/i;
const UNSET = /^(-|[+-]?(nan|inf(inity)?))?$/i;

/**
 * A packet of which the size is known is a packet, whatever its feeder wrote for its times: one beyond 2^53 is told to the
 * nearest number, one beyond the calendar as its end, one that is not there as the time next to it. An id may be beyond 2^64.
 */
function parseInexactHeader(bytes: Buffer, start: number, end: number): PacketReply {
  const text = toText(bytes, start, end);
  const words = text.trim().split(/[ \t\r\n]+/);
  // An empty field stands between two blanks.
  const fields = words.length === 7 ? words : text.split(" ");
  const [, streamId, id, ...numbers] = fields as [string, string, string, ...string[]];
  const size = numbers.pop() ?? "";
  const areTimes = numbers.every((word) => DECIMAL.test(word) || UNSET.test(word));
  if (fields.length !== 7 || !WHOLE.test(id) || streamId === "" || !areTimes || !isDigits(size)) {
    throw malformed(bytes, start, end);
  }
  const [packetTime, dataStart, dataEnd] = numbers.map(nearestTime);
  return {
    kind: "PACKET",
    streamId,
    packetId: BigInt(id),
    packetTime: packetTime ?? dataEnd ?? dataStart ?? 0,
    dataStart: dataStart ?? dataEnd ?? packetTime ?? 0,
    dataEnd: dataEnd ?? dataStart ?? packetTime ?? 0,
    size: Number(size),
    payload: NO_PAYLOAD,
    flaw: shownHeader(bytes, start, end),
  };
}

function nearestTime(word: string): number | undefined {
  if (!DECIMAL.test(word)) return undefined;
  return Math.round(Math.max(-MAX_TIME, Math.min(MAX_TIME, Number(word))));
}

/** The packet alone, as readers get it. */
export function toPacket(reply: PacketReply): Packet {
  const { streamId, packetId, packetTime, dataStart, dataEnd, payload } = reply;
  return { streamId, packetId, packetTime, dataStart, dataEnd, payload };
}

interface Cursor {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;
}

function skipSpace(cursor: Cursor): number {
  while (cursor.at < cursor.end && isSpace(cursor.bytes[cursor.at]!)) cursor.at++;
  return cursor.at;
}

function skipWord(cursor: Cursor): number {
  while (cursor.at < cursor.end && !isSpace(cursor.bytes[cursor.at]!)) cursor.at++;
  return cursor.at;
}

/** An integer with an optional sign, or NaN where the next word is not one or is beyond 2^53. */
function readInteger(cursor: Cursor): number {
  skipSpace(cursor);
  const { bytes, end } = cursor;
  const sign = bytes[cursor.at];
  if (sign === 0x2d || sign === 0x2b) cursor.at++;
  const first = cursor.at;
  let value = 0;
  while (cursor.at < end) {
    const digit = bytes[cursor.at]! - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
    cursor.at++;
  }
  const wordEnds = cursor.at === end || isSpace(bytes[cursor.at]!);
  if (!wordEnds || cursor.at === first || value > Number.MAX_SAFE_INTEGER) return Number.NaN;
  return sign === 0x2d ? 0 - value : value;
}

/** An unsigned 64-bit id, or `undefined` where the next word is not one. */
function readPacketId(cursor: Cursor): bigint | undefined {
  const start = skipSpace(cursor);
  const end = skipWord(cursor);
  cursor.at = start;
  const value = readInteger(cursor);
  cursor.at = end;
  if (!Number.isNaN(value)) return value < 0 ? undefined : BigInt(value);
  const text = toLatin1(cursor.bytes, start, end);
  if (!isDigits(text) || text.length > 20) return undefined;
  const id = BigInt(text);
  return id < 2n ** 64n ? id : undefined;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a;
}

function isDigits(word: string): boolean {
  return /^\d+$/.test(word);
}

/** Stream ids are ASCII by convention; other bytes are read as UTF-8, and as U+FFFD where they are not. */
function textOf(bytes: Buffer, start: number, end: number): string {
  for (let i = start; i < end; i++) if (bytes[i]! > 0x7f) return toText(bytes, start, end);
  return toLatin1(bytes, start, end);
}

function malformed(bytes: Buffer, start: number, end: number): DataLinkError {
  const shown = shownHeader(bytes, start, end);
  return new DataLinkError("PROTOCOL", `The server sent a header that is not DataLink: "${shown}".`);
}

function infoTooLarge(type: string, size: string): DataLinkError {
  return new DataLinkError(
    "TOO_LARGE",
    `The server's INFO ${type} has ${size} bytes; at most ${MAX_INFO_BYTES} are taken: ask for fewer rows with an expression.`,
  );
}

function shownHeader(bytes: Buffer, start: number, end: number): string {
  return toLatin1(bytes, start, Math.min(end, start + 120)).replace(/[^\x20-\x7e]/g, "?");
}

/** `OK <value> <size>` with a message for people. */
export function encodeOk(value: bigint, message = ""): Buffer {
  return encodeStatus("OK", value, message);
}

/** `ERROR 0 <size>` with a message for people. */
export function encodeError(message: string): Buffer {
  return encodeStatus("ERROR", 0n, message);
}

function encodeStatus(kind: "OK" | "ERROR", value: bigint, message: string): Buffer {
  // What is acknowledged most, packets, has no message.
  const payload = message === "" ? undefined : toBytes(message);
  return encodeFrame(`${kind} ${value} ${payload?.length ?? 0}`, payload);
}

/** `INFO <type> <size>` with its XML. */
export function encodeInfo(type: string, xml: string): Buffer {
  const payload = toBytes(xml);
  return encodeFrame(`INFO ${type} ${payload.length}`, payload);
}

/** What the header of a PACKET reply says; data times beyond 2^53 may be bigints. */
export interface PacketHeader extends Omit<Packet, "payload" | "dataStart" | "dataEnd"> {
  dataStart: number | bigint;
  dataEnd: number | bigint;
}

/**
 * Writes what is before the payload of a PACKET frame: `D` `L`, the length of the header, and the header. There has to be room
 * for a header of 255 bytes, and the stream id is ASCII. Returns where it ends.
 */
export function writePacketHead(bytes: Buffer, packet: PacketHeader, size: number): number {
  let at = PREHEADER;
  for (let i = 0; i < PACKET_WORD.length; i++) bytes[at++] = PACKET_WORD[i]!;
  at = writeAscii(bytes, at, packet.streamId);
  at = writeNumber(bytes, at, packet.packetId);
  at = writeNumber(bytes, at, packet.packetTime);
  at = writeNumber(bytes, at, packet.dataStart);
  at = writeNumber(bytes, at, packet.dataEnd);
  at = writeNumber(bytes, at, size);
  bytes[0] = 0x44;
  bytes[1] = 0x4c;
  bytes[2] = at - PREHEADER;
  return at;
}

function writeNumber(bytes: Buffer, start: number, value: number | bigint): number {
  bytes[start] = SPACE;
  const number = typeof value === "number" ? value : Number(value);
  if (number >= 0 && number <= Number.MAX_SAFE_INTEGER) return writeDigits(bytes, start + 1, number);
  return writeAscii(bytes, start + 1, String(digits(value)));
}

function writeAscii(bytes: Buffer, start: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[start + i] = text.charCodeAt(i);
  return start + text.length;
}

/** The header of a PACKET reply. */
export function packetHeader(packet: PacketHeader, size: number): string {
  return (
    `PACKET ${packet.streamId} ${packet.packetId} ${digits(packet.packetTime)} ` +
    `${digits(packet.dataStart)} ${digits(packet.dataEnd)} ${size}`
  );
}

/** All digits of a number: its own text rounds those beyond 2^53. */
function digits(value: number | bigint): number | bigint {
  return typeof value === "bigint" || Number.isSafeInteger(value) ? value : BigInt(value);
}
