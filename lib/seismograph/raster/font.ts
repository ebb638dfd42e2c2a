/** Letters as masks of coverage: the strokes of a glyph, laid on whole pixels, drawn with smooth edges. */
import { blankWidth, CAPITAL, SMALL, strokesOf } from "./glyphs.ts";

/** A letter in one size and weight. */
export interface Glyph {
  /** Pixels to the next letter. */
  advance: number;
  /** Where the mask lies: pixels right of the pen, and above the baseline to its top row. */
  left: number;
  top: number;
  width: number;
  height: number;
  /** Coverage of each pixel, 0 to 255. */
  mask: Uint8Array;
}

/** A weight of a size, in pixels. */
interface Face {
  stroke: number;
  /** Height of capitals and of small letters. */
  capital: number;
  small: number;
  /** Pixels of a unit of the strokes, across. */
  across: number;
  gap: number;
}

type Point = [x: number, y: number];

/** Steps of a quarter ellipse. */
const STEPS = 8;
const LARGEST = 200;
/** Letters that are kept; when there are more, all are drawn anew. */
const MOST_KEPT = 4000;

const kept = new Map<string, Glyph>();

/** A letter at a size in pixels (CSS's font-size times the pixels of a CSS pixel). */
export function glyphOf(letter: string, size: number, isBold: boolean): Glyph {
  const pixels = size >= 1 ? Math.min(size, LARGEST) : 1;
  const key = `${isBold ? "b" : "r"}${pixels}${letter}`;
  const known = kept.get(key);
  if (known) return known;
  if (kept.size >= MOST_KEPT) kept.clear();
  const glyph = drawn(letter, faceOf(pixels, isBold));
  kept.set(key, glyph);
  return glyph;
}

/** How many pixels a text is wide. */
export function textWidth(text: string, size: number, isBold: boolean): number {
  let width = 0;
  for (const letter of letters(text)) width += glyphOf(letter, size, isBold).advance;
  return width;
}

/** The letters of a text, each with its marks. */
export function letters(text: string): string[] {
  return text.normalize("NFC").match(/\P{M}\p{M}*/gu) ?? [];
}

function faceOf(size: number, isBold: boolean): Face {
  return {
    stroke: Math.max(isBold ? 1.5 : 1, size * (isBold ? 0.15 : 0.098)),
    capital: Math.max(4, Math.round(size * 0.73)),
    small: Math.max(3, Math.round(size * 0.545)),
    across: (size * 0.65) / CAPITAL,
    gap: Math.max(1, Math.round(size * 0.125)),
  };
}

function drawn(letter: string, face: Face): Glyph {
  const { base, marks, isCapital } = strokesOf(letter);
  if (base === "") {
    return {
      advance: Math.max(1, Math.round(blankWidth(letter) * face.across)),
      left: 0,
      top: 0,
      width: 0,
      height: 0,
      mask: new Uint8Array(0),
    };
  }
  const points = strokes(base);
  const right = Math.max(...points.flat().map(([x]) => x));
  const placed = place(points, face);
  const middle = placed.x(right) / 2 + placed.x(0) / 2;
  const lift = isCapital ? face.capital - face.small : 0;
  const over = marks.flatMap((mark) =>
    strokes(mark).map((stroke) =>
      stroke.map(([x, y]): Point => [middle + x * face.across, placed.y(y) + (y > 0 ? lift : 0)]),
    ),
  );
  const lines = [
    ...points.map((stroke) => stroke.map(([x, y]): Point => [placed.x(x), placed.y(y)])),
    ...over,
  ];
  const advance = Math.ceil(placed.x(right) + face.stroke / 2 - 0.3) + face.gap;
  return { advance, ...covered(lines, face.stroke) };
}

/** Points of each stroke, curves as short lines. */
function strokes(text: string): Point[][] {
  return text.split(" / ").map((stroke) => {
    const points: Point[] = [];
    for (const token of stroke.split(" ")) {
      const curve = token[0] === "h" || token[0] === "v" ? token[0] : "";
      const [x, y] = token.slice(curve.length).split(",").map(Number) as Point;
      if (curve === "") points.push([x, y]);
      else points.push(...quarter(points.at(-1)!, [x, y], curve === "h"));
    }
    return points;
  });
}

function quarter([x0, y0]: Point, [x1, y1]: Point, leavesHorizontally: boolean): Point[] {
  return Array.from({ length: STEPS }, (_, i): Point => {
    const angle = ((i + 1) / STEPS) * (Math.PI / 2);
    const [early, late] = [Math.sin(angle), 1 - Math.cos(angle)];
    const [partX, partY] = leavesHorizontally ? [early, late] : [late, early];
    return [x0 + (x1 - x0) * partX, y0 + (y1 - y0) * partY];
  });
}

/** Where points come to lie, in pixels: what is level or upright, and the outermost of curves, on whole pixels. */
function place(
  points: readonly Point[][],
  face: Face,
): { x(value: number): number; y(value: number): number } {
  const { stroke, capital, small, across } = face;
  const half = Math.max(1, Math.round(stroke)) / 2;
  const snap = (value: number) => Math.round(value - half) + half;
  const up = (y: number): number => {
    const [low, high, top] = [half, small - half, capital - half];
    if (y >= SMALL) return high + ((y - SMALL) / (CAPITAL - SMALL)) * (top - high);
    return y >= 0 ? low + (y / SMALL) * (high - low) : low + y * across;
  };
  const levels = new Set(extremes(points, 1));
  const uprights = new Set(extremes(points, 0));
  return {
    x: (x) => (uprights.has(x) ? snap(half + x * across) : half + x * across),
    y: (y) => (levels.has(y) ? snap(up(y)) : up(y)),
  };
}

/** Coordinates at which a stroke runs level (1) or upright (0), or turns round. */
function extremes(points: readonly Point[][], axis: 0 | 1): number[] {
  const found: number[] = [];
  for (const stroke of points) {
    for (let i = 0; i < stroke.length; i++) {
      const [before, at, after] = [stroke[i - 1]?.[axis], stroke[i]![axis], stroke[i + 1]?.[axis]];
      const isStraight = at === after;
      const turns = before !== undefined && after !== undefined && (at - before) * (after - at) < 0;
      if (isStraight || turns) found.push(at);
    }
  }
  return found;
}

/** The mask of strokes with round ends: each pixel by its distance from the nearest line. */
function covered(lines: readonly Point[][], stroke: number): Omit<Glyph, "advance"> {
  const all = lines.flat();
  const reach = stroke / 2 + 1;
  const left = Math.floor(Math.min(...all.map(([x]) => x)) - reach);
  const right = Math.ceil(Math.max(...all.map(([x]) => x)) + reach);
  const bottom = Math.floor(Math.min(...all.map(([, y]) => y)) - reach);
  const top = Math.ceil(Math.max(...all.map(([, y]) => y)) + reach);
  const [width, height] = [right - left, top - bottom];
  const mask = new Uint8Array(width * height);
  for (const line of lines) {
    for (let i = 1; i < line.length; i++)
      cover({ left, top, width, height, mask }, [line[i - 1]!, line[i]!], stroke / 2);
  }
  return { left, top, width, height, mask };
}

/** Covers the pixels about a line, as far as they are not covered more by another. */
function cover(
  { left, top, width, height, mask }: Omit<Glyph, "advance">,
  [from, to]: [Point, Point],
  half: number,
): void {
  const reach = half + 1;
  const first = Math.max(0, Math.floor(Math.min(from[0], to[0]) - reach) - left);
  const last = Math.min(width - 1, Math.ceil(Math.max(from[0], to[0]) + reach) - left);
  const highest = Math.max(0, Math.floor(top - Math.max(from[1], to[1]) - reach));
  const lowest = Math.min(height - 1, Math.ceil(top - Math.min(from[1], to[1]) + reach));
  for (let row = highest; row <= lowest; row++) {
    for (let column = first; column <= last; column++) {
      const away = distance(left + column + 0.5, top - row - 0.5, from, to);
      const coverage = Math.round(255 * Math.min(1, Math.max(0, half + 0.5 - away)));
      const at = row * width + column;
      if (coverage > mask[at]!) mask[at] = coverage;
    }
  }
}

/** How far a point is from a line between two others. */
export function distance(x: number, y: number, [x0, y0]: Point, [x1, y1]: Point): number {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length = dx * dx + dy * dy;
  const part = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / length));
  return Math.hypot(x - x0 - part * dx, y - y0 - part * dy);
}
