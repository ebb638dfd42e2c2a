/**
 * Times, as the whole library speaks of them: UTC, without leap seconds (as POSIX and DataLink count).
 *
 * - packet and data times: integer **microseconds** since 1970, a `number` (DataLink's own unit; exact until 2255);
 * - record times: **nanoseconds** since 1970, a `bigint` (miniSEED 3's own unit).
 *
 * Where a caller gives a time it may be a `Date`, an ISO 8601 string, or one of these two: a `number` always
 * means microseconds and a `bigint` always means nanoseconds, wherever it is given.
 */

import { microsecondsText, readMicroseconds, secondText } from "./time-text.ts";

/** A time given by a caller: `Date`, ISO 8601 text (UTC unless it has an offset), `number` of microseconds or `bigint` of nanoseconds. */
export type TimeInput = Date | string | number | bigint;

const DAY_MS = 86_400_000;
/** Of the last day that a `Date` can have. */
const MAX_CALENDAR_SECOND = 8.64e12;

/**
 * Year, month or day of year, and time of day. The separators between date and time, and the forms
 * `2026-325T…` and `2026,325,…`, are those that seismological programs write (libmseed's list).
 */
const CALENDAR = /^([+-]?\d{4,6})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?:[T ](.*))?$/;
const ORDINAL = /^(\d{4})(?:-(\d{3})(?:[T ](.*))?|,(\d{1,3})(?:,(.*))?)$/;
const TIME_OF_DAY = /^(\d{1,2})(?:[:,](\d{1,2})(?:[:,](\d{1,2})(?:\.(\d+))?)?)?(Z|[+-]\d{2}:?\d{2})?$/;

/**
 * The nanoseconds since 1970 that a time stands for, or `undefined` where it is not a time: an invalid `Date`,
 * a number that is not a safe integer, text that is not a date. More than nine decimals are rounded.
 * Second 60 is taken as the first instant of the next minute.
 */
export function toNanoseconds(time: TimeInput): bigint | undefined {
  switch (typeof time) {
    case "bigint":
      return time;
    case "number":
      return Number.isSafeInteger(time) ? BigInt(time) * 1000n : undefined;
    case "string": {
      const microseconds = readMicroseconds(time);
      return microseconds === undefined ? parseTimeText(time) : BigInt(microseconds) * 1000n;
    }
    default: {
      const milliseconds = time instanceof Date ? time.getTime() : Number.NaN;
      return Number.isNaN(milliseconds) ? undefined : BigInt(milliseconds) * 1_000_000n;
    }
  }
}

/** The microseconds since 1970 nearest to a time (halves up), or `undefined` where `toNanoseconds` gives none. */
export function toMicroseconds(time: TimeInput): number | undefined {
  if (typeof time === "number") return Number.isSafeInteger(time) ? time : undefined;
  const microseconds = typeof time === "string" ? readMicroseconds(time) : undefined;
  if (microseconds !== undefined) return microseconds;
  const nanoseconds = toNanoseconds(time);
  return nanoseconds === undefined ? undefined : nanosecondsToMicroseconds(nanoseconds);
}

/** Nanoseconds to the nearest microsecond, halves up. */
export function nanosecondsToMicroseconds(nanoseconds: bigint): number {
  return Number(floorDivide(nanoseconds + 500n, 1000n));
}

/** Now, in microseconds since 1970 (the clock ticks in milliseconds). */
export function nowMicroseconds(): number {
  return Date.now() * 1000;
}

/** `2026-11-22T06:19:29.804015Z`: microseconds as ISO 8601, always six decimals. */
export function formatMicroseconds(microseconds: number): string {
  if (!Number.isSafeInteger(microseconds)) return formatInexact(microseconds);
  // Exact: for no safe integer is the quotient so near a whole number that it is rounded to it.
  const second = Math.floor(microseconds / 1e6);
  return secondText(second) + microsecondsText(microseconds - second * 1e6);
}

/** Of what is not a packet's time: in words where the calendar does not have it, rather than throw while reporting. */
function formatInexact(microseconds: number): string {
  const milliseconds = Math.floor(microseconds / 1000);
  if (!isCalendarSecond(milliseconds / 1000)) return outsideCalendar(milliseconds);
  const whole = BigInt(Math.floor(microseconds));
  const second = floorDivide(whole, 1_000_000n);
  return secondText(Number(second)) + microsecondsText(Number(whole - second * 1_000_000n));
}

/** `2026-11-22T06:19:29.804Z`: nanoseconds as ISO 8601, with as many decimals as needed, at most nine, none for a whole second. */
export function formatNanoseconds(nanoseconds: bigint): string {
  const seconds = floorDivide(nanoseconds, 1_000_000_000n);
  const fraction = Number(nanoseconds - seconds * 1_000_000_000n);
  const second = Number(seconds);
  if (!isCalendarSecond(second)) return outsideCalendar(second * 1000);
  const text = secondText(second);
  return fraction === 0 ? `${text}Z` : `${text}.${decimals(fraction)}Z`;
}

/** Of billionths, without zeros at the end. */
function decimals(fraction: number): string {
  let [value, length] = [fraction, 9];
  while (value % 10 === 0) {
    value /= 10;
    length--;
  }
  return String(value).padStart(length, "0");
}

/** Day of the year, 1 to 366, of a time in milliseconds since 1970. */
export function dayOfYear(milliseconds: number): number {
  const date = new Date(milliseconds);
  return Math.floor((milliseconds - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS) + 1;
}

/** Whether a second is one that `Date` has, ±273,790 years. */
function isCalendarSecond(second: number): boolean {
  return Math.abs(second) <= MAX_CALENDAR_SECOND;
}

function outsideCalendar(milliseconds: number): string {
  return `(${milliseconds} ms since 1970)`;
}

/** Quotient of whole numbers, rounded down also where it is negative. */
export function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor < 0n ? quotient - 1n : quotient;
}

function parseTimeText(text: string): bigint | undefined {
  const trimmed = text.trim();
  const ordinal = ORDINAL.exec(trimmed);
  if (ordinal) {
    const days = Number(ordinal[2] ?? ordinal[4]);
    const year = Number(ordinal[1]);
    if (days < 1 || days > (isLeapYear(year) ? 366 : 365)) return undefined;
    return withTimeOfDay(utcDate(year, 1, days), ordinal[3] ?? ordinal[5]);
  }
  const calendar = CALENDAR.exec(trimmed);
  if (!calendar) return undefined;
  const [year, month, day] = [Number(calendar[1]), Number(calendar[2] ?? 1), Number(calendar[3] ?? 1)];
  const milliseconds = utcDate(year, month, day);
  // A date that the calendar does not have, such as 30 February, comes back as another one.
  if (new Date(milliseconds).getUTCMonth() !== month - 1 || day < 1) return undefined;
  return withTimeOfDay(milliseconds, calendar[4]);
}

function withTimeOfDay(dayMilliseconds: number, timeOfDay: string | undefined): bigint | undefined {
  let nanoseconds = BigInt(dayMilliseconds) * 1_000_000n;
  if (timeOfDay === undefined) return nanoseconds;
  const parts = TIME_OF_DAY.exec(timeOfDay);
  if (!parts) return undefined;
  const [hour, minute, second] = [Number(parts[1]), Number(parts[2] ?? 0), Number(parts[3] ?? 0)];
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  nanoseconds +=
    BigInt((hour * 60 + minute) * 60 + second) * 1_000_000_000n + fractionNanoseconds(parts[4] ?? "");
  const offset = parts[5];
  if (offset !== undefined && offset !== "Z") {
    const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2));
    nanoseconds -= BigInt(offset.startsWith("-") ? -minutes : minutes) * 60_000_000_000n;
  }
  return nanoseconds;
}

function fractionNanoseconds(digits: string): bigint {
  const nine = BigInt(digits.slice(0, 9).padEnd(9, "0"));
  return digits.length > 9 && digits.charCodeAt(9) >= 0x35 ? nine + 1n : nine;
}

/** `Date.UTC` without its rule that years 0 to 99 mean the twentieth century. */
function utcDate(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month - 1, day);
}

function isLeapYear(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}
