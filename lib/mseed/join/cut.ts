/** Some of the samples of a record, as a record of its own: for windows of time, and for what overlaps. */

import { ENCODINGS } from "../encodings.ts";
import { MiniSeedError, type ProblemHandler } from "../errors.ts";
import type { SampleArray } from "../payload/decode.ts";
import type { MiniSeedRecord } from "../record.ts";
import { leapSecondsWithin } from "../times/leap-seconds.ts";
import { hasPlaceInExtraHeaders } from "../v2/extra-headers-from-2.ts";
import { MiniSeed2Record } from "../v2/record.ts";
import { isSeries, type Start } from "./follows.ts";
import { repack } from "./repack.ts";

/** Samples of a record by their index: `from` is the first one, `to` the one after the last. */
export interface SampleRange {
  from: number;
  to: number;
}

const SECOND = 1_000_000_000n;
const MIN_RECORD_LENGTH = 128;
const MAX_RECORD_LENGTH = 131_072;
/** Of miniSEED 3: as long as it takes. */
const NO_LIMIT = 0xffff_ffff;

/** Encodings that are written; samples of others become int32 or float32. */
const WRITTEN: ReadonlySet<number> = new Set([
  ENCODINGS.int16,
  ENCODINGS.int32,
  ENCODINGS.float32,
  ENCODINGS.float64,
  ENCODINGS.steim1,
  ENCODINGS.steim2,
]);

/**
 * The samples whose times are from `start` up to and including `end` (nanoseconds since 1970), by exact arithmetic. What has
 * no samples in time, text and headers, is in or out as a whole, by its start time.
 */
export function samplesWithin(
  record: Start,
  start: bigint | undefined,
  end: bigint | undefined,
): SampleRange {
  const { startTime, sampleCount } = record;
  if (!isSeries(record)) {
    const isOut = (start !== undefined && startTime < start) || (end !== undefined && startTime > end);
    return { from: 0, to: isOut ? 0 : sampleCount };
  }
  const from = start === undefined ? 0 : firstFrom(record, start);
  const to = end === undefined ? sampleCount : firstFrom(record, end + 1n);
  return { from, to: Math.max(from, to) };
}

/** Index of the first sample at a time or after it; `sampleCount` if all are before. */
function firstFrom({ startTime, rate, sampleCount }: Start, time: bigint): number {
  if (time <= startTime) return 0;
  // The n-th sample is at n·seconds/samples, rounded half up to the nanosecond.
  const doubled = 2n * (time - startTime + leapSecondsBefore(startTime, time)) - 1n;
  const divisor = 2n * SECOND * rate.seconds;
  const index = (doubled * rate.samples + divisor - 1n) / divisor;
  return index < BigInt(sampleCount) ? Number(index) : sampleCount;
}

/** Leap seconds that a series has counted from its start when it comes to a time behind them. */
function leapSecondsBefore(startTime: bigint, time: bigint): bigint {
  let passed = 0n;
  for (;;) {
    const more = leapSecondsWithin(startTime, time + passed + SECOND);
    if (more === passed) return passed;
    passed = more;
  }
}

/**
 * The record with these of its samples, and headers as they are: itself where these are all, nothing where they are none,
 * `undefined` where it cannot be cut because its samples cannot all be decoded.
 * @throws MiniSeedError `INVALID_ARGUMENT` for a year or a rate that miniSEED 2 cannot be written with
 */
export function cutRecord(
  record: MiniSeedRecord,
  { from, to }: SampleRange,
  onProblem?: ProblemHandler,
): Uint8Array[] | undefined {
  if (from === 0 && to === record.sampleCount) return [record.bytes];
  if (to <= from) return [];
  const { samples, encoding, extraHeadersText } = record;
  if (typeof samples === "string" || samples.length < record.sampleCount) return undefined;
  if (record instanceof MiniSeed2Record && onProblem) reportBlockettes(record, onProblem);
  const what = {
    startTime: record.timeOfSample(from),
    samples: samples.slice(from, to),
    encoding: WRITTEN.has(encoding) ? encoding : successorOf(samples),
    extraHeadersText,
    onProblem,
  };
  if (record.formatVersion === 3) return [...repack(record, { ...what, recordLength: NO_LIMIT })];
  for (let recordLength = Math.max(record.length, MIN_RECORD_LENGTH); ; recordLength *= 2) {
    try {
      return [...repack(record, { ...what, recordLength })];
    } catch (error) {
      // A microsecond that the header did not need so far may take the last room for samples.
      const isTooShort = error instanceof MiniSeedError && error.code === "INVALID_ARGUMENT";
      if (!isTooShort || recordLength >= MAX_RECORD_LENGTH) throw error;
    }
  }
}

function successorOf(samples: SampleArray): number {
  return samples instanceof Int32Array ? ENCODINGS.int32 : ENCODINGS.float32;
}

function reportBlockettes(record: MiniSeed2Record, onProblem: ProblemHandler): void {
  const lost = record.blockettes.filter(({ type }) => !hasPlaceInExtraHeaders(type));
  if (lost.length === 0) return;
  const names = lost.map(({ type, name }) => `${type} (${name})`).join(", ");
  const message = `a part of the record has no place for the contents of blockettes ${names}`;
  const { offset, length } = record;
  onProblem({ code: "HEADER_LOST", severity: "error", offset, length, record, message });
}
