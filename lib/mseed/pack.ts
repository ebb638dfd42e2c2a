/** Packs a series of samples into records of miniSEED 2 or 3. */
import { SourceId } from "../source-id.ts";
import { type TimeInput, toNanoseconds } from "../time.ts";
import { ENCODINGS, encodingCode } from "./encodings.ts";
import { MiniSeedError, shown } from "./errors.ts";
import { checkExtraHeaders, type JsonObject, toJson } from "./extra-headers.ts";
import type { Layout, PackableSeries, PackOptions } from "./layout.ts";
import { arrayType, type Samples } from "./payload/decode.ts";
import { encodePayload, type PackableSamples, prepareSamples } from "./payload/encode.ts";
import { rateFieldOf, rateOf, sampleOffset } from "./rate.ts";
import { FRAME_BYTES } from "./steim/frames.ts";
import { isWithin, YEARS_OF_3 } from "./times/calendar.ts";
import { leapSecondsWithin } from "./times/leap-seconds.ts";
import { layOut2 } from "./v2/pack.ts";
import { layOut3 } from "./v3/pack.ts";

export type { PackOptions } from "./layout.ts";

/** What is to be packed: one continuous series of samples, and what its records say of it. A `MiniSeedRecord` is one. */
export interface Series {
  /** What the series is about. */
  sourceId: SourceId | string;
  /** Time of the first sample. */
  startTime: TimeInput;
  /** Samples per second; a negative number is a period in seconds; 0 where there is no time series. */
  sampleRate: number;
  /** Numbers, or text; none for a record of headers alone. */
  samples?: Samples | ArrayLike<number> | undefined;
  /** Default 1: raw data. miniSEED 2 has it as quality: 1 R, 2 D, 3 Q, 4 M. */
  publicationVersion?: number | undefined;
  /** Flag bits as in miniSEED 3: 1 calibration signals present, 2 time tag questionable, 4 clock locked. */
  flags?: number | undefined;
  /** Extra headers of miniSEED 3: an object, or JSON text, which is written as it is. */
  extraHeaders?: JsonObject | string | undefined;
}

/**
 * The records of a series, as many as it takes, each with the exact time of its first sample. A series without samples makes
 * one record of headers.
 * @throws MiniSeedError `INVALID_ARGUMENT` for what the format cannot hold; `SAMPLE_RANGE` for samples that the encoding
 *   cannot; both before the first record
 */
export function* packRecords(series: Series, options: PackOptions = {}): Generator<Uint8Array, void> {
  const [packable, samples] = checkSeries(series, options);
  yield* packAll(packable, samples, layOut(packable, samples.length, options));
}

/**
 * The layout of the records of a series with so many samples.
 * @throws MiniSeedError `INVALID_ARGUMENT` for what the format cannot hold
 */
export function layOut(series: PackableSeries, samples: number, options: PackOptions): Layout {
  const { formatVersion = 3 } = options;
  if (formatVersion === 2) return layOut2(series, options);
  if (formatVersion === 3) return layOut3(series, mostPayload(samples), options);
  throw new MiniSeedError("INVALID_ARGUMENT", `formatVersion ${shown(formatVersion)}: there are 2 and 3`);
}

/** Room for all samples in any encoding: 8 bytes each, or a Steim frame of 64 for each 13 at worst. */
export function mostPayload(samples: number): number {
  return FRAME_BYTES + samples * 8;
}

/** One record of a series. */
export interface PackedRecord {
  bytes: Uint8Array;
  /** How many samples it has. */
  samples: number;
  /** Bytes of its payload, and for how many there was room. */
  payloadBytes: number;
  room: number;
}

/** Packs samples that were prepared into records that were laid out. */
export function* packAll(
  series: PackableSeries,
  samples: PackableSamples,
  layout: Layout,
): Generator<Uint8Array, void> {
  let from = 0;
  do {
    const record = packOne(series, samples, from, layout);
    yield record.bytes;
    from += record.samples;
  } while (from < samples.length);
}

/**
 * Packs the samples from an index on, as many as one record takes.
 * @param counted samples of the series before the one at `from`, where they are not all in `samples`
 */
export function packOne(
  series: PackableSeries,
  samples: PackableSamples,
  from: number,
  layout: Layout,
  counted = from,
): PackedRecord {
  const { draft, dataOffset, littleEndian, maxSamples } = layout;
  const bytes = new Uint8Array(draft.buffer);
  const room = bytes.length - dataOffset;
  bytes.fill(0, dataOffset);
  const target = { view: draft, start: dataOffset, length: room, littleEndian };
  const to = Math.min(samples.length, from + maxSamples);
  const packed = encodePayload(series.encoding, samples, from, to, target);
  if (packed.samples === 0 && samples.length > 0) {
    throw new MiniSeedError(
      "INVALID_ARGUMENT",
      `records of ${bytes.length} bytes have no room for samples after ${dataOffset} bytes of headers`,
    );
  }
  const length = layout.finish(timeOfSample(series, counted), packed.samples, packed.bytes);
  return { bytes: bytes.slice(0, length), samples: packed.samples, payloadBytes: packed.bytes, room };
}

/**
 * The time of a series' sample, always counted from the start: adding up rounded times would drift.
 * @throws MiniSeedError `INVALID_ARGUMENT` for a time that no header can tell
 */
export function timeOfSample({ startTime, rate, startsInLeapSecond }: PackableSeries, index: number): bigint {
  const counted = startTime + (index === 0 ? 0n : sampleOffset(rate, index));
  return checkTime(counted - leapSecondsWithin(startTime, counted, startsInLeapSecond));
}

/** @throws MiniSeedError `INVALID_ARGUMENT` for a time outside of the years that a header can tell */
function checkTime(time: bigint): bigint {
  if (isWithin(time, YEARS_OF_3)) return time;
  throw new MiniSeedError(
    "INVALID_ARGUMENT",
    "a record would start before the year 0 or after the year 65535",
  );
}

/**
 * A series and its samples as they are packed.
 * @throws MiniSeedError `INVALID_ARGUMENT`, `SAMPLE_RANGE`, `EXTRA_HEADERS_INVALID`
 */
export function checkSeries(series: Series, options: PackOptions): [PackableSeries, PackableSamples] {
  const { sampleRate, publicationVersion = 1, flags = 0 } = series;
  const startTime = toNanoseconds(series.startTime);
  if (startTime === undefined) {
    throw new MiniSeedError("INVALID_ARGUMENT", `startTime ${shown(series.startTime)} is not a time`);
  }
  if (!Number.isFinite(sampleRate)) {
    throw new MiniSeedError("INVALID_ARGUMENT", `sampleRate ${shown(sampleRate)} is not a number of hertz`);
  }
  const given = checkSamples(series.samples);
  const { encoding } = options;
  const code = encoding === undefined ? defaultEncoding(given) : encodingCode(encoding);
  const samples = prepareSamples(code, given ?? (code === ENCODINGS.text ? "" : []));
  const packable: PackableSeries = {
    sourceId: checkSourceId(series.sourceId),
    codes: undefined,
    startTime,
    rateField: rateFieldOf(rateOf(sampleRate)),
    rate: rateOf(sampleRate),
    publicationVersion: checkByte("publicationVersion", publicationVersion),
    flags: checkByte("flags", flags),
    extraHeadersText: extraHeadersText(series.extraHeaders),
    // A record without samples has no encoding: 0.
    encoding: samples.length > 0 ? code : ENCODINGS.text,
    payloadLittleEndian: options.littleEndian ?? false,
    startsInLeapSecond: false,
  };
  return [packable, samples];
}

/** Samples that are numbers indeed, or text: the caller may be a message from anywhere. */
function checkSamples(samples: Series["samples"]): ArrayLike<number> | string | undefined {
  if (samples === undefined || typeof samples === "string") return samples;
  if (Array.isArray(samples)) {
    const odd = samples.findIndex((sample) => typeof sample !== "number");
    if (odd < 0) return samples;
    throw new MiniSeedError(
      "INVALID_ARGUMENT",
      `sample ${odd} is not a number but of type ${typeof samples[odd]}`,
    );
  }
  if (ArrayBuffer.isView(samples) && arrayType(samples) !== "DataView" && typeof samples[0] !== "bigint")
    return samples;
  throw new MiniSeedError("INVALID_ARGUMENT", "samples are an array of numbers, a typed array, or text");
}

function defaultEncoding(samples: Series["samples"]): number {
  if (samples === undefined || typeof samples === "string") return ENCODINGS.text;
  const type = arrayType(samples);
  if (type === "Float32Array") return ENCODINGS.float32;
  if (type === "Float64Array") return ENCODINGS.float64;
  if (Array.isArray(samples) && samples.some((sample) => (sample | 0) !== sample)) return ENCODINGS.float64;
  return ENCODINGS.steim2;
}

/** The caller may be a message from anywhere. */
export function checkSourceId(id: SourceId | string): SourceId {
  if (typeof id === "string" || id instanceof SourceId) return SourceId.from(id);
  throw new MiniSeedError("INVALID_ARGUMENT", `sourceId is not a source identifier but of type ${typeof id}`);
}

/** The value itself, if it is an integer from 0 to 255; else throws `INVALID_ARGUMENT`. */
export function checkByte(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= 255) return value;
  throw new MiniSeedError("INVALID_ARGUMENT", `${name} ${shown(value)} is not an integer from 0 to 255`);
}

/**
 * Extra headers as text: text is taken as it is given.
 * @throws MiniSeedError `EXTRA_HEADERS_INVALID` for what is not a JSON object
 */
export function extraHeadersText(headers: JsonObject | string | undefined): string {
  if (headers === undefined || headers === "") return "";
  if (typeof headers === "string") return checkExtraHeaders(headers);
  const text = toJson(headers);
  return text === "{}" ? "" : checkExtraHeaders(text);
}
