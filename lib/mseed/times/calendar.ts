/** The calendar of record headers: year, day of year and time of day, and nanoseconds since 1970. */

/** A start time as the header has it; second 60 is inside a positive leap second. */
export interface CalendarTime {
  year: number;
  /** 1 to 366. */
  dayOfYear: number;
  hour: number;
  minute: number;
  second: number;
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
  let seconds = time / NS_PER_SECOND;
  let nanosecond = time % NS_PER_SECOND;
  if (nanosecond < 0n) {
    seconds -= 1n;
    nanosecond += NS_PER_SECOND;
  }
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

/** The first and the last year of miniSEED 3, in nanoseconds. */
export const FIRST_TIME = BigInt(calendarSeconds(0, 1, 0, 0, 0)) * NS_PER_SECOND;
export const END_OF_TIMES = BigInt(calendarSeconds(65_536, 1, 0, 0, 0)) * NS_PER_SECOND;

export function daysInYear(year: number): number {
  return daysTo(year + 1) - daysTo(year);
}

/** Days from 1970 to the first of January of a year of the Gregorian calendar. */
function daysTo(year: number): number {
  const y = year - 1;
  return 365 * (year - 1970) + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) - 477;
}
