/** Times as the field's programs print them: always six decimals, nine where they are needed. */
import { dayOfYear, formatNanoseconds } from "../../../time.ts";

/** Nanoseconds as `2010-02-27T06:50:00.069539Z`. */
export function timeText(nanoseconds: bigint): string {
  const text = formatNanoseconds(nanoseconds).slice(0, -1);
  const [whole = "", fraction = ""] = text.split(".");
  return `${whole}.${fraction.padEnd(fraction.length > 6 ? 9 : 6, "0")}Z`;
}

/** The same with the day of the year after it: `2010-02-27T06:50:00.069539Z (058)`. */
export function timeAndDayText(nanoseconds: bigint): string {
  const day = dayOfYear(Math.floor(Number(nanoseconds) / 1e6));
  return `${timeText(nanoseconds)} (${String(day).padStart(3, "0")})`;
}
