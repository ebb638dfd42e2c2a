/** Records joined into continuous segments, by source identifier; the gaps and overlaps between those. */
import { SourceId } from "../../source-id.ts";
import { MiniSeedError } from "../errors.ts";
import type { SampleArray, Samples } from "../payload/decode.ts";
import type { Rate } from "../rate.ts";
import type { MiniSeedRecord } from "../record.ts";
import { checkTolerance, dueTime, follows, isSeries, slackOf } from "./follows.ts";

/** What of a record matters for joining: a `MiniSeedRecord`, or something that takes less memory. */
export interface Span {
  sourceId: SourceId | string;
  /** Times of the first and the last sample, nanoseconds since 1970. */
  startTime: bigint;
  endTime: bigint;
  rate: Rate;
  sampleCount: number;
  publicationVersion: number;
  /** When the sample after the last one is due, nanoseconds since 1970. Default: counted from the start time. */
  dueTime?: bigint | undefined;
}

/** How to join. */
export interface JoinOptions {
  /** How far a record's start may be from where the one before leads, in seconds. Default: half a sample period. */
  tolerance?: number | undefined;
  /** Whether records of another publication version are another series. Default `false`. */
  separateVersions?: boolean | undefined;
}

/** Records that follow each other without a gap. */
export interface Segment<T extends Span = MiniSeedRecord> {
  startTime: bigint;
  /** Time of the last sample. */
  endTime: bigint;
  /** Samples per second. */
  sampleRate: number;
  sampleCount: number;
  /** In order of time. */
  records: T[];
}

/** Where a series has no samples, or some of them twice. */
export interface Discontinuity {
  kind: "gap" | "overlap";
  /** Of a gap: when the first sample is missing. Of an overlap: when the second segment starts. */
  startTime: bigint;
  /** Of a gap: when samples are there again. Of an overlap: the last sample that is there twice. */
  endTime: bigint;
  /** How many sample periods are missing or there twice, rounded. */
  samples: number;
}

/** All records of one source identifier. */
export interface JoinedSeries<T extends Span = MiniSeedRecord> {
  sourceId: SourceId;
  /** The highest of its records. */
  publicationVersion: number;
  /** In order of their start. */
  segments: Segment<T>[];
  /** In order of time. */
  discontinuities: Discontinuity[];
}

/**
 * Joins records in whatever order they come: what fits together is one segment, also where records were late. A record that
 * overlaps another one begins a segment of its own. Records without samples or rate (headers, text) stay alone.
 * @throws MiniSeedError `INVALID_ARGUMENT` for a tolerance that is not a number of seconds
 */
export function joinRecords<T extends Span = MiniSeedRecord>(
  records: Iterable<T>,
  options: JoinOptions = {},
): JoinedSeries<T>[] {
  const { tolerance } = options;
  checkTolerance(tolerance);
  const series = new Map<string, T[]>();
  for (const record of records) {
    const id = String(record.sourceId);
    const key = options.separateVersions ? `${record.publicationVersion} ${id}` : id;
    const known = series.get(key);
    if (known) known.push(record);
    else series.set(key, [record]);
  }
  return Array.from(series.values(), (group) => joinGroup(group, tolerance));
}

/**
 * The samples of a segment, one after the other.
 * @throws MiniSeedError `INVALID_ARGUMENT` where its records do not all have the same kind of samples
 */
export function samplesOf(segment: Segment): Samples {
  const parts = segment.records.map((record) => record.samples);
  const [first] = parts;
  if (first === undefined) return new Int32Array(0);
  if (parts.every((part) => typeof part === "string")) return parts.join("");
  const arrays = parts.filter((part): part is SampleArray => part.constructor === first.constructor);
  if (arrays.length < parts.length) {
    throw new MiniSeedError("INVALID_ARGUMENT", "records of the segment have different kinds of samples");
  }
  const length = arrays.reduce((sum, array) => sum + array.length, 0);
  const all = new (first.constructor as Int32ArrayConstructor)(length);
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

function joinGroup<T extends Span>(records: T[], tolerance: number | undefined): JoinedSeries<T> {
  const sorted = records.toSorted(
    (a, b) => compare(a.startTime, b.startTime) || compare(a.endTime, b.endTime),
  );
  const segments: Segment<T>[] = [];
  const open = new OpenSegments<T>();
  for (const record of sorted) {
    let segment = open.take(record, tolerance);
    if (segment) {
      segment.endTime = record.endTime;
      segment.sampleCount += record.sampleCount;
      segment.records.push(record);
    } else {
      const { startTime, endTime, sampleCount, rate } = record;
      segment = { startTime, endTime, sampleRate: rate.hertz, sampleCount, records: [record] };
      segments.push(segment);
    }
    if (isSeries(record)) open.put(segment, dueTime(record));
  }
  const first = records[0] as T;
  return {
    sourceId: SourceId.from(first.sourceId),
    publicationVersion: records.reduce((max, { publicationVersion }) => Math.max(max, publicationVersion), 0),
    segments,
    discontinuities: discontinuities(segments, tolerance),
  };
}

/** Segments that may still go on, in order of the time at which they would. */
class OpenSegments<T extends Span> {
  #times: bigint[] = [];
  #segments: Segment<T>[] = [];

  put(segment: Segment<T>, next: bigint): void {
    // Behind those of the same time: of many equal records each is added at the end.
    const at = this.#firstFrom(next + 1n);
    this.#times.splice(at, 0, next);
    this.#segments.splice(at, 0, segment);
  }

  /** Takes out the segment that a record continues: the earliest within the slack. */
  take(record: T, tolerance: number | undefined): Segment<T> | undefined {
    if (!isSeries(record)) return undefined;
    const slack = slackOf(record.rate, tolerance);
    const latest = record.startTime + slack;
    for (let i = this.#firstFrom(record.startTime - slack); i < this.#times.length; i++) {
      if ((this.#times[i] as bigint) > latest) break;
      const { records, startTime, sampleCount } = this.#segments[i] as Segment<T>;
      const { rate } = records[0] as T;
      if (!follows({ startTime, rate, sampleCount, dueTime: this.#times[i] }, record, tolerance)) continue;
      const [segment] = this.#segments.splice(i, 1);
      this.#times.splice(i, 1);
      return segment;
    }
    return undefined;
  }

  /** Index of the first time that is not before the given one. */
  #firstFrom(time: bigint): number {
    let [low, high] = [0, this.#times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] as bigint) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What lies between segments that are in order of their start. */
function discontinuities<T extends Span>(
  segments: readonly Segment<T>[],
  tolerance: number | undefined,
): Discontinuity[] {
  const found: Discontinuity[] = [];
  let before: T | undefined;
  for (const segment of segments) {
    const first = segment.records[0] as T;
    const last = segment.records.at(-1) as T;
    if (!isSeries(first)) continue;
    if (before) {
      const between = discontinuity(before, segment, slackOf(before.rate, tolerance));
      if (between) found.push(between);
    }
    // Of what came so far, that which lasts longest.
    if (!before || last.endTime > before.endTime) before = last;
  }
  return found;
}

function discontinuity<T extends Span>(
  before: T,
  after: Segment<T>,
  slack: bigint,
): Discontinuity | undefined {
  const expected = dueTime(before);
  const periods = (nanoseconds: bigint) => Math.round((Number(nanoseconds) / 1e9) * before.rate.hertz);
  if (after.startTime > expected + slack) {
    const samples = periods(after.startTime - expected);
    return { kind: "gap", startTime: expected, endTime: after.startTime, samples };
  }
  if (after.startTime < expected - slack) {
    const endTime = earlier(after.endTime, before.endTime);
    const samples = periods(endTime - after.startTime) + 1;
    return { kind: "overlap", startTime: after.startTime, endTime, samples };
  }
  return undefined;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function earlier(a: bigint, b: bigint): bigint {
  return compare(a, b) < 0 ? a : b;
}
