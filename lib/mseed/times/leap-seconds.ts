/**
 * The leap seconds so far (IERS Bulletin C). Times here do not count them, as POSIX time does not; but a series that was
 * sampled through one has a second more than the times of its ends tell.
 */

/** Days after which a second was inserted, `[year, month, day]`; none was ever taken out. */
const DAYS: readonly [number, number, number][] = [
  [1972, 6, 30],
  [1972, 12, 31],
  [1973, 12, 31],
  [1974, 12, 31],
  [1975, 12, 31],
  [1976, 12, 31],
  [1977, 12, 31],
  [1978, 12, 31],
  [1979, 12, 31],
  [1981, 6, 30],
  [1982, 6, 30],
  [1983, 6, 30],
  [1985, 6, 30],
  [1987, 12, 31],
  [1989, 12, 31],
  [1990, 12, 31],
  [1992, 6, 30],
  [1993, 6, 30],
  [1994, 6, 30],
  [1995, 12, 31],
  [1997, 6, 30],
  [1998, 12, 31],
  [2005, 12, 31],
  [2008, 12, 31],
  [2012, 6, 30],
  [2015, 6, 30],
  [2016, 12, 31],
];

const SECOND = 1_000_000_000n;

/** When the day after the last one begins, in microseconds since 1970. */
export const LAST_LEAP_SECOND = Math.max(
  ...DAYS.map(([year, month, day]) => Date.UTC(year, month - 1, day + 1) * 1000),
);

/** The instants at which the day after begins, nanoseconds since 1970, ascending. */
const INSTANTS = DAYS.map(([year, month, day]) => BigInt(Date.UTC(year, month - 1, day + 1)) * 1_000_000n);

/**
 * The leap seconds, in nanoseconds, that a series from `start` has passed at the time that counting its samples gives.
 * The leap second itself takes the times of the second after it.
 * @param isInside whether `start` is inside a leap second, second 60, and not in the second after it, which has the same time
 */
export function leapSecondsWithin(start: bigint, counted: bigint, isInside = false): bigint {
  return secondsPassed(isInside ? start - SECOND : start, counted);
}

function secondsPassed(start: bigint, counted: bigint): bigint {
  const last = INSTANTS[INSTANTS.length - 1] as bigint;
  if (start >= last) return 0n;
  let passed = 0n;
  for (const instant of INSTANTS) {
    if (start < instant && counted - passed >= instant + SECOND) passed += SECOND;
  }
  return passed;
}
