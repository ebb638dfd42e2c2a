/** How much of a span of time a stream has samples for, and where it has none. */
import { sampleOffset } from "../rate.ts";
import { dueTime, isSeries, slackOf } from "./follows.ts";
import type { JoinedSeries, Span } from "./series.ts";

/** A span without samples: from when the first one is missing to when samples are there again. Nanoseconds since 1970. */
export interface MissingSpan {
  startTime: bigint;
  endTime: bigint;
}

/** What is there of one stream between two times. */
export interface Availability {
  /** The span that is looked at, nanoseconds since 1970. */
  startTime: bigint;
  endTime: bigint;
  /** Seconds with samples: each one stands for the time up to the next. */
  seconds: number;
  /** The same in percent of the span. */
  percent: number;
  /** In order of time. */
  gaps: MissingSpan[];
}

/** What to look at. */
export interface AvailabilityOptions {
  /** Nanoseconds since 1970; default: from the first sample to when the one after the last would be due. */
  startTime?: bigint | undefined;
  endTime?: bigint | undefined;
  /** Seconds: a gap that is shorter counts as data. Default 0. */
  minGap?: number | undefined;
  /** Seconds, as for `joinRecords`. */
  tolerance?: number | undefined;
}

/** A span with samples. */
interface Covered extends MissingSpan {
  /** Of the samples at its start. */
  period: bigint;
  /** How late samples may come and still follow its end. */
  slack: bigint;
}

/** The availability of a series; `undefined` where it has no samples in time. */
export function availabilityOf<T extends Span>(
  series: JoinedSeries<T>,
  { startTime, endTime, minGap = 0, tolerance }: AvailabilityOptions = {},
): Availability | undefined {
  const covered = coveredSpans(series, tolerance);
  const [first, last] = [covered[0], covered.at(-1)];
  if (!first || !last) return undefined;
  const start = startTime ?? first.startTime;
  const end = endTime ?? last.endTime;
  const gaps: MissingSpan[] = [];
  // At the edges less than a period is not a gap: samples do not lie on them.
  if (first.startTime - start >= first.period) gaps.push({ startTime: start, endTime: first.startTime });
  for (const [i, span] of covered.slice(1).entries()) {
    gaps.push({ startTime: (covered[i] as Covered).endTime, endTime: span.startTime });
  }
  if (end - last.endTime > last.slack) gaps.push({ startTime: last.endTime, endTime: end });
  const shortest = BigInt(Math.round(minGap * 1e9));
  const found = gaps.filter((gap) => gap.endTime - gap.startTime >= shortest);
  const missing = found.reduce((sum, gap) => sum + gap.endTime - gap.startTime, 0n);
  const span = end - start;
  const seconds = Number(span - missing) / 1e9;
  const percent = span > 0n ? (100 * Number(span - missing)) / Number(span) : 100;
  return { startTime: start, endTime: end, seconds, percent, gaps: found };
}

/** The spans with samples, those that overlap or follow each other as one, in order of time. */
function coveredSpans<T extends Span>(
  { segments }: JoinedSeries<T>,
  tolerance: number | undefined,
): Covered[] {
  const covered: Covered[] = [];
  for (const { startTime, records } of segments) {
    const [first, last] = [records[0], records.at(-1)];
    if (!first || !last || !isSeries(first)) continue;
    const endTime = dueTime(last);
    const slack = slackOf(last.rate, tolerance);
    const before = covered.at(-1);
    if (!before || startTime - before.endTime > before.slack) {
      covered.push({ startTime, endTime, period: sampleOffset(first.rate, 1), slack });
    } else if (endTime > before.endTime) {
      before.endTime = endTime;
      before.slack = slack;
    }
  }
  return covered;
}
