/** Packets as messages of NATS and back: their headers, and the id by which a stream knows them again. */
import { MAX_PACKET_ID } from "../../datalink/protocol/packet.ts";
import { JetStreamError } from "../errors.ts";
import type { SourcePacket } from "./packet.ts";

/** What makes it be stored once: source, packet id and packet time. */
export const ID_HEADER = "Nats-Msg-Id";
export const STREAM_HEADER = "Seis-Stream";
export const START_HEADER = "Seis-Start";
export const END_HEADER = "Seis-End";

/** Longest source and stream id, in characters. */
const MAX_NAME = 255;

/** The most that twenty digits hold. */
const MAX_TIME = 1e19;

const SOURCE = /^[\x21-\x7e]+$/;
const STREAM_ID = /^[^\s\p{Cc}\p{Cs}]+$/u;
const MESSAGE_ID = /^([\x21-\x7e]+):(\d{1,20}):(-?\d{1,20})(?::x[0-9a-f]{1,8})?$/;
const INTEGER = /^-?\d{1,20}$/;

/** What a message's headers say of its packet. */
export type PacketHeader = Omit<SourcePacket, "payload">;

/** `<source>:<packet id>:<packet time>`: the same from every relay of the source. With a digest, `:x` and it in hexadecimal. */
export function messageId({ source, packetId, packetTime, digest }: PacketHeader): string {
  const id = `${source}:${packetId}:${integer(packetTime)}`;
  return digest === undefined ? id : `${id}:x${digest.toString(16)}`;
}

/** Calls `set` with each header of a packet's message. */
export function writeHeaders(
  packet: PacketHeader,
  id: string,
  set: (name: string, value: string) => void,
): void {
  set(ID_HEADER, id);
  set(STREAM_HEADER, packet.streamId);
  set(START_HEADER, integer(packet.dataStart));
  set(END_HEADER, integer(packet.dataEnd));
}

/**
 * What the headers of a message say; `get` gives the empty text for one that is not there.
 *
 * @throws JetStreamError `UNREADABLE`, naming the header
 */
export function readHeaders(get: (name: string) => string): PacketHeader {
  const id = get(ID_HEADER);
  const parts = MESSAGE_ID.exec(id);
  if (!parts || BigInt(parts[2]!) > MAX_PACKET_ID) throw unreadable(ID_HEADER, id);
  const streamId = get(STREAM_HEADER);
  if (streamId.length > MAX_NAME || !STREAM_ID.test(streamId)) throw unreadable(STREAM_HEADER, streamId);
  return {
    source: parts[1]!,
    packetId: BigInt(parts[2]!),
    packetTime: readTime(ID_HEADER, parts[3]!),
    streamId,
    dataStart: readTime(START_HEADER, get(START_HEADER)),
    dataEnd: readTime(END_HEADER, get(END_HEADER)),
  };
}

/** @throws JetStreamError `INVALID_ARGUMENT` for a packet that cannot become a message */
export function checkPacket({
  source,
  streamId,
  packetId,
  digest = 0,
  packetTime,
  dataStart,
  dataEnd,
}: SourcePacket): void {
  checkSource(source);
  if (!(Number.isInteger(digest) && digest >= 0 && digest <= 0xff_ff_ff_ff))
    throw invalid(`The digest of ${streamId}, ${String(digest)}, is not a whole number of 32 bits`);
  if (streamId.length > MAX_NAME || !STREAM_ID.test(streamId)) {
    throw invalid(`The stream id ${shown(streamId)} is not 1 to ${MAX_NAME} characters without white space`);
  }
  if (typeof packetId !== "bigint" || packetId < 0n || packetId > MAX_PACKET_ID)
    throw invalid(`The packet id ${String(packetId)} of ${streamId} is not a bigint from 0 to 2^64-11`);
  checkTime("packetTime", packetTime, streamId);
  checkTime("dataStart", dataStart, streamId);
  checkTime("dataEnd", dataEnd, streamId);
}

function checkTime(name: string, time: number, streamId: string): void {
  if (Number.isInteger(time) && Math.abs(time) <= MAX_TIME) return;
  throw invalid(`${name} of ${streamId}, ${String(time)}, is not a whole number of microseconds`);
}

/** @throws JetStreamError `INVALID_ARGUMENT` for a name that cannot be that of a source */
export function checkSource(source: string): void {
  if (source.length <= MAX_NAME && SOURCE.test(source)) return;
  throw invalid(
    `The source ${shown(source)} is not 1 to ${MAX_NAME} printable ASCII characters without spaces`,
  );
}

/** Beyond 2^53 a number would be written with an exponent. */
function integer(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : String(BigInt(value));
}

function readTime(name: string, text: string): number {
  const time = Number(text);
  if (!INTEGER.test(text) || Math.abs(time) > MAX_TIME) throw unreadable(name, text);
  // -0 is written as 0.
  return time + 0;
}

function unreadable(name: string, value: string): JetStreamError {
  const what = value === "" ? "has no header" : `has ${shown(value)} in the header`;
  return new JetStreamError("UNREADABLE", `A message ${what} ${name}: it is not a packet of a relay.`);
}

function invalid(message: string): JetStreamError {
  return new JetStreamError("INVALID_ARGUMENT", `${message}.`);
}

function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
