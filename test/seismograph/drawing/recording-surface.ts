// A surface that remembers what was drawn where.
import type { Bitmap, Color, Rect, Surface, TextStyle } from "../../../lib/seismograph/drawing/surface.ts";

export interface DrawnText extends TextStyle {
  text: string;
  x: number;
  y: number;
}

export interface DrawnColumns {
  x: number;
  spans: Int32Array;
  count: number;
  color: Color;
}

export class RecordingSurface implements Surface {
  readonly rects: (Rect & { color: Color })[] = [];
  readonly traces: DrawnColumns[] = [];
  readonly lines: { x1: number; y1: number; x2: number; y2: number; color: Color }[] = [];
  readonly polylines: { points: readonly number[]; color: Color }[] = [];
  readonly polygons: { corners: readonly number[]; color: Color }[] = [];
  readonly circles: { x: number; y: number; color: Color }[] = [];
  readonly texts: DrawnText[] = [];
  readonly images: { bitmap: Bitmap; target: Rect }[] = [];
  readonly width: number;
  readonly height: number;
  readonly pixelRatio: number;

  constructor(width = 1280, height = 820, pixelRatio = 1) {
    this.width = width;
    this.height = height;
    this.pixelRatio = pixelRatio;
  }

  /** How many operations there were; a column counts as one. */
  get operations(): number {
    const lists = [this.rects, this.lines, this.polygons, this.circles, this.texts, this.images, this.traces];
    const points = this.polylines.reduce((sum, { points }) => sum + points.length / 2, 0);
    return (
      lists.reduce((sum, list) => sum + list.length, points) +
      this.traces.reduce((sum, { count }) => sum + count, 0)
    );
  }

  fillRect(x: number, y: number, width: number, height: number, color: Color): void {
    this.rects.push({ x, y, width, height, color });
  }
  columns(x: number, spans: Int32Array, count: number, color: Color): void {
    this.traces.push({ x, spans: spans.slice(), count, color });
  }
  line(x1: number, y1: number, x2: number, y2: number, _width: number, color: Color): void {
    this.lines.push({ x1, y1, x2, y2, color });
  }
  polyline(points: readonly number[], _width: number, color: Color): void {
    this.polylines.push({ points, color });
  }
  polygon(corners: readonly number[], color: Color): void {
    this.polygons.push({ corners, color });
  }
  circle(x: number, y: number, _radius: number, color: Color): void {
    this.circles.push({ x, y, color });
  }
  text(text: string, x: number, y: number, style: TextStyle): void {
    this.texts.push({ text, x, y, ...style });
  }
  measureText(text: string, { size }: Pick<TextStyle, "size" | "weight">): number {
    return text.length * size * 0.56;
  }
  image(bitmap: Bitmap, target: Rect): void {
    this.images.push({ bitmap, target });
  }
  clip(_area: Rect, draw: () => void): void {
    draw();
  }
}
