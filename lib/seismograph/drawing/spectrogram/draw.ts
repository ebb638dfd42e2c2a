/** Draws a spectrogram as a bitmap, made once for each. */
import type { Palette } from "../palette.ts";
import type { Bitmap, Rect, Surface, TextStyle } from "../surface.ts";
import { valueTicks } from "../ticks.ts";
import { INFERNO } from "./inferno.ts";
import type { Spectrogram } from "./spectrogram.ts";

/** Darkest and brightest colour, as parts of the values in order: one loud moment doesn't darken all the rest. */
const DARKEST = 0.3;
const BRIGHTEST = 0.999;
/** Fewer decibels than that from dark to bright would make noise of nothing. */
const LEAST_RANGE = 20;
/** Values that are asked for the range. */
const MOST_ASKED = 8192;

const bitmaps = new WeakMap<Spectrogram, Bitmap>();

/** Draws a spectrogram into a rectangle, its columns at their times. */
export function drawSpectrogram(
  surface: Surface,
  spectrogram: Spectrogram,
  area: Rect,
  xOf: (time: number) => number,
): void {
  const { start, step, columns } = spectrogram;
  const [left, right] = [xOf(start), xOf(start + step * columns)];
  if (!(right > left && right > area.x && left < area.x + area.width)) return;
  surface.clip(area, () => {
    surface.image(bitmapOf(spectrogram), { ...area, x: left, width: right - left });
  });
}

/** Writes beside a spectrogram which frequencies are where. */
export function drawFrequencies(
  surface: Surface,
  { lowest, highest }: Spectrogram,
  area: Rect,
  { muted }: Pick<Palette, "muted">,
): void {
  const style: TextStyle = { size: 10, color: muted, align: "right" };
  for (const frequency of valueTicks(lowest, highest, area.height / 24)) {
    const y = area.y + area.height - ((frequency - lowest) / (highest - lowest)) * area.height;
    surface.line(area.x - 3, y, area.x, y, 1, muted);
    const isTop = y - area.y < 10;
    // The lowest one is not to be cut off below.
    const base = Math.min(y + 3.5, area.y + area.height);
    if (!isTop) surface.text(String(Number(frequency.toPrecision(3))), area.x - 6, base, style);
  }
  surface.text("Hz", area.x - 6, area.y + 8, style);
}

/** Writes the highest frequency into the corner of a spectrogram that has no room beside it. */
export function drawHighest(surface: Surface, { highest }: Spectrogram, area: Rect): void {
  const style = { size: 10 } as const;
  const text = `${Number(highest.toPrecision(3))} Hz`;
  surface.fillRect(area.x, area.y, surface.measureText(text, style) + 6, 14, "#000000a0");
  surface.text(text, area.x + 3, area.y + 10.5, { ...style, color: "#ffffff" });
}

function bitmapOf(spectrogram: Spectrogram): Bitmap {
  const known = bitmaps.get(spectrogram);
  if (known) return known;
  const bitmap = colored(spectrogram);
  bitmaps.set(spectrogram, bitmap);
  return bitmap;
}

/** Transparent where there are no samples. */
function colored({ columns, rows, decibels }: Spectrogram): Bitmap {
  const data = new Uint8ClampedArray(4 * columns * rows);
  const [dark, bright] = range(decibels);
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) {
      const value = decibels[column * rows + row]!;
      if (Number.isNaN(value)) continue;
      const at = 4 * ((rows - 1 - row) * columns + column);
      const color = 3 * Math.round(255 * Math.min(Math.max((value - dark) / (bright - dark), 0), 1));
      for (let part = 0; part < 3; part++) data[at + part] = INFERNO[color + part]!;
      data[at + 3] = 255;
    }
  }
  return { width: columns, height: rows, data };
}

function range(decibels: Float32Array): [number, number] {
  const step = Math.ceil(decibels.length / MOST_ASKED);
  const asked = decibels.filter((value, i) => i % step === 0 && Number.isFinite(value)).sort();
  if (asked.length === 0) return [0, LEAST_RANGE];
  const at = (part: number) => asked[Math.floor(part * (asked.length - 1))]!;
  return [at(DARKEST), Math.max(at(BRIGHTEST), at(DARKEST) + LEAST_RANGE)];
}
