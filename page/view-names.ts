/** Band views as menus call them. Pure. */
import type { BandView } from "../lib/seismograph/frames.ts";
import type { Say } from "./texts/index.ts";

/** `0.7–2 Hz`, `> 0.5 Hz`, `< 1 Hz`; the raw one in words. */
export function viewName({ low, high }: BandView, say: Say): string {
  if (low !== undefined && high !== undefined) return `${low}–${high} Hz`;
  if (low !== undefined) return `> ${low} Hz`;
  return high === undefined ? say("raw") : `< ${high} Hz`;
}

export function viewChoices(views: readonly BandView[], say: Say): { value: string; text: string }[] {
  return views.map((view) => ({ value: view.id, text: viewName(view, say) }));
}
