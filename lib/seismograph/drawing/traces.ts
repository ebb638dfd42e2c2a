/** Spans on a surface: a trace, and in red the ends where it was cut off. */
import type { Spans } from "./columns.ts";
import type { Color, Surface } from "./surface.ts";

/** Draws `count` columns from `x` on, and their cut-off ends over them. */
export function drawSpans(
  surface: Surface,
  x: number,
  { trace, cut, isCut }: Spans,
  count: number,
  { color, clip }: { color: Color; clip: Color },
): void {
  surface.columns(x, trace, count, color);
  if (!isCut) return;
  const ends = new Int32Array(2 * count);
  for (const side of [0, 2]) {
    for (let i = 0; i < count; i++) {
      ends[2 * i] = cut[4 * i + side]!;
      ends[2 * i + 1] = cut[4 * i + side + 1]!;
    }
    surface.columns(x, ends, count, clip);
  }
}

/** How many pixels of the surface a cut-off end has. */
export function cutHeight({ pixelRatio }: Surface): number {
  return Math.max(2, Math.round(1.5 * pixelRatio));
}
