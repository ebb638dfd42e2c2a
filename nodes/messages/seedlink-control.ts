/** The control messages of seedlink in: what to do in `msg.topic`, with what in `msg.payload`. */
import { parseStreams } from "../../lib/seedlink/protocol/selectors.ts";
import type { TimeInput } from "../../lib/time.ts";
import { asError } from "../runtime/input-handler.ts";
import { misfit } from "../runtime/misfits.ts";
import { MessageError, shownValue } from "./message-error.ts";
import { readTime } from "./times-and-ids.ts";

export type SeedLinkControl =
  | { action: "start" | "stop" }
  /** Where to go on from. */
  | { action: "position"; from: TimeInput }
  /** Which streams, as text; empty for all. */
  | { action: "streams"; streams: string };

/** @throws MessageError saying what is allowed; SeedLinkError for streams that cannot be read. */
export function readSeedLinkControl(msg: { topic?: unknown; payload?: unknown }): SeedLinkControl {
  const { topic, payload } = msg;
  switch (topic) {
    case "start":
    case "stop":
      return { action: topic };
    case "position":
      return { action: topic, from: startOf(payload) };
    case "streams":
      return { action: topic, streams: streamsOf(payload) };
    default:
      throw misfit(
        "other",
        new MessageError(
          `msg.topic is ${shownValue(topic)}: to control seedlink in, give start, stop, position or streams.`,
        ),
      );
  }
}

function startOf(payload: unknown): TimeInput {
  if (payload === "earliest" || payload === "latest") return payload;
  try {
    const time = readTime("msg.payload", payload);
    if (time !== undefined) return time;
    throw new MessageError("msg.payload is empty.");
  } catch (error) {
    const reason = asError(error).message.replace(/\.$/, "");
    throw new MessageError(
      `msg.payload is not a position (${reason}): give "earliest", "latest" or a time such as 2026-11-22T06:00:00Z.`,
    );
  }
}

function streamsOf(payload: unknown): string {
  if (payload === undefined || payload === null) return "";
  if (typeof payload !== "string") {
    throw new MessageError(
      "msg.payload is not text: give streams such as CO_JSC:BHZ 00HH?, IU_KONO, or nothing for all.",
    );
  }
  parseStreams(payload);
  return payload;
}
