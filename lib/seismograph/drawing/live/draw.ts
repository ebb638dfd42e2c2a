/** Draws the live picture: labels, trigger spans, gaps, traces, spectrograms, and the time axis below. */
import { formatAmplitude } from "../amplitude.ts";
import { formatClock } from "../clock.ts";
import { Columns, mappingOf, newSpans, type Spans, spansOf } from "../columns.ts";
import { drawFrequencies, drawHighest, drawSpectrogram } from "../spectrogram/draw.ts";
import type { Rect, Surface, TextStyle } from "../surface.ts";
import { LabelRow, timeTicks } from "../ticks.ts";
import { cutHeight, drawSpans } from "../traces.ts";
import { NAME_LINE } from "./layout.ts";
import type { LiveLayout, LiveRow, LiveRowPlace, LiveView } from "./view.ts";

/** The newest ones of a row are drawn. */
const MOST_TRIGGERS = 200;
/** Pixels of the axis that a label wants; on a phone. */
const LABEL_ROOM = 130;
const COMPACT_LABEL_ROOM = 64;
const MINUTE = 60e6;

interface Picture {
  surface: Surface;
  view: LiveView;
  layout: LiveLayout;
  columns: Columns;
  spans: Spans;
}

/** Draws the live picture on a surface, ground included. Nothing throws, whatever the values. */
export function drawLive(surface: Surface, view: LiveView, layout: LiveLayout): void {
  const { area, plot } = layout;
  const { palette } = view;
  surface.fillRect(area.x, area.y, area.width, area.height, palette.ground);
  drawAxis(surface, view, layout);
  const columns = new Columns(plot.width * surface.pixelRatio);
  const picture = { surface, view, layout, columns, spans: newSpans(columns.count) };
  layout.rows.forEach((place, i) => {
    const row = view.rows[i]!;
    surface.clip(place.area, () => drawRow(picture, row, place));
    const foot = place.area.y + place.area.height - 1;
    surface.fillRect(area.x, foot, area.width, 1, palette.grid);
  });
}

function drawAxis(surface: Surface, { palette, texts, rows }: LiveView, layout: LiveLayout): void {
  const { plot, area } = layout;
  const style: TextStyle = { size: layout.isCompact ? 10 : 11, color: palette.muted, align: "center" };
  if (rows.length === 0)
    surface.text(texts.noData, area.x + area.width / 2, area.y + 40, { ...style, size: 13 });
  const { step, times } = timeTicks(
    layout.timeAt(plot.x)!,
    layout.timeAt(plot.x + plot.width)!,
    plot.width / (layout.isCompact ? COMPACT_LABEL_ROOM : LABEL_ROOM),
  );
  const foot = plot.y + plot.height;
  const labels = new LabelRow(area.x + 2, area.x + area.width - 2);
  for (const time of times) {
    const x = layout.xOf(time);
    surface.line(x, plot.y, x, foot, 1, palette.grid, 2);
    surface.fillRect(x - 0.5, foot, 1, 4, palette.muted);
    const text = formatClock(time, step % MINUTE === 0 ? "minutes" : "seconds");
    const middle = labels.place(x, surface.measureText(text, style));
    if (middle !== undefined) surface.text(text, middle, foot + 17, style);
  }
}

function drawRow(picture: Picture, row: LiveRow, place: LiveRowPlace): void {
  const { surface, view, layout, columns } = picture;
  columns.fill(row.bins, layout.firstColumn * layout.columnTime, layout.columnTime);
  drawTriggerSpans(surface, row, place.trace, picture);
  drawGaps(picture, row, place.trace);
  if (row.scale.reach > 0) drawTrace(picture, row, place.trace);
  if (place.spectrogram && row.spectrogram) {
    drawSpectrogram(surface, row.spectrogram, place.spectrogram, layout.xOf);
    if (layout.isCompact) drawHighest(surface, row.spectrogram, place.spectrogram);
    else drawFrequencies(surface, row.spectrogram, place.spectrogram, view.palette);
  }
  if (layout.isCompact) labelAbove(surface, view, row, place.area);
  else labelBeside(surface, view, row, place.area);
}

function drawTriggerSpans(surface: Surface, row: LiveRow, trace: Rect, { view, layout }: Picture): void {
  const [left, right] = [trace.x, trace.x + trace.width];
  for (const { start, end } of row.triggers.slice(-MOST_TRIGGERS)) {
    const from = layout.xOf(start);
    const to = Math.min(right, layout.xOf(end ?? view.end));
    if (!(to >= left && from <= right)) continue;
    const x = Math.max(left, from);
    surface.fillRect(x, trace.y, Math.max(1, to - x), trace.height, view.palette.triggerSpan);
    if (from >= left) surface.fillRect(from - 1, trace.y, 2, trace.height, view.palette.trigger);
  }
}

/** What is missing between samples, and what a stream that is late owes. */
function drawGaps({ surface, view, columns }: Picture, row: LiveRow, trace: Rect): void {
  let end = columns.count;
  while (!row.isLate && end > 0 && !columns.has(end - 1)) end--;
  const start = row.isLate && Number.isNaN(row.bins.end) ? columns.count : startOf(row, columns);
  for (const [first, last] of columns.gaps(start, end)) {
    const x = trace.x + first / surface.pixelRatio;
    surface.fillRect(x, trace.y, (last - first) / surface.pixelRatio, trace.height, view.palette.gap);
  }
}

/** What came before the first sample in view is not known to be missing, unless nothing at all is in view of a late stream. */
function startOf(row: LiveRow, columns: Columns): number {
  const first = columns.first();
  return first === columns.count && row.isLate ? 0 : first;
}

function drawTrace({ surface, view, columns, spans }: Picture, row: LiveRow, trace: Rect): void {
  const { pixelRatio } = surface;
  const top = Math.round(trace.y * pixelRatio);
  const bottom = Math.round((trace.y + trace.height) * pixelRatio);
  spansOf(columns, mappingOf(row.scale, top, bottom), spans, cutHeight(surface));
  const { trace: color, clip } = view.palette;
  drawSpans(surface, trace.x, spans, columns.count, { color, clip });
}

interface Label {
  text: string;
  color: string;
}

/** What stands below a name: scale, latency, ratio while triggered. */
function labelsOf({ palette }: LiveView, { scale, units, latency, isLate, ratio }: LiveRow): Label[] {
  const labels: Label[] = [];
  if (scale.reach > 0) labels.push({ text: formatAmplitude(scale.reach, units), color: palette.muted });
  if (latency !== undefined && !Number.isNaN(latency)) {
    labels.push({ text: formatSeconds(latency), color: isLate ? palette.late : palette.muted });
  }
  if (ratio !== undefined) labels.push({ text: `▲ ${ratio.toFixed(1)}`, color: palette.trigger });
  return labels;
}

/** `0.8 s`, `41 s`, `12 min`, `3 h`, `5 d` */
export function formatSeconds(seconds: number): string {
  const size = Math.abs(seconds);
  if (size < 9.95) return `${seconds.toFixed(1)} s`;
  if (size < 99.5) return `${Math.round(seconds)} s`;
  if (size < 99.5 * 60) return `${Math.round(seconds / 60)} min`;
  return size < 99.5 * 3600
    ? `${Math.round(seconds / 3600)} h`
    : `${Math.min(9999, Math.round(seconds / 86_400))} d`;
}

function labelBeside(surface: Surface, view: LiveView, row: LiveRow, area: Rect): void {
  const step = Math.min(16, (area.height - 6) / 4);
  const x = area.x + 8;
  surface.text(row.name, x, area.y + 4 + step * 0.85, { size: 12, color: view.palette.text, weight: "bold" });
  labelsOf(view, row).forEach(({ text, color }, i) => {
    surface.text(text, x, area.y + 4 + step * (i + 1.85), { size: 11, color });
  });
}

function labelAbove(surface: Surface, view: LiveView, row: LiveRow, area: Rect): void {
  const y = area.y + 15;
  const name = { size: 12, weight: "bold" } as const;
  // The axis' lines stay behind the trace, and out of the text.
  surface.fillRect(area.x, area.y, area.width, NAME_LINE, view.palette.ground);
  surface.text(row.name, area.x + 6, y, { ...name, color: view.palette.text });
  let x = area.x + 6 + surface.measureText(row.name, name) + 10;
  for (const { text, color } of labelsOf(view, row)) {
    surface.text(text, x, y, { size: 11, color });
    x += surface.measureText(text, { size: 11 }) + 10;
  }
}
