/** Trigger messages, as signal trigger sends them. */
import type { TriggerMark } from "../frames.ts";
import { fieldsOf, numberOf, textOf, timeOf } from "./fields.ts";

const LONGEST = 300;

/** The mark of `{ event: "on" | "off", id, sourceId, onTime, … }`; undefined for anything else. */
export function triggerMark(payload: unknown): TriggerMark | undefined {
  const { event, id, sourceId, onTime, offTime, ratio, peakRatio, test } = fieldsOf(payload);
  if ((event !== "on" && event !== "off") || typeof sourceId !== "string") return undefined;
  const on = timeOf(onTime);
  const channel = channelId(sourceId.slice(0, LONGEST));
  if (on === undefined) return undefined;
  return {
    id: textOf(LONGEST, id) || `${channel}@${on}`,
    channel,
    on,
    off: event === "off" ? Math.max(on, timeOf(offTime) ?? on) : null,
    ratio: numberOf(ratio),
    peakRatio: numberOf(peakRatio),
    ...(test === true && { isTest: true }),
  };
}

/** A channel's name in addresses. */
export function channelId(sourceId: string): string {
  return sourceId.replace(/^FDSN:/, "");
}
