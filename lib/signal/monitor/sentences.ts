/** Times and lengths of time in the sentences of the monitor, as people say them. */
import { formatNanoseconds } from "../../time.ts";

const UNITS = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
] as const;

/** `0.2 s`, `45 s`, `5 minutes`, `3 hours`: from a minute on to the whole number, of the largest unit that there are two of. */
export function lengthText(seconds: number): string {
  if (seconds < 60) return `${Number(seconds.toFixed(seconds < 10 ? 1 : 0))} s`;
  const [name, length] = UNITS.find(([, unit]) => seconds >= 2 * unit) ?? UNITS[2];
  return countText(Math.round(seconds / length), name);
}

/** `1 gap`, `2 gaps`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** `2026-01-01 00:00:12 UTC`, from nanoseconds since 1970; tenths where they are not 0. */
export function timeText(time: bigint): string {
  const tenths = (time / 100_000_000n) * 100_000_000n;
  return `${formatNanoseconds(tenths).replace("T", " ").replace("Z", "")} UTC`;
}
