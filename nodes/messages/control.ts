/** The control messages of datalink in: what to do in `msg.topic`, with what in `msg.payload`. */
import type { From } from "../../lib/datalink/protocol/position.ts";
import { type TimeInput, toMicroseconds } from "../../lib/time.ts";
import { MessageError } from "./packet-fields.ts";

export type Control =
  | { action: "start" | "stop" }
  /** Where to go on from. */
  | { action: "position"; from: From }
  /** Which streams; empty text for all, and for none to leave out. */
  | { action: "match"; match: string; reject: string };

/** @throws MessageError saying what is allowed. */
export function readControl(msg: { topic?: unknown; payload?: unknown }): Control {
  const { topic, payload } = msg;
  switch (topic) {
    case "start":
    case "stop":
      return { action: topic };
    case "position":
      return { action: topic, from: fromOf(payload) };
    case "match":
      return { action: topic, ...patternsOf(payload) };
    default:
      throw new MessageError(
        `msg.topic is ${JSON.stringify(topic ?? null)}: to control datalink in, give start, stop, position or match.`,
      );
  }
}

function fromOf(payload: unknown): From {
  if (payload === "earliest" || payload === "latest") return payload;
  if (typeof payload === "object" && payload !== null && "packetId" in payload) {
    const { packetId, packetTime } = payload as { packetId: unknown; packetTime?: unknown };
    const digits = String(packetId as string);
    if (/^\d{1,20}$/.test(digits)) return { packetId: BigInt(digits), time: timeOf(packetTime) };
  }
  const time = timeOf(payload);
  if (time !== undefined) return time;
  throw new MessageError(
    'msg.payload is no position: give "earliest", "latest", a time such as 2026-11-22T06:00:00Z, or { packetId, packetTime } of the last packet dealt with.',
  );
}

function timeOf(value: unknown): TimeInput | undefined {
  const isTime = typeof value === "string" || typeof value === "number" || value instanceof Date;
  return isTime && toMicroseconds(value) !== undefined ? value : undefined;
}

function patternsOf(payload: unknown): { match: string; reject: string } {
  const { match, reject } =
    typeof payload === "object" && payload !== null
      ? (payload as { match?: unknown; reject?: unknown })
      : { match: payload, reject: undefined };
  return { match: patternOf(match), reject: patternOf(reject) };
}

function patternOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (value instanceof RegExp) return value.source;
  if (typeof value === "string") return value;
  throw new MessageError("msg.payload is no match: give a regular expression as text, or { match, reject }.");
}
