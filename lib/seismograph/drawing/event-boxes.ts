/** The boxes of catalogue events: each at its time, where it covers no other. */
import type { Palette } from "./palette.ts";
import type { Rect, Surface } from "./surface.ts";

/** The newest ones are drawn. */
const MOST_BOXES = 100;
const MOST_LETTERS = 60;
const PADDING = 5;

/** An event at a point: x of its time, the middle of its line, and how far the line reaches. */
export interface BoxPlace {
  x: number;
  y: number;
  half: number;
  text: string;
}

/** Draws a tick at each event and its box beside it, within `bounds`. */
export function drawBoxes(
  surface: Surface,
  { palette }: { palette: Palette },
  bounds: Rect,
  places: readonly BoxPlace[],
  size: number,
): void {
  const taken: Rect[] = [];
  for (const place of places.slice(-MOST_BOXES)) {
    const { x, y, half } = place;
    const text = place.text.slice(0, MOST_LETTERS);
    const width = Math.ceil(surface.measureText(text, { size })) + 2 * PADDING;
    const box = freePlace(candidates(place, width, size + 8), bounds, taken);
    taken.push(box);
    surface.fillRect(x - 1, y - half, 2, 2 * half, palette.trigger);
    surface.fillRect(box.x - 1, box.y - 1, box.width + 2, box.height + 2, palette.trigger);
    surface.fillRect(box.x, box.y, box.width, box.height, palette.box);
    surface.text(text, box.x + PADDING, box.y + size * 0.36 + box.height / 2, { size, color: palette.text });
  }
}

/** Above and below the line, ending or beginning at the time; and further away each way. */
function candidates({ x, y, half }: BoxPlace, width: number, height: number): Rect[] {
  const places: Rect[] = [];
  for (let away = 0; away < 4; away++) {
    const above = y - half - (away + 1) * (height + 4);
    const below = y + half + 4 + away * (height + 4);
    for (const top of [above, below]) {
      for (const left of [x - width, x]) places.push({ x: left, y: top, width, height });
    }
  }
  return places;
}

function freePlace(places: Rect[], bounds: Rect, taken: readonly Rect[]): Rect {
  const inside = places.map((place) => ({
    ...place,
    x: Math.max(bounds.x, Math.min(place.x, bounds.x + bounds.width - place.width)),
    y: Math.max(bounds.y, Math.min(place.y, bounds.y + bounds.height - place.height)),
  }));
  return inside.find((place) => !taken.some((other) => overlap(place, other))) ?? inside[0]!;
}

function overlap(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
