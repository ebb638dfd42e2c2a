/** What the live picture shows, and where: rows of traces over one time axis. */
import type { Palette } from "../palette.ts";
import type { Spectrogram } from "../spectrogram/spectrogram.ts";
import type { Rect } from "../surface.ts";
import type { Bins, DrawingTexts, TriggerMark } from "../views.ts";

/** One stream of the live picture. */
export interface LiveRow {
  /** As it stands on the left: `XX.DEMO.00.HHZ`. */
  name: string;
  /** Rows with the same one share their scale, where a station's rows do: `XX.DEMO`. */
  station: string;
  bins: Bins;
  /** Units of the samples: `m/s`, `counts`. */
  units: string;
  /** Seconds, or `undefined` where nothing is known. */
  latency?: number | undefined;
  /** Whether the latency is beyond what is expected. */
  isLate?: boolean | undefined;
  /** The ratio, while the stream is triggered. */
  ratio?: number | undefined;
  triggers: readonly TriggerMark[];
  /** Drawn below the trace where the view has `spectrograms`. */
  spectrogram?: Spectrogram | undefined;
  /** What the row reaches: see `liveScales`. */
  scale: RowScale;
}

/** What a row shows: the value in its middle, and how far it reaches up and down; a reach of 0 shows nothing. */
export interface RowScale {
  centre: number;
  reach: number;
}

/** The live picture. Times in microseconds since 1970. */
export interface LiveView {
  rows: readonly LiveRow[];
  /** Time of the right edge. */
  end: number;
  /** Seconds from the left to the right edge: 30 to 3,600. */
  seconds: number;
  /** Whether rows have a spectrogram below their trace. */
  spectrograms: boolean;
  palette: Palette;
  texts: DrawingTexts;
}

/** Where the rows lie; see `layoutLive`. */
export interface LiveLayout {
  /** All of it: the height may be more than was there, as rows have at least 70 px. */
  area: Rect;
  /** Where traces are, from the first to the last row. */
  plot: Rect;
  rows: readonly LiveRowPlace[];
  /** Phones: names in a line above the trace. */
  isCompact: boolean;
  /** Microseconds of a pixel of the surface: columns begin at whole multiples, so a picture moves by whole pixels. */
  columnTime: number;
  /** The number of the column at the left edge: its time over `columnTime`. */
  firstColumn: number;
  /** The time at an x, in microseconds; `undefined` outside the plot. */
  timeAt: (x: number) => number | undefined;
  /** The x of a time, also outside the plot. */
  xOf: (time: number) => number;
  /** The number of the row at a y; `undefined` where there is none. */
  rowAt: (y: number) => number | undefined;
}

/** Where one row lies. */
export interface LiveRowPlace {
  /** The row with its labels. */
  area: Rect;
  trace: Rect;
  spectrogram: Rect | undefined;
}
