/** What the settings of every step are held to, each failure with the sentence that names the setting. */
import { SignalError } from "./errors.ts";

/** The most samples that a step keeps for one stream: 80 MB, a day at 115 Hz. */
export const MOST_SAMPLES = 10_000_000;

/** @throws SignalError `INVALID_SETTING` unless the value is a finite number above 0. */
export function positive(name: string, value: number, unit = ""): number {
  if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
  throw invalid(name, value, `a number above 0${unit && ` ${unit}`}`);
}

/** @throws SignalError `INVALID_SETTING` unless the value is a finite number, 0 or above. */
export function notNegative(name: string, value: number, unit = ""): number {
  if (typeof value === "number" && value >= 0 && Number.isFinite(value)) return value;
  throw invalid(name, value, `a number${unit && ` ${unit}`}, 0 or above`);
}

/** @throws SignalError `INVALID_SETTING` unless the value is a whole number from `least` to `most`. */
export function whole(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(name, value, `a whole number from ${least} to ${most}`);
}

/** @throws SignalError `INVALID_SETTING` unless the value is one of those listed. */
export function oneOf<T extends string>(name: string, value: T, choices: readonly T[]): T {
  if (choices.includes(value)) return value;
  throw invalid(name, value, `one of ${choices.join(", ")}`);
}

/** @throws SignalError `BAD_SAMPLE_RATE` unless the value is a finite number above 0. */
export function goodRate(sampleRate: number): number {
  if (typeof sampleRate === "number" && sampleRate > 0 && Number.isFinite(sampleRate)) return sampleRate;
  throw new SignalError(
    "BAD_SAMPLE_RATE",
    `The sample rate is ${shown(sampleRate)}: it must be a number of hertz above 0`,
  );
}

/**
 * How many samples a window has: `round(seconds · rate)`, at least 1.
 * @throws SignalError `INVALID_SETTING` where that is more than a step may keep.
 */
export function windowSamples(name: string, seconds: number, sampleRate: number): number {
  const samples = Math.max(1, Math.round(positive(name, seconds, "of seconds") * goodRate(sampleRate)));
  if (samples <= MOST_SAMPLES) return samples;
  throw new SignalError(
    "INVALID_SETTING",
    `${name} of ${seconds} s has ${samples} samples at ${sampleRate} Hz: choose a window of at most ${MOST_SAMPLES} samples`,
  );
}

export function invalid(name: string, value: unknown, wanted: string): SignalError {
  return new SignalError("INVALID_SETTING", `${name} is ${shown(value)}: it must be ${wanted}`);
}

/** Text and numbers as they are; of anything else the type, as turning it into text may fail. */
export function shown(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? `${value}`.slice(0, 40) : typeof value;
}

/** The later of two times: `Math.max` takes no bigints. */
export function latest(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}
