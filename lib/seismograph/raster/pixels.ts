/** An array of pixels that colours are laid on: whole rectangles, or single pixels by how much of them is covered. */
import type { Color } from "../drawing/surface.ts";

/** A rectangle of whole pixels: left and top included, right and bottom excluded. */
export interface Bounds {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** A colour: red, green, blue, 0 to 255, and how much of it covers, 0 to 1. */
export interface Paint {
  red: number;
  green: number;
  blue: number;
  alpha: number;
}

const BLACK: Paint = { red: 0, green: 0, blue: 0, alpha: 1 };

/** Reads `#rrggbb` and `#rrggbbaa`; anything else is black. */
export function paintOf(color: Color): Paint {
  if (!/^#([0-9a-f]{6}|[0-9a-f]{8})$/i.test(color)) return BLACK;
  const part = (at: number) => Number.parseInt(color.slice(at, at + 2), 16);
  return { red: part(1), green: part(3), blue: part(5), alpha: color.length === 9 ? part(7) / 255 : 1 };
}

/** Opaque pixels, three bytes each, row by row from the top left. */
export class Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  /** What is drawn shows only in here. */
  bounds: Bounds;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.data = new Uint8Array(3 * width * height);
    this.bounds = { left: 0, top: 0, right: width, bottom: height };
  }

  /** Lays a colour on a rectangle of whole pixels. */
  fill(left: number, top: number, right: number, bottom: number, paint: Paint): void {
    const { bounds } = this;
    const [from, to] = [Math.max(left, bounds.left), Math.min(right, bounds.right)];
    const last = Math.min(bottom, bounds.bottom);
    for (let row = Math.max(top, bounds.top); row < last; row++) {
      for (let column = from; column < to; column++) this.#lay(row * this.width + column, paint, paint.alpha);
    }
  }

  /** Lays a colour on one pixel, so much of which is covered (0 to 1). */
  blend(x: number, y: number, paint: Paint, coverage: number): void {
    const { left, right, top, bottom } = this.bounds;
    if (x < left || x >= right || y < top || y >= bottom) return;
    this.#lay(y * this.width + x, paint, paint.alpha * coverage);
  }

  #lay(pixel: number, { red, green, blue }: Paint, alpha: number): void {
    const { data } = this;
    const at = 3 * pixel;
    if (alpha >= 1) {
      data[at] = red;
      data[at + 1] = green;
      data[at + 2] = blue;
      return;
    }
    data[at] = data[at]! + Math.round((red - data[at]!) * alpha);
    data[at + 1] = data[at + 1]! + Math.round((green - data[at + 1]!) * alpha);
    data[at + 2] = data[at + 2]! + Math.round((blue - data[at + 2]!) * alpha);
  }
}
