/**
 * What a picture is drawn on: the few operations that a drawing needs, so that the same code draws in a browser's canvas and in a
 * PNG. Lengths are in CSS pixels, from the top left corner; a surface may have several pixels of its own for each (`pixelRatio`).
 */

/** `#rrggbb`, or `#rrggbbaa` where something shines through. */
export type Color = string;

/** A rectangle, in CSS pixels. */
export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** How a text is written. */
export interface TextStyle {
  /** In CSS pixels, as CSS's font-size. */
  size: number;
  color: Color;
  /** Regular unless given. */
  weight?: "regular" | "bold";
  /** Which point of the text `x` is: left unless given. */
  align?: "left" | "center" | "right";
}

/** A small picture of its own, to be scaled into a rectangle. Whoever changes `data` makes a new bitmap: surfaces may keep it. */
export interface Bitmap {
  width: number;
  height: number;
  /** Red, green, blue and alpha of each pixel, row by row from the top left. */
  data: Uint8ClampedArray;
}

/** What drawings draw on. Nothing here throws, whatever the numbers: what is not finite or lies outside is not drawn. */
export interface Surface {
  /** In CSS pixels. */
  readonly width: number;
  readonly height: number;
  /** Pixels of the surface per CSS pixel. */
  readonly pixelRatio: number;
  /** Fills a rectangle. Edges between two pixels of the surface are rounded to the nearest. */
  fillRect(x: number, y: number, width: number, height: number, color: Color): void;
  /**
   * Fills vertical columns, each one pixel *of the surface* wide, side by side from `x` (CSS pixels) on. `spans` has two numbers for
   * each: top and bottom in pixels *of the surface*, whole numbers, the bottom excluded; a column with bottom <= top is left out.
   */
  columns(x: number, spans: Int32Array, count: number, color: Color): void;
  /** A straight line `width` wide; `dash` is the length of its dashes and of the holes between them. */
  line(x1: number, y1: number, x2: number, y2: number, width: number, color: Color, dash?: number): void;
  /** A line through points, x and y of each in turn. Smooth edges. */
  polyline(points: readonly number[], width: number, color: Color): void;
  /** Fills a polygon: x and y of each corner in turn. Smooth edges. */
  polygon(corners: readonly number[], color: Color): void;
  /** Fills a circle. Smooth edges. */
  circle(x: number, y: number, radius: number, color: Color): void;
  /** Writes one line of text; `y` is its baseline. */
  text(text: string, x: number, y: number, style: TextStyle): void;
  /** How wide a text would be. */
  measureText(text: string, style: Pick<TextStyle, "size" | "weight">): number;
  /** Draws a bitmap into a rectangle, smoothly scaled. */
  image(bitmap: Bitmap, target: Rect): void;
  /** What is drawn in `draw` shows only within the rectangle; within each other the rectangles intersect. */
  clip(area: Rect, draw: () => void): void;
}
