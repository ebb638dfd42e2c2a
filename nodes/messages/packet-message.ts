/** Packets as messages, and back: the part of the message contract that datalink in and datalink out speak. */
import type { Packet } from "../../lib/datalink/protocol/packet.ts";
import { packetContent, type ValuedPacket } from "../../lib/packets.ts";
import { splitStreamId } from "../../lib/stream-id.ts";
import { formatMicroseconds } from "../../lib/time.ts";
import { asError } from "../runtime/input-handler.ts";
import { textToKeep } from "./json-text.ts";

/** `msg.datalink`: plain and small, because Node-RED copies it at every second wire. */
export interface DataLinkProperty {
  streamId: string;
  sourceId: string;
  type: string;
  /** Digits: a packet id may be larger than a number holds exactly. */
  packetId: string;
  /** ISO 8601 UTC with six decimals, as the two that follow. */
  packetTime: string;
  dataStart: string;
  dataEnd: string;
  /** The server's address. */
  server: string;
  /** The JSON text of the payload, where the value alone would not bring it back: see `textOfPayload`. */
  text?: string;
}

export interface PacketMessage {
  [property: string]: unknown;
  topic: string;
  payload: unknown;
  datalink: DataLinkProperty;
}

/** A message, and the bytes of memory that it takes, roughly. */
export interface SizedMessage {
  message: PacketMessage;
  bytes: number;
}

/** Of a message's own properties, and of a packet that is in memory for as long as it is in the flow: bytes. */
export const OVERHEAD = 512;

/** A value may take so many times the bytes of its JSON text: an empty list has two there, and some thirty in memory. */
const VALUE_BYTES = 16;

/**
 * The message for a packet. With `raw` its payload stays a Buffer whatever the type says.
 * A payload that is not what its type says (JSON that is not) stays a Buffer as well, and `onProblem` hears why.
 */
export function packetMessage(
  packet: Packet,
  server: string,
  raw: boolean,
  onProblem: (sentence: string) => void,
): SizedMessage {
  const { sourceId, type } = splitStreamId(packet.streamId);
  const { payload, text, bytes } = raw ? bytesOf(packet) : readPayload(packet, onProblem);
  const datalink: DataLinkProperty = {
    streamId: packet.streamId,
    sourceId,
    type,
    packetId: String(packet.packetId),
    packetTime: formatMicroseconds(packet.packetTime),
    dataStart: formatMicroseconds(packet.dataStart),
    dataEnd: formatMicroseconds(packet.dataEnd),
    server,
  };
  if (text !== undefined) datalink.text = text;
  return { message: { topic: packet.streamId, payload, datalink }, bytes: bytes + OVERHEAD };
}

/** What a message has of a payload; `bytes`: the memory that it takes, roughly. */
interface ReadPayload {
  payload: unknown;
  text?: string | undefined;
  bytes: number;
}

function bytesOf({ payload }: ValuedPacket): ReadPayload {
  return { payload, bytes: payload.length };
}

/** The payload as the type in the stream id says; what it is not stays a Buffer, and `onProblem` hears why. */
export function readPayload(packet: ValuedPacket, onProblem: (sentence: string) => void): ReadPayload {
  try {
    const { type, value, text } = packetContent(packet);
    if (text === undefined) return bytesOf(packet);
    if (type === "TEXT") return { payload: text, bytes: packet.payload.length + text.length };
    const bytes = packet.payload.length + text.length * VALUE_BYTES;
    return { payload: value, text: textToKeep(value, text), bytes };
  } catch (error) {
    onProblem(`${asError(error).message} It stays a Buffer.`);
    return bytesOf(packet);
  }
}
