/** Times as commands have them, and as INFO gives them. All are UTC; here microseconds since 1970. */
import { formatMicroseconds, toMicroseconds } from "../../time.ts";

const SECOND = 1_000_000;

/** `2024,02,03,04,05,06`, of protocol 3, which knows whole seconds only: rounded down, or up. */
export function formatTime3(microseconds: number, round: "down" | "up" = "down"): string {
  const seconds = round === "down" ? Math.floor(microseconds / SECOND) : Math.ceil(microseconds / SECOND);
  return formatMicroseconds(seconds * SECOND)
    .slice(0, 19)
    .replace(/[-T:]/g, ",");
}

/** `2024-02-03T04:05:06.000000Z`, of protocol 4, always with a fraction: some servers insist on one. */
export function formatTime4(microseconds: number): string {
  return formatMicroseconds(microseconds);
}

/** Microseconds of a time in INFO: ISO 8601, or as SeisComP writes it, `2024/02/03 04:05:46.0000`. */
export function parseInfoTime(text: string): number | undefined {
  return toMicroseconds(text.trim().replace(/^(\d{4})\/(\d{1,2})\/(\d{1,2})/, "$1-$2-$3"));
}
