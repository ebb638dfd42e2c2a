/**
 * Is here a record, and how long is it? Asked at every place where one may begin, for each record anew: versions may be
 * mixed in one stream. The tests are those of the two formats, made stricter for version 2, whose header has no magic.
 */

import { LAST_FRACTION_OF_2, YEARS_READ_OF_2, YEARS_WRITTEN_OF_2 } from "./times/calendar.ts";
import { isControlHeader } from "./v2/control-headers.ts";

/** Answers of `recordLength` that are not a length. */
const NOT_A_RECORD = -1;
/** More bytes must come before the length can be told. */
export const NEED_MORE = -2;
/** A header, but its length cannot be: zero-like, or above the limit. */
export const BAD_LENGTH = -3;

/** Bytes that decide whether a record begins here. */
export const HEADER_BYTES = 48;
/** The fixed header of version 3. */
export const HEADER3_BYTES = 40;

/** The longest miniSEED 2 record that is searched for where no blockette 1000 tells the length. */
const MAX_SEARCHED_LENGTH = 131_072;
/** Above this the exponent of blockette 1000 is not a length at all, but noise: as if the blockette said nothing of it. */
export const MAX_LENGTH_EXPONENT = 30;
/** Records of version 2 are as long as multiples of this. */
export const SEARCH_STEP = 64;

/** Whether a header of version 2 is there, and its byte order: `BIG_ENDIAN`, `LITTLE_ENDIAN`, or 0 for no header. */
export type HeaderOrder = 0 | 1 | 2;
/** Most significant byte first. */
const BIG_ENDIAN = 1;
/** Least significant byte first. */
const LITTLE_ENDIAN = 2;

/** Whether the bytes at `p` begin a miniSEED 3 record; needs 15 bytes. */
export function isHeader3(bytes: Uint8Array, p: number): boolean {
  return beginsLike3(bytes, p) && isTimeOfDay(bytes, p + 12);
}

/**
 * Whether the bytes at `p` begin a miniSEED 2 data record, and in which byte order its header is; 0 if none. Needs 48 bytes.
 * Where both orders make sense (2056 day 1 read backwards is year 2056, day 256), the likelier one wins, big endian if in doubt.
 */
function headerOrder2(bytes: Uint8Array, view: DataView, p: number): HeaderOrder {
  if (!beginsLike2(bytes, p) || !isTimeOfDay(bytes, p + 24)) return 0;
  const big = headerScore(view, p, false);
  const little = headerScore(view, p, true);
  if (big === 0 && little === 0) return 0;
  return big >= little ? BIG_ENDIAN : LITTLE_ENDIAN;
}

/** Whether the bytes at `p` begin a record of either version; needs 48 bytes. */
function isHeader(bytes: Uint8Array, view: DataView, p: number): boolean {
  return isHeader3(bytes, p) || headerOrder2(bytes, view, p) !== 0;
}

/** Whether a record of either version begins at `p`, or a control header of a SEED volume; needs 48 bytes. */
export function isAnyHeader(bytes: Uint8Array, view: DataView, p: number): boolean {
  return isHeader(bytes, view, p) || isControlHeader(bytes, p);
}

/** How well a version 2 header makes sense in a byte order; 0: not at all. */
function headerScore(view: DataView, p: number, littleEndian: boolean): number {
  const year = view.getUint16(p + 20, littleEndian);
  const day = view.getUint16(p + 22, littleEndian);
  const dataOffset = view.getUint16(p + 44, littleEndian);
  const blocketteOffset = view.getUint16(p + 46, littleEndian);
  if (year < YEARS_READ_OF_2.first || year > YEARS_READ_OF_2.last || day < 1 || day > 366) return 0;
  if (blocketteOffset !== 0 && blocketteOffset < HEADER_BYTES) return 0;
  let score = 1;
  if (dataOffset === 0 || (dataOffset >= HEADER_BYTES && dataOffset % 4 === 0)) score += 2;
  if (view.getUint16(p + 28, littleEndian) <= LAST_FRACTION_OF_2) score += 1;
  if (year >= YEARS_WRITTEN_OF_2.first && year <= YEARS_WRITTEN_OF_2.last) score += 1;
  // The chain mostly begins right after the header, and hardly ever far from it.
  if (blocketteOffset === HEADER_BYTES) score += 4;
  else if (blocketteOffset < 256) score += 1;
  return score;
}

function isTimeOfDay(bytes: Uint8Array, p: number): boolean {
  return (bytes[p] as number) <= 23 && (bytes[p + 1] as number) <= 59 && (bytes[p + 2] as number) <= 60;
}

/** What a reader knows of the data around a record. */
export interface DetectionLimits {
  /** Records above this length are refused. */
  maxRecordLength: number;
  /** No bytes will follow those that are there. */
  isLast: boolean;
  /** The length of the latest record without blockette 1000, 0 if none: the last one is as long. */
  lengthHint: number;
  /** Set by `recordLength` for version 2: the length was not declared, but searched for. */
  isSearched: boolean;
  /** Set by `recordLength` for version 2: byte order of the header. */
  littleEndian: boolean;
}

/**
 * The length that the record at `at` declares: `undefined` if no record begins there, if it does not declare its length (version
 * 2 without blockette 1000), or if the bytes end before that is told. The first 64 bytes tell it of most records.
 * @param bytes from the start of the record on; they need not hold all of it
 */
export function declaredLength(bytes: Uint8Array, at = 0): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = recordLength(bytes, view, at, {
    maxRecordLength: Number.POSITIVE_INFINITY,
    isLast: false,
    lengthHint: 0,
    isSearched: false,
    littleEndian: false,
  });
  return length > 0 ? length : undefined;
}

/** What is behind a record: another one (or a control header of a SEED volume) or the end of the data, something else, or bytes that have not come yet. */
export type Following = "record" | "other" | "unknown";

/** What begins at `end`, where a record ends. */
export function whatFollows(bytes: Uint8Array, view: DataView, end: number, isLast: boolean): Following {
  const left = bytes.length - end;
  if (left >= HEADER_BYTES) return isAnyHeader(bytes, view, end) ? "record" : "other";
  if (!isLast) return "unknown";
  return left === 0 || (left >= HEADER3_BYTES && isHeader3(bytes, end)) ? "record" : "other";
}

/** Whether a byte may begin a record: a digit, a space, a NUL, or `M`. */
export function mayBeginRecord(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x20 || byte === 0 || byte === 0x4d;
}

/** The bytes of a header that are enough to take it for one: with fewer, every zero would be. */
export const TELLING_BYTES = 8;

/** Whether a header may begin at a place from `from` to `to`, as far as the bytes before `end` tell. */
export function mayHoldHeader(
  bytes: Uint8Array,
  view: DataView,
  from: number,
  to: number,
  end: number,
): boolean {
  for (let p = from; p < to; p++) {
    if (bytes[p] === 0x4d ? !beginsLike3(bytes, p) : !beginsLike2(bytes, p)) continue;
    if (p + HEADER_BYTES > end || isHeader(bytes, view, p)) return true;
  }
  return false;
}

/**
 * Whether the last bytes from `start` to `end` may be a miniSEED 2 record, whose length is a power of two: a quick look, at
 * every record that is read.
 */
export function mayEndWithRecord2(bytes: Uint8Array, start: number, end: number): boolean {
  for (let p = end - SEARCH_STEP; p > start; p = 2 * p - end) if (beginsLike2(bytes, p)) return true;
  return false;
}

function beginsLike3(bytes: Uint8Array, p: number): boolean {
  return bytes[p] === 0x4d && bytes[p + 1] === 0x53 && bytes[p + 2] === 3;
}

/** Whether eight bytes may begin a record of version 2: six digits, spaces or NULs, the letter of a data quality, a space or NUL. */
export function beginsLike2(bytes: Uint8Array, p: number): boolean {
  const quality = bytes[p + 6];
  if (quality !== 0x44 && quality !== 0x52 && quality !== 0x51 && quality !== 0x4d) return false;
  const reserved = bytes[p + 7];
  if (reserved !== 0x20 && reserved !== 0) return false;
  for (let i = p; i < p + 6; i++) {
    const c = bytes[i] as number;
    if ((c < 0x30 || c > 0x39) && c !== 0x20 && c !== 0) return false;
  }
  return true;
}

/**
 * Whether the miniSEED 2 header at `p` is one beyond doubt, as no bytes are by chance: all of its fields make sense, and its
 * chain of blockettes is as long as it counts, and tells the length. `undefined` where more bytes must come to tell.
 */
export function isSureHeader2(
  bytes: Uint8Array,
  view: DataView,
  p: number,
  isLast: boolean,
): boolean | undefined {
  const littleEndian = headerOrder2(bytes, view, p) === LITTLE_ENDIAN;
  const year = view.getUint16(p + 20, littleEndian);
  const dataOffset = view.getUint16(p + 44, littleEndian);
  if (year < YEARS_WRITTEN_OF_2.first || year > YEARS_WRITTEN_OF_2.last) return false;
  if (view.getUint16(p + 28, littleEndian) > LAST_FRACTION_OF_2) return false;
  if (dataOffset !== 0 && dataOffset < HEADER_BYTES) return false;
  let left = bytes[p + 39] as number;
  let length = 0;
  for (let at = view.getUint16(p + 46, littleEndian); at !== 0; left--) {
    if (left === 0) return false;
    if (p + at + 8 > bytes.length) return isLast ? false : undefined;
    const exponent = bytes[p + at + 6] as number;
    if (view.getUint16(p + at, littleEndian) === 1000)
      length = exponent <= MAX_LENGTH_EXPONENT ? 2 ** exponent : 0;
    const next = view.getUint16(p + at + 2, littleEndian);
    if (next !== 0 && next < at + 4) return false;
    at = next;
  }
  return left === 0 && length > dataOffset;
}

/** The length of the record at `p`, which may reach beyond the bytes that are there; or one of the answers above. */
export function recordLength(bytes: Uint8Array, view: DataView, p: number, limits: DetectionLimits): number {
  const available = bytes.length - p;
  if (available >= HEADER3_BYTES && isHeader3(bytes, p)) {
    return withinLimit(length3(view, p), limits);
  }
  if (available < HEADER_BYTES) return limits.isLast ? NOT_A_RECORD : NEED_MORE;
  const order = headerOrder2(bytes, view, p);
  if (order === 0) return NOT_A_RECORD;
  const declared = declaredLength2(bytes, view, p, order === LITTLE_ENDIAN, limits.isLast);
  limits.isSearched = declared === 0;
  limits.littleEndian = order === LITTLE_ENDIAN;
  return declared === 0 ? searchLength2(bytes, view, p, limits) : withinLimit(declared, limits);
}

function withinLimit(length: number, limits: DetectionLimits): number {
  return length > limits.maxRecordLength ? BAD_LENGTH : length;
}

function length3(view: DataView, p: number): number {
  return HEADER3_BYTES + view.getUint8(p + 33) + view.getUint16(p + 34, true) + view.getUint32(p + 36, true);
}

/** The length that blockette 1000 declares; 0 if there is none. */
function declaredLength2(
  bytes: Uint8Array,
  view: DataView,
  p: number,
  littleEndian: boolean,
  isLast: boolean,
): number {
  let at = view.getUint16(p + 46, littleEndian);
  while (at !== 0) {
    if (p + at + 8 > bytes.length) return isLast ? 0 : NEED_MORE;
    const next = view.getUint16(p + at + 2, littleEndian);
    if (view.getUint16(p + at, littleEndian) === 1000) {
      const exponent = bytes[p + at + 6] as number;
      if (exponent < 6) return BAD_LENGTH;
      if (exponent <= MAX_LENGTH_EXPONENT) return 2 ** exponent < at + 8 ? BAD_LENGTH : 2 ** exponent;
    }
    if (next < at + 4) return 0;
    at = next;
  }
  return 0;
}

/** The distance to the next header, in steps of 64 bytes; at the end of the data, what is left, if it can be a length. */
function searchLength2(bytes: Uint8Array, view: DataView, p: number, limits: DetectionLimits): number {
  const last = Math.min(bytes.length - HEADER_BYTES, p + MAX_SEARCHED_LENGTH);
  for (let next = p + SEARCH_STEP; next <= last; next += SEARCH_STEP) {
    if (isAnyHeader(bytes, view, next)) return next - p;
  }
  const available = bytes.length - p;
  if (available > MAX_SEARCHED_LENGTH + HEADER_BYTES) return BAD_LENGTH;
  if (!limits.isLast) return NEED_MORE;
  if (limits.lengthHint > 0 && limits.lengthHint <= available) return limits.lengthHint;
  return available >= SEARCH_STEP && (available & (available - 1)) === 0 ? available : BAD_LENGTH;
}
