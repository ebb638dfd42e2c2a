/** Where a reader is, and where it wants to begin. */
import { type TimeInput, toMicroseconds } from "../../time.ts";
import { DataLinkError } from "./errors.ts";
import { isPacketId, type Packet } from "./packet.ts";

/** The last packet that a reader has seen. */
export interface Position {
  packetId: bigint;
  /** Microseconds since 1970. With the id it tells the packet from another one of the same number. */
  packetTime?: number | undefined;
  /** Microseconds since 1970. Where to go on when the server does not know the packet any more. */
  dataEnd?: number | undefined;
}

/**
 * Where to begin: `"earliest"`, with the earliest packet of the ring; `"latest"`, with the packets to come; a time, with the
 * first packet whose data ends then or later; or behind a packet that was seen before.
 */
export type From =
  | TimeInput
  | { packetId: bigint; time?: TimeInput | undefined; dataEnd?: TimeInput | undefined };

/** {@link From}, understood: times are microseconds since 1970. */
export type Start =
  | { readonly kind: "earliest" | "latest" }
  | { readonly kind: "time"; readonly time: number }
  | { readonly kind: "after"; readonly position: Position };

/** @throws DataLinkError `INVALID_ARGUMENT` */
export function parseFrom(from: From): Start {
  if (from === "earliest" || from === "latest") return { kind: from };
  if (typeof from === "object" && from !== null && "packetId" in from) {
    const { packetId, time, dataEnd } = from;
    if (!isPacketId(packetId)) throw invalid(from);
    const position = {
      packetId,
      packetTime: time === undefined ? undefined : microseconds(time),
      dataEnd: dataEnd === undefined ? undefined : microseconds(dataEnd),
    };
    return { kind: "after", position };
  }
  return { kind: "time", time: microseconds(from) };
}

export function positionOf({ packetId, packetTime, dataEnd }: Packet): Position {
  return { packetId, packetTime: exact(packetTime), dataEnd: exact(dataEnd) };
}

/** A rounded time is not one to ask a server for. */
function exact(time: number): number | undefined {
  return Number.isSafeInteger(time) ? time : undefined;
}

/** Whether a server can have a packet of this position. */
export function isPosition(position: Position): boolean {
  return isPacketId(position?.packetId) && isTime(position.packetTime) && isTime(position.dataEnd);
}

function isTime(time: unknown): boolean {
  return time === undefined || Number.isSafeInteger(time);
}

function microseconds(time: TimeInput): number {
  const value = toMicroseconds(time);
  if (value === undefined || !Number.isSafeInteger(value)) throw invalid(time);
  return value;
}

function invalid(from: unknown): DataLinkError {
  const shown = typeof from === "string" ? JSON.stringify(from.slice(0, 80)) : String(from);
  return new DataLinkError(
    "INVALID_ARGUMENT",
    `${shown} is not a place to begin: give "earliest", "latest", a time, or { packetId, time }.`,
  );
}
