/** One record into another version, encoding or length, or with other headers; nothing is lost without a word. */
import type { SourceId } from "../source-id.ts";
import { ENCODINGS, encodingCode } from "./encodings.ts";
import type { MiniSeedError, ProblemHandler } from "./errors.ts";
import { checkExtraHeaders, type JsonObject, removeExtraHeader } from "./extra-headers.ts";
import type { Layout, PackableSeries, PackOptions } from "./layout.ts";
import { checkByte, checkSourceId, extraHeadersText, mostPayload, packAll } from "./pack.ts";
import { encodedLength, prepareSamples } from "./payload/encode.ts";
import { rateFieldOf } from "./rate.ts";
import type { MiniSeedRecord } from "./record.ts";
import { toBigEndianSteim } from "./steim/byte-order.ts";
import { FRAME_BYTES, isSteim } from "./steim/frames.ts";
import { CODES_KEY } from "./v2/codes.ts";
import { hasPlaceInExtraHeaders } from "./v2/extra-headers-from-2.ts";
import { layOut2, MAX_SAMPLES } from "./v2/pack.ts";
import { MiniSeed2Record } from "./v2/record.ts";
import { layOut3 } from "./v3/pack.ts";

/** What is to change; whatever is not given stays as it is in the record. */
export interface ConvertOptions extends PackOptions {
  /** Instead of the record's source identifier. */
  sourceId?: SourceId | string | undefined;
  /** Instead of the record's: 0 to 255. */
  publicationVersion?: number | undefined;
  /** Instead of the record's: an object, or JSON text, which is written as it is. */
  extraHeaders?: JsonObject | string | undefined;
}

/** Tells of something that has no place. */
type Report = (code: "HEADER_LOST" | "EXTRA_HEADERS_INVALID" | "PAYLOAD_SHORT", message: string) => void;

/** Encodings that are no longer written, and what their samples are written in. */
const SUCCESSORS = new Map<number, number>([
  [ENCODINGS.int24, ENCODINGS.int32],
  [ENCODINGS.cdsn, ENCODINGS.int32],
  [ENCODINGS.sro, ENCODINGS.int32],
  [ENCODINGS.dwwssn, ENCODINGS.int32],
  [ENCODINGS["geoscope-24"], ENCODINGS.float32],
  [ENCODINGS["geoscope-16-3"], ENCODINGS.float32],
  [ENCODINGS["geoscope-16-4"], ENCODINGS.float32],
]);

/** The longest that a miniSEED 3 record can be; one that is converted may be as long as it needs. */
const NO_LIMIT = 0xffff_ffff;

/** What is to come of a record. */
interface Target {
  formatVersion: 2 | 3;
  staysInVersion: boolean;
  encoding: number;
  options: PackOptions & { onProblem: ProblemHandler };
}

/**
 * The record with the changes wished for: mostly one record; more, where one of the new version or length cannot hold it.
 *
 * A record without changes comes back byte for byte, unless nothing in it tells its length. Steim frames, text, and payloads without a decoder are taken over
 * as they are; in another version numbers change their byte order, and retired encodings become int32 or float32. Where
 * `recordLength` does not say otherwise, a miniSEED 2 record keeps its length if that is enough, and else gets the smallest
 * that is. What has no place in the new version goes to `onProblem`: `HEADER_LOST`, `PRECISION_LOST`, and `PAYLOAD_SHORT`
 * for samples that could not be decoded.
 * @throws MiniSeedError `INVALID_ARGUMENT` for what the version cannot hold: long codes, a year, a rate; `SAMPLE_RANGE` for
 *   samples that the encoding asked for cannot hold
 */
export function convertRecord(record: MiniSeedRecord, options: ConvertOptions = {}): Uint8Array[] {
  if (isCopy(record, options)) return [record.bytes.slice()];
  const onProblem = onceForRecord(record, options.onProblem);
  const report: Report = (code, message) =>
    onProblem({ code, severity: "error", offset: record.offset, length: record.length, message });
  const target = targetOf(record, { ...options, onProblem });
  const series = seriesOf(record, target, options, report);
  const taken = takeOver(record, series, target);
  return taken ? [taken] : repack(record, series, target, report);
}

function targetOf(record: MiniSeedRecord, options: Target["options"]): Target {
  const { formatVersion = record.formatVersion } = options;
  const staysInVersion = formatVersion === record.formatVersion;
  const littleEndian = options.littleEndian ?? (record instanceof MiniSeed2Record && record.littleEndian);
  const successor = staysInVersion ? undefined : SUCCESSORS.get(record.encoding);
  const encoding = options.encoding === undefined ? successor : encodingCode(options.encoding);
  return {
    formatVersion,
    staysInVersion,
    encoding: encoding ?? record.encoding,
    options: { ...options, littleEndian },
  };
}

/** @param payloadBytes what the payload takes, about; @param most what it can take at most */
function layOut(
  record: MiniSeedRecord,
  series: PackableSeries,
  { formatVersion, staysInVersion, options }: Target,
  payloadBytes: number,
  most: number,
): Layout {
  const { recordLength = NO_LIMIT } = options;
  if (formatVersion === 3) return layOut3(series, most, { ...options, recordLength });
  return layOut2(series, options, { payloadBytes, recordLength: staysInVersion ? record.length : 0 });
}

/** The record with its payload as it is; `undefined` where that cannot be, or does not fit. */
function takeOver(record: MiniSeedRecord, series: PackableSeries, target: Target): Uint8Array | undefined {
  if (target.encoding !== record.encoding) return undefined;
  const raw = rawPayload(record, series, target.formatVersion);
  if (!raw) return undefined;
  const layout = layOut(record, series, target, raw.length, raw.length);
  const { draft, dataOffset } = layout;
  if (dataOffset + raw.length > draft.byteLength || record.sampleCount > layout.maxSamples) return undefined;
  const bytes = new Uint8Array(draft.buffer);
  bytes.set(raw, dataOffset);
  return bytes.slice(0, layout.finish(series.startTime, record.sampleCount, raw.length));
}

/** The record's samples, packed anew. */
function repack(
  record: MiniSeedRecord,
  series: PackableSeries,
  target: Target,
  report: Report,
): Uint8Array[] {
  const { samples } = record;
  if (samples.length < record.sampleCount && typeof samples !== "string") {
    report("PAYLOAD_SHORT", `only ${samples.length} of ${record.sampleCount} samples can be decoded`);
  }
  const packable = prepareSamples(target.encoding, samples);
  const bytes = encodedLength(target.encoding, packable.length) ?? record.payload.length;
  const payloadBytes = packable.length > MAX_SAMPLES ? Number.POSITIVE_INFINITY : bytes;
  return [
    ...packAll(series, packable, layOut(record, series, target, payloadBytes, mostPayload(packable.length))),
  ];
}

/** Whether nothing is to change. */
function isCopy(record: MiniSeedRecord, options: ConvertOptions): boolean {
  const { formatVersion, encoding, recordLength, littleEndian, sourceId, publicationVersion, extraHeaders } =
    options;
  if (sourceId !== undefined || publicationVersion !== undefined || extraHeaders !== undefined) return false;
  if (formatVersion !== undefined && formatVersion !== record.formatVersion) return false;
  if (encoding !== undefined && encodingCode(encoding) !== record.encoding) return false;
  if (!(record instanceof MiniSeed2Record))
    return recordLength === undefined || record.length <= recordLength;
  // Where only the record behind it told its length, it could not be read by itself.
  if (!record.declaresLength && !Number.isInteger(Math.log2(record.length))) return false;
  return (
    (recordLength === undefined || recordLength === record.length) &&
    (littleEndian === undefined || littleEndian === record.littleEndian)
  );
}

/** The record's headers with the changes. */
function seriesOf(
  record: MiniSeedRecord,
  { formatVersion, encoding }: Target,
  options: ConvertOptions,
  report: Report,
): PackableSeries {
  const { publicationVersion = record.publicationVersion } = options;
  if (record instanceof MiniSeed2Record) reportBlockettes(record, report);
  return {
    sourceId: checkSourceId(options.sourceId ?? record.sourceId),
    codes: record instanceof MiniSeed2Record && options.sourceId === undefined ? record.codes : undefined,
    startTime: record.startTime,
    rate: record.rate,
    rateField: rateFieldOf(record.rate),
    publicationVersion: checkByte("publicationVersion", publicationVersion),
    flags: record.flags,
    extraHeadersText:
      options.extraHeaders === undefined
        ? ownExtraHeaders(record, formatVersion, options.sourceId !== undefined, report)
        : extraHeadersText(options.extraHeaders),
    encoding,
    payloadLittleEndian:
      options.littleEndian ?? (record instanceof MiniSeed2Record && record.payloadLittleEndian),
    startsInLeapSecond: record.startsInLeapSecond,
  };
}

/**
 * The record's extra headers; with another source identifier, without the codes of the old one. Text that is not JSON can only
 * stay where it is text.
 */
function ownExtraHeaders(
  record: MiniSeedRecord,
  formatVersion: 2 | 3,
  isRenamed: boolean,
  report: Report,
): string {
  const text = isRenamed ? withoutCodes(record.extraHeadersText) : record.extraHeadersText;
  if (text === "" || (formatVersion === 3 && record.formatVersion === 3)) return text;
  try {
    return checkExtraHeaders(text);
  } catch (error) {
    report("EXTRA_HEADERS_INVALID", `${(error as MiniSeedError).message}: left out`);
    return "";
  }
}

function withoutCodes(text: string): string {
  if (!text.includes(CODES_KEY)) return text;
  try {
    return removeExtraHeader(text, `/${CODES_KEY}`);
  } catch {
    return text;
  }
}

function reportBlockettes(record: MiniSeed2Record, report: Report): void {
  const lost = record.blockettes.filter(({ type }) => !hasPlaceInExtraHeaders(type));
  if (lost.length === 0) return;
  const names = lost.map(({ type, name }) => `${type} (${name})`);
  report("HEADER_LOST", `no place for the contents of blockettes ${names.join(", ")}`);
}

/** The payload as it can be taken over; `undefined` if its numbers have to be written anew. */
function rawPayload(
  record: MiniSeedRecord,
  series: PackableSeries,
  formatVersion: 2 | 3,
): Uint8Array | undefined {
  const { payload, encoding } = record;
  if (isSteim(encoding)) return steimFrames(record);
  if (formatVersion === 3 && record.formatVersion === 3) return payload;
  const sameOrder =
    record instanceof MiniSeed2Record && record.payloadLittleEndian === series.payloadLittleEndian;
  const isBytes = encoding === ENCODINGS.text || record.sampleKind === undefined;
  if (!isBytes && !(formatVersion === 2 && sameOrder)) return undefined;
  // What comes after the samples in miniSEED 2 fills the record up; and what were missing would be filled up too.
  const length = encodedLength(encoding, record.sampleCount) ?? payload.length;
  return length <= payload.length ? payload.subarray(0, length) : undefined;
}

/** Steim frames in big-endian order, up to the last one that holds something. */
function steimFrames(record: MiniSeedRecord): Uint8Array {
  const { payload, encoding } = record;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const frames = Math.floor(payload.length / FRAME_BYTES);
  const isSwapped = record instanceof MiniSeed2Record && record.payloadLittleEndian;
  if (!isSwapped) return withoutEmptyFrames(payload.subarray(0, frames * FRAME_BYTES));
  return withoutEmptyFrames(toBigEndianSteim(encoding === ENCODINGS.steim1 ? 1 : 2, view, 0, frames));
}

/** Frames up to the last one that is not all zero; the first one in any case, as it says that the first sample is 0. */
function withoutEmptyFrames(frames: Uint8Array): Uint8Array {
  const last = Math.max(
    0,
    frames.findLastIndex((byte) => byte !== 0),
  );
  return frames.subarray(0, Math.ceil((last + 1) / FRAME_BYTES) * FRAME_BYTES);
}

/** Tells each problem once, and of which record. */
function onceForRecord(record: MiniSeedRecord, onProblem: ProblemHandler | undefined): ProblemHandler {
  const told = new Set<string>();
  return (problem) => {
    if (told.has(problem.message)) return;
    told.add(problem.message);
    onProblem?.({ ...problem, offset: record.offset, length: record.length, record });
  };
}
