/**
 * Whether one stretch of samples follows another: the one rule by which segments, traces and joined records are told
 * apart. The second one starts within the tolerance, half a sample period unless told otherwise, of when the first one's next
 * sample is due, and their rates differ by less than one part in 10,000: libmseed's rule, by which `msi` lists traces.
 */
import { MiniSeedError } from "../errors.ts";
import { type Rate, sampleOffset } from "../rate.ts";
import { leapSecondsWithin } from "../times/leap-seconds.ts";

/** When some samples start, and how they go on. */
export interface Start {
  /** Nanoseconds since 1970. */
  startTime: bigint;
  rate: Rate;
  sampleCount: number;
}

/** Samples that others may follow. */
export interface Stretch extends Start {
  /** When the sample after the last one is due, in nanoseconds since 1970; default: counted from the start. */
  dueTime?: bigint | undefined;
}

/** Relative difference up to which two rates are the same. */
const RATE_TOLERANCE = 1e-4;
/** Times are rounded to the nanosecond, so that two ways to the same one may differ by this. */
const ROUNDING = 1n;
/** The part of the tolerance, and of half a sample, by which joining may move a sample. */
const MOVED_PART = 10n;

/**
 * @param tolerance seconds, default half a sample period of what comes next; a nanosecond of rounding is always tolerated
 */
export function follows(before: Stretch, next: Start, tolerance?: number): boolean {
  if (!isSeries(before) || !isSeries(next) || !isSameRate(before.rate, next.rate)) return false;
  const late = next.startTime - dueTime(before);
  const slack = slackOf(next.rate, tolerance);
  return late <= slack && -late <= slack;
}

/**
 * Whether samples can be written as if they were due just when those before end: at their own time, or so near to it (a tenth
 * of the tolerance, and no more than a twentieth of a sample) that this is not worth a word, and at the very same rate, which
 * one record tells of all its samples.
 */
export function joins(before: Stretch, next: Start, tolerance = Number.POSITIVE_INFINITY): boolean {
  const { rate } = before;
  if (next.rate.samples !== rate.samples || next.rate.seconds !== rate.seconds) return false;
  const moved = next.startTime - dueTime(before);
  const half = Number(slackOf(rate)) / 1e9;
  const most = slackOf(rate, Math.min(tolerance, half)) / MOVED_PART || ROUNDING;
  return moved <= most && -moved <= most;
}

/** Whether there are samples in time: text and headers alone are none. */
export function isSeries({ rate, sampleCount }: Start): boolean {
  return rate.samples > 0n && sampleCount > 0;
}

/** When the sample after the last one is due, in nanoseconds since 1970. A leap second on the way does not count. */
export function dueTime({ startTime, rate, sampleCount, dueTime }: Stretch): bigint {
  if (dueTime !== undefined) return dueTime;
  const counted = startTime + sampleOffset(rate, sampleCount);
  return counted - leapSecondsWithin(startTime, counted);
}

/** The tolerance in nanoseconds. */
export function slackOf(rate: Rate, tolerance?: number): bigint {
  if (tolerance === undefined) return sampleOffset(rate, 1) / 2n;
  const slack = BigInt(Math.round(tolerance * 1e9));
  return slack > ROUNDING ? slack : ROUNDING;
}

/** @throws MiniSeedError `INVALID_ARGUMENT` for a tolerance that is not a number of seconds */
export function checkTolerance(tolerance: number | undefined): void {
  if (tolerance === undefined || (tolerance >= 0 && tolerance < 1e9)) return;
  throw new MiniSeedError("INVALID_ARGUMENT", `tolerance ${tolerance} is not a number of seconds`);
}

/** Whether two rates differ by less than one part in 10,000. */
export function isSameRate(a: Rate, b: Rate): boolean {
  if (a.samples === b.samples && a.seconds === b.seconds) return true;
  return Math.abs(a.hertz - b.hertz) < RATE_TOLERANCE * Math.max(a.hertz, b.hertz);
}
