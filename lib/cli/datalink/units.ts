/** Times and numbers as tables show them to people: short, and with their units. `--json` has them exactly. */
import { formatMicroseconds } from "../../time.ts";

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** Microseconds since 1970 as `2026-11-22 06:00:00`, UTC; `-` for a time that is not told. */
export function shortTime(microseconds: number | undefined): string {
  if (microseconds === undefined || microseconds === 0) return "-";
  return formatMicroseconds(microseconds).slice(0, 19).replace("T", " ");
}

/** Seconds as `0.3 s`, `12 min`, `3.4 h`, `12 d`. */
export function durationText(seconds: number): string {
  const size = Math.abs(seconds);
  if (size < 100) return `${seconds.toFixed(1)} s`;
  if (size < 100 * MINUTE) return `${(seconds / MINUTE).toFixed(0)} min`;
  if (size < 2 * DAY) return `${(seconds / HOUR).toFixed(1)} h`;
  return `${(seconds / DAY).toFixed(0)} d`;
}

/** `512 bytes`, `64.0 MiB (67108864 bytes)`. */
export function bytesText(bytes: number): string {
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let [value, unit] = [bytes, ""];
  for (const larger of units) if (value >= 1024) [value, unit] = [value / 1024, larger];
  return unit === "" ? `${bytes} bytes` : `${value.toFixed(1)} ${unit} (${bytes} bytes)`;
}
