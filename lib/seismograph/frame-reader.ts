/** Frames out of the pieces in which a response comes. */
import { CodedError } from "../errors.ts";
import { IS_LITTLE_ENDIAN, swap } from "./frame-writer.ts";
import {
  type ChannelStatus,
  FRAME_HEADER,
  FRAME_TYPES,
  type Frame,
  MAX_FRAME_BYTES,
  SAMPLE_KINDS,
  STATUS_FLAGS,
  STATUS_ROW,
} from "./frames.ts";

/** What was received is not frames. */
export class FrameError extends CodedError<"BAD_FRAME"> {}

type FrameType = keyof typeof FRAME_TYPES;
const TYPE_NAMES = new Map<number, FrameType>(
  Object.entries(FRAME_TYPES).map(([name, type]) => [type, name as FrameType]),
);

/** Collects the bytes of a response, and gives the frames that are whole. Types that it does not know are passed over. */
export class FrameReader {
  #bytes = new Uint8Array(64 * 1024);
  #length = 0;

  /** How many bytes wait for the rest of their frame. */
  get waiting(): number {
    return this.#length;
  }

  /** @throws FrameError `BAD_FRAME`: nothing more can be read from this response */
  push(piece: Uint8Array): Frame[] {
    this.#append(piece);
    const frames: Frame[] = [];
    let at = 0;
    for (;;) {
      const end = this.#endOf(at);
      if (end === undefined || end > this.#length) break;
      const frame = decodeFrame(this.#bytes.subarray(at, end));
      if (frame) frames.push(frame);
      at = end;
    }
    this.#bytes.copyWithin(0, at, this.#length);
    this.#length -= at;
    return frames;
  }

  #endOf(at: number): number | undefined {
    if (this.#length - at < FRAME_HEADER) return undefined;
    const length = new DataView(this.#bytes.buffer).getUint32(at, true);
    if (length <= MAX_FRAME_BYTES) return at + FRAME_HEADER + length;
    throw new FrameError(
      "BAD_FRAME",
      `A frame of ${length} bytes is announced: this is not a seismograph's stream.`,
    );
  }

  #append(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(piece, this.#length);
    this.#length = length;
  }
}

/**
 * The frame of these bytes; undefined for a type that is not known.
 * @throws FrameError `BAD_FRAME`
 */
export function decodeFrame(bytes: Uint8Array): Frame | undefined {
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = TYPE_NAMES.get(header.getUint8(4));
  const detail = header.getUint8(5);
  const channel = header.getUint16(6, true);
  const content = bytes.subarray(FRAME_HEADER);
  switch (type) {
    case undefined:
      return undefined;
    case "bins":
      return { type, channel, isReset: detail === 1, ...binsOf(content) };
    case "samples":
      return { type, channel, ...samplesOf(content, detail) };
    case "status":
      return { type, isRefilling: detail === 1, ...statusOf(content) };
    default:
      return { type, ...jsonOf(content) } as Frame;
  }
}

function binsOf(content: Uint8Array) {
  const count = (content.length - 8) / 8;
  check(Number.isInteger(count) && count >= 0, "bins");
  const first = viewOf(content).getFloat64(0, true);
  const values = numbers(content.subarray(8), Float32Array);
  return { first, min: values.subarray(0, count), max: values.subarray(count) };
}

function samplesOf(content: Uint8Array, kind: number) {
  const Kind = SAMPLE_KINDS[kind];
  check(
    Kind !== undefined && content.length >= 16 && (content.length - 16) % Kind.BYTES_PER_ELEMENT === 0,
    "samples",
  );
  const view = viewOf(content);
  return {
    start: view.getFloat64(0, true),
    sampleRate: view.getFloat64(8, true),
    samples: numbers(content.subarray(16), Kind!),
  };
}

function statusOf(content: Uint8Array): { now: number; channels: ChannelStatus[] } {
  const count = (content.length - 8) / STATUS_ROW;
  check(Number.isInteger(count) && count >= 0, "status");
  const view = viewOf(content);
  const channels = Array.from({ length: count }, (_, i) => {
    const at = 8 + STATUS_ROW * i;
    const flags = view.getUint16(at + 2, true);
    return {
      channel: view.getUint16(at, true),
      isTriggered: (flags & STATUS_FLAGS.triggered) !== 0,
      isSilent: (flags & STATUS_FLAGS.silent) !== 0,
      isAhead: (flags & STATUS_FLAGS.ahead) !== 0,
      latency: view.getFloat32(at + 4, true),
      ratio: view.getFloat32(at + 8, true),
      gaps: view.getUint32(at + 12, true),
      newest: view.getFloat64(at + 16, true),
    };
  });
  return { now: view.getFloat64(0, true), channels };
}

function jsonOf(content: Uint8Array): object {
  try {
    return JSON.parse(new TextDecoder().decode(content)) as object;
  } catch (cause) {
    throw new FrameError("BAD_FRAME", "A frame that should be JSON is not.", { cause });
  }
}

/** A copy, because what it stands in is used again, and because numbers need their alignment. */
function numbers<Kind extends (typeof SAMPLE_KINDS)[number]>(bytes: Uint8Array, Kind: Kind) {
  const copy = bytes.slice();
  if (!IS_LITTLE_ENDIAN) swap(copy, Kind.BYTES_PER_ELEMENT);
  return new Kind(copy.buffer as never) as InstanceType<Kind>;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function check(isSound: boolean, what: string): asserts isSound {
  if (!isSound) throw new FrameError("BAD_FRAME", `A frame of ${what} has a length that none can have.`);
}
