/** What the coincidence trigger takes: triggers and levels of streams, and whom to mute. */
import type { StationChange } from "../../lib/signal/coincidence.ts";
import { toNanoseconds } from "../../lib/time.ts";
import { MessageError } from "../messages/message-error.ts";
import { readTime } from "../messages/times-and-ids.ts";
import { whatCame, whatCameText } from "../messages/what-came.ts";
import { misfit } from "../runtime/misfits.ts";

export type StationInput =
  | { kind: "change"; change: StationChange }
  /** A trial of the alarm chain: to be passed on, not to be counted. */
  | { kind: "test"; change: StationChange }
  /** `until` in nanoseconds since 1970; undefined: until it is taken back. */
  | { kind: "mute"; patterns: string[]; until: bigint | undefined }
  | { kind: "unmute"; patterns: string[] };

const EVENTS: Record<string, "on" | "off"> = { on: "on", above: "on", off: "off", below: "off" };
const LONGEST = 200;
const MOST_PATTERNS = 100;

/** @throws MessageError */
export function readStationInput(payload: unknown): StationInput {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) throw notUsable(payload);
  const fields = payload as Record<string, unknown>;
  if (fields.mute !== undefined) {
    const until = timeOf("until", fields.until);
    return { kind: "mute", patterns: patternsOf("mute", fields.mute), until };
  }
  if (fields.unmute !== undefined) return { kind: "unmute", patterns: patternsOf("unmute", fields.unmute) };
  return { kind: fields.test === true ? "test" : "change", change: changeOf(fields) };
}

function changeOf(fields: Record<string, unknown>): StationChange {
  const event =
    typeof fields.event === "string" && Object.hasOwn(EVENTS, fields.event) && EVENTS[fields.event];
  const { sourceId, peakRatio } = fields;
  if (!event || typeof sourceId !== "string" || sourceId === "" || sourceId.length > LONGEST)
    throw notUsable(fields);
  const name = fields.time !== undefined ? "time" : event === "on" ? "onTime" : "offTime";
  const time = timeOf(name, fields[name]);
  if (time === undefined)
    throw new MessageError(`msg.payload.${name} is missing: give when it was, by the data.`);
  return { event, sourceId, time, peakRatio: typeof peakRatio === "number" ? peakRatio : undefined };
}

function timeOf(name: string, value: unknown): bigint | undefined {
  const time = readTime(`msg.payload.${name}`, value);
  return time === undefined ? undefined : toNanoseconds(time);
}

function patternsOf(name: string, value: unknown): string[] {
  const patterns: unknown[] = Array.isArray(value) ? value : [value];
  const isName = (each: unknown): each is string =>
    typeof each === "string" && /\S/.test(each) && each.length <= LONGEST;
  if (patterns.length > 0 && patterns.length <= MOST_PATTERNS && patterns.every(isName)) return patterns;
  throw new MessageError(
    `msg.payload.${name} is not the name of a station: give one such as CO.JSC, or a list of them.`,
  );
}

function notUsable(payload: unknown): MessageError {
  return misfit(
    whatCame({ payload }, ["mseed", "record", "json", "text"]),
    new MessageError(
      `msg.payload is neither a trigger nor a level nor a mute but ${whatCameText({ payload })}: give what signal trigger or signal measure sends, or { mute, until }.`,
    ),
  );
}
