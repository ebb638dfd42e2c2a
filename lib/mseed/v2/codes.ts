/**
 * The codes of a miniSEED 2 header, byte by byte: station, location, channel and network, 12 bytes from byte 8 on. Most of them
 * follow from the source identifier and the other way round. For those that do not (an underscore in a station, a location of two
 * dashes, bytes that are not ASCII), the extra header `/SEED` of miniSEED 3 has them as they are, each byte a character.
 */
import { type Nslc, SourceId } from "../../source-id.ts";
import type { JsonObject, JsonValue } from "../extra-headers.ts";

/** Where the codes are in the header. */
export const CODES_OFFSET = 8;
/** How many bytes they have together. */
export const CODES_LENGTH = 12;

/** The key of the extra header. */
export const CODES_KEY = "SEED";

type Field = readonly [name: keyof Nslc, key: string, offset: number, length: number];

const FIELDS: readonly Field[] = [
  ["station", "Station", 0, 5],
  ["location", "Location", 5, 2],
  ["channel", "Channel", 7, 3],
  ["network", "Network", 10, 2],
];

const latin1 = new TextDecoder("latin1");
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Characters of a header. NUL is padding, as a space is. They should be ASCII; others are in UTF-8 or, failing that, Latin-1. */
export function headerText(bytes: Uint8Array, from: number, length: number): string {
  let text = "";
  for (let p = from; p < from + length; p++) {
    const byte = bytes[p] as number;
    if (byte > 0x7e) return decodeOddText(bytes.subarray(from, from + length));
    text += byte === 0 ? " " : String.fromCharCode(byte);
  }
  return text;
}

function decodeOddText(bytes: Uint8Array): string {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    text = latin1.decode(bytes);
  }
  return text.replaceAll("\0", " ");
}

/** The source identifier of the codes. */
export function sourceIdOfCodes(codes: Uint8Array): SourceId {
  const text = (index: number) => {
    const [, , offset, length] = FIELDS[index] as Field;
    return headerText(codes, offset, length);
  };
  // Of the channel's three characters each has its place, also after a blank one.
  return SourceId.fromNslc({ network: text(3), station: text(0), location: text(1), channel: text(2) });
}

/** The bytes of the codes that miniSEED 2 has for a source identifier, `undefined` if it has none. */
export function codesOfSourceId(id: SourceId): Uint8Array | undefined {
  const nslc = id.toNslc();
  if (!nslc || !/^[ -~]*$/.test(Object.values(nslc).join(""))) return undefined;
  const codes = new Uint8Array(CODES_LENGTH).fill(0x20);
  for (const [name, , offset, length] of FIELDS) write(codes, nslc[name], offset, length);
  return codes;
}

/** The extra header of codes that do not follow from their source identifier; `undefined` where all do. */
export function extraHeaderOfCodes(codes: Uint8Array): JsonObject | undefined {
  if (FIELDS.every(([, , offset, length]) => isOrdinary(codes, offset, length))) return undefined;
  const ordinary = codesOfSourceId(sourceIdOfCodes(codes));
  const odd: JsonObject = {};
  for (const [, key, offset, length] of FIELDS) {
    const text = plain(codes, offset, length);
    if (!ordinary || text !== plain(ordinary, offset, length)) odd[key] = text;
  }
  return Object.keys(odd).length > 0 ? odd : undefined;
}

/** Capital letters and digits, then padding: nearly all codes. */
function isOrdinary(codes: Uint8Array, offset: number, length: number): boolean {
  let isPadding = false;
  for (let i = offset; i < offset + length; i++) {
    const byte = codes[i] as number;
    const isCode = (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x30 && byte <= 0x39);
    if (isCode ? isPadding : byte !== 0x20 && byte !== 0) return false;
    isPadding ||= !isCode;
  }
  return true;
}

/** The bytes of the codes of a source identifier with what an extra header says of them, if the two belong together. */
export function codesOfExtraHeader(id: SourceId, header: JsonValue | undefined): Uint8Array | undefined {
  if (typeof header !== "object" || header === null || Array.isArray(header)) return undefined;
  const codes = codesOfSourceId(id) ?? new Uint8Array(CODES_LENGTH).fill(0x20);
  for (const [, key, offset, length] of FIELDS) {
    const value = Object.hasOwn(header, key) ? header[key] : undefined;
    if (value === undefined) continue;
    if (typeof value !== "string" || value.length > length || !isBytes(value)) return undefined;
    write(codes, value, offset, length);
  }
  return sourceIdOfCodes(codes).text === id.text ? codes : undefined;
}

/** Whether each character stands for a byte, and none for padding. */
function isBytes(text: string): boolean {
  return Array.from(text).every((character) => character > "\0" && character <= "\xff");
}

/** One character for each byte, without padding. */
function plain(codes: Uint8Array, offset: number, length: number): string {
  let text = "";
  for (let i = offset; i < offset + length; i++) text += String.fromCharCode((codes[i] as number) || 0x20);
  return text.replace(/ +$/, "");
}

function write(codes: Uint8Array, text: string, offset: number, length: number): void {
  for (let i = 0; i < length; i++) codes[offset + i] = i < text.length ? text.charCodeAt(i) : 0x20;
}
