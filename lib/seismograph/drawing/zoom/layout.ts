/** Where the parts of a zoom lie: the trace, its spectrogram, the time axis. */
import { COMPACT_WIDTH } from "../compact.ts";
import type { Rect } from "../surface.ts";
import type { ZoomLayout, ZoomView } from "./view.ts";

const TOP = 22;
const AXIS = 24;
const GAP = 6;
/** Of the height, what the spectrogram has. */
const SPECTROGRAM = 0.42;

/** Where the parts of a zoom lie in an area. */
export function layoutZoom(view: Pick<ZoomView, "start" | "end" | "spectrogram">, area: Rect): ZoomLayout {
  const isCompact = area.width < COMPACT_WIDTH;
  const [left, right] = isCompact ? [54, 8] : [70, 14];
  const x = area.x + left;
  const width = Math.max(1, area.width - left - right);
  const height = Math.max(2, area.height - TOP - AXIS);
  const lower = view.spectrogram ? Math.floor(height * SPECTROGRAM) : 0;
  const trace = { x, y: area.y + TOP, width, height: height - lower - (lower > 0 ? GAP : 0) };
  const spectrogram = lower > 0 ? { x, y: area.y + TOP + height - lower, width, height: lower } : undefined;
  const start = Number.isFinite(view.start) ? view.start : 0;
  const span = view.end - start > 0 && Number.isFinite(view.end) ? view.end - start : 1;
  return {
    ...{ area, trace, spectrogram, isCompact },
    timeAt: (at) => start + ((at - x) / width) * span,
    xOf: (time) => x + ((time - start) / span) * width,
  };
}
