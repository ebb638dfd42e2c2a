/** Numbers in headers, read from bytes and written to them without a string for each. */

const ZERO = 0x30;
const HALF = 1e8;

/** The whole number that the bytes from `start` to before `end` say in plain digits; -1 where they do not, or it is beyond 2^53. */
export function readDigits(bytes: Uint8Array, start: number, end: number): number {
  // So many digits may be of a number beyond 2^53, but not so far that it does not show.
  if (end <= start || end - start > 16) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value <= Number.MAX_SAFE_INTEGER ? value : -1;
}

/** Writes a safe integer from 0 in decimal digits, from `start` on; returns where they end. */
export function writeDigits(bytes: Uint8Array, start: number, value: number): number {
  if (value < HALF) return writeInt(bytes, start, start + lengthOf(value), value);
  let high = Math.floor(value / HALF);
  // The quotient may have been rounded to the next whole number.
  if (high * HALF > value) high--;
  const middle = writeInt(bytes, start, start + lengthOf(high), high);
  return writeInt(bytes, middle, middle + 8, value - high * HALF);
}

/** How many digits a number below a milliard has. */
function lengthOf(value: number): number {
  let length = 1;
  for (let limit = 10; limit <= value; limit *= 10) length++;
  return length;
}

/** Fills the place from `start` to before `end` with the digits of a number below 2^31, and with zeros before them. */
function writeInt(bytes: Uint8Array, start: number, end: number, value: number): number {
  let rest = value | 0;
  for (let at = end - 1; at >= start; at--) {
    const tenth = (rest / 10) | 0;
    bytes[at] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return end;
}
