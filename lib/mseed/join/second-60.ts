/** Samples inside a leap second: their times are those of the second after it, so that the times do not tell. */

import { sampleOffset } from "../rate.ts";
import type { MiniSeedRecord } from "../record.ts";
import { calendarSeconds } from "../times/calendar.ts";
import { leapSecondsWithin } from "../times/leap-seconds.ts";

const SECOND = 1_000_000_000n;

/** Whether a time may be in second 60: only those in the first second of a minute may. */
export function mayBeInSecond60(time: bigint): boolean {
  return time % (60n * SECOND) < SECOND;
}

/** Whether a record's first sample is in second 60. */
export function startsInSecond60({ calendarTime, startTime }: MiniSeedRecord): boolean {
  const { year, dayOfYear, hour, minute, second } = calendarTime;
  // A correction may have moved it into another second.
  return second === 60 && startTime / SECOND === BigInt(calendarSeconds(year, dayOfYear, hour, minute, 60));
}

/** Whether a sample of a record is in second 60, by its index. */
export function isInSecond60(record: MiniSeedRecord, index: number): boolean {
  const { startTime, rate } = record;
  const counted = startTime + sampleOffset(rate, index);
  if (startsInSecond60(record)) return counted / SECOND === startTime / SECOND;
  return leapSecondsWithin(startTime, counted + SECOND) > leapSecondsWithin(startTime, counted);
}
