/** What a message says about a packet to be written: its stream id and times, from the places where the message contract puts them. */

import { CodedError } from "../../lib/errors.ts";
import { joinStreamId, MAX_STREAM_ID, splitStreamId } from "../../lib/stream-id.ts";
import { nowMicroseconds, toMicroseconds } from "../../lib/time.ts";

/** A message that a node cannot use; the sentence says what it lacks. */
export class MessageError extends CodedError<"INVALID_MESSAGE"> {
  constructor(message: string) {
    super("INVALID_MESSAGE", message);
  }
}

export interface PacketFields {
  streamId: string;
  sourceId: string;
  type: string;
  /** Microseconds since 1970, as `dataEnd`. */
  dataStart: number;
  dataEnd: number;
  packetId: bigint | undefined;
  /** When the server accepted it: microseconds since 1970. */
  packetTime: number | undefined;
}

interface Message {
  topic?: unknown;
  datalink?: unknown;
}

/**
 * The stream id is `fixed` if a setting gives one, else `msg.datalink.streamId`, else `msg.topic`; one without a type gets
 * `defaultType`. The times are those of `msg.datalink`, or now.
 * @throws MessageError
 */
export function packetFields(msg: Message, defaultType: string, fixed = ""): PacketFields {
  const datalink = datalinkProperty(msg);
  const given = streamIdOf(msg, fixed);
  if (given === "") {
    throw new MessageError(
      "The message has no stream id: put one such as FDSN:CO_JSC/JSON in msg.topic, in msg.datalink.streamId or in the node's settings.",
    );
  }
  const streamId = given.includes("/") ? given : joinStreamId(given, defaultType);
  checkStreamId(streamId);
  const { sourceId, type } = splitStreamId(streamId);
  const dataStart = time("dataStart", datalink.dataStart) ?? nowMicroseconds();
  const dataEnd = time("dataEnd", datalink.dataEnd) ?? dataStart;
  if (dataEnd < dataStart) {
    throw new MessageError("msg.datalink.dataEnd is before msg.datalink.dataStart.");
  }
  const packetId = packetIdOf(datalink.packetId);
  const packetTime = time("packetTime", datalink.packetTime);
  return { streamId, sourceId, type, dataStart, dataEnd, packetId, packetTime };
}

/** The type of the message's stream id; empty where it has none. */
export function typeOf(msg: Message, fixed = ""): string {
  return splitStreamId(streamIdOf(msg, fixed)).type;
}

function streamIdOf(msg: Message, fixed: string): string {
  return fixed || text(datalinkProperty(msg).streamId) || text(msg.topic);
}

interface DataLinkInput {
  streamId?: unknown;
  dataStart?: unknown;
  dataEnd?: unknown;
  packetId?: unknown;
  packetTime?: unknown;
}

function datalinkProperty(msg: Message): DataLinkInput {
  return typeof msg.datalink === "object" && msg.datalink !== null ? msg.datalink : {};
}

function checkStreamId(streamId: string): void {
  if (!/^[\x21-\x7e]+$/.test(streamId) || streamId.length > MAX_STREAM_ID) {
    throw new MessageError(
      `${JSON.stringify(streamId.slice(0, 100))} is no stream id: use at most ${MAX_STREAM_ID} letters, digits and signs without spaces, such as FDSN:CO_JSC/JSON.`,
    );
  }
}

function time(name: string, value: unknown): number | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const isTime = typeof value === "string" || typeof value === "number" || typeof value === "bigint";
  const microseconds = isTime || value instanceof Date ? toMicroseconds(value) : undefined;
  if (microseconds !== undefined) return microseconds;
  throw new MessageError(
    `msg.datalink.${name} is no time: give ISO 8601 text such as 2026-11-22T06:19:29.804015Z.`,
  );
}

function packetIdOf(value: unknown): bigint | undefined {
  return /^\d{1,20}$/.test(text(value)) ? BigInt(text(value)) : undefined;
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "bigint"
    ? String(value).trim()
    : "";
}
