/** What a message says about a packet to be written: its stream id and times, from the places where the message contract puts them. */

import { createHash } from "node:crypto";
import { joinStreamId, MAX_STREAM_ID, splitStreamId } from "../../lib/stream-id.ts";
import { nowMicroseconds } from "../../lib/time.ts";
import { MessageError } from "./message-error.ts";
import { readPacketId, readPacketTime, readText } from "./times-and-ids.ts";

export interface PacketFields {
  streamId: string;
  sourceId: string;
  type: string;
  /** Microseconds since 1970, as `dataEnd`. */
  dataStart: number;
  dataEnd: number;
  packetId: bigint | undefined;
  /** When the server accepted it: microseconds since 1970. Of a packet of SeedLink, as `dataStart`. */
  packetTime: number | undefined;
  /** Tells a packet of SeedLink from all others, whose numbers are those of its station. */
  identity: bigint | undefined;
}

interface Message {
  topic?: unknown;
  datalink?: unknown;
  seedlink?: unknown;
}

/**
 * The stream id is `fixed` if a setting gives one, else `msg.datalink.streamId`, else `msg.topic`; one without a type gets
 * `defaultType`. The times are those of `msg.datalink`, else of `msg.seedlink`, or now.
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
  const streamId = wholeStreamId(given, defaultType);
  const { sourceId, type } = splitStreamId(streamId);
  const seedlink = seedLinkFields(msg, streamId);
  const dataStart =
    readPacketTime("msg.datalink.dataStart", datalink.dataStart) ?? seedlink?.dataStart ?? nowMicroseconds();
  const dataEnd =
    readPacketTime("msg.datalink.dataEnd", datalink.dataEnd) ?? Math.max(dataStart, seedlink?.dataEnd ?? 0);
  if (dataEnd < dataStart) {
    throw new MessageError("msg.datalink.dataEnd is before msg.datalink.dataStart.");
  }
  const packetId = readPacketId("msg.datalink.packetId", datalink.packetId);
  const packetTime = readPacketTime("msg.datalink.packetTime", datalink.packetTime);
  const isOfSeedLink = packetTime === undefined && seedlink !== undefined;
  return {
    streamId,
    sourceId,
    type,
    dataStart,
    dataEnd,
    packetId,
    packetTime: isOfSeedLink ? seedlink.dataStart : packetTime,
    identity: isOfSeedLink ? seedlink.identity : undefined,
  };
}

/** What seedlink in has said of the packet. */
function seedLinkFields(
  { seedlink }: Message,
  streamId: string,
): { dataStart: number; dataEnd: number; identity: bigint } | undefined {
  const { sequence, dataStart, dataEnd } = (seedlink ?? {}) as Record<string, unknown>;
  if (typeof sequence !== "string" || typeof dataStart !== "string") return undefined;
  const start = readPacketTime("msg.seedlink.dataStart", dataStart);
  if (start === undefined) return undefined;
  return {
    dataStart: start,
    dataEnd: readPacketTime("msg.seedlink.dataEnd", dataEnd) ?? start,
    identity: createHash("sha256").update(`${streamId} ${sequence}`).digest().readBigUInt64LE(),
  };
}

/** Which packet of which server a reader has sent: what tells it from all others. */
export interface Origin {
  /** The server's address. */
  server: string;
  packetId: bigint;
  /** Microseconds since 1970. Of a packet of SeedLink, when its data begins. */
  packetTime: number;
}

/** What a reader has said of the packet; `undefined` for what is no reader's. */
export function originOf(msg: Message, streamId: string): Origin | undefined {
  const { packetId: id, packetTime: time, server } = datalinkProperty(msg);
  const packetId = readPacketId("msg.datalink.packetId", id);
  const packetTime = readPacketTime("msg.datalink.packetTime", time);
  if (packetId !== undefined && packetTime !== undefined && typeof server === "string")
    return { server, packetId, packetTime };
  const seedlink = seedLinkFields(msg, streamId);
  const from = (msg.seedlink as { server?: unknown } | undefined)?.server;
  if (seedlink === undefined || typeof from !== "string") return undefined;
  return { server: from, packetId: seedlink.identity, packetTime: seedlink.dataStart };
}

/** The type of the message's stream id; empty where it has none. */
export function typeOf(msg: Message, fixed = ""): string {
  return splitStreamId(streamIdOf(msg, fixed)).type;
}

function streamIdOf(msg: Message, fixed: string): string {
  return (
    fixed ||
    readText("msg.datalink.streamId", datalinkProperty(msg).streamId) ||
    readText("msg.topic", msg.topic)
  );
}

interface DataLinkInput {
  streamId?: unknown;
  dataStart?: unknown;
  dataEnd?: unknown;
  packetId?: unknown;
  packetTime?: unknown;
  server?: unknown;
}

function datalinkProperty({ datalink }: Message): DataLinkInput {
  if (datalink === undefined || datalink === null) return {};
  if (typeof datalink === "object") return datalink;
  throw new MessageError("msg.datalink is not an object: give one with streamId and dataStart, or none.");
}

/**
 * A stream id with its type.
 * @throws MessageError for what no server takes
 */
export function wholeStreamId(given: string, defaultType: string): string {
  const streamId = given.includes("/") || defaultType === "" ? given : joinStreamId(given, defaultType);
  if (/^[\x21-\x7e]+$/.test(streamId) && streamId.length <= MAX_STREAM_ID && !streamId.startsWith("/"))
    return streamId;
  throw new MessageError(
    `${JSON.stringify(streamId.slice(0, 100))} is not a stream id: use at most ${MAX_STREAM_ID} letters, digits and signs without spaces, such as FDSN:CO_JSC/JSON.`,
  );
}
