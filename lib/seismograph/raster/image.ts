/** Pictures of seismograms as PNG, made in plain Node.js: the drawings of the page with a title above. */
import { formatClock, formatDate } from "../drawing/clock.ts";
import { COMPACT_WIDTH } from "../drawing/compact.ts";
import { drawHelicorder } from "../drawing/helicorder/draw.ts";
import { layoutHelicorder } from "../drawing/helicorder/layout.ts";
import { helicorderScale } from "../drawing/helicorder/scale.ts";
import type { HelicorderView } from "../drawing/helicorder/view.ts";
import { drawLive } from "../drawing/live/draw.ts";
import { layoutLive } from "../drawing/live/layout.ts";
import { liveScales, type ScaleMode } from "../drawing/live/scale.ts";
import type { LiveRow, LiveView } from "../drawing/live/view.ts";
import type { Palette } from "../drawing/palette.ts";
import type { Rect, Surface } from "../drawing/surface.ts";
import { encodePng } from "./png.ts";
import { RasterSurface } from "./surface.ts";

/** The frame of a picture. */
export interface ImageOptions {
  /** In CSS pixels: 1 to 10,000. */
  width: number;
  /** In CSS pixels; the picture is higher where its lines or rows need more. */
  height: number;
  /** Pixels of the PNG for each CSS pixel: 1 (default) to 4, less where the picture would have more than 32 million pixels. */
  pixelRatio?: number;
  /** In bold: the stream, the network. */
  title: string;
  /** Behind the title: band, units, site. */
  subtitle?: string;
}

/** A picture as PNG, with its real size in pixels. */
export interface Image {
  png: Buffer;
  width: number;
  height: number;
}

const MOST_LENGTH = 10_000;
const MOST_PIXELS = 32_000_000;
const HEADER = 40;
const COMPACT_HEADER = 56;

/** A drum as PNG. Its scale is judged from what is in it, unless the view has one above 0. */
export function helicorderImage(view: HelicorderView, options: ImageOptions): Image {
  const area = areaBelowHeader(options);
  const layout = layoutHelicorder(view, area);
  const scale = view.scale > 0 ? view.scale : helicorderScale(view.bins, layout, view.baseline);
  const time = Number.isFinite(view.end) ? view.end : 0;
  return rendered(options, view.palette, layout.area, time, (surface) =>
    drawHelicorder(surface, { ...view, scale }, layout),
  );
}

/** Rows of traces as PNG; each row's scale is judged by `mode`, as in the live picture. */
export function liveImage(
  view: Omit<LiveView, "rows"> & { rows: readonly Omit<LiveRow, "scale">[] },
  options: ImageOptions & { mode: ScaleMode },
): Image {
  const area = areaBelowHeader(options);
  const start = view.end - view.seconds * 1e6;
  const scales = liveScales(view.rows, { start, end: view.end, mode: options.mode });
  const rows = view.rows.map((row, i) => ({ ...row, scale: scales[i]! }));
  const ratio = ratioOf(options, layoutLive(view, area, 1).area);
  const layout = layoutLive(view, area, ratio);
  return rendered(options, view.palette, layout.area, view.end, (surface) =>
    drawLive(surface, { ...view, rows }, layout),
  );
}

/** How many pixels a picture would have: more than its width and height say, where its lines or rows need more. */
export function drumPixels(view: Parameters<typeof layoutHelicorder>[0], options: ImageOptions): number {
  return pixelsOf(options, layoutHelicorder(view, areaBelowHeader(options)).area);
}

/** The same of live traces. */
export function livePixels(view: Parameters<typeof layoutLive>[0], options: ImageOptions): number {
  return pixelsOf(options, layoutLive(view, areaBelowHeader(options), 1).area);
}

function pixelsOf({ pixelRatio = 1 }: ImageOptions, { y, width, height }: Rect): number {
  return width * (y + height) * pixelRatio ** 2;
}

function areaBelowHeader(options: ImageOptions): Rect {
  const width = length(options.width, 1280);
  const header = width < COMPACT_WIDTH ? COMPACT_HEADER : HEADER;
  return { x: 0, y: header, width, height: Math.max(1, length(options.height, 720) - header) };
}

function length(value: number, fallback: number): number {
  return Math.round(Number.isNaN(value) ? fallback : Math.min(Math.max(value, 1), MOST_LENGTH));
}

/** The ratio asked for, less where the picture would be too large. */
function ratioOf({ pixelRatio = 1 }: ImageOptions, { y, width, height }: Rect): number {
  const asked = Math.min(Math.max(pixelRatio || 1, 1), 4);
  return Math.min(asked, Math.sqrt(MOST_PIXELS / (width * (y + height))));
}

function rendered(
  options: ImageOptions,
  palette: Palette,
  area: Rect,
  time: number,
  draw: (surface: Surface) => void,
): Image {
  const ratio = ratioOf(options, area);
  const surface = new RasterSurface(area.width, area.y + area.height, ratio);
  drawHeader(surface, options, palette, { ...area, y: 0, height: area.y }, time);
  draw(surface);
  const { pixels } = surface;
  return { png: encodePng(pixels, ratio), width: pixels.width, height: pixels.height };
}

/** Title on the left, the time of the newest edge on the right; below each other where it is narrow. */
function drawHeader(
  surface: Surface,
  { title, subtitle = "" }: ImageOptions,
  palette: Palette,
  area: Rect,
  time: number,
): void {
  const isCompact = area.width < COMPACT_WIDTH;
  surface.fillRect(area.x, area.y, area.width, area.height, palette.box);
  surface.fillRect(area.x, area.height - 1, area.width, 1, palette.grid);
  const y = isCompact ? 22 : 25;
  const pad = isCompact ? 8 : 12;
  const name = { size: 15, weight: "bold" } as const;
  surface.text(title, pad, y, { ...name, color: palette.text });
  const behind = pad + surface.measureText(title, name) + 14;
  const clock = `${formatDate(time)} ${formatClock(time, "seconds")} UTC`;
  const style = { size: 13, weight: "bold" } as const;
  const edge = isCompact ? pad + surface.measureText(clock, style) : area.width - pad;
  surface.text(clock, edge, isCompact ? 44 : y, { ...style, color: palette.text, align: "right" });
  const room = (isCompact ? area.width : edge - surface.measureText(clock, style) - 14) - behind;
  if (surface.measureText(subtitle, { size: 13 }) <= room) {
    surface.text(subtitle, behind, y, { size: 13, color: palette.muted });
  }
}
