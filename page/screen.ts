/** How large pictures are, and how many pixels of the screen each of theirs has. */
import type { Rect } from "../lib/seismograph/drawing/index.ts";
import type { Settings } from "./settings.ts";

/** On a wall everything is larger, to be read from three metres. */
const WALL_SCALE = 1.6;

/** More pixels than this for each nobody sees, and they cost time. */
const MOST_PIXELS = 3;

/** CSS pixels of the page for each length of a drawing. */
export const scaleOf = ({ isWall }: Settings): number => (isWall ? WALL_SCALE : 1);

export function pixelRatio(settings: Settings): number {
  return Math.min(devicePixelRatio, MOST_PIXELS) * scaleOf(settings);
}

/** A canvas of more pixels stays empty on some phones, and costs all of them much memory. */
const MOST_CANVAS = 16_000_000;

/** The pixels for each length of a picture of this size, less where many rows or lines would make its canvas too large. */
export function fittingRatio(ratio: number, { width, height }: Pick<Rect, "width" | "height">): number {
  return Math.min(ratio, Math.sqrt(MOST_CANVAS / Math.max(1, width * height)));
}

/** What there is for a picture, in the lengths of drawings. @param hidden CSS pixels of its height that something else has for a while */
export function pictureArea(place: HTMLElement, settings: Settings, hidden = 0): Rect {
  const scale = scaleOf(settings);
  const height = Math.floor((place.clientHeight + hidden) / scale);
  return { x: 0, y: 0, width: Math.floor(place.clientWidth / scale), height };
}

/** Calls back when a place has another size, or the window has come to a screen with other pixels. */
export function watchSize(place: HTMLElement, changed: () => void): void {
  new ResizeObserver(changed).observe(place);
  const watchPixels = () => {
    const pixels = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    pixels.addEventListener(
      "change",
      () => {
        changed();
        watchPixels();
      },
      { once: true },
    );
  };
  watchPixels();
}
