/**
 * What packets carry, said once: miniSEED records as packets ({@link recordPacket}), and payloads as values by the type in their
 * stream id ({@link packetValue}, {@link encodePayload}): JSON (plain or compressed by bzip2) as values, text as a string.
 */

import { isBytes } from "./bytes.ts";
import { bzip2 } from "./bzip2/compress.ts";
import { bunzip2 } from "./bzip2/decompress.ts";
import { DataLinkError } from "./datalink/protocol/errors.ts";
import type { PacketInput } from "./datalink/protocol/packet.ts";
import { parseJson } from "./json.ts";
import { MAX_DOCUMENT_BYTES } from "./limits.ts";
import type { MiniSeedRecord } from "./mseed/record.ts";
import { joinStreamId, splitStreamId } from "./stream-id.ts";
import { nanosecondsToMicroseconds } from "./time.ts";

/** A miniSEED record as a packet: what `write` of a client, `PacketWriter` and the server take. */
export interface RecordPacket extends PacketInput {
  /** Microseconds since 1970: the time of the first sample. */
  dataStart: number;
  /** Microseconds since 1970: the time of the last sample. */
  dataEnd: number;
  payload: Uint8Array;
}

/**
 * The packet for a miniSEED record: the stream `<source id>/MSEED`, or `/MSEED3` for format version 3, its times to the nearest
 * microsecond, and its own bytes, which are not copied.
 */
export function recordPacket(
  record: Pick<MiniSeedRecord, "sourceId" | "formatVersion" | "startTime" | "endTime" | "bytes">,
): RecordPacket {
  const { sourceId, formatVersion, startTime, endTime, bytes } = record;
  return {
    streamId: joinStreamId(sourceId.text, formatVersion === 3 ? "MSEED3" : "MSEED"),
    dataStart: nanosecondsToMicroseconds(startTime),
    dataEnd: nanosecondsToMicroseconds(endTime),
    payload: bytes,
  };
}

/** What {@link packetValue} reads of a packet; one of SeedLink has no packet id. */
export interface ValuedPacket {
  streamId: string;
  /** Named in errors. */
  packetId?: bigint | undefined;
  payload: Uint8Array;
}

/** What a packet carries, and the type in its stream id that says so; `""` for a stream id without one. */
export interface PacketValue {
  type: string;
  /** The value of JSON and BZJSON, the text of TEXT, the bytes of MSEED, MSEED3 and all others. */
  value: unknown;
}

/** A value, and the text that it was read from. */
export interface PacketContent extends PacketValue {
  /** Of JSON, BZJSON and TEXT. */
  text: string | undefined;
}

/**
 * What a packet carries.
 *
 * @param maxBytes the most that a BZJSON document may be decompressed; default 1 MiB
 * @throws DataLinkError `INVALID_PAYLOAD` where the payload is not what its type says; `TOO_LARGE` for a document that is
 *   larger, or more than 128 deep
 */
export function packetValue(packet: ValuedPacket, maxBytes?: number): PacketValue {
  const { type, value } = packetContent(packet, maxBytes);
  return { type, value };
}

/** The same as {@link packetValue}, with the text of the value. */
export function packetContent(packet: ValuedPacket, maxBytes: number = MAX_DOCUMENT_BYTES): PacketContent {
  const { type } = splitStreamId(packet.streamId);
  const { payload } = packet;
  try {
    switch (type) {
      case "TEXT": {
        const text = textOf(payload);
        return { type, value: text, text };
      }
      case "JSON":
        return jsonContent(type, textOf(payload));
      case "BZJSON":
        return jsonContent(type, textOf(bunzip2(payload, maxBytes)));
      default:
        return { type, value: payload, text: undefined };
    }
  } catch (error) {
    const code = (error as { code?: unknown }).code === "TOO_LARGE" ? "TOO_LARGE" : "INVALID_PAYLOAD";
    const reason = error instanceof Error ? error.message.replace(/\.$/, "") : String(error);
    throw new DataLinkError(code, `${nameOf(packet)} is not ${type}: ${reason}.`, { cause: error });
  }
}

function jsonContent(type: string, text: string): PacketContent {
  return { type, value: parseJson(text), text };
}

function textOf({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString();
}

function nameOf({ streamId, packetId }: ValuedPacket): string {
  return packetId === undefined ? `A packet of ${streamId}` : `Packet ${packetId} of ${streamId}`;
}

/**
 * The payload for a value: bytes as they are; for JSON and BZJSON the value's JSON document (text must be one already),
 * for all others text.
 *
 * @throws DataLinkError `INVALID_PAYLOAD` for a value that cannot be written so.
 */
export function encodePayload(type: string, value: unknown): Uint8Array {
  if (isBytes(value)) return value;
  if (type !== "JSON" && type !== "BZJSON") {
    if (typeof value === "string") return Buffer.from(value);
    throw invalid(type, "give text or bytes");
  }
  const document = Buffer.from(jsonDocument(type, value));
  return type === "BZJSON" ? bzip2(document) : document;
}

function jsonDocument(type: string, value: unknown): string {
  let document: string | undefined;
  try {
    if (typeof value === "string") JSON.parse(value);
    document = typeof value === "string" ? value : JSON.stringify(value);
  } catch (error) {
    throw invalid(type, error instanceof Error ? error.message : String(error));
  }
  if (document === undefined) throw invalid(type, "JSON has nothing for it");
  return document;
}

function invalid(type: string, why: string): DataLinkError {
  return new DataLinkError("INVALID_PAYLOAD", `The value cannot be written as ${type}: ${why}.`);
}
