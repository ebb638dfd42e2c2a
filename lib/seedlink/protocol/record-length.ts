/**
 * How long is the record that begins here? Protocol 3 does not say it: a packet is eight bytes and a record, and what
 * follows can be found only by the record's own header.
 */
import { SeedLinkError } from "./errors.ts";

/** Bytes that are there already; more may follow. */
export interface Bytes {
  readonly length: number;
  at(index: number): number;
}

/** The length of a miniSEED 2 record that has no blockette 1000, and of every record of INFO. */
export const DEFAULT_RECORD_LENGTH = 512;

const HEADER_2 = 48;
const HEADER_3 = 40;

/** Blockettes that are looked through for the one with the length, which usually is the first. */
const MAX_BLOCKETTES = 64;

/**
 * The length in bytes of the record that begins at `start`; where that cannot be told yet, minus the number of bytes,
 * counted from `start`, that must be there before it is worth asking again.
 *
 * @throws SeedLinkError `PROTOCOL` where no record begins there
 */
export function recordLength(bytes: Bytes, start: number): number {
  const available = bytes.length - start;
  if (available < 8) return -8;
  if (bytes.at(start) === 0x4d && bytes.at(start + 1) === 0x53 && bytes.at(start + 2) === 3) {
    return available < HEADER_3 ? -HEADER_3 : length3(bytes, start);
  }
  checkHeader2(bytes, start);
  return available < HEADER_2 ? -HEADER_2 : length2(bytes, start);
}

function length3(bytes: Bytes, start: number): number {
  const extraHeaders = bytes.at(start + 34) + bytes.at(start + 35) * 0x100;
  const payload =
    bytes.at(start + 36) +
    bytes.at(start + 37) * 0x100 +
    bytes.at(start + 38) * 0x10000 +
    bytes.at(start + 39) * 0x1000000;
  return HEADER_3 + bytes.at(start + 33) + extraHeaders + payload;
}

/** Walks the chain of blockettes forward only, so that a wrong one can neither turn in circles nor be walked for long. */
function length2(bytes: Bytes, start: number): number {
  const available = bytes.length - start;
  const littleEndian = isLittleEndian(bytes, start);
  let at = uint16(bytes, start + 46, littleEndian);
  for (let count = 0; at >= HEADER_2 && count < MAX_BLOCKETTES; count++) {
    if (available < at + 8) return -(at + 8);
    const next = uint16(bytes, start + at + 2, littleEndian);
    if (uint16(bytes, start + at, littleEndian) === 1000)
      return 2 ** checkedExponent(bytes.at(start + at + 6));
    if (next <= at) break;
    at = next;
  }
  return DEFAULT_RECORD_LENGTH;
}

function checkedExponent(exponent: number): number {
  if (exponent >= 6 && exponent < 31) return exponent;
  throw new SeedLinkError(
    "PROTOCOL",
    `the server sent a record whose length would be 2 to the power of ${exponent}`,
  );
}

/** By the year and the day of the start time, as all readers of miniSEED 2 tell it. */
function isLittleEndian(bytes: Bytes, start: number): boolean {
  const year = uint16(bytes, start + 20, false);
  const day = uint16(bytes, start + 22, false);
  return !(year >= 1678 && year <= 2262 && day >= 1 && day <= 366);
}

function uint16(bytes: Bytes, at: number, littleEndian: boolean): number {
  const [high, low] = littleEndian ? [at + 1, at] : [at, at + 1];
  return bytes.at(high) * 0x100 + bytes.at(low);
}

/** Six digits or blanks, a quality letter, and a blank or zero. */
function checkHeader2(bytes: Bytes, start: number): void {
  for (let i = 0; i < 6; i++) {
    const c = bytes.at(start + i);
    if (!(c >= 0x30 && c <= 0x39) && c !== 0x20 && c !== 0) throw notARecord(bytes, start);
  }
  const [quality, reserved] = [bytes.at(start + 6), bytes.at(start + 7)];
  const known = quality === 0x44 || quality === 0x52 || quality === 0x51 || quality === 0x4d;
  if (!known || (reserved !== 0x20 && reserved !== 0)) throw notARecord(bytes, start);
}

function notARecord(bytes: Bytes, start: number): SeedLinkError {
  const hex = Array.from({ length: 8 }, (_, i) =>
    bytes
      .at(start + i)
      .toString(16)
      .padStart(2, "0"),
  ).join(" ");
  return new SeedLinkError(
    "PROTOCOL",
    `the server sent a packet that is not a miniSEED record (it begins with the bytes ${hex})`,
  );
}
