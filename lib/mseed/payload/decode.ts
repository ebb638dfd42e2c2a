/** Payload bytes into samples, for every encoding that can be decoded: int16, int24, int32, float32, float64, Steim, and the retired ones. */
import { MAX_TRUSTED_SAMPLES } from "../../limits.ts";
import { ENCODINGS } from "../encodings.ts";
import { toBigEndianSteim } from "../steim/byte-order.ts";
import { countSteim, decodeSteim } from "../steim/decode.ts";
import {
  FRAME_BYTES,
  isSteim,
  STEIM1_FRAME_SAMPLES,
  STEIM2_FRAME_SAMPLES,
  type SteimVersion,
} from "../steim/frames.ts";

/** Samples of a record: numbers in the narrowest of three arrays that holds them exactly, or text. */
export type Samples = Int32Array | Float32Array | Float64Array | string;

/** Samples that are numbers. */
export type SampleArray = Exclude<Samples, string>;

/** What the samples of an encoding are decoded to; `undefined` where there is no decoder. */
export type SampleKind = "int32" | "float32" | "float64" | "text";

/** Where a payload lies, and how it is written. */
export interface Payload {
  encoding: number;
  view: DataView;
  start: number;
  /** In bytes; may be more than the samples need. */
  length: number;
  littleEndian: boolean;
}

interface Codec {
  kind: SampleKind;
  /** The most samples that so many bytes can hold. */
  capacity: (bytes: number) => number;
  decode: (payload: Payload, out: SampleArray, at: number, count: number) => number;
}

const CODECS = new Map<number, Codec>([
  [ENCODINGS.text, { kind: "text", capacity: (bytes) => bytes, decode: () => 0 }],
  [ENCODINGS.int16, { kind: "int32", capacity: ofWidth(2), decode: decodeInt16 }],
  [ENCODINGS.int24, formula("int32", 3, int24)],
  [ENCODINGS.int32, { kind: "int32", capacity: ofWidth(4), decode: decodeWords }],
  [ENCODINGS.float32, { kind: "float32", capacity: ofWidth(4), decode: decodeWords }],
  [ENCODINGS.float64, { kind: "float64", capacity: ofWidth(8), decode: decodeFloat64 }],
  [ENCODINGS.steim1, steim(1, STEIM1_FRAME_SAMPLES)],
  [ENCODINGS.steim2, steim(2, STEIM2_FRAME_SAMPLES)],
  [ENCODINGS["geoscope-24"], formula("float32", 3, int24)],
  [ENCODINGS["geoscope-16-3"], formula("float32", 2, (v, p, le) => geoscope(v.getUint16(p, le), 7))],
  [ENCODINGS["geoscope-16-4"], formula("float32", 2, (v, p, le) => geoscope(v.getUint16(p, le), 15))],
  [ENCODINGS.cdsn, formula("int32", 2, (v, p, le) => cdsn(v.getUint16(p, le)))],
  [ENCODINGS.sro, formula("int32", 2, (v, p, le) => sro(v.getUint16(p, le)))],
  [ENCODINGS.dwwssn, { kind: "int32", capacity: ofWidth(2), decode: decodeInt16 }],
]);

/** What the samples of an encoding are decoded to, or `undefined` where nobody can decode it. */
export function sampleKind(encoding: number): SampleKind | undefined {
  return CODECS.get(encoding)?.kind;
}

/**
 * How many of the samples that a header claims a payload can hold at most: room for them is made before they are decoded. 0 for
 * an encoding without decoder.
 */
export function payloadCapacity(payload: Payload, claimed: number): number {
  const { encoding, view, start, length, littleEndian } = payload;
  const most = Math.min(claimed, CODECS.get(encoding)?.capacity(length) ?? 0);
  if (most <= MAX_TRUSTED_SAMPLES || !isSteim(encoding) || littleEndian) return most;
  const version = encoding === ENCODINGS.steim1 ? 1 : 2;
  return Math.min(most, countSteim(version, view, start, Math.floor(length / FRAME_BYTES)));
}

/**
 * Decodes at most `count` samples into `out` from index `at`; `out` must be of the encoding's kind and have the room.
 * @returns how many could be decoded
 */
export function decodePayload(payload: Payload, out: SampleArray, at: number, count: number): number {
  const codec = CODECS.get(payload.encoding);
  if (!codec) return 0;
  return codec.decode(payload, out, at, Math.min(count, codec.capacity(payload.length)));
}

/** The name of an array's type, also of one from another realm, where `instanceof` knows nothing of it. */
export function arrayType(array: unknown): string {
  return Object.prototype.toString.call(array).slice(8, -1);
}

function ofWidth(width: number): (bytes: number) => number {
  return (bytes) => Math.floor(bytes / width);
}

function decodeInt16(
  { view, start, littleEndian }: Payload,
  out: SampleArray,
  at: number,
  count: number,
): number {
  for (let i = 0; i < count; i++) out[at + i] = view.getInt16(start + 2 * i, littleEndian);
  return count;
}

/** 32 bits, integer or float: copied as integers, so that every NaN stays what it was. */
function decodeWords(
  { view, start, littleEndian }: Payload,
  out: SampleArray,
  at: number,
  count: number,
): number {
  const words = new Int32Array(out.buffer, out.byteOffset + 4 * at, count);
  for (let i = 0; i < count; i++) words[i] = view.getInt32(start + 4 * i, littleEndian);
  return count;
}

function decodeFloat64(
  { view, start, littleEndian }: Payload,
  out: SampleArray,
  at: number,
  count: number,
): number {
  for (let i = 0; i < count; i++) out[at + i] = view.getFloat64(start + 8 * i, littleEndian);
  return count;
}

function steim(version: SteimVersion, samplesPerFrame: number): Codec {
  const framesIn = ofWidth(FRAME_BYTES);
  return {
    kind: "int32",
    capacity: (bytes) => framesIn(bytes) * samplesPerFrame,
    decode: ({ view, start, length, littleEndian }, out, at, count) => {
      const frames = framesIn(length);
      const target = out as Int32Array;
      if (!littleEndian) return decodeSteim(version, view, start, frames, target, at, count);
      const copy = toBigEndianSteim(version, view, start, frames);
      return decodeSteim(version, new DataView(copy.buffer), 0, frames, target, at, count);
    },
  };
}

/** A retired encoding, sample by sample. A value that it does not allow reads as `NaN`, and ends decoding. */
function formula(
  kind: SampleKind,
  width: number,
  read: (view: DataView, position: number, littleEndian: boolean) => number,
): Codec {
  return {
    kind,
    capacity: ofWidth(width),
    decode: ({ view, start, littleEndian }, out, at, count) => {
      for (let i = 0; i < count; i++) {
        const sample = read(view, start + width * i, littleEndian);
        if (Number.isNaN(sample)) return i;
        out[at + i] = sample;
      }
      return count;
    },
  };
}

function int24(view: DataView, position: number, littleEndian: boolean): number {
  const low = view.getUint8(littleEndian ? position : position + 2);
  const high = view.getInt8(littleEndian ? position + 2 : position);
  return (high << 16) | (view.getUint8(position + 1) << 8) | low;
}

/** GEOSCOPE's 12 bits around 2048, divided by a power of two of which the upper bits are the exponent. */
function geoscope(word: number, exponentMask: number): number {
  return ((word & 0xfff) - 2048) / 2 ** ((word >> 12) & exponentMask);
}

/** CDSN: 14 bits around 8191, and a gain of 1, 4, 16 or 128. */
function cdsn(word: number): number {
  const shift = [0, 2, 4, 7][word >> 14] as number;
  return ((word & 0x3fff) - 8191) << shift;
}

/** SRO: 12 bits of two's complement times a power of two; an exponent above 10 does not exist. */
function sro(word: number): number {
  const exponent = 10 - (word >> 12);
  return exponent < 0 ? Number.NaN : ((word << 20) >> 20) * 2 ** exponent;
}
