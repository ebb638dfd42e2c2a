/** Samples into payload bytes, for the encodings that are written: text, int16, int32, float32, float64, Steim 1 and 2. */

import { describeEncoding, ENCODINGS } from "../encodings.ts";
import { MiniSeedError } from "../errors.ts";
import { encodeSteim, type SteimPacked } from "../steim/encode.ts";
import { FRAME_BYTES } from "../steim/frames.ts";
import { arrayType, type SampleArray } from "./decode.ts";

/** Samples as they are packed: numbers in the array that their encoding needs, or the bytes of text. */
export type PackableSamples = SampleArray | Uint8Array;

/** Where a payload is written, and how. The bytes there are zero. */
export interface PayloadTarget {
  /** The bytes to write to. */
  view: DataView;
  /** Where in the view to begin. */
  start: number;
  /** Room in bytes. */
  length: number;
  /** Byte order of the numbers. */
  littleEndian: boolean;
}

/** How far an encoder came. */
export interface Packed {
  /** Samples written. */
  samples: number;
  /** Bytes that they took. */
  bytes: number;
}

interface Encoder {
  /** Makes of a caller's samples what `encode` takes, or throws. */
  prepare: (samples: ArrayLike<number>) => PackableSamples;
  encode: (samples: PackableSamples, from: number, to: number, target: PayloadTarget) => Packed;
}

/** Bytes of a sample, where they are the same for all; also of encodings that are not written. */
const WIDTHS = new Map<number, number>([
  [ENCODINGS.text, 1],
  [ENCODINGS.int16, 2],
  [ENCODINGS.int24, 3],
  [ENCODINGS.int32, 4],
  [ENCODINGS.float32, 4],
  [ENCODINGS.float64, 8],
  [ENCODINGS["geoscope-24"], 3],
  [ENCODINGS["geoscope-16-3"], 2],
  [ENCODINGS["geoscope-16-4"], 2],
  [ENCODINGS.cdsn, 2],
  [ENCODINGS.sro, 2],
  [ENCODINGS.dwwssn, 2],
]);

const ENCODERS = new Map<number, Encoder>([
  [ENCODINGS.int16, { prepare: (samples) => toInt32(samples, 16), encode: fixed(2, writeInt16) }],
  [ENCODINGS.int32, { prepare: (samples) => toInt32(samples, 32), encode: fixed(4, writeInt32) }],
  [ENCODINGS.float32, { prepare: toFloat32, encode: fixed(4, writeFloat32) }],
  [ENCODINGS.float64, { prepare: toFloat64, encode: fixed(8, writeFloat64) }],
  [ENCODINGS.steim1, { prepare: (samples) => toInt32(samples, 32), encode: steim(1) }],
  [ENCODINGS.steim2, { prepare: (samples) => toInt32(samples, 32), encode: steim(2) }],
]);

/**
 * A caller's samples as the encoder takes them.
 * @throws MiniSeedError `INVALID_ARGUMENT` where the encoding cannot be written or is for text and numbers are given, or the
 *   other way round; `SAMPLE_RANGE`, with the index, for a number that the encoding cannot hold exactly
 */
export function prepareSamples(encoding: number, samples: ArrayLike<number> | string): PackableSamples {
  if (encoding === ENCODINGS.text) {
    if (typeof samples === "string") return new TextEncoder().encode(samples);
    if (arrayType(samples) === "Uint8Array") return samples as Uint8Array;
    throw new MiniSeedError("INVALID_ARGUMENT", "encoding text needs a string, or its bytes in a Uint8Array");
  }
  const encoder = ENCODERS.get(encoding);
  if (!encoder) {
    throw new MiniSeedError(
      "INVALID_ARGUMENT",
      `encoding ${describeEncoding(encoding)} is not written: choose text, int16, int32, float32, float64, steim1 or steim2`,
    );
  }
  if (typeof samples === "string") {
    throw new MiniSeedError(
      "INVALID_ARGUMENT",
      `text cannot be written in encoding ${describeEncoding(encoding)}`,
    );
  }
  return encoder.prepare(samples);
}

/** Writes samples `from` up to `to` as far as there is room; samples as `prepareSamples` gave them. */
export function encodePayload(
  encoding: number,
  samples: PackableSamples,
  from: number,
  to: number,
  target: PayloadTarget,
): Packed {
  const encoder = ENCODERS.get(encoding);
  return encoder
    ? encoder.encode(samples, from, to, target)
    : encodeText(samples as Uint8Array, from, to, target);
}

/** The bytes that so many samples take; `undefined` where that depends on the samples. */
export function encodedLength(encoding: number, samples: number): number | undefined {
  const width = WIDTHS.get(encoding);
  return width === undefined ? undefined : samples * width;
}

function steim(version: 1 | 2): Encoder["encode"] {
  return (samples, from, to, { view, start, length }) => {
    const frames = Math.floor(length / FRAME_BYTES);
    const packed: SteimPacked = encodeSteim(version, samples as Int32Array, from, to, view, start, frames);
    return { samples: packed.samples, bytes: packed.frames * FRAME_BYTES };
  };
}

type Writer = (samples: SampleArray, from: number, to: number, target: PayloadTarget) => void;

function fixed(width: number, write: Writer): Encoder["encode"] {
  return (samples, from, to, target) => {
    const count = Math.min(to - from, Math.floor(target.length / width));
    write(samples as SampleArray, from, from + count, target);
    return { samples: count, bytes: count * width };
  };
}

function writeInt16(
  samples: SampleArray,
  from: number,
  to: number,
  { view, start, littleEndian }: PayloadTarget,
): void {
  for (let i = from, p = start; i < to; i++, p += 2) view.setInt16(p, samples[i] as number, littleEndian);
}

function writeInt32(
  samples: SampleArray,
  from: number,
  to: number,
  { view, start, littleEndian }: PayloadTarget,
): void {
  for (let i = from, p = start; i < to; i++, p += 4) view.setInt32(p, samples[i] as number, littleEndian);
}

/** As integers, so that every NaN stays what it is. */
function writeFloat32(samples: SampleArray, from: number, to: number, target: PayloadTarget): void {
  writeInt32(new Int32Array(samples.buffer, samples.byteOffset, samples.length), from, to, target);
}

function writeFloat64(
  samples: SampleArray,
  from: number,
  to: number,
  { view, start, littleEndian }: PayloadTarget,
): void {
  for (let i = from, p = start; i < to; i++, p += 8) view.setFloat64(p, samples[i] as number, littleEndian);
}

/** Cuts between characters where it can: a continuation byte, 10xxxxxx, does not begin a record's text. */
function encodeText(
  text: Uint8Array,
  from: number,
  to: number,
  { view, start, length }: PayloadTarget,
): Packed {
  let end = Math.min(to, from + length);
  if (end < text.length) {
    let cut = end;
    while (cut > from && end - cut < 4 && ((text[cut] as number) & 0xc0) === 0x80) cut--;
    if (cut > from && ((text[cut] as number) & 0xc0) !== 0x80) end = cut;
  }
  new Uint8Array(view.buffer, view.byteOffset + start, end - from).set(text.subarray(from, end));
  return { samples: end - from, bytes: end - from };
}

function toInt32(samples: ArrayLike<number>, bits: 16 | 32): Int32Array {
  if (bits === 32 && arrayType(samples) === "Int32Array") return samples as Int32Array;
  const integers = new Int32Array(samples.length);
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] as number;
    integers[i] = sample;
    if (integers[i] !== sample || (bits === 16 && (sample << 16) >> 16 !== sample)) {
      throw new MiniSeedError("SAMPLE_RANGE", `sample ${i} is ${sample}: not an integer of ${bits} bits`);
    }
  }
  return integers;
}

/** Rounds, as whoever asks for this encoding expects; but no number becomes infinite. */
function toFloat32(samples: ArrayLike<number>): Float32Array {
  if (arrayType(samples) === "Float32Array") return samples as Float32Array;
  const floats = new Float32Array(samples.length);
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] as number;
    floats[i] = sample;
    if (Math.abs(floats[i] as number) === Number.POSITIVE_INFINITY && Number.isFinite(sample)) {
      throw new MiniSeedError("SAMPLE_RANGE", `sample ${i} is ${sample}: too large for a float32`);
    }
  }
  return floats;
}

function toFloat64(samples: ArrayLike<number>): Float64Array {
  return arrayType(samples) === "Float64Array" ? (samples as Float64Array) : Float64Array.from(samples);
}
