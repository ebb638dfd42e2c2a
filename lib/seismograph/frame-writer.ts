/** Frames as bytes. */
import {
  type BinsFrame,
  FRAME_HEADER,
  FRAME_TYPES,
  type Frame,
  SAMPLE_KINDS,
  type SamplesFrame,
  STATUS_FLAGS,
  STATUS_ROW,
  type StatusFrame,
} from "./frames.ts";

/** Whether typed arrays lie in memory as they do in frames. */
export const IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** A frame as it is sent. */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  switch (frame.type) {
    case "bins":
      return binsFrame(frame);
    case "samples":
      return samplesFrame(frame);
    case "status":
      return statusFrame(frame);
    default: {
      const { type, ...content } = frame;
      const text = new TextEncoder().encode(JSON.stringify(content));
      const { bytes } = empty(FRAME_TYPES[type], 0, 0, text.length);
      bytes.set(text, FRAME_HEADER);
      return bytes;
    }
  }
}

/** A frame's bytes with the header written, and a view of its content. */
function empty(type: number, detail: number, channel: number, length: number) {
  const bytes = new Uint8Array(FRAME_HEADER + length);
  const header = new DataView(bytes.buffer);
  header.setUint32(0, length, true);
  header.setUint8(4, type);
  header.setUint8(5, detail);
  header.setUint16(6, channel, true);
  return { bytes, content: new DataView(bytes.buffer, FRAME_HEADER) };
}

/** Content: number of the first bin (float64), min of all and then max of all (float32). */
function binsFrame({ channel, isReset, first, min, max }: BinsFrame) {
  const { bytes, content } = empty(FRAME_TYPES.bins, isReset ? 1 : 0, channel, 8 + 8 * min.length);
  content.setFloat64(0, first, true);
  put(bytes, FRAME_HEADER + 8, min);
  put(bytes, FRAME_HEADER + 8 + 4 * min.length, max);
  return bytes;
}

/** Content: start and sample rate (float64), then the samples, of the kind that the detail says. */
function samplesFrame({ channel, start, sampleRate, samples }: SamplesFrame) {
  const kind = SAMPLE_KINDS.findIndex((Kind) => samples instanceof Kind);
  const { bytes, content } = empty(FRAME_TYPES.samples, kind, channel, 16 + samples.byteLength);
  content.setFloat64(0, start, true);
  content.setFloat64(8, sampleRate, true);
  put(bytes, FRAME_HEADER + 16, samples);
  return bytes;
}

/** Content: the clock (float64), then for each channel number, flags (uint16), latency, ratio (float32), gaps (uint32), newest (float64). */
function statusFrame({ now, isRefilling, channels }: StatusFrame) {
  const length = 8 + STATUS_ROW * channels.length;
  const { bytes, content } = empty(FRAME_TYPES.status, isRefilling ? 1 : 0, 0, length);
  content.setFloat64(0, now, true);
  for (const [i, row] of channels.entries()) {
    const at = 8 + STATUS_ROW * i;
    const flags =
      (row.isTriggered ? STATUS_FLAGS.triggered : 0) |
      (row.isSilent ? STATUS_FLAGS.silent : 0) |
      (row.isAhead ? STATUS_FLAGS.ahead : 0);
    content.setUint16(at, row.channel, true);
    content.setUint16(at + 2, flags, true);
    content.setFloat32(at + 4, row.latency, true);
    content.setFloat32(at + 8, row.ratio, true);
    content.setUint32(at + 12, row.gaps, true);
    content.setFloat64(at + 16, row.newest, true);
  }
  return bytes;
}

function put(bytes: Uint8Array, at: number, values: Int32Array | Float32Array | Float64Array): void {
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
  if (!IS_LITTLE_ENDIAN) swap(bytes.subarray(at, at + values.byteLength), values.BYTES_PER_ELEMENT);
}

/** Turns the bytes of each number round. */
export function swap(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}
