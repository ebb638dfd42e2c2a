/** Figures beside a trace, as short as they can be read. */

const DURATIONS = [
  { unit: "s", length: 1, below: 120 },
  { unit: "min", length: 60, below: 7200 },
  { unit: "h", length: 3600, below: 172_800 },
  { unit: "d", length: 86_400, below: 63_072_000 },
  { unit: "a", length: 31_557_600, below: Number.POSITIVE_INFINITY },
];

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

/** How old the newest sample is, in seconds; below zero where its clock is ahead. */
export function latencyText(node: EditorNode, seconds: number): string {
  const key = seconds < -1 ? "waveform.picture.ahead" : "waveform.picture.latency";
  return node._(key, { time: durationText(Math.abs(seconds)) });
}

function durationText(seconds: number): string {
  const { unit, length } = DURATIONS.find(({ below }) => seconds < below) ?? DURATIONS.at(-1)!;
  return `${(seconds / length).toFixed(seconds < 9.95 ? 1 : 0)} ${unit}`;
}
