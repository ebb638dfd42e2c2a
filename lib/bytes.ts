/**
 * Bytes and text, in Node.js and in a browser. Node.js has `Buffer`, which is fastest; a browser has none, and gets a plain
 * `Uint8Array` under that type: what runs there only uses what the two have in common, and the functions below.
 */
const NodeBuffer = (globalThis as { Buffer?: typeof Buffer }).Buffer;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Bytes to be filled: what is in them is undefined. */
export const allocateBytes: (size: number) => Buffer = NodeBuffer
  ? (size) => NodeBuffer.allocUnsafe(size)
  : (size) => new Uint8Array(size) as Buffer;

/** Text as UTF-8. */
export const toBytes: (text: string) => Buffer = NodeBuffer
  ? (text) => NodeBuffer.from(text)
  : (text) => encoder.encode(text) as Uint8Array as Buffer;

/** The bytes of an `ArrayBuffer`, not copied. */
export const viewBytes: (buffer: ArrayBuffer) => Buffer = NodeBuffer
  ? (buffer) => NodeBuffer.from(buffer)
  : (buffer) => new Uint8Array(buffer) as Buffer;

/** Whether a value is a `Uint8Array`, also one that another realm made, such as the sandbox of a function node. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === "[object Uint8Array]";
}

/** How many bytes a text has as UTF-8. */
export const byteLength: (text: string) => number = NodeBuffer
  ? (text) => NodeBuffer.byteLength(text)
  : (text) => encoder.encode(text).length;

/** Writes text as UTF-8 into bytes that have room for it. */
export const writeText: (bytes: Buffer, text: string, offset: number) => void = NodeBuffer
  ? (bytes, text, offset) => bytes.write(text, offset)
  : (bytes, text, offset) => encoder.encodeInto(text, bytes.subarray(offset));

/** UTF-8 as text; what is not UTF-8 becomes U+FFFD. */
export const toText: (bytes: Buffer, start?: number, end?: number) => string = NodeBuffer
  ? (bytes, start, end) => bytes.toString("utf8", start, end)
  : (bytes, start, end) => decoder.decode(bytes.subarray(start, end));

/** Each byte as the character of its number. */
export const toLatin1: (bytes: Buffer, start: number, end: number) => string = NodeBuffer
  ? (bytes, start, end) => bytes.toString("latin1", start, end)
  : (bytes, start, end) => String.fromCharCode(...bytes.subarray(start, end));

/** The bytes of all pieces, one behind the other. */
export function joinBytes(pieces: readonly Uint8Array[]): Buffer {
  const joined = allocateBytes(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
