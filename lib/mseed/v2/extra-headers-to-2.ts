/**
 * Places for what a series says in the header and the blockettes of miniSEED 2: the way back of `extra-headers-from-2.ts`.
 * Every header that finds its place is taken out of the tree; what is left in the end is reported as lost.
 */
import { floorDivide, toNanoseconds } from "../../time.ts";
import { MiniSeedError, type ProblemReporter } from "../errors.ts";
import type { JsonObject, JsonValue } from "../extra-headers.ts";
import type { PackableSeries } from "../layout.ts";
import { FLAG_CALIBRATION, FLAG_CLOCK_LOCKED, FLAG_TIME_QUESTIONABLE } from "../record.ts";
import { isWithin, YEARS_OF_BLOCKETTES } from "../times/calendar.ts";
import { type BlocketteDraft, type BlocketteFields, draftBlockette, inLeapSecondOf } from "./blockettes.ts";
import { CODES_KEY, codesOfExtraHeader, codesOfSourceId } from "./codes.ts";
import {
  AMPLITUDE_RANGES,
  CALIBRATION_TYPES,
  CLOCK_FLAGS,
  EVENT_FLAGS,
  QUALITY_FLAGS,
  TICKS_PER_SECOND,
} from "./extra-headers-from-2.ts";
import { hasQuality, qualityLetterOf, qualityOf } from "./quality.ts";

/** What the fixed header has besides time, rate and samples, and the blockettes after 1000, 1001 and 100. */
export interface Header2 {
  /** The 12 bytes of station, location, channel and network. */
  codes: Uint8Array;
  /** Six digits. */
  sequenceNumber: string;
  /** D, R, Q or M. */
  quality: string;
  activityFlags: number;
  clockFlags: number;
  dataQualityFlags: number;
  /** In 0.1 ms; contained in the start time, as bit 1 of the activity flags then says. */
  timeCorrection: number;
  /** Percent, `undefined` if nothing tells it. */
  timingQuality: number | undefined;
  blockettes: BlocketteDraft[];
}

/** Headers that a message names. */
const MAX_NAMED = 20;

const TICK_NS = 100_000n;

/** @throws MiniSeedError `INVALID_ARGUMENT` for a source identifier that SEED has no codes for */
export function header2Of(series: PackableSeries, littleEndian: boolean, reporter: ProblemReporter): Header2 {
  const { sourceId, flags, publicationVersion } = series;
  const headers = new HeaderTree(series.extraHeadersText);
  const told = headers.takeCodes((header) => series.codes ?? codesOfExtraHeader(sourceId, header));
  const codes = series.codes ?? told ?? codesOfSourceId(sourceId);
  if (!codes) {
    throw new MiniSeedError(
      "INVALID_ARGUMENT",
      `source identifier ${JSON.stringify(sourceId.text)} has no codes in miniSEED 2 (network 2, station 5, location 2, channel 3 characters)`,
    );
  }
  reportLost(series, reporter);
  const time = headers.group("Time");
  const correction = headers.take(time, "Correction", ticks(-0x8000_0000, 0x7fff_ffff)) ?? 0;
  const leapSecond = headers.take(time, "LeapSecond", integer(-1, 1));
  const event = headers.group("Event");
  const quality = headers.group("Flags");
  const header: Header2 = {
    codes,
    sequenceNumber: String(headers.take(headers.fdsn, "Sequence", integer(0, 999_999)) ?? 0).padStart(6, "0"),
    quality: headers.take(headers.fdsn, "DataQuality", qualityLetter) ?? qualityOf(publicationVersion),
    activityFlags:
      (flags & FLAG_CALIBRATION ? 0x01 : 0) |
      (correction === 0 ? 0 : 0x02) |
      headers.takeFlags(event, EVENT_FLAGS) |
      (leapSecond === 1 ? 0x10 : leapSecond === -1 ? 0x20 : 0),
    clockFlags: (flags & FLAG_CLOCK_LOCKED ? 0x20 : 0) | headers.takeFlags(quality, CLOCK_FLAGS),
    dataQualityFlags: (flags & FLAG_TIME_QUESTIONABLE ? 0x80 : 0) | headers.takeFlags(quality, QUALITY_FLAGS),
    timeCorrection: correction,
    timingQuality: headers.take(time, "Quality", integer(0, 255)),
    blockettes: draftBlockettes(headers, littleEndian),
  };
  headers.report(reporter);
  return header;
}

/** Bits and numbers of the fixed header that miniSEED 2 does not have. */
function reportLost({ flags, publicationVersion }: PackableSeries, reporter: ProblemReporter): void {
  if (!hasQuality(publicationVersion)) {
    reporter.report(
      "HEADER_LOST",
      `publication version ${publicationVersion} becomes quality D in miniSEED 2`,
      0,
      0,
    );
  }
  if (flags & ~(FLAG_CALIBRATION | FLAG_TIME_QUESTIONABLE | FLAG_CLOCK_LOCKED)) {
    reporter.report("HEADER_LOST", `reserved bits of flags ${flags} have no place in miniSEED 2`, 0, 0);
  }
}

/** The blockettes of timing exceptions, detections and calibrations, in this order. */
function draftBlockettes(headers: HeaderTree, littleEndian: boolean): BlocketteDraft[] {
  const drafts: BlocketteDraft[] = [];
  const add = (type: number, fields: BlocketteFields) =>
    drafts.push(draftBlockette(type, fields, littleEndian));
  const exceptions = headers.items("Time", "Exception");
  const clockModel =
    exceptions.length > 0 ? headers.take(headers.group("Clock"), "Model", headers.text(32)) : undefined;
  for (const item of exceptions) add(500, exception(headers, item, clockModel));
  for (const item of headers.items("Event", "Detection")) {
    const type = headers.take(item, "Type", oneOf({ GENERIC: 200, MURDOCK: 201 }));
    if (type !== undefined) add(type, detection(headers, item, type));
  }
  for (const item of headers.items("Calibration", "Sequence")) {
    const kinds = {
      ABORT: 395,
      ...Object.fromEntries([...CALIBRATION_TYPES].map(([type, name]) => [name, type])),
    };
    const type = headers.take(item, "Type", oneOf(kinds));
    if (type === undefined) continue;
    // The end of a calibration has a blockette of its own; an item may tell nothing else.
    const end = headers.take(item, "EndTime", headers.time());
    if (type !== 395 && (end === undefined || item.BeginTime !== undefined)) {
      add(type, calibration(headers, item, type));
    }
    if (end !== undefined || type === 395) add(395, timed("end", end));
  }
  return drafts;
}

function exception(headers: HeaderTree, item: JsonObject, clockModel: string | undefined): BlocketteFields {
  const told = headers.take(item, "Time", headers.time(1000n));
  const at = told?.time;
  // To the nearest 0.1 ms, and the microseconds from there: -50 to 49.
  const tick = at === undefined ? undefined : floorDivide(at + TICK_NS / 2n, TICK_NS) * TICK_NS;
  return present({
    ...timed("time", told && tick !== undefined ? { ...told, time: tick } : undefined),
    vcoCorrection: headers.take(item, "VCOCorrection", float32),
    microseconds: at === undefined || tick === undefined ? undefined : Number((at - tick) / 1000n),
    receptionQuality: headers.take(item, "ReceptionQuality", integer(0, 255)),
    count: headers.take(item, "Count", integer(0, 0xffff_ffff)),
    exception: headers.take(item, "Type", headers.text(16)) ?? "",
    clockModel: clockModel ?? "",
    clockStatus: headers.take(item, "ClockStatus", headers.text(128)) ?? "",
  });
}

function detection(headers: HeaderTree, item: JsonObject, type: number): BlocketteFields {
  const dilatation = headers.take(item, "Wave", oneOf({ DILATATION: 1, COMPRESSION: 0 }));
  const isGeneric = type === 200;
  const deconvolved = isGeneric
    ? headers.take(item, "Units", oneOf({ DECONVOLVED: 2, COUNTS: 0 }))
    : undefined;
  const undetermined = isGeneric && dilatation === undefined ? 4 : 0;
  return present({
    amplitude: headers.take(item, "SignalAmplitude", float32),
    period: headers.take(item, "SignalPeriod", float32),
    background: headers.take(item, "BackgroundEstimate", float32),
    flags: (dilatation ?? 0) | (deconvolved ?? 0) | undetermined,
    ...timed("onset", headers.take(item, "OnsetTime", headers.time())),
    signalToNoise: isGeneric ? undefined : headers.take(item, "MEDSNR", sixBytes),
    lookback: isGeneric ? undefined : headers.take(item, "MEDLookback", integer(0, 255)),
    algorithm: isGeneric ? undefined : headers.take(item, "MEDPickAlgorithm", integer(0, 255)),
    detector: headers.take(item, "Detector", headers.text(24)) ?? "",
  });
}

function calibration(headers: HeaderTree, item: JsonObject, type: number): BlocketteFields {
  const isStep = type === 300;
  const ranges = AMPLITUDE_RANGES.get(type);
  const range =
    ranges && headers.take(item, "AmplitudeRange", oneOf(Object.fromEntries(ranges.map(([b, n]) => [n, b]))));
  const hasCircuit = type !== 390;
  return present({
    ...timed("begin", headers.take(item, "BeginTime", headers.time())),
    steps: isStep ? headers.take(item, "Steps", integer(0, 255)) : undefined,
    flags:
      (range ?? 0) |
      (isStep && headers.take(item, "StepFirstPulsePositive", boolean) ? 1 : 0) |
      (isStep && headers.take(item, "StepAlternateSign", boolean) ? 2 : 0) |
      (headers.take(item, "Trigger", oneOf({ AUTOMATIC: 4, MANUAL: 0 })) ?? 0) |
      (headers.take(item, "Continued", boolean) ? 8 : 0),
    amplitude: headers.take(item, "Amplitude", float32),
    duration: headers.take(item, "Duration", ticks(0, 0xffff_ffff)),
    period: type === 310 ? headers.take(item, "SinePeriod", float32) : undefined,
    interval: isStep ? headers.take(item, "StepBetween", ticks(0, 0xffff_ffff)) : undefined,
    channel: headers.take(item, "InputChannel", headers.text(3)),
    reference: hasCircuit
      ? headers.take(item, "ReferenceAmplitude", headers.rounded(0xffff_ffff))
      : undefined,
    coupling: hasCircuit ? headers.take(item, "Coupling", headers.text(12)) : undefined,
    rolloff: hasCircuit ? headers.take(item, "Rolloff", headers.text(12)) : undefined,
    noise: type === 320 ? headers.take(item, "Noise", headers.text(8)) : undefined,
  });
}

/** A time as an extra header tells it. */
interface HeaderTime {
  /** Nanoseconds since 1970. */
  time: bigint;
  /** Told as second 60. */
  isLeapSecond: boolean;
}

/** Second 60 in a time of day. */
const LEAP_SECOND = /[:,]60(?:\.\d*)?(?:Z|[+-]\d{2}:?\d{2})?\s*$/;

/** The fields of a blockette's time. */
function timed(name: string, told: HeaderTime | undefined): BlocketteFields {
  if (!told) return {};
  return { [name]: told.time, ...(told.isLeapSecond ? { [inLeapSecondOf(name)]: 1 } : {}) };
}

/** Makes of a JSON value what a field takes, or `undefined` if it cannot. */
type Convert<T> = (value: JsonValue) => T | undefined;

/** Extra headers of which one after the other is taken out. */
class HeaderTree {
  readonly fdsn: JsonObject;
  readonly #root: JsonObject;
  /** What was cut or rounded to fit. */
  readonly #shortened: string[] = [];

  /** @param text extra headers that were checked already */
  constructor(text: string) {
    this.#root = text === "" ? {} : (JSON.parse(text) as JsonObject);
    this.fdsn = asObject(this.#root.FDSN) ?? {};
  }

  /** A group of the reserved headers, empty if it is not there. */
  group(name: string): JsonObject {
    return asObject(this.fdsn[name]) ?? {};
  }

  /** The objects in a list of a group. */
  items(group: string, name: string): JsonObject[] {
    const list = this.group(group)[name];
    return Array.isArray(list) ? list.map(asObject).filter((item) => item !== undefined) : [];
  }

  /** Takes a header out, if it can be made what is wanted; else it stays, to be reported. */
  take<T>(from: JsonObject, name: string, convert: Convert<T>): T | undefined {
    const value = Object.hasOwn(from, name) ? from[name] : undefined;
    const converted = value === undefined ? undefined : convert(value);
    if (converted !== undefined) delete from[name];
    return converted;
  }

  /** The codes of the header, which have a key of their own. */
  takeCodes(convert: (header: JsonValue | undefined) => Uint8Array | undefined): Uint8Array | undefined {
    return this.take(this.#root, CODES_KEY, convert);
  }

  /** The bits of those names that are true. */
  takeFlags(from: JsonObject, names: readonly (readonly [number, string])[]): number {
    return names.reduce((bits, [bit, name]) => bits | (this.take(from, name, boolean) ? bit : 0), 0);
  }

  /** Printable ASCII; what does not fit the field is cut off, and told. */
  text(length: number): Convert<string> {
    return (value) => {
      if (typeof value !== "string" || !/^[ -~]*$/.test(value)) return undefined;
      if (value.length > length) this.#shortened.push(`${JSON.stringify(value)} cut to ${length} characters`);
      return value.slice(0, length);
    };
  }

  /** A number from 0 that becomes an integer; reported if it was not one. */
  rounded(max: number): Convert<number> {
    return (value) => {
      if (typeof value !== "number") return undefined;
      const rounded = integer(0, max)(Math.round(value));
      if (rounded !== undefined && rounded !== value) this.#shortened.push(`${value} rounded to ${rounded}`);
      return rounded;
    };
  }

  /** A time; what is finer than the field's 0.1 ms, or microseconds, is left out, and told. */
  time(resolution = TICK_NS): Convert<HeaderTime> {
    return (value) => {
      if (typeof value !== "string") return undefined;
      const time = toNanoseconds(value);
      if (time === undefined || !isWithin(time, YEARS_OF_BLOCKETTES)) return undefined;
      const finer = time - floorDivide(time, resolution) * resolution;
      if (finer !== 0n) this.#shortened.push(`time ${value} to ${resolution / 1000n} microseconds`);
      return { time: time - finer, isLeapSecond: LEAP_SECOND.test(value) };
    };
  }

  report(reporter: ProblemReporter): void {
    const lost = leaves(this.#root, "");
    if (lost.length > 0) {
      const named = lost.slice(0, MAX_NAMED).join(", ");
      const more = lost.length > MAX_NAMED ? ` and ${lost.length - MAX_NAMED} more` : "";
      reporter.report("HEADER_LOST", `no place in miniSEED 2 for extra headers ${named}${more}`, 0, 0);
    }
    if (this.#shortened.length > 0) {
      reporter.report(
        "PRECISION_LOST",
        `extra headers do not fit miniSEED 2: ${this.#shortened.join(", ")}`,
        0,
        0,
      );
    }
  }
}

/** Pointers of all values that are left: not of objects and lists, which may be empty now. */
function leaves(value: JsonValue, pointer: string): string[] {
  if (typeof value !== "object" || value === null) return [pointer];
  return Object.entries(value).flatMap(([key, child]) => leaves(child, `${pointer}/${key}`));
}

function asObject(value: JsonValue | undefined): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}

const boolean: Convert<boolean> = (value) => (typeof value === "boolean" ? value : undefined);

const float32: Convert<number> = (value) =>
  typeof value === "number" && Number.isFinite(Math.fround(value)) ? value : undefined;

const qualityLetter: Convert<string> = (value) =>
  typeof value === "string" ? qualityLetterOf(value) : undefined;

const sixBytes: Convert<number[]> = (value) =>
  Array.isArray(value) && value.length <= 6 && value.every((n) => integer(0, 255)(n) !== undefined)
    ? (value as number[])
    : undefined;

function integer(min: number, max: number): Convert<number> {
  return (value) =>
    typeof value === "number" && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
}

/** Seconds as a whole number of 0.1 ms. */
function ticks(min: number, max: number): Convert<number> {
  return (value) =>
    typeof value === "number" ? integer(min, max)(Math.round(value * TICKS_PER_SECOND)) : undefined;
}

/** One of some words, in capital or small letters. */
function oneOf(values: Record<string, number>): Convert<number> {
  return (value) => {
    const word = typeof value === "string" ? value.toUpperCase() : "";
    return Object.hasOwn(values, word) ? values[word] : undefined;
  };
}

function present(fields: { [name: string]: BlocketteFields[string] | undefined }): BlocketteFields {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as BlocketteFields;
}
