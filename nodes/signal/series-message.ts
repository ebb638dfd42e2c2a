/** Series of samples in messages, as mseed decode sends them: what the nodes for signals take, and what they make of it. */
import { types } from "node:util";
import { SignalError } from "../../lib/signal/errors.ts";
import { SourceId } from "../../lib/source-id.ts";
import { formatNanoseconds, toNanoseconds } from "../../lib/time.ts";
import { MessageError } from "../messages/message-error.ts";
import { readTime } from "../messages/times-and-ids.ts";
import { whatCame, whatCameText } from "../messages/what-came.ts";
import { misfit } from "../runtime/misfits.ts";

/** A record's place and samples, and the payload that it came in. */
export interface SeriesRecord {
  payload: Readonly<Record<string, unknown>>;
  sourceId: string;
  /** Nanoseconds since 1970. */
  startTime: bigint;
  sampleRate: number;
  samples: Samples;
}

export type Samples =
  | Float64Array
  | Float32Array
  | Int32Array
  | Exclude<NodeJS.TypedArray, BigInt64Array | BigUint64Array>;

const MOST_SAMPLES = 10_000_000;
const LONGEST_ID = 200;
const MOST_SENTENCES = 50;

/**
 * The record of a payload; undefined for text and for a record without samples, which pass such a node as they are.
 * @throws MessageError, or SignalError `NO_SAMPLES`, `BAD_SAMPLE_RATE`, `BAD_TIME`
 */
export function readSeries(payload: unknown): SeriesRecord | undefined {
  if (
    typeof payload !== "object" ||
    payload === null ||
    types.isUint8Array(payload) ||
    Array.isArray(payload)
  ) {
    throw misfit(
      whatCame({ payload }, ["mseed", "json", "text"]),
      new MessageError(
        `msg.payload is not an object with samples but ${whatCameText({ payload })}: put mseed decode before this node, or give sourceId, startTime, sampleRate and samples.`,
      ),
    );
  }
  const fields = payload as Record<string, unknown>;
  const samples = samplesOf(fields.samples);
  if (samples === undefined) return undefined;
  return {
    payload: fields,
    sourceId: sourceIdOf(fields),
    startTime: startOf(fields.startTime),
    sampleRate: rateOf(fields.sampleRate),
    samples,
  };
}

/** The numbers of `samples`; undefined for text, and where there are none. @throws SignalError `NO_SAMPLES` */
export function samplesOf(samples: unknown): Samples | undefined {
  if (samples === undefined || samples === null || typeof samples === "string") return undefined;
  const isArray = Array.isArray(samples);
  if (!isArray && !isNumbers(samples)) {
    throw new SignalError(
      "NO_SAMPLES",
      "msg.payload.samples is not an array of numbers: give an array or a typed array.",
    );
  }
  if (samples.length > MOST_SAMPLES) {
    throw new SignalError(
      "NO_SAMPLES",
      `msg.payload.samples has ${samples.length} samples: give at most ${MOST_SAMPLES} in a message.`,
    );
  }
  if (samples.length === 0) return undefined;
  return isArray ? Float64Array.from(samples, numberOrNaN) : samples;
}

function isNumbers(samples: unknown): samples is Samples {
  return types.isTypedArray(samples) && !types.isBigInt64Array(samples) && !types.isBigUint64Array(samples);
}

/** What is not a number, such as the null that JSON has for NaN, is a missing sample. */
const numberOrNaN = (value: unknown): number => (typeof value === "number" ? value : Number.NaN);

/** @throws MessageError */
export function sourceIdOf(fields: Record<string, unknown>): string {
  const { sourceId, network, station, location = "", channel } = fields;
  if (typeof sourceId === "string" && sourceId !== "" && sourceId.length <= LONGEST_ID) return sourceId;
  const codes = [network, station, location, channel];
  if (codes.every((code): code is string => typeof code === "string" && code.length <= 8)) {
    const [net, sta, loc, cha] = codes as [string, string, string, string];
    return SourceId.fromNslc({ network: net, station: sta, location: loc, channel: cha }).text;
  }
  throw new MessageError(
    "msg.payload.sourceId is missing: give one such as FDSN:CO_JSC_00_H_H_Z, or network, station, location and channel.",
  );
}

function startOf(value: unknown): bigint {
  const given = readTime("msg.payload.startTime", value);
  const time = given === undefined ? undefined : toNanoseconds(given);
  if (time !== undefined) return time;
  throw new SignalError("BAD_TIME", "msg.payload.startTime is missing: give the time of the first sample.");
}

function rateOf(value: unknown): number {
  if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
  throw new SignalError(
    "BAD_SAMPLE_RATE",
    `msg.payload.sampleRate is ${typeof value === "number" ? value : "not a number"}: give the samples per second, above 0.`,
  );
}

/** What a node puts in place of a record's samples. */
export interface NewSeries {
  samples: Float64Array;
  /** Of the first sample, nanoseconds since 1970. */
  startTime: bigint;
  /** What was done, as a sentence for `processing`. */
  sentence: string;
  units?: string | undefined;
}

/** The payload with other samples: 32-bit floats, which 24 bits of an instrument fit into. All else stays. */
export function withSamples(record: SeriesRecord, series: NewSeries): Record<string, unknown> {
  const { payload } = record;
  const before = Array.isArray(payload.processing) ? (payload.processing as unknown[]) : [];
  const isCut = series.startTime !== record.startTime;
  return {
    ...payload,
    ...(isCut && { startTime: formatNanoseconds(series.startTime) }),
    ...(series.samples.length !== payload.sampleCount && { sampleCount: series.samples.length }),
    encoding: "float32",
    ...(series.units !== undefined && { units: series.units }),
    processing: [...before.slice(-MOST_SENTENCES), series.sentence],
    samples: Float32Array.from(series.samples),
  };
}
