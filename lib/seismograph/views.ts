/** Band views by their names: `raw`, `1-20` (band-pass), `0.5-` (high-pass), `-1` (low-pass), corners in hertz. */
import { designButterworth, type FilterKind, type Section } from "../signal/butterworth.ts";
import { SignalError } from "../signal/errors.ts";
import { SeismographError } from "./errors.ts";
import type { BandView } from "./frames.ts";

/** The views that a seismograph may have at most: each costs as much memory as the raw one. */
export const MAX_VIEWS = 5;

const NUMBER = /^\d{1,6}(\.\d{1,6})?$/;

/**
 * The view of a name.
 * @throws SeismographError `INVALID_SETTING`
 */
export function bandView(name: string): BandView {
  if (name === "raw") return { id: name };
  const [low, high, more] = name.split("-");
  const sound = [low, high].every((corner) => corner === "" || NUMBER.test(corner ?? "?")) && name !== "-";
  const view: BandView = { id: name };
  if (low) view.low = Number(low);
  if (high) view.high = Number(high);
  if (sound && more === undefined && view.low !== 0 && view.high !== 0 && !(view.low! >= view.high!))
    return view;
  throw new SeismographError(
    "INVALID_SETTING",
    `${JSON.stringify(name.slice(0, 40))} is not a band view: write raw, 1-20 (hertz from and to), 0.5- (from) or -1 (up to).`,
  );
}

/** The sections of a view's filter at a sample rate: none for `raw`, undefined where the rate is too low for it. */
export function sectionsOf({ low, high }: BandView, sampleRate: number): Section[] | undefined {
  const corners = [low, high].filter((corner) => corner !== undefined);
  if (corners.length === 0) return [];
  const kind: FilterKind = corners.length === 2 ? "bandpass" : low === undefined ? "lowpass" : "highpass";
  try {
    return designButterworth({ kind, corners, order: 4, sampleRate });
  } catch (error) {
    if (error instanceof SignalError) return undefined;
    throw error;
  }
}
