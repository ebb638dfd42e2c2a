/** Triggers and events as the pictures have them. Pure. */
import type {
  EventMark as DrawnEvent,
  TriggerMark as DrawnTrigger,
} from "../../lib/seismograph/drawing/index.ts";
import type { Model } from "./model.ts";

/** The triggers of a channel. */
export function drawnTriggers(model: Model, id: string): DrawnTrigger[] {
  return model.triggersOf(id).map(({ on, off }) => ({ start: on, end: off ?? undefined }));
}

/** The events: a box when the first wave comes to a channel, and where nobody knows that, at their own time. */
export function drawnEvents(model: Model, id: string): DrawnEvent[] {
  return [...model.events.values()].map(({ time, magnitude, place, arrivals }) => {
    const { p, distance = Number.NaN } = (Object.hasOwn(arrivals, id) && arrivals[id]) || {};
    const words = [
      magnitude === null ? "" : `M ${magnitude.toFixed(1)}`,
      place,
      p === undefined ? clockTime(time) : `Δ ${Math.round(distance)}°`,
      p === undefined ? "" : `P ${clockTime(p)}`,
    ];
    return { time: p ?? time, text: words.filter((word) => word !== "").join("  ") };
  });
}

/** `14:42:31` of a time in microseconds, in UTC; empty for a time that no clock has. */
export function clockTime(time: number): string {
  return isoOf(time).slice(11, 19);
}

/** `2026-11-28` of a time in microseconds, in UTC; empty for a time that no calendar has. */
export function dateOf(time: number): string {
  return isoOf(time).slice(0, 10);
}

function isoOf(time: number): string {
  const date = new Date(time / 1000);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}
