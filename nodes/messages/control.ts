/** The control messages of datalink in: what to do in `msg.topic`, with what in `msg.payload`. */
import { types } from "node:util";
import type { From } from "../../lib/datalink/protocol/position.ts";
import { asError } from "../runtime/input-handler.ts";
import { misfit } from "../runtime/misfits.ts";
import { MessageError, shownValue } from "./message-error.ts";
import { readPacketId, readTime } from "./times-and-ids.ts";

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
      throw misfit(
        "other",
        new MessageError(
          `msg.topic is ${shownValue(topic)}: to control datalink in, give start, stop, position or match.`,
        ),
      );
  }
}

function fromOf(payload: unknown): From {
  if (payload === "earliest" || payload === "latest") return payload;
  try {
    const from = isObjectWithId(payload) ? positionOf(payload) : readTime("msg.payload", payload);
    if (from !== undefined) return from;
    throw new MessageError("msg.payload is empty.");
  } catch (error) {
    const reason = asError(error).message.replace(/\.$/, "");
    throw new MessageError(
      `msg.payload is not a position (${reason}): give "earliest", "latest", a time such as 2026-11-22T06:00:00Z, or { packetId, packetTime } of the last packet dealt with.`,
    );
  }
}

function isObjectWithId(payload: unknown): payload is { packetId: unknown; packetTime?: unknown } {
  return typeof payload === "object" && payload !== null && "packetId" in payload;
}

function positionOf({ packetId, packetTime }: { packetId: unknown; packetTime?: unknown }): From | undefined {
  const id = readPacketId("msg.payload.packetId", packetId);
  return id === undefined
    ? undefined
    : { packetId: id, time: readTime("msg.payload.packetTime", packetTime) };
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
  if (types.isRegExp(value)) return value.source;
  if (typeof value === "string") return value;
  throw new MessageError(
    "msg.payload is not a match: give a regular expression as text, or { match, reject }.",
  );
}
