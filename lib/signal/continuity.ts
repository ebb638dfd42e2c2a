/**
 * How a record follows on those of its stream before it. With `d = start − (previous start + count · period)`, half a sample
 * of tolerance (libmseed's default):
 *
 * - `continuous`: |d| ≤ ½ period;
 * - `gap`: d > ½ period;
 * - otherwise d < −½ period: `duplicate` with the start and count of the record before, `late` if it ends before what was
 *   seen, else `overlap`;
 * - `rate`: another sample rate (by more than 1e-4, libmseed's default): a new segment;
 * - `first`: nothing before it;
 * - `back`: the stream has gone back in time for good (a clock that was set, a replay): see {@link Continuity.push}.
 */
import { type TimeInput, toNanoseconds } from "../time.ts";
import { SignalError } from "./errors.ts";
import { goodRate, shown } from "./settings.ts";

/** How a record follows on: see {@link Continuity}. */
export type ContinuityKind =
  | "first"
  | "continuous"
  | "gap"
  | "overlap"
  | "duplicate"
  | "late"
  | "rate"
  | "back";

/** What is needed of a record: its start, its rate in hertz, and how many samples it has (or these themselves). */
export interface SpanOfSamples {
  startTime: TimeInput;
  sampleRate: number;
  sampleCount?: number;
  samples?: { readonly length: number };
}

/** How a record follows on. Times in nanoseconds since 1970. */
export interface Continued {
  kind: ContinuityKind;
  /** Whether a filter has to begin anew with this record. */
  restart: boolean;
  /** How many samples at its beginning were seen already: all of a duplicate or late record. */
  skip: number;
  /** The time of the first sample that is new (of the record's start, if none is). */
  startTime: bigint;
  /** d above, in seconds; 0 for the first. */
  offset: number;
  /** Length of a gap or overlap: in seconds, and in samples to the nearest; else 0. */
  seconds: number;
  samples: number;
  /** From where to where the gap or overlap reaches; for others the start of the record twice. */
  from: bigint;
  to: bigint;
}

/** The last record that was accepted, or the last of a line of late ones. */
interface Seen {
  start: bigint;
  /** One period behind the last sample. */
  end: bigint;
  count: number;
}

const SAME_RATE = 1e-4;
/** So many records that follow on each other, and so long with none of the present line, make the stream's new time. */
const BACK_RECORDS = 8;
const BACK_NS = 60_000_000_000;
/** Times that still have a date (1677 to 2262, as in 64 bits): beyond them nothing is counted. */
const LATEST = 9_223_372_036_854_775_807n;

/**
 * Says of each record of a stream how it follows on those before: with `d = start − (previous start + count · period)`, it is
 * `continuous` where |d| is half a period at most, and a `gap` where d is more. Otherwise it is a `duplicate` with the start and
 * count of the one before, `late` if it ends before what was seen, else an `overlap`. `rate` is another sample rate, `first` has
 * nothing before it, `back` is a stream that has gone back in time for good.
 */
export class Continuity {
  /** How many records of each kind there have been. */
  readonly counts: Record<ContinuityKind, number> = {
    first: 0,
    continuous: 0,
    gap: 0,
    overlap: 0,
    duplicate: 0,
    late: 0,
    rate: 0,
    back: 0,
  };
  #last: Seen | undefined;
  #rate = 0;
  /** Late records that follow on each other, with none of the present line between them. */
  #rival: { end: bigint; count: number; since: bigint } | undefined;

  /** The time behind the newest sample: one period after it, in nanoseconds since 1970. */
  get end(): bigint | undefined {
    return this.#last?.end;
  }

  /** Forgets the stream's time: the next record is the first. */
  reset(): void {
    this.#last = undefined;
    this.#rival = undefined;
  }

  /**
   * Says how a record follows on, and takes it as the newest unless it is late or a duplicate.
   *
   * A stream with one record from the future would have only late ones from then on. So if the caller says when records
   * arrive, eight late ones in a row that follow on each other, during a minute in which none came that was not late, are the
   * stream's new time (`back`). Without `arrival`, late stays late.
   * @throws SignalError `BAD_SAMPLE_RATE`, `BAD_TIME`, `NO_SAMPLES`; the record is then as if it had not been.
   */
  push(record: SpanOfSamples, arrival?: TimeInput): Continued {
    const rate = goodRate(record.sampleRate);
    const count = countOf(record);
    const start = timeOf(record.startTime);
    const end = start + duration(count, rate);
    if (end > LATEST || start < -LATEST) throw badTime(record.startTime);
    const result = this.#compare(start, end, count, rate);
    if (result.kind === "late" && this.#isBack(start, end, rate, arrival)) this.#goBack(result);
    this.counts[result.kind]++;
    if (result.kind !== "late" && result.kind !== "duplicate")
      this.#accept(result, { start, end, count }, rate);
    return result;
  }

  #accept(result: Continued, seen: Seen, rate: number): void {
    this.#last = seen;
    this.#rival = undefined;
    if (result.restart) this.#rate = rate;
  }

  #compare(start: bigint, end: bigint, count: number, rate: number): Continued {
    const last = this.#last;
    if (!last) return plain("first", start, 0);
    const offset = Number(start - last.end);
    const half = 0.5e9 / this.#rate;
    if (Math.abs(rate / this.#rate - 1) > SAME_RATE) {
      const seen = seenSamples(-offset, count, rate);
      return seen < count ? another(start, offset, seen, rate) : plain("late", start, offset, count);
    }
    if (Math.abs(offset) <= half) return plain("continuous", start, offset);
    if (offset > 0) return between("gap", start, offset, last.end, rate);
    if (count === last.count && Math.abs(Number(start - last.start)) <= half) {
      return plain("duplicate", start, offset, count);
    }
    const seen = seenSamples(-offset, count, rate);
    return end <= last.end || seen === count
      ? plain("late", start, offset, count)
      : between("overlap", start, offset, last.end, rate, seen);
  }

  #isBack(start: bigint, end: bigint, rate: number, arrival: TimeInput | undefined): boolean {
    if (arrival === undefined) return false;
    const now = timeOf(arrival);
    const rival = this.#rival;
    const follows = rival !== undefined && Math.abs(Number(start - rival.end)) <= 0.5e9 / rate;
    this.#rival = { end, count: follows ? rival.count + 1 : 1, since: follows ? rival.since : now };
    return this.#rival.count >= BACK_RECORDS && Number(now - this.#rival.since) >= BACK_NS;
  }

  #goBack(result: Continued): void {
    result.kind = "back";
    result.restart = true;
    result.skip = 0;
  }
}

/** Seconds per count and rate are exact to the nanosecond from each record's own start, so nothing adds up over a day. */
function duration(count: number, rate: number): bigint {
  const nanoseconds = (count * 1e9) / rate;
  if (!(nanoseconds < 9.3e18)) throw badTime("beyond what has a date");
  return BigInt(Math.round(nanoseconds));
}

/** How many samples lie before `overlap` nanoseconds have passed, a half counted up. */
function seenSamples(overlap: number, count: number, rate: number): number {
  return Math.max(0, Math.min(count, Math.round((overlap * rate) / 1e9)));
}

function plain(kind: ContinuityKind, start: bigint, offset: number, skip = 0): Continued {
  return {
    kind,
    restart: kind === "first",
    skip,
    startTime: start,
    offset: offset / 1e9,
    seconds: 0,
    samples: 0,
    from: start,
    to: start,
  };
}

function between(
  kind: "gap" | "overlap",
  start: bigint,
  offset: number,
  end: bigint,
  rate: number,
  skip = 0,
): Continued {
  const length = Math.abs(offset);
  return {
    kind,
    restart: kind === "gap",
    skip,
    startTime: start + duration(skip, rate),
    offset: offset / 1e9,
    seconds: length / 1e9,
    samples: Math.round((length * rate) / 1e9),
    from: kind === "gap" ? end : start,
    to: kind === "gap" ? start : end,
  };
}

function another(start: bigint, offset: number, skip: number, rate: number): Continued {
  return { ...plain("rate", start + duration(skip, rate), offset, skip), restart: true };
}

function countOf(record: SpanOfSamples): number {
  const count = record.sampleCount ?? record.samples?.length;
  if (Number.isSafeInteger(count) && count! > 0) return count!;
  throw new SignalError(
    "NO_SAMPLES",
    `The record's number of samples is ${shown(count)}: it must have one at least`,
  );
}

function timeOf(time: TimeInput): bigint {
  const nanoseconds = toNanoseconds(time);
  if (nanoseconds === undefined) throw badTime(time);
  return nanoseconds;
}

function badTime(time: unknown): SignalError {
  const text = typeof time === "bigint" ? `${time} ns` : shown(time);
  return new SignalError(
    "BAD_TIME",
    `The record's time is ${text}: it must be a Date, text such as 2026-11-22T06:19:29.8Z, microseconds (number) or nanoseconds (bigint) since 1970`,
  );
}
