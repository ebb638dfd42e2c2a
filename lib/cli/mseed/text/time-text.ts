/** Times as the field's programs print them: always six decimals, nine where they are needed. */
import { dayOfYear, formatNanoseconds } from "../../../time.ts";

/**
 * Nanoseconds as `2010-02-27T06:50:00.069539Z`.
 * @param isInSecond60 whether it is a time inside a leap second, which has the times of the second after it
 */
export function timeText(nanoseconds: bigint, isInSecond60 = false): string {
  const text = isoText(nanoseconds, isInSecond60).slice(0, -1);
  const [whole = "", fraction = ""] = text.split(".");
  return `${whole}.${fraction.padEnd(fraction.length > 6 ? 9 : 6, "0")}Z`;
}

/** The same with the day of the year after it: `2010-02-27T06:50:00.069539Z (058)`. */
export function timeAndDayText(nanoseconds: bigint, isInSecond60 = false): string {
  const shown = isInSecond60 ? nanoseconds - SECOND : nanoseconds;
  const day = dayOfYear(Math.floor(Number(shown) / 1e6));
  return `${timeText(nanoseconds, isInSecond60)} (${String(day).padStart(3, "0")})`;
}

/** With as many decimals as are needed: `2016-12-31T23:59:60.5Z`. */
export function isoText(nanoseconds: bigint, isInSecond60 = false): string {
  if (!isInSecond60) return formatNanoseconds(nanoseconds);
  return formatNanoseconds(nanoseconds - SECOND).replace(/:59(?=[.Z])/, ":60");
}

const SECOND = 1_000_000_000n;
