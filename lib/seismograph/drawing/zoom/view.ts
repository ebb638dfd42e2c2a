/** What a zoom shows, and where: one stream's samples, and their spectrogram below. */
import type { Palette } from "../palette.ts";
import type { Spectrogram } from "../spectrogram/spectrogram.ts";
import type { Rect } from "../surface.ts";
import type { Bins, DrawingTexts, EventMark, Segment, TriggerMark } from "../views.ts";

/** A zoom. Times in microseconds since 1970. */
export interface ZoomView {
  /** Times of the left and the right edge. */
  start: number;
  end: number;
  /** In the order of time; none where only the envelope is kept. */
  segments: readonly Segment[];
  /** Drawn where there are no segments. */
  envelope?: Bins | undefined;
  /** Units of the samples: `m/s`, `counts`. */
  units: string;
  spectrogram?: Spectrogram | undefined;
  palette: Palette;
  texts: DrawingTexts;
  triggers: readonly TriggerMark[];
  events: readonly EventMark[];
  /** Times between which the reader drags. */
  selection?: { start: number; end: number } | undefined;
  /** Where the crosshair is. */
  cursor?: number | undefined;
}

/** Where a zoom's parts lie; see `layoutZoom`. */
export interface ZoomLayout {
  area: Rect;
  trace: Rect;
  spectrogram: Rect | undefined;
  isCompact: boolean;
  /** The time at an x, in microseconds, also outside the plot. */
  timeAt: (x: number) => number;
  /** The x of a time, also outside the plot. */
  xOf: (time: number) => number;
}
