/** miniSEED records as payloads, and back: the part of the message contract that mseed decode and mseed encode speak. */
import { types } from "node:util";
import type { EncodingName } from "../../lib/mseed/encodings.ts";
import type { HeaderFields } from "../../lib/mseed/header-fields.ts";
import type { PackOptions, Series } from "../../lib/mseed/pack.ts";
import type { MiniSeedRecord } from "../../lib/mseed/record.ts";
import { SourceId } from "../../lib/source-id.ts";
import { misfit } from "../runtime/misfits.ts";
import { MessageError } from "./message-error.ts";
import { readTime } from "./times-and-ids.ts";
import { whatCame, whatCameText } from "./what-came.ts";

type Samples = MiniSeedRecord["samples"];

/** A record with its samples; without them where it has none, or none that can be decoded. */
export interface RecordPayload extends HeaderFields {
  samples?: Samples | number[];
}

/** A point of a chart: milliseconds since 1970, and a value. */
export interface ChartPoint {
  x: number;
  y: number;
}

/** The record's samples, multiplied by `factor` unless that is undefined; undefined where it has none. Text stays as it is. */
export function scaledSamples(record: MiniSeedRecord, factor: number | undefined): Samples | undefined {
  const { samples } = record;
  if (samples.length === 0) return undefined;
  if (factor === undefined || typeof samples === "string") return samples;
  return Float64Array.from(samples, (sample) => sample * factor);
}

export function chartPoints(record: MiniSeedRecord, samples: Samples | undefined): ChartPoint[] {
  if (samples === undefined || typeof samples === "string") return [];
  const start = Number(record.startTime) / 1e6;
  const step = record.samplePeriod * 1000;
  return Array.from(samples, (y, index) => ({ x: start + index * step, y }));
}

/** What can be written; any other encoding of a record that was read becomes the one that fits its samples. */
const WRITABLE: ReadonlySet<unknown> = new Set([
  "text",
  "int16",
  "int32",
  "float32",
  "float64",
  "steim1",
  "steim2",
]);
const FLOATS: ReadonlySet<unknown> = new Set(["float32", "float64"]);

/** A payload as `packRecords` takes it, with the encoding and version that it names itself. */
export interface SeriesPayload {
  series: Series;
  encoding: PackOptions["encoding"];
  formatVersion: PackOptions["formatVersion"];
}

/**
 * Reads a payload such as mseed decode sends, or one with no more than source id, start time, rate and samples.
 * What is in the fields is checked by `packRecords`.
 * @throws MessageError naming what is missing.
 */
export function seriesPayload(payload: unknown): SeriesPayload {
  if (typeof payload !== "object" || payload === null || types.isUint8Array(payload)) {
    throw noSeries(payload);
  }
  // Packets of JSON have none of what a series has.
  if (!SERIES.some((name) => name in payload)) throw noSeries(payload);
  const fields = payload as Partial<Record<keyof RecordPayload, unknown>>;
  const samples = fields.samples as Series["samples"];
  return {
    series: {
      sourceId: sourceIdOf(fields),
      startTime: startOf(fields),
      sampleRate: rateOf(fields, samples),
      samples,
      publicationVersion: fields.publicationVersion as Series["publicationVersion"],
      flags: fields.flags as Series["flags"],
      extraHeaders: fields.extraHeaders as Series["extraHeaders"],
    },
    encoding: encodingOf(fields.encoding, samples),
    formatVersion: fields.formatVersion as PackOptions["formatVersion"],
  };
}

/** Of these, a series has one at least. */
const SERIES: readonly (keyof RecordPayload)[] = ["sourceId", "startTime", "sampleRate", "samples"];

function noSeries(payload: unknown): MessageError {
  return misfit(
    whatCame({ payload }, ["mseed", "json", "text"]),
    new MessageError(
      `msg.payload is not an object with samples but ${whatCameText({ payload })}: give sourceId, startTime, sampleRate and samples, as mseed decode does.`,
    ),
  );
}

type Fields = Partial<Record<keyof RecordPayload, unknown>>;

function required(fields: Fields, name: keyof RecordPayload, what: string): unknown {
  const value = fields[name];
  if (value === undefined || value === null || value === "") {
    throw new MessageError(`msg.payload.${name} is missing: give ${what}.`);
  }
  return value;
}

function startOf(fields: Fields): Series["startTime"] {
  const startTime = readTime("msg.payload.startTime", fields.startTime);
  if (startTime !== undefined) return startTime;
  throw new MessageError("msg.payload.startTime is missing: give the time of the first sample.");
}

function sourceIdOf(fields: Fields): SourceId {
  if (typeof fields.sourceId === "string" && fields.sourceId !== "") return new SourceId(fields.sourceId);
  const { network, station, location = "", channel } = fields;
  if ([network, station, location, channel].every((code) => typeof code === "string")) {
    return SourceId.fromNslc({ network, station, location, channel } as Parameters<
      typeof SourceId.fromNslc
    >[0]);
  }
  throw new MessageError(
    "msg.payload.sourceId is missing: give one such as FDSN:CO_JSC_00_H_H_Z, or network, station, location and channel.",
  );
}

/** Text and records without samples need no rate. */
function rateOf(fields: Fields, samples: Series["samples"]): number {
  if (fields.sampleRate === undefined && (samples === undefined || typeof samples === "string")) return 0;
  const rate = required(fields, "sampleRate", "the number of samples per second");
  const isNumber = typeof rate === "number" || (typeof rate === "string" && rate.trim() !== "");
  if (isNumber && Number.isFinite(Number(rate))) return Number(rate);
  throw new MessageError("msg.payload.sampleRate is not a number: give the number of samples per second.");
}

function encodingOf(encoding: unknown, samples: Series["samples"]): PackOptions["encoding"] {
  if (!WRITABLE.has(encoding)) return undefined;
  const areFloats = types.isFloat32Array(samples) || types.isFloat64Array(samples);
  return areFloats && !FLOATS.has(encoding) ? undefined : (encoding as EncodingName);
}
