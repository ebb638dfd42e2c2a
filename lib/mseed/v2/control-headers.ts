/**
 * The control headers of a SEED volume (SEED manual, chapter 3): records of text before and between the data records, or alone
 * in a dataless volume. They hold no samples; a reader passes over them and says what they are.
 */

/** What the types of control headers are, by their letter. */
export const CONTROL_HEADERS: Readonly<Record<string, string>> = {
  V: "volume",
  A: "dictionary",
  S: "station",
  T: "time span",
};

/** Bytes that decide whether a control header begins here. */
const TELLING_BYTES = 11;

/** Lengths that their records have: powers of two, the same throughout a volume. */
const MIN_EXPONENT = 7;
const MAX_EXPONENT = 15;

/** Answers of `controlLength` that are not a length. */
export const NOT_CONTROL = -1;
/** More bytes must come to tell. */
export const MORE_NEEDED = -2;

/**
 * Whether the bytes at `p` begin a control header: six digits, the letter of its type, a space (or `*`, where it goes on from the
 * record before) and the number of a blockette.
 */
export function isControlHeader(bytes: Uint8Array, p: number): boolean {
  if (p + TELLING_BYTES > bytes.length || !(controlType(bytes, p) in CONTROL_HEADERS)) return false;
  for (let i = p; i < p + 6; i++) if (!isDigit(bytes[i] as number)) return false;
  if (bytes[p + 7] === 0x2a) return true;
  if (bytes[p + 7] !== 0x20) return false;
  for (let i = p + 8; i < p + TELLING_BYTES; i++) if (!isDigit(bytes[i] as number)) return false;
  return true;
}

/** The letter of a header's type. */
export function controlType(bytes: Uint8Array, p: number): string {
  return String.fromCharCode(bytes[p + 6] as number);
}

/** The record length that the volume header at `p` declares in its first blockette (5, 8 or 10); 0 for other headers. */
export function volumeRecordLength(bytes: Uint8Array, p: number): number {
  if (controlType(bytes, p) !== "V") return 0;
  const text = String.fromCharCode(...bytes.subarray(p + 8, p + 24));
  const exponent = Number(/^0(?:05|08|10)[ \d]{4} *\d+\.\d(\d\d)/.exec(text)?.[1] ?? 0);
  return exponent >= MIN_EXPONENT && exponent <= MAX_EXPONENT ? 2 ** exponent : 0;
}

/**
 * The length of the control header at `p`, all of which is there and is text.
 * @param known the length of the volume's records, 0 if nothing told it: then the next header tells, or the end of the data
 * @param isRecord whether a header, of data or control, begins at a place
 */
export function controlLength(
  bytes: Uint8Array,
  p: number,
  known: number,
  isLast: boolean,
  isRecord: (at: number) => boolean,
): number {
  if (!isControlHeader(bytes, p)) return NOT_CONTROL;
  const length = known > 0 ? known : lengthToNext(bytes, p, isLast, isRecord);
  if (length <= 0) return length;
  if (p + length > bytes.length) return isLast ? NOT_CONTROL : MORE_NEEDED;
  return isText(bytes, p, p + length) ? length : NOT_CONTROL;
}

function lengthToNext(
  bytes: Uint8Array,
  p: number,
  isLast: boolean,
  isRecord: (at: number) => boolean,
): number {
  for (let exponent = MIN_EXPONENT; exponent <= MAX_EXPONENT; exponent++) {
    const next = p + 2 ** exponent;
    if (isLast && next === bytes.length) return next - p;
    if (next + NEXT_BYTES > bytes.length) return isLast ? NOT_CONTROL : MORE_NEEDED;
    if (isRecord(next)) return next - p;
  }
  return NOT_CONTROL;
}

/** So many bytes tell whether a header is next. */
const NEXT_BYTES = 48;

/** Text, in whatever alphabet, and then NULs if it does not fill the record: a record of data has other bytes in its header. */
function isText(bytes: Uint8Array, start: number, end: number): boolean {
  let p = start;
  while (p < end && isTextByte(bytes[p] as number)) p++;
  while (p < end && bytes[p] === 0) p++;
  return p === end;
}

function isTextByte(byte: number): boolean {
  return byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
