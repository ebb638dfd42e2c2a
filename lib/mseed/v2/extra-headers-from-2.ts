/**
 * What the header and the blockettes of miniSEED 2 say, in the terms of miniSEED 3's extra headers (FDSN, reserved key
 * `FDSN`). Numbers that say nothing (0) and empty text are left out; times are to the 0.1 ms or microsecond that they have.
 */
import { formatNanoseconds } from "../../time.ts";
import type { JsonObject, JsonValue } from "../extra-headers.ts";
import { formatInLeapSecond } from "../times/calendar.ts";
import { type Blockette, type BlocketteFields, inLeapSecondOf } from "./blockettes.ts";
import { CODES_KEY, extraHeaderOfCodes } from "./codes.ts";

/** Flags of the fixed header that have an extra header of their own, by bit. */
export const EVENT_FLAGS: readonly (readonly [number, string])[] = [
  [0x04, "Begin"],
  [0x08, "End"],
  [0x40, "InProgress"],
];
/** Flags of data quality, by bit. */
export const QUALITY_FLAGS: readonly (readonly [number, string])[] = [
  [0x01, "AmplifierSaturation"],
  [0x02, "DigitizerClipping"],
  [0x04, "Spikes"],
  [0x08, "Glitches"],
  [0x10, "MissingData"],
  [0x20, "TelemetrySyncError"],
  [0x40, "FilterCharging"],
];
/** Flags of input/output and clock, by bit. */
export const CLOCK_FLAGS: readonly (readonly [number, string])[] = [
  [0x01, "StationVolumeParityError"],
  [0x02, "LongRecordRead"],
  [0x04, "ShortRecordRead"],
  [0x08, "StartOfTimeSeries"],
  [0x10, "EndOfTimeSeries"],
];

/** Calibrations by blockette, and the bits of their flags that tell how the amplitude was measured. */
export const CALIBRATION_TYPES = new Map([
  [300, "STEP"],
  [310, "SINE"],
  [320, "PSEUDORANDOM"],
  [390, "GENERIC"],
]);
/** The bits of a calibration's flags that tell how the amplitude was measured, by blockette. */
export const AMPLITUDE_RANGES = new Map<number, readonly (readonly [number, string])[]>([
  [
    310,
    [
      [0x10, "PEAKTOPEAK"],
      [0x20, "ZEROTOPEAK"],
      [0x40, "RMS"],
    ],
  ],
  [320, [[0x10, "RANDOM"]]],
]);

/** Blockette 300 and its kin count in 0.1 ms. */
export const TICKS_PER_SECOND = 10_000;

/** Blockettes whose contents are in the header fields and the extra headers of miniSEED 3. */
const WITH_PLACE = new Set([100, 200, 201, 300, 310, 320, 390, 395, 500, 1000, 1001]);

/** Whether extra headers can say what a blockette does. */
export function hasPlaceInExtraHeaders(blocketteType: number): boolean {
  return WITH_PLACE.has(blocketteType);
}

/** What a record of version 2 says that has a place in the extra headers. */
export interface Statements2 {
  /** The bytes of station, location, channel and network. */
  readonly codes: Uint8Array;
  /** Six characters. */
  readonly sequenceNumber: string;
  /** Percent; `undefined` if nothing tells it. */
  readonly timingQuality: number | undefined;
  /** In 0.1 ms. */
  readonly timeCorrection: number;
  readonly activityFlags: number;
  readonly clockFlags: number;
  readonly dataQualityFlags: number;
  readonly blockettes: readonly Blockette[];
}

/** Extra headers in the making, by group. */
type Groups = Record<"Time" | "Event" | "Calibration" | "Flags" | "Clock", JsonObject>;

/** The extra headers of a record as JSON text; `""` if it says nothing that needs one. */
export function extraHeadersOf2(record: Statements2): string {
  const groups: Groups = { Time: {}, Event: {}, Calibration: {}, Flags: {}, Clock: {} };
  addFixedHeader(record, groups);
  for (const blockette of record.blockettes) addBlockette(blockette, groups);
  const sequence = Number(record.sequenceNumber);
  const fdsn: JsonObject = Object.fromEntries(
    Object.entries(groups).filter(([, group]) => Object.keys(group).length > 0),
  );
  if (Number.isInteger(sequence) && sequence > 0) fdsn.Sequence = sequence;
  const headers: JsonObject = Object.keys(fdsn).length > 0 ? { FDSN: fdsn } : {};
  const codes = extraHeaderOfCodes(record.codes);
  if (codes) headers[CODES_KEY] = codes;
  return Object.keys(headers).length > 0 ? JSON.stringify(headers) : "";
}

function addFixedHeader(record: Statements2, { Time, Event, Flags }: Groups): void {
  if (record.timingQuality !== undefined) Time.Quality = record.timingQuality;
  if (record.timeCorrection !== 0) Time.Correction = record.timeCorrection / TICKS_PER_SECOND;
  if (record.activityFlags & 0x20) Time.LeapSecond = -1;
  else if (record.activityFlags & 0x10) Time.LeapSecond = 1;
  addFlags(Event, record.activityFlags, EVENT_FLAGS);
  addFlags(Flags, record.dataQualityFlags, QUALITY_FLAGS);
  addFlags(Flags, record.clockFlags, CLOCK_FLAGS);
}

function addFlags(target: JsonObject, bits: number, names: readonly (readonly [number, string])[]): void {
  for (const [bit, name] of names) if (bits & bit) target[name] = true;
}

function addBlockette({ type, fields }: Blockette, { Time, Event, Calibration, Clock }: Groups): void {
  switch (type) {
    case 200:
    case 201:
      append(Event, "Detection", detection(type, fields));
      break;
    case 300:
    case 310:
    case 320:
    case 390:
      append(Calibration, "Sequence", calibration(type, fields));
      break;
    case 395:
      append(Calibration, "Sequence", compact({ Type: "ABORT", EndTime: time(fields, "end") }));
      break;
    case 500:
      append(Time, "Exception", exception(fields));
      if (fields.clockModel) Clock.Model = fields.clockModel as string;
      break;
  }
}

function append(group: JsonObject, name: string, item: JsonObject): void {
  const list = (group[name] ?? []) as JsonValue[];
  list.push(item);
  group[name] = list;
}

/** Blockettes 200 and 201. Bit 2 of a generic detection's flags says that bit 0, the direction of the first motion, means nothing. */
function detection(type: number, fields: BlocketteFields): JsonObject {
  const flags = fields.flags as number;
  const wave = flags & 1 ? "DILATATION" : "COMPRESSION";
  const isGeneric = type === 200;
  return compact({
    Type: isGeneric ? "GENERIC" : "MURDOCK",
    SignalAmplitude: decimal(fields.amplitude),
    SignalPeriod: decimal(fields.period),
    BackgroundEstimate: decimal(fields.background),
    Wave: isGeneric && flags & 4 ? undefined : wave,
    Units: isGeneric ? (flags & 2 ? "DECONVOLVED" : "COUNTS") : undefined,
    OnsetTime: time(fields, "onset"),
    MEDSNR: fields.signalToNoise as number[] | undefined,
    MEDLookback: fields.lookback as number | undefined,
    MEDPickAlgorithm: fields.algorithm as number | undefined,
    Detector: text(fields.detector),
  });
}

/** Blockettes 300, 310, 320 and 390. */
function calibration(type: number, fields: BlocketteFields): JsonObject {
  const flags = fields.flags as number;
  const isStep = type === 300;
  const range = AMPLITUDE_RANGES.get(type)?.find(([bit]) => flags & bit)?.[1];
  return compact({
    Type: CALIBRATION_TYPES.get(type),
    BeginTime: time(fields, "begin"),
    Steps: number(fields.steps),
    StepFirstPulsePositive: isStep && flags & 1 ? true : undefined,
    StepAlternateSign: isStep && flags & 2 ? true : undefined,
    Trigger: flags & 4 ? "AUTOMATIC" : "MANUAL",
    Continued: flags & 8 ? true : undefined,
    Amplitude: decimal(fields.amplitude),
    AmplitudeRange: range,
    Duration: seconds(fields.duration),
    SinePeriod: decimal(fields.period),
    StepBetween: seconds(fields.interval),
    InputChannel: text(fields.channel),
    ReferenceAmplitude: number(fields.reference),
    Coupling: text(fields.coupling),
    Rolloff: text(fields.rolloff),
    Noise: text(fields.noise),
  });
}

/** Blockette 500. */
function exception(fields: BlocketteFields): JsonObject {
  const microseconds = BigInt(fields.microseconds as number);
  return compact({
    Time: time(fields, "time", microseconds * 1000n),
    VCOCorrection: decimal(fields.vcoCorrection) ?? 0,
    ReceptionQuality: fields.receptionQuality as number,
    Count: fields.count as number,
    Type: text(fields.exception),
    ClockStatus: text(fields.clockStatus),
  });
}

function compact(headers: { [name: string]: JsonValue | undefined }): JsonObject {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)) as JsonObject;
}

/** A time as text, nanoseconds later; inside a leap second as second 60. */
function time(fields: BlocketteFields, name: string, later = 0n): string | undefined {
  const value = fields[name];
  if (typeof value !== "bigint") return undefined;
  return fields[inLeapSecondOf(name)] === 1
    ? formatInLeapSecond(value + later)
    : formatNanoseconds(value + later);
}

function text(value: BlocketteFields[string] | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function number(value: BlocketteFields[string] | undefined): number | undefined {
  return typeof value === "number" && value !== 0 && Number.isFinite(value) ? value : undefined;
}

function seconds(value: BlocketteFields[string] | undefined): number | undefined {
  const ticks = number(value);
  return ticks === undefined ? undefined : ticks / TICKS_PER_SECOND;
}

/** A float32 as the shortest decimal number that it stands for: 0.4, not 0.4000000059604645. */
function decimal(value: BlocketteFields[string] | undefined): number | undefined {
  const exact = number(value);
  if (exact === undefined) return undefined;
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(exact.toPrecision(digits));
    if (Math.fround(short) === exact) return short;
  }
  return Number(exact.toPrecision(9));
}
