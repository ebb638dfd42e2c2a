/** Draws a drum: labels, gaps, one line over the other, marks on top. */
import { formatAmplitude } from "../amplitude.ts";
import { formatClock, formatDay, isHour, isMidnight } from "../clock.ts";
import { type Mapping, newSpans, type Spans, spansOf } from "../columns.ts";
import { drawBoxes } from "../event-boxes.ts";
import type { Surface, TextStyle } from "../surface.ts";
import { LabelRow, minuteStep } from "../ticks.ts";
import { cutHeight, drawSpans } from "../traces.ts";
import { DrumLines } from "./lines.ts";
import { drawTriggers } from "./triggers.ts";
import type { HelicorderLayout, HelicorderView } from "./view.ts";

/** Traces reach so many half lines up and down, as SWARM's bars do. */
const CLIP_HALF_LINES = 7;
/** Fewer lines than that have a label each. */
const LABEL_ALL_BELOW = 13;
/** Silence of so many microseconds is a gap, and no longer a record on its way. */
const SILENCE = 120e6;
const LABEL_GAP = 6;

/** What the parts of the drawing share. */
interface Drum {
  surface: Surface;
  view: HelicorderView;
  layout: HelicorderLayout;
  lines: DrumLines;
  spans: Spans;
}

/** Draws a drum on a surface, ground included. Nothing throws, whatever the values; what has no finite place is left out. */
export function drawHelicorder(surface: Surface, view: HelicorderView, layout: HelicorderLayout): void {
  const { area, plot } = layout;
  const { palette } = view;
  surface.fillRect(area.x, area.y, area.width, area.height, palette.ground);
  drawMinutes(surface, view, layout);
  drawLabels(surface, view, layout);
  const lines = new DrumLines(view.bins, layout, surface.pixelRatio);
  const drum = { surface, view, layout, lines, spans: newSpans(lines.count) };
  drawGrounds(drum);
  surface.clip({ ...plot, y: area.y, height: area.height }, () => {
    for (let line = 0; line < layout.lines.length; line++) drawLine(drum, line);
    drawTriggers(surface, view, layout);
  });
  drawNewest(drum);
  drawBoxes(surface, view, plot, placesOf(view, layout), layout.isCompact ? 10 : 11);
  drawFoot(surface, view, layout);
}

function fontSize({ isCompact }: HelicorderLayout): number {
  return isCompact ? 10 : 11;
}

function drawMinutes(
  surface: Surface,
  { lineMinutes, palette, texts, localOffset }: HelicorderView,
  layout: HelicorderLayout,
) {
  const { area, plot } = layout;
  const style: TextStyle = { size: fontSize(layout), color: palette.muted, align: "center" };
  const step = minuteStep(lineMinutes);
  const y = area.y + 16;
  const right = localOffset ? surface.measureText(texts.local, { size: style.size, weight: "bold" }) + 8 : 0;
  const labels = new LabelRow(area.x + 2, area.x + area.width - 2 - right);
  for (let minute = 0; minute <= lineMinutes; minute += step) {
    const x = plot.x + (minute / lineMinutes) * plot.width;
    surface.line(x, area.y + 21, x, plot.y + plot.height, 1, palette.grid, 2);
    const text = minute === 0 ? `0 ${texts.minutes}` : String(minute);
    const middle = labels.place(x, surface.measureText(text, style));
    if (middle !== undefined) surface.text(text, middle, y, style);
  }
  if (!localOffset) return;
  const edge = area.x + area.width - 2;
  surface.text(texts.local, edge, y, { ...style, align: "right", weight: "bold" });
}

/** Lines that have a label: each, if they are few, else those where an hour begins. */
function isLabelled(start: number, { lines, lineLength }: HelicorderLayout): boolean {
  return lines.length < LABEL_ALL_BELOW || lineLength >= 3_600e6 || isHour(start);
}

function drawLabels(
  surface: Surface,
  { palette, localOffset }: HelicorderView,
  layout: HelicorderLayout,
): void {
  const { plot, lines, lineLength, isCompact, spacing } = layout;
  const size = fontSize(layout);
  const left = plot.x - LABEL_GAP + (isCompact ? 1 : 0);
  const right = plot.x + plot.width + LABEL_GAP;
  const between = lines.length < LABEL_ALL_BELOW ? spacing : spacing * Math.max(1, 3_600e6 / lineLength);
  for (const { start, y } of lines) {
    if (!isLabelled(start, layout)) continue;
    const isFirst = isMidnight(start);
    const style: TextStyle = {
      ...{ size, color: isFirst ? palette.text : palette.muted },
      weight: isFirst ? "bold" : "regular",
    };
    const base = y + size * 0.36;
    const hasRoom = between >= 2 * size + 2;
    const text = isFirst && !hasRoom ? formatDay(start) : formatClock(start);
    surface.text(text, left, base, { ...style, align: "right" });
    if (isFirst && hasRoom)
      surface.text(formatDay(start), left, base + size + 1, { ...style, align: "right" });
    if (localOffset) surface.text(formatClock(start + localOffset(start) * 60e6), right, base, style);
    else if (!isCompact) surface.text(formatClock(start + lineLength), right, base, style);
  }
}

/**
 * As much of the gain, the clip and the rule of the baseline as there is room for; UTC is always named. On ground of its own: the
 * newest line may reach down to it.
 */
function drawFoot(surface: Surface, view: HelicorderView, layout: HelicorderLayout): void {
  const { area, plot } = layout;
  const { texts, palette, scale, units } = view;
  const style: TextStyle = { size: fontSize(layout), color: palette.muted };
  const value = (text: string, times: number) =>
    text.replace("{value}", () => formatAmplitude(times * scale, units));
  const scales = scale > 0 ? [value(texts.gain, 1), value(texts.clipped, CLIP_HALF_LINES)] : [];
  const rule = view.baseline === "column" ? texts.perColumn : texts.perLine;
  const choices = [
    [...scales, rule, texts.utc],
    [...scales, texts.utc],
    [...scales.slice(0, 1), texts.utc],
    [texts.utc],
  ];
  const room = area.x + area.width - plot.x - 2;
  const fitting =
    choices.map((parts) => parts.join(" · ")).find((text) => surface.measureText(text, style) <= room) ??
    texts.utc;
  const base = plot.y + plot.height + 16;
  const width = Math.min(surface.measureText(fitting, style), room);
  surface.fillRect(plot.x, base - style.size, width + 2, style.size + 4, palette.ground);
  surface.text(fitting, plot.x, base, style);
}

/** Behind the traces: gaps, and the hairline of what has not come yet. */
function drawGrounds({ surface, view, layout, lines }: Drum): void {
  const { plot, spacing, lineLength } = layout;
  const newest = Number.isNaN(view.newest) ? view.bins.end * view.bins.width : view.newest;
  /** Where data ends for good; before that, what is missing is a gap. */
  const settled = view.end - newest > SILENCE ? view.end : newest;
  let hasBegun = false;
  layout.lines.forEach(({ start, y }, line) => {
    const columns = lines.lines[line];
    // What came before the first sample of all is not missing.
    const from = hasBegun ? 0 : (columns?.first() ?? lines.count);
    hasBegun ||= from < lines.count;
    const to = Math.round((settled - start) / lines.columnTime);
    for (const [first, last] of columns?.gaps(from, to) ??
      (hasBegun ? [[0, Math.min(to, lines.count)]] : [])) {
      const x = plot.x + first! / surface.pixelRatio;
      const width = (last! - first!) / surface.pixelRatio;
      surface.fillRect(x, y - spacing / 2 + 0.5, width, spacing - 1, view.palette.gap);
    }
    if (start + lineLength <= settled) return;
    const x = plot.x + Math.max(0, (settled - start) / lineLength) * plot.width;
    if (start <= view.end) surface.line(x, y, plot.x + plot.width, y, 1, view.palette.notYet);
  });
}

function drawLine({ surface, view, layout, lines, spans }: Drum, line: number): void {
  const columns = lines.lines[line];
  if (!columns) return;
  const { start, y } = layout.lines[line]!;
  const { pixelRatio } = surface;
  const half = (layout.spacing / 2) * pixelRatio;
  const middle = Math.floor(y * pixelRatio);
  const mapping: Mapping = {
    middle,
    perUnit: view.scale > 0 ? half / view.scale : 0,
    centre: lines.centre(columns, view.baseline),
    top: Math.round(middle - CLIP_HALF_LINES * half),
    bottom: Math.round(middle + CLIP_HALF_LINES * half),
  };
  spansOf(columns, mapping, spans, cutHeight(surface));
  const { palette } = view;
  const number = Math.round(start / layout.lineLength);
  const color = palette.lines[((number % 3) + 3) % 3]!;
  drawSpans(surface, layout.plot.x, spans, columns.count, { color, clip: palette.clip });
}

function drawNewest({ surface, view, layout }: Drum): void {
  const place = Number.isFinite(view.newest) ? layout.placeOf(view.newest) : undefined;
  if (place) surface.circle(place.x, place.y, 3.2, view.palette.live);
}

function placesOf(view: HelicorderView, layout: HelicorderLayout) {
  return view.events.flatMap(({ time, text }) => {
    const place = layout.placeOf(time);
    return place ? [{ x: place.x, y: place.y, half: layout.spacing / 2 + 4, text }] : [];
  });
}
