/** What messages mean to seismogram image: an alarm, that a picture is asked for, or something that belongs into the pictures. */
import type { NodeMessageInFlow } from "node-red";
import type { Asked } from "./pictures.ts";

/** A message as this node reads it. */
export interface ImageMessage extends NodeMessageInFlow {
  reset?: unknown;
  /** Patterns of the streams that a picture is asked for of. */
  streams?: unknown;
  datalink?: unknown;
  seedlink?: unknown;
}

const LONGEST = 1000;

/** Patterns as people write them: divided by commas or blanks. */
export function patternsOf(text: string): string[] {
  return text
    .slice(0, LONGEST)
    .split(/[\s,;]+/)
    .filter((pattern) => pattern !== "");
}

/**
 * What an alarm is about: the `on` of a trigger or of several at once, the `above` of a measure. Undefined for anything else, and for
 * their ends.
 */
export function alarmOf(payload: unknown): { trigger: string | undefined } | undefined {
  const { event, sourceId, stations } = fieldsOf(payload);
  if (event !== "on" && event !== "above") return undefined;
  const first = Array.isArray(stations) ? fieldsOf(stations[0]).sourceId : undefined;
  const trigger = [sourceId, first].find((id) => typeof id === "string");
  return { trigger: trigger as string | undefined };
}

/** Whether a payload is the end of an alarm. */
export function isEnd(payload: unknown): boolean {
  const { event } = fieldsOf(payload);
  return event === "off" || event === "below";
}

/**
 * What a message asks for: one with `streams`, or with a payload that is neither an object nor bytes, as inject and dashboards send it.
 * Text and numbers that a server of packets sent don't ask.
 */
export function askedBy(msg: ImageMessage): Asked | undefined {
  const { streams, payload } = msg;
  if (typeof streams === "string" && streams.trim() !== "") return { streams: patternsOf(streams) };
  const isPacket = msg.datalink !== undefined || msg.seedlink !== undefined;
  return isPacket || (typeof payload === "object" && payload !== null) ? undefined : {};
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
