/** The scale of a drum: judged when a line is full, gone over to gently, and never while the picture is being pointed at. */
import {
  type HelicorderLayout,
  type HelicorderView,
  helicorderScale,
} from "../lib/seismograph/drawing/index.ts";

/** Nearer than this, as a factor, the scale jumps the rest. */
const NEAR = 1.02;

export class DrumScale {
  /** Half a line spacing in units of the samples, 0 before the first judgement. */
  value = 0;
  #target = 0;
  /** Start of the newest line when the scale was judged. */
  #judgedAt = Number.NaN;

  /** The next picture is judged at once: it is another one. */
  forget(): void {
    this.value = 0;
    this.#judgedAt = Number.NaN;
  }

  /** Judges where it is time to. False while the scale is on its way: draw again soon. */
  judge(view: HelicorderView, layout: HelicorderLayout, isHeld: boolean): boolean {
    const newest = layout.lines.at(-1)?.start ?? Number.NaN;
    if (newest !== this.#judgedAt && !isHeld) {
      const judged = helicorderScale(view.bins, layout, view.baseline);
      if (judged > 0) this.#target = judged;
      if (judged > 0) this.#judgedAt = newest;
    }
    if (this.value === 0) this.value = this.#target;
    if (isHeld || this.value === this.#target) return true;
    const factor = this.#target / this.value;
    const isNear = Math.max(factor, 1 / factor) < NEAR;
    this.value = isNear ? this.#target : this.value * factor ** 0.25;
    return isNear;
  }
}
