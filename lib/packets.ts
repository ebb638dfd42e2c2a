/** Payloads by the type in their stream id: miniSEED as bytes, JSON (plain or compressed by bzip2) as values, text as a string. */

import { bzip2 } from "./bzip2/compress.ts";
import { bunzip2 } from "./bzip2/decompress.ts";
import { DataLinkError } from "./datalink/protocol/errors.ts";
import type { Packet } from "./datalink/protocol/packet.ts";
import { parseJson } from "./json.ts";
import { MAX_DOCUMENT_BYTES } from "./limits.ts";
import { splitStreamId } from "./stream-id.ts";

/**
 * What a packet carries: the value of JSON and BZJSON, the text of TEXT, the bytes of MSEED, MSEED3 and all others.
 *
 * @param maxBytes the most that a BZJSON document may be decompressed; default 1 MiB
 * @throws DataLinkError `INVALID_PAYLOAD` where the payload is not what its type says; `TOO_LARGE` for a document that is
 *   larger, or more than 128 deep
 */
export function decodePayload(
  packet: Pick<Packet, "streamId" | "packetId" | "payload">,
  maxBytes = MAX_DOCUMENT_BYTES,
): unknown {
  const { type } = splitStreamId(packet.streamId);
  try {
    switch (type) {
      case "TEXT":
        return packet.payload.toString();
      case "JSON":
        return parseJson(packet.payload.toString());
      case "BZJSON":
        return parseJson(Buffer.from(bunzip2(packet.payload, maxBytes)).toString());
      default:
        return packet.payload;
    }
  } catch (error) {
    const code = (error as { code?: unknown }).code === "TOO_LARGE" ? "TOO_LARGE" : "INVALID_PAYLOAD";
    const reason = error instanceof Error ? error.message.replace(/\.$/, "") : String(error);
    throw new DataLinkError(
      code,
      `Packet ${packet.packetId} of ${packet.streamId} is no ${type}: ${reason}.`,
      {
        cause: error,
      },
    );
  }
}

/**
 * The payload for a value: bytes as they are; for JSON and BZJSON the value's JSON document (text counts as one already),
 * for all others text.
 *
 * @throws DataLinkError `INVALID_PAYLOAD` for a value that cannot be written so.
 */
export function encodePayload(type: string, value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (type !== "JSON" && type !== "BZJSON") {
    if (typeof value === "string") return Buffer.from(value);
    throw invalid(type, "give text or bytes");
  }
  const document = Buffer.from(jsonDocument(type, value));
  return type === "BZJSON" ? bzip2(document) : document;
}

function jsonDocument(type: string, value: unknown): string {
  if (typeof value === "string") return value;
  let document: string | undefined;
  try {
    document = JSON.stringify(value);
  } catch (error) {
    throw invalid(type, error instanceof Error ? error.message : String(error));
  }
  if (document === undefined) throw invalid(type, "JSON has nothing for it");
  return document;
}

function invalid(type: string, why: string): DataLinkError {
  return new DataLinkError("INVALID_PAYLOAD", `The value cannot be sent as ${type}: ${why}.`);
}
