/** Fields of things that come from outside, each of which may be anything. */
import { type TimeInput, toMicroseconds } from "../../time.ts";

/** An object's properties; none where it is not one. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** The first that is a finite number, also where it is written as text. */
export function numberOf(...values: unknown[]): number | null {
  for (const value of values) {
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    if (typeof number === "number" && Number.isFinite(number)) return number;
  }
  return null;
}

/** The first that is text, or a number, on one line and at most so long. */
export function textOf(most: number, ...values: unknown[]): string {
  for (const value of values) {
    if (typeof value === "number") return String(value);
    if (typeof value !== "string") continue;
    // Also what turns the direction of text round, so that a name from a catalogue cannot rewrite a line of the page.
    const text = value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();
    if (text !== "") return text.slice(0, most);
  }
  return "";
}

/** Microseconds since 1970 of a time, where a number is milliseconds, as in JavaScript and GeoJSON. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value === "number") {
    const time = Math.round(value * 1000);
    return Number.isSafeInteger(time) ? time : undefined;
  }
  const isTime = typeof value === "string" || typeof value === "bigint" || value instanceof Date;
  const time = isTime ? toMicroseconds(value as TimeInput) : undefined;
  return Number.isSafeInteger(time) ? time : undefined;
}
