/** The blockettes of miniSEED 2 (SEED manual, chapter 8): names, lengths and fields, read and written by one table. */
import {
  type CalendarTime,
  calendarSeconds,
  fromBigNanoseconds,
  inLeapSecond,
  toBigNanoseconds,
} from "../times/calendar.ts";

/** What a field of a blockette holds: times are nanoseconds since 1970, absent where the year is 0; text is without padding. */
export type BlocketteValue = number | string | bigint | number[] | string[] | Uint8Array;
/** The fields of a blockette by name. */
export type BlocketteFields = { [name: string]: BlocketteValue };

/** A blockette of a record. */
export interface Blockette {
  /** Its number: 100, 1000, … */
  type: number;
  /** What the SEED manual calls it, or `unknown`. */
  name: string;
  /** Bytes from the start of the record. */
  offset: number;
  /** All of its bytes, from the type on: a view, not a copy. Up to the next one or the data where its length is not known. */
  bytes: Uint8Array;
  /** Its fields by name; none if the type is unknown. */
  fields: BlocketteFields;
}

/** A blockette to be written: its type, and the bytes after type and next offset. */
export interface BlocketteDraft {
  type: number;
  body: Uint8Array;
}

const latin1 = new TextDecoder("latin1");

type Format = "u8" | "i8" | "u16" | "u32" | "f32" | "time" | "text" | "u8s";

/** Name, offset from the start of the blockette, format, and how many of it (characters, numbers). */
type Field = readonly [name: string, offset: number, format: Format, count?: number];

interface Known {
  name: string;
  /** In bytes, with the four of type and next offset; the least where it varies. */
  length: number;
  fields: readonly Field[];
}

const SIGNAL: readonly Field[] = [
  ["amplitude", 4, "f32"],
  ["period", 8, "f32"],
  ["background", 12, "f32"],
  ["flags", 16, "u8"],
  ["onset", 18, "time"],
];
const CALIBRATION: readonly Field[] = [
  ["begin", 4, "time"],
  ["flags", 15, "u8"],
  ["duration", 16, "u32"],
];

const KNOWN = new Map<number, Known>([
  [100, known("sample rate", 12, ["rate", 4, "f32"], ["flags", 8, "u8"])],
  [200, known("generic event detection", 52, ...SIGNAL, ["detector", 28, "text", 24])],
  [
    201,
    known(
      "Murdock event detection",
      60,
      ...SIGNAL,
      ["signalToNoise", 28, "u8s", 6],
      ["lookback", 34, "u8"],
      ["algorithm", 35, "u8"],
      ["detector", 36, "text", 24],
    ),
  ],
  [
    300,
    known(
      "step calibration",
      60,
      ...CALIBRATION,
      ["steps", 14, "u8"],
      ["interval", 20, "u32"],
      ["amplitude", 24, "f32"],
      ["channel", 28, "text", 3],
      ["reference", 32, "u32"],
      ["coupling", 36, "text", 12],
      ["rolloff", 48, "text", 12],
    ),
  ],
  [
    310,
    known(
      "sine calibration",
      60,
      ...CALIBRATION,
      ["period", 20, "f32"],
      ["amplitude", 24, "f32"],
      ["channel", 28, "text", 3],
      ["reference", 32, "u32"],
      ["coupling", 36, "text", 12],
      ["rolloff", 48, "text", 12],
    ),
  ],
  [
    320,
    known(
      "pseudo-random calibration",
      64,
      ...CALIBRATION,
      ["amplitude", 20, "f32"],
      ["channel", 24, "text", 3],
      ["reference", 28, "u32"],
      ["coupling", 32, "text", 12],
      ["rolloff", 44, "text", 12],
      ["noise", 56, "text", 8],
    ),
  ],
  [
    390,
    known("generic calibration", 28, ...CALIBRATION, ["amplitude", 20, "f32"], ["channel", 24, "text", 3]),
  ],
  [395, known("calibration abort", 16, ["end", 4, "time"])],
  [400, known("beam", 16, ["azimuth", 4, "f32"], ["slowness", 8, "f32"], ["configuration", 12, "u16"])],
  [405, known("beam delay", 6)],
  [
    500,
    known(
      "timing",
      200,
      ["vcoCorrection", 4, "f32"],
      ["time", 8, "time"],
      ["microseconds", 18, "i8"],
      ["receptionQuality", 19, "u8"],
      ["count", 20, "u32"],
      ["exception", 24, "text", 16],
      ["clockModel", 40, "text", 32],
      ["clockStatus", 72, "text", 128],
    ),
  ],
  [
    1000,
    known("data only SEED", 8, ["encoding", 4, "u8"], ["wordOrder", 5, "u8"], ["lengthExponent", 6, "u8"]),
  ],
  [
    1001,
    known("data extension", 8, ["timingQuality", 4, "u8"], ["microseconds", 5, "i8"], ["frames", 7, "u8"]),
  ],
  [
    2000,
    known(
      "opaque data",
      15,
      ["length", 4, "u16"],
      ["dataOffset", 6, "u16"],
      ["recordNumber", 8, "u32"],
      ["wordOrder", 12, "u8"],
      ["flags", 13, "u8"],
      ["headers", 14, "u8"],
    ),
  ],
]);

function known(name: string, length: number, ...fields: Field[]): Known {
  return { name, length, fields };
}

/**
 * In the reserved byte of a blockette 1001 that was only written for its microseconds: its timing quality of 0 % stands for
 * none. Other programs pass over that byte.
 */
const QUALITY_UNKNOWN = 1;
const QUALITY_OFFSET = 4;
const RESERVED_OFFSET = 6;

/** The timing quality in percent of the blockette 1001 at `p`; `undefined` where it is marked as unknown. */
export function timingQualityAt(view: DataView, p: number): number | undefined {
  const quality = view.getUint8(p + QUALITY_OFFSET);
  return quality === 0 && view.getUint8(p + RESERVED_OFFSET) === QUALITY_UNKNOWN ? undefined : quality;
}

/**
 * A blockette 1001 with room for microseconds, of a timing quality in percent, or of none.
 * @param isMarked whether it says that there is none: in conversions, which lead back to headers that made nothing up; records
 *   that are packed are the same as libmseed's
 */
export function draftExtension(
  timingQuality: number | undefined,
  isMarked: boolean,
  littleEndian: boolean,
): BlocketteDraft {
  const draft = draftBlockette(1001, { timingQuality: timingQuality ?? 0 }, littleEndian);
  if (timingQuality === undefined && isMarked) draft.body[RESERVED_OFFSET - 4] = QUALITY_UNKNOWN;
  return draft;
}

/** The bytes that a blockette has at least; 4 for a type that is not known. */
export function blocketteLength(type: number): number {
  // Those that nearly every record has, without a search.
  if (type === 1000 || type === 1001) return 8;
  return KNOWN.get(type)?.length ?? 4;
}

/** Whether a type has one length; others reach up to what follows them. */
export function hasFixedLength(type: number): boolean {
  return KNOWN.has(type) && type !== 405 && type !== 2000;
}

/** Where a time has its second. */
const SECOND_OF_TIME = 6;

/** The name of the field, 1 if it is there, that says that a time is second 60: inside a leap second. */
export function inLeapSecondOf(name: string): string {
  return `${name}InLeapSecond`;
}

/** A blockette from its bytes, type and all. */
export function readBlockette(bytes: Uint8Array, offset: number, littleEndian: boolean): Blockette {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const type = view.getUint16(0, littleEndian);
  const { name, fields } = KNOWN.get(type) ?? known("unknown", 4);
  const values: BlocketteFields = {};
  for (const field of fields) {
    const value = readField(view, field, littleEndian);
    if (value !== undefined) values[field[0]] = value;
    // Second 60 has the time of the second after it: that it was meant is kept beside.
    if (value !== undefined && field[2] === "time" && view.getUint8(field[1] + SECOND_OF_TIME) === 60) {
      values[inLeapSecondOf(field[0])] = 1;
    }
  }
  if (type === 405) values.delays = readDelays(view, littleEndian);
  if (type === 2000) Object.assign(values, readOpaque(bytes, values));
  return { type, name, offset, bytes, fields: values };
}

/** A blockette of fields; those that are not given stay zero. Text that is too long is cut. */
export function draftBlockette(type: number, fields: BlocketteFields, littleEndian: boolean): BlocketteDraft {
  const { length, fields: places } = KNOWN.get(type) as Known;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  for (const place of places) {
    const value = fields[place[0]];
    if (value !== undefined) writeField(view, place, value, littleEndian);
    if (typeof value === "bigint" && fields[inLeapSecondOf(place[0])] === 1) {
      writeTime(view, place[1], inLeapSecond(value), littleEndian);
    }
  }
  return { type, body: bytes.subarray(4) };
}

function readField(view: DataView, field: Field, littleEndian: boolean): BlocketteValue | undefined {
  const [, at, format, count = 1] = field;
  switch (format) {
    case "u8":
      return view.getUint8(at);
    case "i8":
      return view.getInt8(at);
    case "u16":
      return view.getUint16(at, littleEndian);
    case "u32":
      return view.getUint32(at, littleEndian);
    case "f32":
      return view.getFloat32(at, littleEndian);
    case "time":
      return readTime(view, at, littleEndian);
    case "text":
      return readText(view, at, count);
    case "u8s":
      return Array.from({ length: count }, (_, i) => view.getUint8(at + i));
  }
}

function writeField(view: DataView, field: Field, value: BlocketteValue, littleEndian: boolean): void {
  const [, at, format, count = 1] = field;
  switch (format) {
    case "u8":
      view.setUint8(at, value as number);
      break;
    case "i8":
      view.setInt8(at, value as number);
      break;
    case "u16":
      view.setUint16(at, value as number, littleEndian);
      break;
    case "u32":
      view.setUint32(at, value as number, littleEndian);
      break;
    case "f32":
      view.setFloat32(at, value as number, littleEndian);
      break;
    case "time":
      writeTime(view, at, fromBigNanoseconds(value as bigint), littleEndian);
      break;
    case "text":
      writeText(view, at, value as string, count);
      break;
    case "u8s":
      for (const [i, number] of (value as number[]).entries()) view.setUint8(at + i, number);
      break;
  }
}

/** SEED's BTIME: year, day of year, hour, minute, second, a spare byte, 0.1 ms. */
function readTime(view: DataView, at: number, littleEndian: boolean): bigint | undefined {
  const year = view.getUint16(at, littleEndian);
  if (year === 0) return undefined;
  const day = view.getUint16(at + 2, littleEndian);
  const [hour, minute, second] = [view.getUint8(at + 4), view.getUint8(at + 5), view.getUint8(at + 6)];
  return toBigNanoseconds(
    calendarSeconds(year, day, hour, minute, second),
    view.getUint16(at + 8, littleEndian) * 100_000,
  );
}

/** Writes a BTIME; what is below 0.1 ms is left out. */
export function writeTime(view: DataView, at: number, time: CalendarTime, littleEndian: boolean): void {
  view.setUint16(at, time.year, littleEndian);
  view.setUint16(at + 2, time.dayOfYear, littleEndian);
  view.setUint8(at + 4, time.hour);
  view.setUint8(at + 5, time.minute);
  view.setUint8(at + 6, time.second);
  view.setUint16(at + 8, Math.floor(time.nanosecond / 100_000), littleEndian);
}

/** Text without the spaces and NULs that fill its field. */
function readText(view: DataView, at: number, length: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, length);
  const end = bytes.indexOf(0);
  return latin1.decode(end < 0 ? bytes : bytes.subarray(0, end)).trimEnd();
}

/** Text in a field of its own length, filled with spaces. */
export function writeText(view: DataView, at: number, text: string, length: number): void {
  for (let i = 0; i < length; i++) view.setUint8(at + i, i < text.length ? text.charCodeAt(i) : 0x20);
}

function readDelays(view: DataView, littleEndian: boolean): number[] {
  const delays: number[] = [];
  for (let at = 4; at + 2 <= view.byteLength; at += 2) delays.push(view.getUint16(at, littleEndian));
  return delays;
}

/** The headers of a blockette 2000, each ended by `~`, and its data; what its own length and offset allow of them. */
function readOpaque(bytes: Uint8Array, { length, dataOffset, headers }: BlocketteFields): BlocketteFields {
  const end = Math.min(Number(length), bytes.length);
  const dataAt = Math.min(Math.max(Number(dataOffset), 15), end);
  const text = latin1.decode(bytes.subarray(15, dataAt));
  return { headers: text.split("~").slice(0, Number(headers)), data: bytes.subarray(dataAt, end) };
}
