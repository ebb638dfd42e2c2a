// Views to draw: a day's drum, rows, a zoom, with whatever a test needs to be otherwise.
import type { HelicorderView } from "../../../lib/seismograph/drawing/helicorder/view.ts";
import type { LiveRow, LiveView } from "../../../lib/seismograph/drawing/live/view.ts";
import { PALETTES } from "../../../lib/seismograph/drawing/palette.ts";
import { ENGLISH } from "../../../lib/seismograph/drawing/views.ts";
import type { ZoomView } from "../../../lib/seismograph/drawing/zoom/view.ts";
import { TraceBins } from "../../../lib/waveform/bins.ts";

export const SECOND = 1e6;
export const HOUR = 3_600e6;
export const MIDNIGHT = Date.UTC(2026, 10, 28) * 1000;

/** A wave of so many counts up and down, a sample each half second, in bins of a second. */
export function wave(start: number, hours: number, height = 100, offset = 0): TraceBins {
  const bins = new TraceBins(SECOND, 3600 * 200);
  addWave(bins, start, start + hours * HOUR, height, offset);
  return bins;
}

/** Adds such a wave to bins; each bin has both its ends, so that every column reaches equally far. */
export function addWave(bins: TraceBins, start: number, end: number, height = 100, offset = 0): void {
  const count = Math.round((end - start) / (SECOND / 2));
  const samples = Float64Array.from({ length: count }, (_, i) => offset + (i % 2 === 0 ? height : -height));
  bins.add(start, SECOND / 2, samples);
}

/** Of all tests that only look at it. */
const DAY = wave(MIDNIGHT, 23.5 + 1 / 6);

export function drum(view: Partial<HelicorderView> = {}): HelicorderView {
  const end = view.end ?? MIDNIGHT + 23.5 * HOUR + 600 * SECOND;
  return {
    ...{ bins: view.bins ?? DAY, end, newest: end, hours: 24, lineMinutes: 30 },
    ...{ baseline: "line", scale: 300, units: "counts", palette: PALETTES.light, texts: ENGLISH },
    ...{ triggers: [], events: [] },
    ...view,
  };
}

export function row(more: Partial<LiveRow> = {}): LiveRow {
  return {
    ...{ name: "XX.DEMO.00.HHZ", station: "XX.DEMO", bins: wave(MIDNIGHT, 1), units: "counts" },
    ...{ triggers: [], scale: { centre: 0, reach: 100 } },
    ...more,
  };
}

export function live(view: Partial<LiveView> = {}): LiveView {
  return {
    ...{ rows: [row()], end: MIDNIGHT + HOUR, seconds: 300, spectrograms: false },
    ...{ palette: PALETTES.dark, texts: ENGLISH },
    ...view,
  };
}

export function zoom(view: Partial<ZoomView> = {}): ZoomView {
  const samples = Float64Array.from({ length: 12_000 }, (_, i) => 100 * Math.sin(i / 5));
  return {
    ...{ start: MIDNIGHT, end: MIDNIGHT + 120 * SECOND, units: "m/s" },
    segments: [{ start: MIDNIGHT, period: SECOND / 100, samples }],
    ...{ palette: PALETTES.dark, texts: ENGLISH, triggers: [], events: [] },
    ...view,
  };
}
