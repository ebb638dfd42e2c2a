/** Where the rows of the live picture lie, over one time axis whose columns begin at whole multiples of their time. */
import { COMPACT_WIDTH } from "../compact.ts";
import type { Rect } from "../surface.ts";
import type { LiveLayout, LiveRow, LiveRowPlace, LiveView } from "./view.ts";

/** The axis below the rows. */
const AXIS = 28;
/** Twelve rows and the axis fit below the bar of a window 860 pixels high. */
const LEAST_ROW = 64;
const LEAST_ROW_WITH_SPECTROGRAM = 120;
/** The names' line above the trace, on a phone. */
export const NAME_LINE = 20;
/** The column of names, and the pixels of one letter in it. */
const LEAST_LABELS = 118;
const MOST_LABELS = 200;
const LETTER = 8.2;
const PADDING = 2;
const MOST_ROWS = 200;

/**
 * Where the rows of a live picture lie in an area. They fill the height with at least 64 px each (120 with a spectrogram): where they
 * need more than there is, the layout's area is higher than the one given. `pixelRatio` is the surface's.
 */
export function layoutLive(
  view: Pick<LiveView, "end" | "seconds" | "spectrograms"> & { rows: readonly Pick<LiveRow, "name">[] },
  area: Rect,
  pixelRatio: number,
): LiveLayout {
  const isCompact = area.width < COMPACT_WIDTH;
  const [left, right] = isCompact ? [6, 6] : [labelsWidth(view.rows), 8];
  const count = Math.min(view.rows.length, MOST_ROWS);
  const least = view.spectrograms ? LEAST_ROW_WITH_SPECTROGRAM : LEAST_ROW;
  const rowHeight = count === 0 ? 0 : Math.max(least, Math.floor((area.height - AXIS) / count));
  const width = Math.max(1, area.width - left - right);
  const plot = { x: area.x + left, y: area.y, width, height: rowHeight * count };
  const place = (row: number): LiveRowPlace => {
    const own = { x: area.x, y: area.y + row * rowHeight, width: area.width, height: rowHeight };
    return { area: own, ...partsOf(own, plot, { isCompact, hasSpectrogram: view.spectrograms }) };
  };
  const rows = Array.from({ length: count }, (_, row) => place(row));

  const columns = Math.max(1, Math.round(width * pixelRatio));
  const columnTime = (Math.max(1, view.seconds) * 1e6) / columns;
  const firstColumn = Math.floor((Number.isFinite(view.end) ? view.end : 0) / columnTime) - columns + 1;
  const xOf = (time: number) => plot.x + (time / columnTime - firstColumn) / pixelRatio;
  const timeAt = (x: number) =>
    x >= plot.x && x <= plot.x + width ? (firstColumn + (x - plot.x) * pixelRatio) * columnTime : undefined;
  const rowAt = (y: number) => {
    const row = Math.floor((y - area.y) / rowHeight);
    return row >= 0 && row < count ? row : undefined;
  };
  const height = Math.max(area.height, plot.height + AXIS);
  return { area: { ...area, height }, plot, rows, isCompact, columnTime, firstColumn, timeAt, xOf, rowAt };
}

function labelsWidth(rows: readonly Pick<LiveRow, "name">[]): number {
  const longest = rows.reduce((most, { name }) => Math.max(most, name.length), 0);
  return Math.ceil(Math.min(Math.max(LEAST_LABELS, 14 + LETTER * longest), MOST_LABELS));
}

function partsOf(
  own: Rect,
  plot: Rect,
  { isCompact, hasSpectrogram }: { isCompact: boolean; hasSpectrogram: boolean },
): Pick<LiveRowPlace, "trace" | "spectrogram"> {
  const y = own.y + PADDING + (isCompact ? NAME_LINE : 0);
  const height = own.y + own.height - PADDING - 1 - y;
  const { x, width } = plot;
  if (!hasSpectrogram) return { trace: { x, y, width, height }, spectrogram: undefined };
  const lower = Math.floor(height * 0.42);
  const trace = { x, y, width, height: height - lower - 2 };
  return { trace, spectrogram: { x, y: y + height - lower, width, height: lower } };
}
