/** What a helicorder shows, and where: the drum of one stream, line by line from UTC midnight. */
import type { Palette } from "../palette.ts";
import type { Rect } from "../surface.ts";
import type { Bins, DrawingTexts, EventMark, TriggerMark } from "../views.ts";

/** A drum. Times in microseconds since 1970. */
export interface HelicorderView {
  bins: Bins;
  /** The time that the newest line has: now, or the newest sample where the past is looked at. */
  end: number;
  /** Time of the newest sample; `NaN` before the first. */
  newest: number;
  /** How much the drum shows: 2 to 168. */
  hours: number;
  /** Minutes of a line: 5 to 120, a part of a day. */
  lineMinutes: number;
  /** `line`: each about its mean. `column`: each column about its middle, which removes slow motion. */
  baseline: "line" | "column";
  /** Half a line spacing in units of the samples: see `helicorderScale`; 0 or `NaN` draws nothing but the middle. */
  scale: number;
  /** Units of the samples: `m/s`, `counts`. */
  units: string;
  palette: Palette;
  texts: DrawingTexts;
  triggers: readonly TriggerMark[];
  events: readonly EventMark[];
  /** How far local time is ahead of UTC at a time, in minutes; without it the right column has the end of the line in UTC. */
  localOffset?: ((time: number) => number) | undefined;
}

/** Where a drum's lines lie; see `layoutHelicorder`. */
export interface HelicorderLayout {
  /** All of it: the height may be more than was there, as lines have at least 12 px. */
  area: Rect;
  /** Where the traces are. */
  plot: Rect;
  /** The lines from top to bottom, each with the time at its left edge and the y of its middle. */
  lines: readonly { start: number; y: number }[];
  /** From one line to the next, in CSS pixels. */
  spacing: number;
  /** Time of a line, in microseconds. */
  lineLength: number;
  /** Phones: smaller margins, shorter texts. */
  isCompact: boolean;
  /** The time at a point, in microseconds; `undefined` outside the plot. */
  timeAt: (x: number, y: number) => number | undefined;
  /** Where a time is: its line, and the point on the line's middle; `undefined` outside. */
  placeOf: (time: number) => { line: number; x: number; y: number } | undefined;
}
