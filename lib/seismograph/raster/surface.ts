/** A surface on an array of pixels: what a canvas is in a browser, in plain Node.js. */
import type { Bitmap, Color, Rect, Surface, TextStyle } from "../drawing/surface.ts";
import { distance, glyphOf, letters, textWidth } from "./font.ts";
import { type Paint, Pixels, paintOf } from "./pixels.ts";

/** Letters of a text that are drawn. */
const MOST_LETTERS = 500;
/** Samples of a pixel across and down, where a polygon's edge runs through it. */
const SAMPLES = 4;
/** Far outside every picture: what lies beyond is taken to be there. */
const FAR = 1e6;

export class RasterSurface implements Surface {
  readonly width: number;
  readonly height: number;
  readonly pixelRatio: number;
  readonly pixels: Pixels;

  /** @param pixelRatio pixels for each CSS pixel; the pixels are width · height · ratio² */
  constructor(width: number, height: number, pixelRatio: number) {
    this.width = width;
    this.height = height;
    this.pixelRatio = pixelRatio;
    this.pixels = new Pixels(Math.round(width * pixelRatio), Math.round(height * pixelRatio));
  }

  fillRect(x: number, y: number, width: number, height: number, color: Color): void {
    const [left, top] = [this.#pixel(x), this.#pixel(y)];
    this.pixels.fill(left, top, this.#pixel(x + width), this.#pixel(y + height), paintOf(color));
  }

  columns(x: number, spans: Int32Array, count: number, color: Color): void {
    const left = this.#pixel(x);
    const paint = paintOf(color);
    for (let i = 0; i < count; i++) {
      this.pixels.fill(left + i, spans[2 * i]!, left + i + 1, spans[2 * i + 1]!, paint);
    }
  }

  line(x1: number, y1: number, x2: number, y2: number, width: number, color: Color, dash = 0): void {
    if (x1 === x2 || y1 === y2) this.#straight([x1, y1, x2, y2], width, color, dash);
    else this.polyline([x1, y1, x2, y2], width, color);
  }

  /** Upright and level lines lie on whole pixels. */
  #straight(
    [x1, y1, x2, y2]: [number, number, number, number],
    width: number,
    color: Color,
    dash: number,
  ): void {
    const thick = Math.max(1, Math.round(width * this.pixelRatio));
    const step = Math.max(1, Math.round(dash * this.pixelRatio));
    const isUpright = x1 === x2;
    const across = Math.floor((isUpright ? x1 : y1) * this.pixelRatio - (thick - 1) / 2);
    const [from, to] = (isUpright ? [y1, y2] : [x1, x2]).map((end) => this.#near(end)).sort((a, b) => a - b);
    const paint = paintOf(color);
    const { left, right, top, bottom } = this.pixels.bounds;
    const [first, last] = isUpright ? [top, Math.min(bottom, to!)] : [left, Math.min(right, to!)];
    const length = dash > 0 ? step : Math.max(1, to! - from!);
    // Dashes before the first one in view are left out.
    const skipped = Math.max(0, Math.floor((first - from!) / (2 * length)));
    for (let at = from! + 2 * length * skipped; at < last; at += 2 * length) {
      const end = Math.min(at + length, to!);
      if (isUpright) this.pixels.fill(across, at, across + thick, end, paint);
      else this.pixels.fill(at, across, end, across + thick, paint);
    }
  }

  /** A pixel, if need be one far outside. */
  #near(length: number): number {
    return Math.min(Math.max(this.#pixel(length), -FAR), FAR);
  }

  polyline(points: readonly number[], width: number, color: Color): void {
    const paint = paintOf(color);
    const half = Math.max(0.5, (width * this.pixelRatio) / 2);
    for (let i = 0; i + 3 < points.length; i += 2) {
      const [x0, y0, x1, y1] = points.slice(i, i + 4).map((value) => value * this.pixelRatio);
      this.#stroke([x0!, y0!], [x1!, y1!], half, paint);
    }
  }

  #stroke(from: [number, number], to: [number, number], half: number, paint: Paint): void {
    if (![...from, ...to].every((value) => Math.abs(value) < FAR)) return;
    const { left, right, top, bottom } = this.pixels.bounds;
    const reach = half + 1;
    const firstRow = Math.max(top, Math.floor(Math.min(from[1], to[1]) - reach));
    const lastRow = Math.min(bottom - 1, Math.ceil(Math.max(from[1], to[1]) + reach));
    const firstColumn = Math.max(left, Math.floor(Math.min(from[0], to[0]) - reach));
    const lastColumn = Math.min(right - 1, Math.ceil(Math.max(from[0], to[0]) + reach));
    for (let y = firstRow; y <= lastRow; y++) {
      for (let x = firstColumn; x <= lastColumn; x++) {
        const coverage = half + 0.5 - distance(x + 0.5, y + 0.5, from, to);
        if (coverage > 0) this.pixels.blend(x, y, paint, Math.min(1, coverage));
      }
    }
  }

  polygon(corners: readonly number[], color: Color): void {
    const points = corners.map((value) => value * this.pixelRatio);
    if (!points.every((value) => Math.abs(value) < FAR)) return;
    this.#cover(points, color, (x, y) => isInside(points, x, y));
  }

  circle(x: number, y: number, radius: number, color: Color): void {
    const [middleX, middleY, size] = [x, y, radius].map((value) => value * this.pixelRatio) as [
      number,
      number,
      number,
    ];
    if (![middleX, middleY, size].every((value) => Math.abs(value) < FAR)) return;
    const corners = [middleX - size, middleY - size, middleX + size, middleY + size];
    this.#cover(corners, color, (px, py) => Math.hypot(px - middleX, py - middleY) <= size);
  }

  /** Lays a colour on the pixels around points, each by how many of its samples are inside. */
  #cover(points: readonly number[], color: Color, isIn: (x: number, y: number) => boolean): void {
    const paint = paintOf(color);
    const { left, right, top, bottom } = this.pixels.bounds;
    const xs = points.filter((_, i) => i % 2 === 0);
    const ys = points.filter((_, i) => i % 2 === 1);
    for (let y = Math.max(top, Math.floor(Math.min(...ys))); y < Math.min(bottom, Math.max(...ys)); y++) {
      for (let x = Math.max(left, Math.floor(Math.min(...xs))); x < Math.min(right, Math.max(...xs)); x++) {
        let inside = 0;
        for (let i = 0; i < SAMPLES * SAMPLES; i++) {
          const across = x + ((i % SAMPLES) + 0.5) / SAMPLES;
          if (isIn(across, y + (Math.floor(i / SAMPLES) + 0.5) / SAMPLES)) inside++;
        }
        if (inside > 0) this.pixels.blend(x, y, paint, inside / (SAMPLES * SAMPLES));
      }
    }
  }

  text(text: string, x: number, y: number, style: TextStyle): void {
    const shown = text.slice(0, MOST_LETTERS);
    const size = style.size * this.pixelRatio;
    const isBold = style.weight === "bold";
    const width = textWidth(shown, size, isBold);
    const part = { left: 0, center: 0.5, right: 1 }[style.align ?? "left"];
    let pen = Math.round(x * this.pixelRatio - part * width);
    const base = Math.round(y * this.pixelRatio);
    if (!Number.isFinite(pen) || !Number.isFinite(base)) return;
    const paint = paintOf(style.color);
    for (const letter of letters(shown)) {
      const { advance, left, top, width: columns, mask } = glyphOf(letter, size, isBold);
      for (let i = 0; i < mask.length; i++) {
        if (mask[i] === 0) continue;
        this.pixels.blend(
          pen + left + (i % columns),
          base - top + Math.floor(i / columns),
          paint,
          mask[i]! / 255,
        );
      }
      pen += advance;
    }
  }

  measureText(text: string, { size, weight }: Pick<TextStyle, "size" | "weight">): number {
    const shown = text.slice(0, MOST_LETTERS);
    return textWidth(shown, size * this.pixelRatio, weight === "bold") / this.pixelRatio;
  }

  image({ width, height, data }: Bitmap, target: Rect): void {
    const { bounds } = this.pixels;
    const [left, top] = [this.#pixel(target.x), this.#pixel(target.y)];
    const [right, bottom] = [this.#pixel(target.x + target.width), this.#pixel(target.y + target.height)];
    if (!(right > left && bottom > top && width > 0 && height > 0)) return;
    for (let y = Math.max(top, bounds.top); y < Math.min(bottom, bounds.bottom); y++) {
      const row = ((y + 0.5 - top) / (bottom - top)) * height - 0.5;
      for (let x = Math.max(left, bounds.left); x < Math.min(right, bounds.right); x++) {
        const column = ((x + 0.5 - left) / (right - left)) * width - 0.5;
        this.#layMixed(x, y, { width, height, data }, column, row);
      }
    }
  }

  /** Lays the mixture of the four pixels of a bitmap around a point. */
  #layMixed(x: number, y: number, { width, height, data }: Bitmap, column: number, row: number): void {
    const [left, top] = [Math.floor(column), Math.floor(row)];
    const paint = { red: 0, green: 0, blue: 0, alpha: 0 };
    for (let i = 0; i < 4; i++) {
      const [dx, dy] = [i & 1, i >> 1];
      const weight = Math.abs(1 - dx - (column - left)) * Math.abs(1 - dy - (row - top));
      const atColumn = Math.min(Math.max(left + dx, 0), width - 1);
      const at = 4 * (Math.min(Math.max(top + dy, 0), height - 1) * width + atColumn);
      const part = (weight * data[at + 3]!) / 255;
      paint.red += part * data[at]!;
      paint.green += part * data[at + 1]!;
      paint.blue += part * data[at + 2]!;
      paint.alpha += part;
    }
    if (paint.alpha === 0) return;
    const { alpha } = paint;
    const opaque = { red: paint.red / alpha, green: paint.green / alpha, blue: paint.blue / alpha, alpha };
    this.pixels.blend(x, y, opaque, 1);
  }

  clip(area: Rect, draw: () => void): void {
    const outer = this.pixels.bounds;
    this.pixels.bounds = {
      left: Math.max(outer.left, this.#pixel(area.x)),
      top: Math.max(outer.top, this.#pixel(area.y)),
      right: Math.min(outer.right, this.#pixel(area.x + area.width)),
      bottom: Math.min(outer.bottom, this.#pixel(area.y + area.height)),
    };
    try {
      draw();
    } finally {
      this.pixels.bounds = outer;
    }
  }

  #pixel(length: number): number {
    return Math.round(length * this.pixelRatio);
  }
}

/** Whether a point is inside, by how many edges a ray from it crosses. */
function isInside(points: readonly number[], x: number, y: number): boolean {
  let inside = false;
  for (let i = 0, j = points.length - 2; i < points.length; j = i, i += 2) {
    const [xi, yi, xj, yj] = [points[i]!, points[i + 1]!, points[j]!, points[j + 1]!];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}
