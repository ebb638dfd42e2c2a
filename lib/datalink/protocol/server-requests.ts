/**
 * What a client sends: the header of a DataLink command turned into data. The grammar and the words of every refusal
 * are those of ringserver 4.5.3, so that programs which look at them find what they know. Sans-I/O.
 */

import { MAX_STREAM_ID } from "../../stream-id.ts";
import { TextCache } from "../../text-cache.ts";
import { readDigits } from "./digits.ts";
import { DataLinkError } from "./errors.ts";
import type { Framed } from "./frame.ts";

/** Largest MATCH, REJECT or INFO pattern that the protocol allows, in bytes. */
const MAX_PATTERN_BY_PROTOCOL = 1_048_576;

/** What a packet takes in ringserver's ring beside its payload, in bytes. */
const SLOT_HEADER = 120;

/**
 * Largest pattern, in bytes, that this server takes with packets of this size: as with ringserver, as much as ten packets
 * take in its ring; but always 8 KiB, and never more than 128 KiB, because every client may have two.
 */
export function maxPatternBytes(packetSize: number): number {
  return Math.min(Math.max(10 * (packetSize + SLOT_HEADER), 8192), 131_072);
}

/** Largest AUTH payload, in bytes. */
export const MAX_CREDENTIALS = 4095;

/** Shorter headers are taken for noise. */
const SHORTEST_HEADER = 2;

const MAX_UINT64 = 2n ** 64n - 1n;
const NO_PAYLOAD = Buffer.alloc(0);

export interface IdCommand extends Framed {
  kind: "ID";
  clientId: string;
}

/** POSITION SET EARLIEST, LATEST or a packet id, the latter with the packet's time if the client knows it. */
export interface PositionSetCommand extends Framed {
  kind: "POSITION SET";
  at: "EARLIEST" | "LATEST" | bigint;
  packetTime: number | undefined;
}

/** POSITION AFTER: a time in microseconds since 1970. */
export interface PositionAfterCommand extends Framed {
  kind: "POSITION AFTER";
  time: number;
}

/** MATCH or REJECT; the payload is the pattern. Without a size it clears the pattern, which a size of 0 does not. */
export interface FilterCommand extends Framed {
  kind: "MATCH" | "REJECT";
  clear: boolean;
}

export interface WriteCommand extends Framed {
  kind: "WRITE";
  streamId: string;
  /** Microseconds since 1970; beyond 2^53 as a bigint, so that no digit of it is lost. */
  dataStart: number | bigint;
  dataEnd: number | bigint;
  acknowledge: boolean;
  packetId: bigint | undefined;
}

export interface ReadCommand extends Framed {
  kind: "READ";
  packetId: bigint;
}

/** INFO; the pattern is in the payload, or in the header as clients of older servers send it. */
export interface InfoCommand extends Framed {
  kind: "INFO";
  type: "STATUS" | "STREAMS" | "CONNECTIONS";
  inlinePattern: string | undefined;
}

export interface AuthCommand extends Framed {
  kind: "AUTH";
  type: string;
}

/** STREAM, ENDSTREAM and BYE have no arguments, UNKNOWN is not a command, and EMPTY a header of nothing but separators. */
export interface BareCommand extends Framed {
  kind: "STREAM" | "ENDSTREAM" | "BYE" | "UNKNOWN" | "EMPTY";
}

/** A known command with arguments that do not fit; `message` is what the client is told. */
export interface MalformedCommand extends Framed {
  kind: "MALFORMED";
  command: "POSITION" | "MATCH" | "REJECT" | "WRITE" | "READ" | "INFO" | "AUTH";
  message: string;
}

export type Command =
  | IdCommand
  | PositionSetCommand
  | PositionAfterCommand
  | FilterCommand
  | WriteCommand
  | ReadCommand
  | InfoCommand
  | AuthCommand
  | BareCommand
  | MalformedCommand;

/**
 * Reads the headers of commands, for `FrameReader`, of clients that may write payloads of `packetSize` bytes. What
 * it returns throws `DataLinkError` (`PROTOCOL`) for what cannot be a command.
 */
export function commandParser(packetSize: number): (bytes: Buffer, start: number, end: number) => Command {
  return (bytes, start, end) => {
    if (end - start < SHORTEST_HEADER) {
      throw new DataLinkError("PROTOCOL", "The client sent a header of a single byte, which no command has.");
    }
    return (
      parsePlainWrite(bytes, start, end, packetSize) ??
      parseCommand(headerText(bytes, start, end), packetSize)
    );
  };
}

const SPACE = 0x20;
const WRITE_WORD = Buffer.from("WRITE ");
const A = 0x41;
const N = 0x4e;

/** Stream ids are the same few again and again, and found faster than made. */
const STREAM_IDS = new TextCache((bytes) => Buffer.from(bytes).toString("latin1"));

/** WRITE as nearly all clients send it, read byte by byte; anything else about it, right or wrong, is told by `undefined`. */
function parsePlainWrite(
  bytes: Buffer,
  start: number,
  end: number,
  packetSize: number,
): WriteCommand | undefined {
  for (let i = 0; i < WRITE_WORD.length; i++) if (bytes[start + i] !== WRITE_WORD[i]) return undefined;
  const idStart = start + WRITE_WORD.length;
  const idEnd = wordEnd(bytes, idStart, end);
  const startEnd = wordEnd(bytes, idEnd + 1, end);
  const endEnd = wordEnd(bytes, startEnd + 1, end);
  const flagEnd = endEnd + 2;
  for (const at of [idEnd, startEnd, endEnd, flagEnd]) if (bytes[at] !== SPACE) return undefined;
  const flag = bytes[endEnd + 1];
  const idLength = idEnd - idStart;
  if (idLength < 1 || idLength > MAX_STREAM_ID || (flag !== A && flag !== N)) return undefined;
  const dataStart = readDigits(bytes, idEnd + 1, startEnd);
  const dataEnd = readDigits(bytes, startEnd + 1, endEnd);
  const size = readDigits(bytes, flagEnd + 1, end);
  if (dataStart < 0 || dataEnd < 0 || size < 0 || size > packetSize) return undefined;
  return {
    kind: "WRITE",
    streamId: STREAM_IDS.get(bytes, idStart, idLength),
    dataStart,
    dataEnd,
    acknowledge: flag === A,
    packetId: undefined,
    size,
    payload: NO_PAYLOAD,
  };
}

/** Where printable ASCII ends. */
function wordEnd(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at]! > SPACE && bytes[at]! < 0x7f) at++;
  return at;
}

/** A NUL ends the text of a header early. Bytes beyond ASCII are kept one to one. */
function headerText(bytes: Buffer, start: number, end: number): string {
  const nul = bytes.indexOf(0, start);
  return bytes.toString("latin1", start, nul >= 0 && nul < end ? nul : end);
}

function parseCommand(text: string, packetSize: number): Command {
  const words = splitWords(text);
  const word = words[0];
  if (word === undefined) return bare("EMPTY");
  switch (word.toUpperCase()) {
    case "WRITE":
      return parseWrite(words, packetSize);
    case "READ":
      return parseRead(words);
    case "ID":
      return { kind: "ID", clientId: clientIdOf(text), size: 0, payload: NO_PAYLOAD };
    case "POSITION":
      return parsePosition(words);
    case "MATCH":
      return parseFilter("MATCH", words, packetSize);
    case "REJECT":
      return parseFilter("REJECT", words, packetSize);
    case "STREAM":
      return bare("STREAM");
    case "ENDSTREAM":
      return bare("ENDSTREAM");
    case "INFO":
      return parseInfo(words, packetSize);
    case "AUTH":
      return parseAuth(words);
    case "AUTHORIZATION":
      // simpledali's own word for AUTH JWT.
      return parseAuth(["AUTH", "JWT", ...words.slice(1)]);
    case "BYE":
      return bare("BYE");
    default:
      return bare("UNKNOWN");
  }
}

function splitWords(text: string): string[] {
  const words = text.split(" ");
  // Nearly every client separates by single spaces; only what has another separator needs the slow way.
  for (const word of words) {
    if (word === "" || /[\t\r\n]/.test(word)) return text.split(/[ \t\r\n]+/).filter((part) => part !== "");
  }
  return words;
}

function bare(kind: BareCommand["kind"]): BareCommand {
  return { kind, size: 0, payload: NO_PAYLOAD };
}

function malformed(command: MalformedCommand["command"], message: string): MalformedCommand {
  return { kind: "MALFORMED", command, message, size: 0, payload: NO_PAYLOAD };
}

/** A client's name is shown to people and in XML: control and other bytes become `?`. */
function clientIdOf(text: string): string {
  return text
    .trim()
    .slice(2)
    .trim()
    .replace(/[^\x20-\x7e]/g, "?");
}

function parseWrite(words: string[], packetSize: number): Command {
  if (words.length !== 6 && words.length !== 7) return unreadableWrite();
  const [, streamId, start, end, flags, size] = words as [string, string, string, string, string, string];
  const id = words[6];
  const [dataStart, dataEnd, bytes] = [toTime(start), toTime(end), toSize(size)];
  const packetId = flags.includes("I") && id !== undefined ? toPacketId(id) : undefined;
  const idUnreadable = flags.includes("I") && id !== undefined && packetId === undefined;
  if (dataStart === undefined || dataEnd === undefined || bytes === undefined || idUnreadable) {
    return unreadableWrite();
  }
  if (streamId.length > MAX_STREAM_ID) return malformed("WRITE", "Error, stream ID too long");
  if (bytes > packetSize) {
    return malformed("WRITE", `Packet size (${bytes}) is too large for ring, maximum is ${packetSize} bytes`);
  }
  const acknowledge = flags.includes("A");
  return {
    kind: "WRITE",
    streamId,
    dataStart,
    dataEnd,
    acknowledge,
    packetId,
    size: bytes,
    payload: NO_PAYLOAD,
  };
}

function unreadableWrite(): MalformedCommand {
  return malformed("WRITE", "Error parsing WRITE command parameters");
}

function parseRead(words: string[]): Command {
  const packetId = words.length === 2 ? toPacketId(words[1]!) : undefined;
  if (packetId === undefined) return malformed("READ", "Error parsing READ command parameters");
  return { kind: "READ", packetId, size: 0, payload: NO_PAYLOAD };
}

function parsePosition(words: string[]): Command {
  if (words.length !== 3 && words.length !== 4) {
    return malformed("POSITION", "POSITION requires 2 or 3 arguments");
  }
  const value = words[2]!;
  switch (words[1]!.toUpperCase()) {
    case "SET":
      return parsePositionSet(value, words[3]);
    case "AFTER": {
      const time = roughly(toTime(value));
      if (time === undefined) return malformed("POSITION", "Error with POSITION AFTER time");
      return { kind: "POSITION AFTER", time, size: 0, payload: NO_PAYLOAD };
    }
    default:
      return malformed("POSITION", "Unsupported POSITION subcommand");
  }
}

function parsePositionSet(value: string, timeWord: string | undefined): Command {
  const end = value.toUpperCase();
  if (end === "EARLIEST" || end === "LATEST") {
    return { kind: "POSITION SET", at: end, packetTime: undefined, size: 0, payload: NO_PAYLOAD };
  }
  const at = toPacketId(value);
  if (at === undefined) return malformed("POSITION", "Error with POSITION SET value");
  const packetTime = timeWord === undefined ? undefined : roughly(toTime(timeWord));
  if (timeWord !== undefined && packetTime === undefined) {
    return malformed("POSITION", "Error with POSITION SET time");
  }
  return { kind: "POSITION SET", at, packetTime, size: 0, payload: NO_PAYLOAD };
}

function parseFilter(kind: "MATCH" | "REJECT", words: string[], packetSize: number): Command {
  if (words.length === 1) return { kind, clear: true, size: 0, payload: NO_PAYLOAD };
  if (words.length > 2) return malformed(kind, `${kind} requires a single argument`);
  const size = toSize(words[1]!);
  if (size === undefined) return malformed(kind, `${kind} size argument is invalid`);
  const tooLarge = tooLargePattern(kind.toLowerCase(), size, packetSize);
  if (tooLarge !== undefined) return malformed(kind, tooLarge);
  return { kind, clear: false, size, payload: NO_PAYLOAD };
}

/** Why a pattern of so many bytes is not taken; `undefined` where it is. */
function tooLargePattern(kind: string, size: number, packetSize: number): string | undefined {
  const limit = maxPatternBytes(packetSize);
  if (size <= limit) return undefined;
  if (size > MAX_PATTERN_BY_PROTOCOL) {
    return `${kind} expression too large, must be <= ${MAX_PATTERN_BY_PROTOCOL}`;
  }
  return `${kind} expression too large, must be <= ${limit} with packets of ${packetSize} bytes`;
}

function parseInfo(words: string[], packetSize: number): Command {
  const type = words[1];
  if (type === undefined) return malformed("INFO", "INFO request has no type");
  const known = type.toUpperCase();
  if (known !== "STATUS" && known !== "STREAMS" && known !== "CONNECTIONS") {
    return malformed("INFO", `Unrecognized INFO request type: ${printable(type)}`);
  }
  if (words.length > 3) return malformed("INFO", "INFO request has extra arguments");
  const argument = words[2];
  // Clients of servers before 4.2.1 (libdali) send the pattern itself; a pattern of digits only is taken as a size.
  const size = argument === undefined ? 0 : toSize(argument);
  if (size === undefined) {
    return { kind: "INFO", type: known, inlinePattern: argument, size: 0, payload: NO_PAYLOAD };
  }
  const tooLarge = tooLargePattern("match", size, packetSize);
  if (tooLarge !== undefined) return malformed("INFO", tooLarge);
  return { kind: "INFO", type: known, inlinePattern: undefined, size, payload: NO_PAYLOAD };
}

function parseAuth(words: string[]): Command {
  if (words.length !== 3) return malformed("AUTH", "AUTH requires 2 arguments");
  const size = toSize(words[2]!);
  if (size === undefined) return malformed("AUTH", "AUTH size argument is invalid");
  if (size > MAX_CREDENTIALS) return malformed("AUTH", "AUTH credentials are too large");
  return { kind: "AUTH", type: words[1]!.toUpperCase(), size, payload: NO_PAYLOAD };
}

function printable(word: string): string {
  return word.replace(/[^\x20-\x7e]/g, "?");
}

/** Plain decimal digits, at most 2^53. */
function toSize(word: string): number | undefined {
  if (!/^\d+$/.test(word)) return undefined;
  const size = Number(word);
  return Number.isSafeInteger(size) ? size : undefined;
}

/** Microseconds since 1970 with an optional sign: a signed 64-bit number, beyond 2^53 (the year 2255) a bigint. */
function toTime(word: string): number | bigint | undefined {
  if (!/^[+-]?\d{1,200}$/.test(word)) return undefined;
  const time = Number(word);
  if (Number.isSafeInteger(time)) return time;
  const exact = BigInt(word.replace("+", ""));
  return exact >= -(2n ** 63n) && exact < 2n ** 63n ? exact : undefined;
}

/** A time to compare with: beyond 2^53 microseconds, half a thousand of them do not matter. */
function roughly(time: number | bigint | undefined): number | undefined {
  return time === undefined ? undefined : Number(time);
}

/** An unsigned 64-bit number. */
function toPacketId(word: string): bigint | undefined {
  if (!/^\d{1,400}$/.test(word)) return undefined;
  const id = BigInt(word);
  return id <= MAX_UINT64 ? id : undefined;
}
