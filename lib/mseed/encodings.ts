/** The encodings of a payload: their codes (SEED manual, FDSN miniSEED 3), names, and what their samples are. */
import { MiniSeedError, shown } from "./errors.ts";

/** Codes by name. The same code means the same in both versions of the format. */
export const ENCODINGS = {
  text: 0,
  int16: 1,
  int24: 2,
  int32: 3,
  float32: 4,
  float64: 5,
  steim1: 10,
  steim2: 11,
  "geoscope-24": 12,
  "geoscope-16-3": 13,
  "geoscope-16-4": 14,
  usnsn: 15,
  cdsn: 16,
  graefenberg: 17,
  ipg: 18,
  steim3: 19,
  sro: 30,
  hglp: 31,
  dwwssn: 32,
  rstn: 33,
  opaque: 100,
} as const;

/** The name of an encoding, such as `steim2`. */
export type EncodingName = keyof typeof ENCODINGS;

/** An encoding that a caller gives: its code, or its name, which may also be written as people do: `"Steim 2"`, `"STEIM2"`. */
export type EncodingInput = number | EncodingName | (string & {});

const NAMES = new Map<number, EncodingName>(
  (Object.keys(ENCODINGS) as EncodingName[]).map((name) => [ENCODINGS[name], name]),
);

const CODES = new Map([...NAMES].map(([code, name]) => [spelling(name), code]));

/** A name without what people write in different ways. */
function spelling(name: string): string {
  return name.toLowerCase().replace(/[\s_-]/g, "");
}

/** The name of an encoding's code, or `undefined` for a code that the standards do not list. */
export function encodingName(code: number): EncodingName | undefined {
  return NAMES.get(code);
}

/** For messages: `Steim2`-like name and code, `steim2 (11)`. */
export function describeEncoding(code: number): string {
  return `${encodingName(code) ?? "unknown"} (${code})`;
}

/**
 * The code that a caller means.
 * @throws MiniSeedError `INVALID_ARGUMENT` for what is not an encoding.
 */
export function encodingCode(encoding: EncodingInput): number {
  if (typeof encoding === "number") {
    if (Number.isInteger(encoding) && encoding >= 0 && encoding <= 255) return encoding;
  } else if (typeof encoding === "string") {
    const code = CODES.get(spelling(encoding));
    if (code !== undefined) return code;
  }
  throw new MiniSeedError(
    "INVALID_ARGUMENT",
    `encoding ${shown(encoding)} is not known: give a code such as 11 or a name such as "steim2"`,
  );
}
