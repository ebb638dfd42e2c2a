/** Draws a zoom: the samples as a line, or as columns where there are more of them than pixels; marks, spectrogram, crosshair. */
import { formatValue } from "../amplitude.ts";
import { formatClock } from "../clock.ts";
import { Columns, mappingOf, newSpans, spansOf } from "../columns.ts";
import { drawBoxes } from "../event-boxes.ts";
import { liveScales } from "../live/scale.ts";
import type { RowScale } from "../live/view.ts";
import { drawFrequencies, drawSpectrogram } from "../spectrogram/draw.ts";
import type { Rect, Surface, TextStyle } from "../surface.ts";
import { LabelRow, timeTicks, valueTicks } from "../ticks.ts";
import { cutHeight, drawSpans } from "../traces.ts";
import type { Segment } from "../views.ts";
import { isSegment, sampleAt, samplesIn, zoomScale } from "./samples.ts";
import type { ZoomLayout, ZoomView } from "./view.ts";

const MOST_TRIGGERS = 200;
/** A segment with more samples for each pixel is drawn in columns. */
const SAMPLES_AS_LINE = 1.5;
/** Samples of one column that are looked at. */
const MOST_OF_COLUMN = 4096;
const LABEL_ROOM = 90;
const VALUE_SIZE = 10;
const LEAST_SIZE = 7;

/** Draws a zoom on a surface, ground included. Nothing throws, whatever the values. */
export function drawZoom(surface: Surface, view: ZoomView, layout: ZoomLayout): void {
  const { area, trace } = layout;
  const { palette } = view;
  surface.fillRect(area.x, area.y, area.width, area.height, palette.ground);
  const scale = scaleOf(view);
  drawTimes(surface, view, layout);
  drawValues(surface, view, trace, scale);
  surface.clip(trace, () => {
    drawTriggers(surface, view, layout);
    if (scale.reach > 0) drawTraces(surface, view, layout, scale);
  });
  if (layout.spectrogram && view.spectrogram) {
    drawSpectrogram(surface, view.spectrogram, layout.spectrogram, layout.xOf);
    drawFrequencies(surface, view.spectrogram, layout.spectrogram, view.palette);
  }
  drawNotes(surface, view, layout);
  drawEvents(surface, view, layout);
  drawSelection(surface, view, layout);
  drawCursor(surface, view, layout, scale);
}

function scaleOf({ segments, envelope, start, end }: ZoomView): RowScale {
  if (segments.length > 0 || !envelope) return zoomScale(segments, start, end);
  const rows = [{ bins: envelope, station: "", units: "" }];
  return liveScales(rows, { start, end, mode: "each" })[0]!;
}

function labelStyle({ isCompact }: Pick<ZoomLayout, "isCompact">, { palette }: ZoomView): TextStyle {
  return { size: isCompact ? 10 : 11, color: palette.muted };
}

function drawTimes(surface: Surface, view: ZoomView, layout: ZoomLayout): void {
  const { trace, area, spectrogram } = layout;
  const style: TextStyle = { ...labelStyle(layout, view), align: "center" };
  const [start, end] = [layout.timeAt(trace.x), layout.timeAt(trace.x + trace.width)];
  const { step, times } = timeTicks(start, end, trace.width / LABEL_ROOM);
  const foot = spectrogram ? spectrogram.y + spectrogram.height : trace.y + trace.height;
  const labels = new LabelRow(area.x + 2, area.x + area.width - 2);
  for (const time of times) {
    const x = layout.xOf(time);
    surface.line(x, trace.y, x, trace.y + trace.height, 1, view.palette.grid, 2);
    surface.fillRect(x - 0.5, foot, 1, 4, view.palette.muted);
    const text = formatClock(time, step % 60e6 === 0 ? "minutes" : "seconds", decimalsOf(step));
    const middle = labels.place(x, surface.measureText(text, style));
    if (middle !== undefined) surface.text(text, middle, foot + 16, style);
  }
}

function decimalsOf(step: number): number {
  if (step >= 1e6) return 0;
  return step >= 1e5 ? 1 : 2;
}

function drawValues(surface: Surface, view: ZoomView, trace: Rect, { centre, reach }: RowScale): void {
  const { palette, units } = view;
  const x = trace.x - 6;
  const ticks = reach > 0 ? valueTicks(-reach, reach, trace.height / 28) : [];
  const style = fittingStyle(surface, view, ticks, x - 2);
  for (const value of ticks) {
    const y = trace.y + trace.height / 2 - (value / reach) * (trace.height / 2);
    surface.line(trace.x - 3, y, trace.x, y, 1, palette.muted);
    if (y - trace.y < 4 || trace.y + trace.height - y < 4) continue;
    surface.text(value === 0 ? "0" : formatValue(value, units), x, y + 3.5, style);
  }
  if (Math.abs(centre) <= reach || reach === 0) return;
  const offset = `${formatValue(centre, units)} +`;
  surface.text(offset, trace.x, trace.y - 8, { ...style, align: "left" });
}

/** Labels as large as all of them fit into the margin. */
function fittingStyle(
  surface: Surface,
  { palette, units }: ZoomView,
  ticks: number[],
  room: number,
): TextStyle {
  const widths = ticks.map((value) => surface.measureText(formatValue(value, units), { size: VALUE_SIZE }));
  const part = Math.min(1, room / Math.max(1, ...widths));
  const size = Math.max(LEAST_SIZE, Math.floor(VALUE_SIZE * part * 2) / 2);
  return { size, color: palette.muted, align: "right" };
}

function drawTriggers(surface: Surface, view: ZoomView, { trace, xOf }: ZoomLayout): void {
  for (const { start, end } of view.triggers.slice(-MOST_TRIGGERS)) {
    const from = Math.max(trace.x, xOf(start));
    const to = Math.min(trace.x + trace.width, xOf(end ?? view.end));
    if (!(to >= from)) continue;
    surface.fillRect(from, trace.y, to - from, trace.height, view.palette.triggerSpan);
    if (xOf(start) >= trace.x) surface.fillRect(from - 1, trace.y, 2, trace.height, view.palette.trigger);
  }
}

function drawTraces(surface: Surface, view: ZoomView, layout: ZoomLayout, scale: RowScale): void {
  const pixels = layout.trace.width * surface.pixelRatio;
  const segments = view.segments.filter(isSegment);
  for (const segment of segments) {
    const [from, to] = samplesIn(segment, view.start, view.end, 1);
    if ((view.end - view.start) / segment.period <= SAMPLES_AS_LINE * pixels) {
      drawAsLine(surface, segment, [from, to], { view, layout, scale });
    } else {
      const columns = new Columns(pixels);
      fillFromSamples(columns, segment, view.start, (view.end - view.start) / columns.count);
      drawColumns(surface, view, layout.trace, columns, scale);
    }
  }
  if (segments.length > 0 || !view.envelope) return;
  const columns = new Columns(pixels);
  columns.fill(view.envelope, view.start, (view.end - view.start) / columns.count);
  drawColumns(surface, view, layout.trace, columns, scale);
}

function drawAsLine(
  surface: Surface,
  segment: Segment,
  [from, to]: [number, number],
  { view, layout, scale }: { view: ZoomView; layout: ZoomLayout; scale: RowScale },
): void {
  const { trace, xOf } = layout;
  const middle = trace.y + trace.height / 2;
  let points: number[] = [];
  const flush = () => {
    surface.polyline(points, 1.25, view.palette.trace);
    points = [];
  };
  for (let i = from; i < to; i++) {
    const away = (segment.samples[i]! / scale.reach - scale.centre / scale.reach) * (trace.height / 2 - 1);
    if (Number.isNaN(away)) flush();
    else {
      const y = middle - Math.min(Math.max(away, -trace.height), trace.height);
      points.push(xOf(segment.start + i * segment.period), y);
    }
  }
  flush();
}

function fillFromSamples(columns: Columns, segment: Segment, start: number, columnTime: number): void {
  const perColumn = columnTime / segment.period;
  const origin = (start - segment.start) / segment.period;
  const stride = Math.max(1, Math.ceil(perColumn / MOST_OF_COLUMN));
  for (let column = 0; column < columns.count; column++) {
    const first = Math.max(0, Math.ceil(origin + column * perColumn));
    const end = Math.min(segment.samples.length, Math.ceil(origin + (column + 1) * perColumn));
    let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = first; i < end; i += stride) {
      const value = segment.samples[i]!;
      if (value < min) min = value;
      if (value > max) max = value;
    }
    columns.set(column, min, max);
  }
}

function drawColumns(surface: Surface, view: ZoomView, trace: Rect, columns: Columns, scale: RowScale): void {
  const top = Math.round(trace.y * surface.pixelRatio);
  const bottom = Math.round((trace.y + trace.height) * surface.pixelRatio);
  const spans = newSpans(columns.count);
  spansOf(columns, mappingOf(scale, top, bottom), spans, cutHeight(surface));
  drawSpans(surface, trace.x, spans, columns.count, { color: view.palette.trace, clip: view.palette.clip });
}

function drawNotes(surface: Surface, view: ZoomView, layout: ZoomLayout): void {
  const { trace } = layout;
  const style: TextStyle = { ...labelStyle(layout, view), align: "right" };
  const hasEnvelope = view.envelope !== undefined && !Number.isNaN(view.envelope.end);
  if (view.segments.length > 0) return;
  const text = hasEnvelope ? view.texts.envelopeOnly : view.texts.noData;
  surface.text(text, trace.x + trace.width, trace.y - 8, style);
}

function drawEvents(surface: Surface, view: ZoomView, { trace, xOf, isCompact }: ZoomLayout): void {
  const y = trace.y + trace.height / 2;
  const places = view.events
    .map(({ time, text }) => ({ x: xOf(time), y, half: trace.height / 2 - 22, text }))
    .filter(({ x }) => x >= trace.x && x <= trace.x + trace.width);
  drawBoxes(surface, view, trace, places, isCompact ? 10 : 11);
}

function drawSelection(surface: Surface, { selection, palette }: ZoomView, { trace, xOf }: ZoomLayout): void {
  if (!selection) return;
  const [from, to] = [xOf(selection.start), xOf(selection.end)].sort((a, b) => a - b);
  const left = Math.max(trace.x, from!);
  surface.fillRect(
    left,
    trace.y,
    Math.min(trace.x + trace.width, to!) - left,
    trace.height,
    `${palette.cursor}22`,
  );
}

/** A line at the cursor, a dot on the sample, and above them time and value. */
function drawCursor(surface: Surface, view: ZoomView, layout: ZoomLayout, scale: RowScale): void {
  const { trace, area, spectrogram, xOf } = layout;
  if (view.cursor === undefined || !(scale.reach > 0)) return;
  const x = xOf(view.cursor);
  if (!(x >= trace.x && x <= trace.x + trace.width)) return;
  const foot = spectrogram ? spectrogram.y + spectrogram.height : trace.y + trace.height;
  surface.line(x, trace.y, x, foot, 1, view.palette.cursor, 3);
  const sample = sampleAt(view, view.cursor);
  const time = formatClock(sample?.time ?? view.cursor, "seconds", 2);
  const text = sample ? `${time}   ${formatValue(sample.value, view.units)}` : time;
  const style: TextStyle = { ...labelStyle(layout, view), color: view.palette.text, align: "center" };
  const half = surface.measureText(text, style) / 2;
  const centre = Math.min(Math.max(x, trace.x + half), area.x + area.width - half - 2);
  surface.fillRect(centre - half - 4, trace.y - 20, 2 * half + 8, 16, view.palette.ground);
  surface.text(text, centre, trace.y - 8, style);
  if (!sample) return;
  const away = ((sample.value - scale.centre) / scale.reach) * (trace.height / 2 - 1);
  const y = trace.y + trace.height / 2 - Math.min(Math.max(away, -trace.height / 2), trace.height / 2);
  surface.circle(xOf(sample.time), y, 3, view.palette.cursor);
}
