/** Figures beside a trace, as short as they can be read. */
import { iso } from "./ticks.ts";

const DURATIONS = [
  { unit: "s", length: 1, below: 120 },
  { unit: "min", length: 60, below: 7200 },
  { unit: "h", length: 3600, below: Number.POSITIVE_INFINITY },
];
/** Seconds. Of what is older than this its date says more than its age. */
const OLD = 172_800;

/** What half the height of a row stands for, around which value. */
export function scaleText({ centre, halfRange }: { centre: number; halfRange: number }): string {
  if (halfRange === 0) return "";
  const offset = Math.abs(centre) > halfRange ? `${numberText(centre)} ` : "";
  return `${offset}±${numberText(halfRange)}`;
}

function numberText(number: number): string {
  const size = Math.abs(number);
  if (size !== 0 && (size >= 1e7 || size < 1e-3)) return number.toExponential(1).replace("e+", "e");
  return String(Number(number.toPrecision(4)));
}

/**
 * How old the newest sample is, or its date where that says more.
 * @param seconds below zero where its clock is ahead
 * @param newest milliseconds since 1970
 */
export function latencyText(node: EditorNode, seconds: number, newest: number): string {
  if (Math.abs(seconds) >= OLD) {
    return node._("waveform.picture.until", { time: iso(newest).slice(0, 16).replace("T", " ") });
  }
  const key = seconds < -1 ? "waveform.picture.ahead" : "waveform.picture.latency";
  return node._(key, { time: durationText(Math.abs(seconds)) });
}

/** The values from `low` to `high`, as exactly as a picture has them, whose steps are so large. */
export function valueText(low: number, high: number, step: number): string {
  const one = (value: number) => numberText(Math.round(value / step) * step);
  return one(low) === one(high) ? one(low) : `${one(low)} … ${one(high)}`;
}

function durationText(seconds: number): string {
  const { unit, length } = DURATIONS.find(({ below }) => seconds < below) ?? DURATIONS.at(-1)!;
  return `${(seconds / length).toFixed(seconds < 9.95 ? 1 : 0)} ${unit}`;
}
