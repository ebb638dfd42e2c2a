/** The colours of the pictures, light and dark. Each that carries meaning has a contrast of at least 4.5 : 1 on its ground. */
import type { Color } from "./surface.ts";

/** The colours of one theme. */
export interface Palette {
  /** Behind everything. */
  ground: Color;
  text: Color;
  /** Labels and foot lines. */
  muted: Color;
  /** Hairlines and dotted verticals. */
  grid: Color;
  /** What has not come yet in the line of now. */
  notYet: Color;
  /** The lines of a drum, in turn, so that neighbours which overlap part. Which is which means nothing. */
  lines: readonly [Color, Color, Color];
  /** A trace that stands alone. */
  trace: Color;
  /** Where a trace is cut off. */
  clip: Color;
  /** Behind a gap. */
  gap: Color;
  /** Triggers: triangles, onsets. */
  trigger: Color;
  /** Behind the trace while a trigger lasts. */
  triggerSpan: Color;
  /** The ground of a catalogue event's box. */
  box: Color;
  /** The newest sample, a stream that is in time. */
  live: Color;
  /** A latency beyond what is expected. */
  late: Color;
  /** The line at the cursor. */
  cursor: Color;
}

export type Theme = "light" | "dark";

/** The palettes by theme. */
export const PALETTES: Readonly<Record<Theme, Palette>> = {
  light: {
    ground: "#fbfbf9",
    text: "#20242a",
    muted: "#5d6570",
    grid: "#d5d8dc",
    notYet: "#c3c8ce",
    lines: ["#1b5fa8", "#a3470f", "#2f6b46"],
    trace: "#1b5fa8",
    clip: "#d1001c",
    gap: "#f3d6d2",
    trigger: "#946200",
    triggerSpan: "#94620038",
    box: "#ffffff",
    live: "#1f7a3d",
    late: "#c00018",
    cursor: "#20242a",
  },
  dark: {
    ground: "#15181d",
    text: "#eef1f4",
    muted: "#97a0ab",
    grid: "#2f353d",
    notYet: "#3b424b",
    lines: ["#6db3f2", "#f0a35e", "#8fd19e"],
    trace: "#7cc0ff",
    clip: "#ff5566",
    gap: "#4a2427",
    trigger: "#ffc83d",
    triggerSpan: "#ffc83d38",
    box: "#1d2127",
    live: "#39b765",
    late: "#ff6b7a",
    cursor: "#eef1f4",
  },
};
