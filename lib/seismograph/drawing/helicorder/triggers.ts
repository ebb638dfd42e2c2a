/** The triggers in a drum: a triangle at the onset, a bar to the end, over as many lines as it takes. */
import type { Surface } from "../surface.ts";
import type { HelicorderLayout, HelicorderView } from "./view.ts";

/** The newest ones are drawn; a station that triggers all day is no picture any more. */
const MOST_TRIGGERS = 1000;

export function drawTriggers(surface: Surface, view: HelicorderView, layout: HelicorderLayout): void {
  const { plot, lines, lineLength, spacing } = layout;
  const color = view.palette.trigger;
  const first = lines[0]!.start;
  for (const { start, end } of view.triggers.slice(-MOST_TRIGGERS)) {
    const until = Math.min(end ?? view.newest, view.end);
    if (!(until >= first && start <= view.end)) continue;
    const from = Math.max(0, Math.floor((start - first) / lineLength));
    const to = Math.min(lines.length - 1, Math.floor((until - first) / lineLength));
    for (let line = from; line <= to; line++) {
      const { start: lineStart, y } = lines[line]!;
      const x = plot.x + (Math.max(0, start - lineStart) / lineLength) * plot.width;
      const right = plot.x + (Math.min(lineLength, until - lineStart) / lineLength) * plot.width;
      surface.fillRect(x, y + spacing / 2 - 1, Math.max(2, right - x), 2, color);
    }
    const onset = layout.placeOf(start);
    if (onset) triangle(surface, onset.x, onset.y - Math.min(4, spacing / 4), color, view.palette.ground);
  }
}

/** Points down at the onset; its rim parts it from the trace. */
function triangle(surface: Surface, x: number, y: number, color: string, rim: string): void {
  surface.polygon([x - 7, y - 9.5, x + 7, y - 9.5, x, y + 2], rim);
  surface.polygon([x - 5, y - 8.5, x + 5, y - 8.5, x, y], color);
}
