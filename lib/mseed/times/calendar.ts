/** The calendar of record headers: year, day of year and time of day, and nanoseconds since 1970. */

import { floorDivide, formatNanoseconds } from "../../time.ts";

/** A start time as the header has it; second 60 is inside a positive leap second. */
export interface CalendarTime {
  /** 0 to 65535. */
  year: number;
  /** 1 to 366. */
  dayOfYear: number;
  /** 0 to 23. */
  hour: number;
  /** 0 to 59. */
  minute: number;
  /** 0 to 60. */
  second: number;
  /** 0 to 999,999,999; more where a record tells more. */
  nanosecond: number;
}

const DAY_SECONDS = 86_400;
const NS_PER_SECOND = 1_000_000_000n;

/** Whole seconds from 1970 to a calendar time. Counts on where a part is out of its range: day 0 is 31 December. */
export function calendarSeconds(
  year: number,
  dayOfYear: number,
  hour: number,
  minute: number,
  second: number,
): number {
  return (daysTo(year) + dayOfYear - 1) * DAY_SECONDS + (hour * 60 + minute) * 60 + second;
}

/** Nanoseconds since 1970, from whole seconds and a number of nanoseconds of any size. */
export function toBigNanoseconds(seconds: number, nanoseconds: number): bigint {
  return BigInt(seconds) * NS_PER_SECOND + BigInt(nanoseconds);
}

/** The calendar time of nanoseconds since 1970. */
export function fromBigNanoseconds(time: bigint): CalendarTime {
  const seconds = floorDivide(time, NS_PER_SECOND);
  const nanosecond = time - seconds * NS_PER_SECOND;
  const days = Math.floor(Number(seconds) / DAY_SECONDS);
  const ofDay = Number(seconds) - days * DAY_SECONDS;
  let year = 1970 + Math.floor(days / 365.2425);
  while (daysTo(year) > days) year--;
  while (daysTo(year + 1) <= days) year++;
  return {
    year,
    dayOfYear: days - daysTo(year) + 1,
    hour: Math.floor(ofDay / 3600),
    minute: Math.floor(ofDay / 60) % 60,
    second: ofDay % 60,
    nanosecond: Number(nanosecond),
  };
}

/**
 * As `fromBigNanoseconds`, for a time inside a leap second, which counts as the second after it: told as second 60. Where no
 * minute ends before that, there is no second 60 either.
 */
export function inLeapSecond(time: bigint): CalendarTime {
  const before = fromBigNanoseconds(time - NS_PER_SECOND);
  return before.second === 59 ? { ...before, second: 60 } : fromBigNanoseconds(time);
}

/** As `formatNanoseconds`, for a time inside a leap second: `2016-12-31T23:59:60.5Z`. */
export function formatInLeapSecond(time: bigint): string {
  const before = formatNanoseconds(time - NS_PER_SECOND);
  return inLeapSecond(time).second === 60 ? before.replace(/:59(?=[.Z])/, ":60") : formatNanoseconds(time);
}

/** Years, the first and the last one, that a header can tell or that readers understand. */
export interface Years {
  /** The first one. */
  readonly first: number;
  /** The last one, which counts. */
  readonly last: number;
}

/** A year of version 3 has 16 bits. */
export const YEARS_OF_3: Years = { first: 0, last: 65_535 };
/** Version 2 is read where nanoseconds in 64 bits reach: a header without a magic number must make sense. */
export const YEARS_READ_OF_2: Years = { first: 1678, last: 2262 };
/** Readers tell the byte order of a header of version 2 by its year: outside of these they may fail. */
export const YEARS_WRITTEN_OF_2: Years = { first: 1900, last: 2100 };
/** Years that fit a time in a blockette, where year 0 means that there is none. */
export const YEARS_OF_BLOCKETTES: Years = { first: 1, last: 9999 };

/** The last of the 0.1 ms of a second, as miniSEED 2 counts them; a few programs write larger numbers. */
export const LAST_FRACTION_OF_2 = 9999;

/** Whether a time, in nanoseconds since 1970, lies within some years. */
export function isWithin(time: bigint, { first, last }: Years): boolean {
  const seconds = floorDivide(time, NS_PER_SECOND);
  return seconds >= calendarSeconds(first, 1, 0, 0, 0) && seconds < calendarSeconds(last + 1, 1, 0, 0, 0);
}

/** 365 or 366. */
export function daysInYear(year: number): number {
  return daysTo(year + 1) - daysTo(year);
}

/** Days from 1970 to the first of January of a year of the Gregorian calendar. */
function daysTo(year: number): number {
  const y = year - 1;
  return 365 * (year - 1970) + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) - 477;
}
