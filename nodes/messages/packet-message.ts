/** Packets as messages, and back: the part of the message contract that datalink in and datalink out speak. */
import { bunzip2 } from "../../lib/bzip2/decompress.ts";
import type { Packet } from "../../lib/datalink/protocol/packet.ts";
import { splitStreamId } from "../../lib/stream-id.ts";
import { formatMicroseconds } from "../../lib/time.ts";
import { asError } from "../runtime/input-handler.ts";

/** What a compressed document may have when it is decompressed. */
const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;

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
}

export interface PacketMessage {
  [property: string]: unknown;
  topic: string;
  payload: unknown;
  datalink: DataLinkProperty;
}

/**
 * The message for a packet. With `raw` its payload stays a Buffer whatever the type says.
 * A payload that is not what its type says (JSON that is none) stays a Buffer as well, and `onProblem` hears why.
 */
export function packetMessage(
  packet: Packet,
  server: string,
  raw: boolean,
  onProblem: (sentence: string) => void,
): PacketMessage {
  const { sourceId, type } = splitStreamId(packet.streamId);
  return {
    topic: packet.streamId,
    payload: raw ? packet.payload : parsePayload(packet, type, onProblem),
    datalink: {
      streamId: packet.streamId,
      sourceId,
      type,
      packetId: String(packet.packetId),
      packetTime: formatMicroseconds(packet.packetTime),
      dataStart: formatMicroseconds(packet.dataStart),
      dataEnd: formatMicroseconds(packet.dataEnd),
      server,
    },
  };
}

function parsePayload(packet: Packet, type: string, onProblem: (sentence: string) => void): unknown {
  const { payload, packetId, streamId } = packet;
  try {
    switch (type) {
      case "TEXT":
        return payload.toString("utf8");
      case "JSON":
        return JSON.parse(payload.toString("utf8"));
      case "BZJSON":
        return JSON.parse(Buffer.from(bunzip2(payload, MAX_DOCUMENT_BYTES)).toString("utf8"));
      default:
        return payload;
    }
  } catch (error) {
    const reason = asError(error).message.replace(/\.$/, "");
    onProblem(`Packet ${packetId} of ${streamId} is no valid ${type} (${reason}): it stays a Buffer.`);
    return payload;
  }
}
