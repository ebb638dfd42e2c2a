/** Where the lines of a drum lie. Lines begin at whole multiples of their length since midnight UTC; the newest is the last. */
import { COMPACT_WIDTH } from "../compact.ts";
import type { Rect } from "../surface.ts";
import type { HelicorderLayout, HelicorderView } from "./view.ts";

/** Above the first line: the minutes. Below the last one: gain and rule. */
const TOP = 28;
const FOOT = 24;
const LEAST_SPACING = 12;
const MOST_SPACING = 28;
/** 7 days of 5 minutes. */
const MOST_LINES = 2016;
const MINUTE = 60e6;

/** The margins beside the traces, in CSS pixels. */
function margins(isCompact: boolean, hasLocal: boolean): [left: number, right: number] {
  if (!isCompact) return [52, 50];
  return [36, hasLocal ? 36 : 8];
}

/**
 * Where the lines of a drum lie in an area. Lines are spread over the height, 12 to 28 px apart: where they need more than
 * there is, the layout's area is higher than the one given.
 */
export function layoutHelicorder(
  view: Pick<HelicorderView, "end" | "hours" | "lineMinutes" | "localOffset">,
  area: Rect,
): HelicorderLayout {
  const minutes = within(view.lineMinutes, 1, 1440, 30);
  const count = Math.ceil(within((view.hours * 60) / minutes, 1, MOST_LINES, 48));
  const lineLength = minutes * MINUTE;
  const firstLine = Math.floor(within(view.end, -8e18, 8e18, 0) / lineLength) - count + 1;
  const isCompact = area.width < COMPACT_WIDTH;
  const [left, right] = margins(isCompact, view.localOffset !== undefined);
  const spacing = within((area.height - TOP - FOOT) / count, LEAST_SPACING, MOST_SPACING, LEAST_SPACING);
  const plot = {
    x: area.x + left,
    y: area.y + TOP,
    width: Math.max(1, area.width - left - right),
    height: spacing * count,
  };
  const lines = Array.from({ length: count }, (_, i) => ({
    start: (firstLine + i) * lineLength,
    y: plot.y + (i + 0.5) * spacing,
  }));

  const timeAt = (x: number, y: number): number | undefined => {
    const line = lines[Math.floor((y - plot.y) / spacing)];
    const part = (x - plot.x) / plot.width;
    return line && part >= 0 && part <= 1 ? line.start + part * lineLength : undefined;
  };
  const placeOf = (time: number): { line: number; x: number; y: number } | undefined => {
    const line = Math.floor(time / lineLength) - firstLine;
    const place = lines[line];
    const part = place && (time - place.start) / lineLength;
    return place && { line, x: plot.x + part! * plot.width, y: place.y };
  };
  const height = Math.max(area.height, TOP + plot.height + FOOT);
  return { area: { ...area, height }, plot, lines, spacing, lineLength, isCompact, timeAt, placeOf };
}

/** A number held within bounds; `fallback` for what isn't one. */
function within(value: number, least: number, most: number, fallback: number): number {
  return Number.isNaN(value) ? fallback : Math.min(Math.max(value, least), most);
}
