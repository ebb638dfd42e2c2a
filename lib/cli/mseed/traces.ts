/** Records joined into continuous traces while they are read, and lists of these and of their gaps. The forms are those of msi. */
import {
  type JoinedSeries,
  joinRecords,
  type MiniSeedRecord,
  type Segment,
  type Span,
} from "../../mseed/index.ts";
import type { SampleRange } from "../../mseed/join/cut.ts";
import { dueTime, follows } from "../../mseed/join/follows.ts";
import { isInSecond60, mayBeInSecond60 } from "../../mseed/join/second-60.ts";
import { formatNanoseconds } from "../../time.ts";
import { CommandError } from "../command.ts";
import type { OutputStream } from "../terminal.ts";
import { type Layout, layoutFor } from "./text/layout.ts";
import { significant } from "./text/number-text.ts";
import { isoText } from "./text/time-text.ts";

export interface TraceOptions {
  /** Seconds; `undefined`: half a sample. */
  tolerance: number | undefined;
  /** Records of another publication version are another trace. */
  separateVersions: boolean;
}

/** A continuous stretch; whether its ends are inside a leap second, which their times do not tell. */
interface TraceSpan extends Span {
  startsIn60: boolean;
  endsIn60: boolean;
}

export type Trace = JoinedSeries<TraceSpan>;

/** Takes records one by one, and holds no more of them than where continuous stretches begin and end. */
export class TraceCollector {
  readonly #options: TraceOptions;
  readonly #spans: TraceSpan[] = [];
  /** The latest stretch of each source id, and version. */
  readonly #latest = new Map<string, TraceSpan>();

  constructor(options: TraceOptions) {
    this.#options = options;
  }

  /** @param range the samples that count */
  add(record: MiniSeedRecord, range: SampleRange): void {
    const { rate, publicationVersion } = record;
    const sourceId = record.sourceId.text;
    const sampleCount = range.to - range.from;
    const first = record.startTime;
    const last = Math.max(range.from, range.to - 1);
    const timeOf = (index: number) => dueTime({ startTime: first, rate, sampleCount: index });
    const [startTime, endTime, due] = [timeOf(range.from), timeOf(last), timeOf(range.to)];
    const start = { startTime, rate, sampleCount };
    const endsIn60 = mayBeInSecond60(endTime) && isInSecond60(record, last);
    const key = this.#options.separateVersions ? `${publicationVersion} ${sourceId}` : sourceId;
    const latest = this.#latest.get(key);
    // What comes right after. Any other way in which it fits is found in the end.
    if (latest && follows(latest, start, this.#options.tolerance)) {
      latest.endTime = endTime;
      latest.endsIn60 = endsIn60;
      latest.dueTime = due;
      latest.sampleCount += sampleCount;
      latest.publicationVersion = Math.max(latest.publicationVersion, publicationVersion);
      return;
    }
    const startsIn60 = mayBeInSecond60(startTime) && isInSecond60(record, range.from);
    const times = { startTime, endTime, dueTime: due, startsIn60, endsIn60 };
    const span = { sourceId, ...times, rate, sampleCount, publicationVersion };
    this.#spans.push(span);
    this.#latest.set(key, span);
  }

  /**
   * The traces, by source id.
   * @throws CommandError where too many stretches overlap
   */
  traces(): Trace[] {
    const { tolerance, separateVersions } = this.#options;
    checkOverlaps(this.#spans);
    const traces = joinRecords(this.#spans, { tolerance, separateVersions });
    return traces.sort(
      (a, b) => compareText(a.sourceId.text, b.sourceId.text) || a.publicationVersion - b.publicationVersion,
    );
  }
}

/** Stretches that may overlap others: the time that joining takes grows with the square of their number. */
const MAX_OVERLAPS = 50_000;

function checkOverlaps(spans: readonly Span[]): void {
  const latestEnds = new Map<string, bigint>();
  let overlaps = 0;
  for (const { sourceId, startTime, endTime } of spans.toSorted((a, b) =>
    Number(a.startTime - b.startTime),
  )) {
    const id = String(sourceId);
    const latest = latestEnds.get(id);
    if (latest !== undefined && startTime <= latest) overlaps++;
    if (latest === undefined || endTime > latest) latestEnds.set(id, endTime);
  }
  if (overlaps > MAX_OVERLAPS) {
    throw new CommandError(
      `${overlaps} stretches of records overlap others, too many to list: "mseed merge --dedupe" leaves out what is there twice`,
    );
  }
}

/** Columns: source id, times, rate or gap, samples. */
type Columns = (id: string, first: string, second: string, ...rest: string[]) => string;

function columnsOf({ id, timeColumn }: Layout): Columns {
  return (text, first, second, ...rest) =>
    [id(text), timeColumn(first), timeColumn(second), ...rest].join(" ");
}

/** A line for each segment, with a heading and a total. */
export function* traceLines(traces: readonly Trace[], stdout: OutputStream): Generator<string, void> {
  const layout = layoutOf(traces, stdout);
  const columns = columnsOf(layout);
  yield columns("SourceID", "Start sample", "End sample", "Hz ", "Samples");
  for (const { sourceId, segments } of traces) {
    for (const segment of segments) {
      const [start, end] = ends(segment, layout.time);
      const rate = significant(segment.sampleRate, 3).padEnd(3);
      yield columns(sourceId.text, start, end, rate, String(segment.sampleCount));
    }
  }
  const count = traces.reduce((sum, { segments }) => sum + segments.length, 0);
  yield `Total: ${traces.length} trace(s) with ${count} segment(s)`;
}

/** The times of a segment's first and last sample, as text. */
function ends(
  { startTime, endTime, records }: Segment<TraceSpan>,
  text: (time: bigint, isInSecond60?: boolean) => string,
): [string, string] {
  return [text(startTime, records[0]?.startsIn60), text(endTime, records.at(-1)?.endsIn60)];
}

/** A line for each gap, and for each overlap with a negative gap, with a heading and a total. */
export function* gapLines(traces: readonly Trace[], stdout: OutputStream): Generator<string, void> {
  const layout = layoutOf(traces, stdout);
  const columns = columnsOf(layout);
  yield columns("SourceID", "Last Sample", "Next Sample", "Gap ", "Samples");
  let count = 0;
  for (const trace of traces) {
    for (const { last, next, seconds, samples } of gapsOf(trace)) {
      count++;
      const [from, to] = [layout.time(last), layout.time(next)];
      yield columns(trace.sourceId.text, from, to, gapText(seconds), String(samples));
    }
  }
  yield `Total: ${count} gap(s)`;
}

/** Each segment as JSON. */
export function* traceJson(traces: readonly Trace[]): Generator<string, void> {
  for (const { sourceId, segments } of traces) {
    for (const segment of segments) {
      const [startTime, endTime] = ends(segment, isoText);
      const { sampleRate, sampleCount } = segment;
      yield JSON.stringify({
        kind: "segment",
        sourceId: sourceId.text,
        startTime,
        endTime,
        sampleRate,
        sampleCount,
      });
    }
  }
}

/** Each gap and overlap as JSON. */
export function* gapJson(traces: readonly Trace[]): Generator<string, void> {
  for (const { sourceId, discontinuities } of traces) {
    for (const { kind, startTime, endTime, samples } of discontinuities) {
      yield JSON.stringify({
        kind,
        sourceId: sourceId.text,
        startTime: formatNanoseconds(startTime),
        endTime: formatNanoseconds(endTime),
        samples,
      });
    }
  }
}

interface Gap {
  /** Of what comes before; of an overlap, the last one that is there twice. */
  last: bigint;
  /** The first sample of what comes after. */
  next: bigint;
  seconds: number;
  samples: number;
}

/** Discontinuities as msi shows them, from sample to sample. Each comes with a segment that it lies before. */
function* gapsOf({ segments, discontinuities }: Trace): Generator<Gap, void> {
  let lasting: Segment<TraceSpan> | undefined;
  let at = 0;
  for (const segment of segments) {
    const found = discontinuities[at];
    const next = found?.kind === "gap" ? found.endTime : found?.startTime;
    if (found && lasting && next === segment.startTime) {
      at++;
      const last = found.kind === "gap" ? lasting.endTime : found.endTime;
      const period = found.kind === "gap" ? 0 : 1 / lasting.sampleRate;
      yield { last, next, seconds: Number(next - last) / 1e9 - period, samples: found.samples };
    }
    if (segment.sampleRate > 0 && (!lasting || segment.endTime > lasting.endTime)) lasting = segment;
  }
}

/** Seconds, hours or days in at least four characters. */
function gapText(seconds: number): string {
  const size = Math.abs(seconds);
  let text = significant(seconds, 4);
  if (size > 86_400) text = `${(seconds / 86_400).toFixed(1)}d`;
  else if (size > 3600) text = `${(seconds / 3600).toFixed(1)}h`;
  return text.padEnd(4);
}

function layoutOf(traces: readonly Trace[], stdout: OutputStream): Layout {
  return layoutFor(
    stdout,
    traces.map(({ sourceId }) => sourceId.text),
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
