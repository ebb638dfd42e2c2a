/** The drawings' surface on a canvas of the page. */
import type { Bitmap, Color, Rect, Surface, TextStyle } from "../lib/seismograph/drawing/index.ts";

/** The typeface of the page and its pictures. */
const FAMILY = "system-ui, sans-serif";

/** How many measured texts are kept: labels come back picture after picture. */
const KEPT_WIDTHS = 2000;

/** Draws on a canvas. Lengths are CSS pixels; `resize` gives the canvas as many pixels of its own as the screen has. */
export class CanvasSurface implements Surface {
  readonly canvas: HTMLCanvasElement;
  readonly scale: number;
  readonly #context: CanvasRenderingContext2D;
  #font = "";
  #width = 0;
  #height = 0;
  #pixelRatio = 1;
  readonly #widths = new Map<string, number>();
  readonly #bitmaps = new WeakMap<Bitmap, HTMLCanvasElement>();

  /** @param scale CSS pixels of the page for each length of a drawing */
  constructor(canvas: HTMLCanvasElement, scale = 1) {
    this.canvas = canvas;
    this.scale = scale;
    this.#context = canvas.getContext("2d", { alpha: false })!;
  }

  get width(): number {
    return this.#width;
  }

  get height(): number {
    return this.#height;
  }

  get pixelRatio(): number {
    return this.#pixelRatio;
  }

  /** Makes the canvas this large, in CSS pixels; does nothing where it is. What stood in it is gone otherwise. */
  resize(width: number, height: number, pixelRatio: number): void {
    if (width === this.#width && height === this.#height && pixelRatio === this.#pixelRatio) return;
    this.#width = width;
    this.#height = height;
    this.#pixelRatio = pixelRatio;
    this.canvas.width = Math.max(1, Math.round(width * pixelRatio));
    this.canvas.height = Math.max(1, Math.round(height * pixelRatio));
    this.canvas.style.height = `${height * this.scale}px`;
    this.#context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
    this.#font = "";
  }

  fillRect(x: number, y: number, width: number, height: number, color: Color): void {
    const left = this.#edge(x);
    const top = this.#edge(y);
    this.#context.fillStyle = color;
    this.#context.fillRect(left, top, this.#edge(x + width) - left, this.#edge(y + height) - top);
  }

  columns(x: number, spans: Int32Array, count: number, color: Color): void {
    const context = this.#context;
    const left = Math.round(x * this.#pixelRatio);
    context.fillStyle = color;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.beginPath();
    for (let i = 0; i < count; i++) {
      const top = spans[2 * i]!;
      const height = spans[2 * i + 1]! - top;
      if (height > 0) context.rect(left + i, top, 1, height);
    }
    context.fill();
    context.setTransform(this.#pixelRatio, 0, 0, this.#pixelRatio, 0, 0);
  }

  line(x1: number, y1: number, x2: number, y2: number, width: number, color: Color, dash = 0): void {
    const context = this.#context;
    context.strokeStyle = color;
    context.lineWidth = width;
    context.setLineDash(dash > 0 ? [dash, dash] : []);
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
  }

  polyline(points: readonly number[], width: number, color: Color): void {
    const context = this.#context;
    context.strokeStyle = color;
    context.lineWidth = width;
    context.setLineDash([]);
    this.#path(points);
    context.stroke();
  }

  polygon(corners: readonly number[], color: Color): void {
    const context = this.#context;
    context.fillStyle = color;
    this.#path(corners);
    context.fill();
  }

  circle(x: number, y: number, radius: number, color: Color): void {
    if (!(radius > 0)) return;
    const context = this.#context;
    context.fillStyle = color;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  }

  text(text: string, x: number, y: number, style: TextStyle): void {
    const context = this.#context;
    this.#useFont(style);
    context.fillStyle = style.color;
    context.textAlign = style.align ?? "left";
    context.fillText(text, x, y);
  }

  measureText(text: string, style: Pick<TextStyle, "size" | "weight">): number {
    const key = `${fontOf(style)} ${text}`;
    const known = this.#widths.get(key);
    if (known !== undefined) return known;
    this.#useFont(style);
    const { width } = this.#context.measureText(text);
    if (this.#widths.size >= KEPT_WIDTHS) this.#widths.clear();
    this.#widths.set(key, width);
    return width;
  }

  image(bitmap: Bitmap, { x, y, width, height }: Rect): void {
    if (!(width > 0 && height > 0)) return;
    this.#context.drawImage(this.#canvasOf(bitmap), x, y, width, height);
  }

  clip(area: Rect, draw: () => void): void {
    const context = this.#context;
    context.save();
    context.beginPath();
    context.rect(area.x, area.y, area.width, area.height);
    context.clip();
    try {
      draw();
    } finally {
      context.restore();
      this.#font = "";
    }
  }

  #path(points: readonly number[]): void {
    this.#context.beginPath();
    for (let i = 0; i + 1 < points.length; i += 2) this.#context.lineTo(points[i]!, points[i + 1]!);
  }

  /** A CSS length on the nearest edge between two pixels. */
  #edge(length: number): number {
    return Math.round(length * this.#pixelRatio) / this.#pixelRatio;
  }

  #useFont(style: Pick<TextStyle, "size" | "weight">): void {
    const font = fontOf(style);
    if (font === this.#font) return;
    this.#font = font;
    this.#context.font = font;
  }

  #canvasOf(bitmap: Bitmap): HTMLCanvasElement {
    const known = this.#bitmaps.get(bitmap);
    if (known) return known;
    const canvas = document.createElement("canvas");
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    const pixels = new Uint8ClampedArray(bitmap.data);
    canvas.getContext("2d")!.putImageData(new ImageData(pixels, bitmap.width, bitmap.height), 0, 0);
    this.#bitmaps.set(bitmap, canvas);
    return canvas;
  }
}

function fontOf({ size, weight }: Pick<TextStyle, "size" | "weight">): string {
  return `${weight === "bold" ? "600 " : ""}${size}px ${FAMILY}`;
}
