/** What a trace needs of a record, read out of whatever comes along as `msg.payload`. */
import { type TimeInput, toMicroseconds } from "../time.ts";
import { TraceError } from "./errors.ts";

/** Samples of one stream, at equal distances. */
export interface TraceRecord {
  /** The stream that it is of. */
  sourceId: string;
  /** Time of the first sample, in microseconds since 1970. */
  start: number;
  /** Time from one sample to the next, in microseconds. */
  period: number;
  /** In hertz. */
  sampleRate: number;
  /** The samples; NaN where there is none. */
  samples: ArrayLike<number>;
}

/** miniSEED 3 has one byte for the length of a source identifier. */
const MAX_SOURCE_ID = 255;

/**
 * Reads what `mseed-decode` makes of a record: `sourceId`, `startTime`, `sampleRate` (hertz) and `samples`, which may
 * be any typed array of numbers or an array of numbers. Gives `undefined` for a record in which nothing can be drawn:
 * text, or no samples at all. Throws a `TraceError` that names the property that is missing or no use.
 */
export function readTraceRecord(payload: unknown): TraceRecord | undefined {
  const { sourceId, startTime, sampleRate, samples } = (payload ?? {}) as Record<string, unknown>;
  if (typeof samples === "string" || (isList(samples) && samples.length === 0)) return undefined;
  if (!isNumbers(samples)) {
    throw new TraceError(
      "NO_SAMPLES",
      "msg.payload.samples is not a list of numbers: put mseed decode before this node where miniSEED comes, or send { sourceId, startTime, sampleRate, samples }",
    );
  }
  if (typeof sourceId !== "string" || sourceId === "" || sourceId.length > MAX_SOURCE_ID) {
    throw new TraceError(
      "BAD_SOURCE_ID",
      `msg.payload.sourceId must be text of 1 to ${MAX_SOURCE_ID} characters, such as "FDSN:XX_DEMO_00_H_H_Z"`,
    );
  }
  if (typeof sampleRate !== "number" || !(sampleRate > 0) || !Number.isFinite(sampleRate)) {
    throw new TraceError(
      "BAD_SAMPLE_RATE",
      `msg.payload.sampleRate of ${sourceId} is ${shown(sampleRate)}: it must be a number of hertz above 0`,
    );
  }
  const period = 1e6 / sampleRate;
  const start = toMicroseconds(startTime as TimeInput);
  // A start that is not safe to count with, or an end that isn't (a rate near 0 reaches far), is not a time.
  if (start === undefined || !Number.isSafeInteger(Math.round(start + samples.length * period))) {
    throw new TraceError(
      "BAD_TIME",
      `msg.payload.startTime of ${sourceId} is ${shown(startTime)} at ${sampleRate} Hz: ` +
        "it must be a time such as 2026-11-22T06:19:29.8Z, and the last sample's time must have a date, too",
    );
  }
  return { sourceId, start, period, sampleRate, samples };
}

/** Text and numbers as they are; of anything else the type, as turning it into text may fail. */
function shown(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? `${value}`.slice(0, 40) : typeof value;
}

function isList(value: unknown): value is ArrayLike<unknown> {
  // Not instanceof: the arrays of a Function node come from another JavaScript context.
  return Array.isArray(value) || (ArrayBuffer.isView(value) && "length" in value);
}

function isNumbers(value: unknown): value is ArrayLike<number> {
  return isList(value) && (Array.isArray(value) ? value.every(isNumber) : isNumber(value[0]));
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}
