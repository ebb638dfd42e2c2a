/** A record of either version: what both say, and its samples, decoded on first use. */
import { parseJson } from "../json.ts";
import type { Nslc, SourceId } from "../source-id.ts";
import { formatNanoseconds } from "../time.ts";
import { describeEncoding, ENCODINGS } from "./encodings.ts";
import { MiniSeedError, type ProblemCode, type ProblemReporter, type RecordHeader } from "./errors.ts";
import type { JsonObject, JsonValue } from "./extra-headers.ts";
import {
  arrayType,
  decodePayload,
  type Payload,
  payloadCapacity,
  type SampleArray,
  type SampleKind,
  type Samples,
  sampleKind,
} from "./payload/decode.ts";
import { type Rate, sampleOffset } from "./rate.ts";
import { findInvalidWord } from "./steim/decode.ts";
import { FRAME_BYTES, isSteim } from "./steim/frames.ts";
import { type CalendarTime, calendarSeconds, toBigNanoseconds } from "./times/calendar.ts";
import { leapSecondsWithin } from "./times/leap-seconds.ts";

/** Bits of `flags`, as in miniSEED 3. The others are reserved; they are kept when a record is copied. */
export const FLAG_CALIBRATION = 1;
/** Bit of `flags`: the time is questionable. */
export const FLAG_TIME_QUESTIONABLE = 2;
/** Bit of `flags`: the clock is locked. */
export const FLAG_CLOCK_LOCKED = 4;

/** Bytes in which records lie, and where in the data they begin. */
export interface Window {
  /** The bytes. */
  bytes: Uint8Array;
  /** The same bytes. */
  view: DataView;
  /** Offset of the first of these bytes in all the data. */
  base: number;
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const strictUtf8 = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/**
 * A miniSEED record: a view of the bytes that were read. Nothing is decoded before it is asked for.
 *
 * Defects that come to light then, in the samples or the extra headers, go where those of reading went: to `onProblem`,
 * and with `strict` they are thrown as `MiniSeedError`.
 */
export abstract class MiniSeedRecord implements RecordHeader {
  /** Version of the format. */
  abstract readonly formatVersion: 2 | 3;
  /** The number of samples that the header tells. `samples` has fewer where the payload does. */
  abstract readonly sampleCount: number;
  /** The code of the payload's encoding, see `ENCODINGS`. */
  abstract readonly encoding: number;
  /** Flag bits as in miniSEED 3: 1 calibration signals present, 2 time tag questionable, 4 clock locked. */
  abstract readonly flags: number;
  /** 0 unknown, 1 raw, 2 and more revised; of miniSEED 2's quality R, D, Q, M: 1, 2, 3, 4. */
  abstract readonly publicationVersion: number;
  /** What the record is about. */
  abstract readonly sourceId: SourceId;
  /** Start time as the header has it, before corrections; keeps a second 60 apart. */
  abstract readonly calendarTime: CalendarTime;
  /** The rate as a ratio of whole numbers, from which exact times follow. */
  abstract readonly rate: Rate;
  /**
   * Extra headers as JSON text, `""` if there are none: in miniSEED 3 the very text of the record, in miniSEED 2 what its
   * flags and blockettes say in the terms of miniSEED 3.
   */
  abstract readonly extraHeadersText: string;
  /** Bytes from the start of the data (of the first byte pushed) to the record. */
  readonly offset: number;
  /** Length of the whole record in bytes. */
  readonly length: number;
  /** @internal */
  protected readonly window: Window;
  /** Where the record begins in the window. @internal */
  protected readonly start: number;
  /** @internal */
  protected readonly reporter: ProblemReporter;
  #samples: Samples | undefined;
  #extraHeaders: JsonObject | undefined;

  /** Use `readRecords`. @internal */
  constructor(window: Window, start: number, length: number, reporter: ProblemReporter) {
    this.window = window;
    this.start = start;
    this.length = length;
    this.offset = window.base + start;
    this.reporter = reporter;
  }

  /** Where the payload lies and how it is written. @internal */
  protected abstract locatePayload(): Payload;

  /** Nanoseconds to add to the calendar time: miniSEED 2's corrections. */
  protected startCorrection(): number {
    return 0;
  }

  /** The four codes of SEED. Empty where the source identifier has none. */
  abstract readonly nslc: Nslc;

  /** All bytes of the record: a view, not a copy. */
  get bytes(): Uint8Array {
    return this.window.bytes.subarray(this.start, this.start + this.length);
  }

  /** Time of the first sample in nanoseconds since 1970, corrections applied. Second 60 counts as the next minute's first. */
  get startTime(): bigint {
    const { year, dayOfYear, hour, minute, second, nanosecond } = this.calendarTime;
    const seconds = calendarSeconds(year, dayOfYear, hour, minute, second);
    return toBigNanoseconds(seconds, nanosecond + this.startCorrection());
  }

  /** Whether the record starts inside a leap second: second 60, also after corrections. */
  get startsInLeapSecond(): boolean {
    const { second, nanosecond } = this.calendarTime;
    const corrected = nanosecond + this.startCorrection();
    return second === 60 && corrected >= 0 && corrected < 1e9;
  }

  /** Time of the last sample in nanoseconds since 1970; the start time where there are no samples or no rate. */
  get endTime(): bigint {
    return this.timeOfSample(Math.max(this.sampleCount - 1, 0));
  }

  /**
   * Time of sample `index` (0 is the first) in nanoseconds since 1970. A leap second on the way does not count; but of a record
   * that starts inside of one all samples are told as if it started in the second after it, as libmseed does.
   */
  timeOfSample(index: number): bigint {
    const start = this.startTime;
    const time = start + sampleOffset(this.rate, index);
    return time - leapSecondsWithin(start, time);
  }

  /**
   * When the sample after the last one is due, in nanoseconds since 1970: where the next record of the series starts, also where
   * this one starts inside a leap second. The start time where there are no samples or no rate.
   */
  get nextTime(): bigint {
    const start = this.startTime;
    const time = start + sampleOffset(this.rate, this.sampleCount);
    return time - leapSecondsWithin(start, time, this.startsInLeapSecond);
  }

  /** Samples per second; 0 where there is no time series. */
  get sampleRate(): number {
    return this.rate.hertz;
  }

  /** Seconds from sample to sample; 0 where there is no time series. */
  get samplePeriod(): number {
    const { samples, seconds } = this.rate;
    return samples === 0n ? 0 : Number(seconds) / Number(samples);
  }

  /** Extra headers, parsed; `{}` if there are none or they are not a JSON object (a problem `EXTRA_HEADERS_INVALID`). */
  get extraHeaders(): JsonObject {
    this.#extraHeaders ??= this.#parseExtraHeaders();
    return this.#extraHeaders;
  }

  /** The samples' bytes as they are in the record: a view, not a copy. */
  get payload(): Uint8Array {
    const { start, length } = this.locatePayload();
    return this.window.bytes.subarray(start, start + length);
  }

  /** What `samples` is: an `Int32Array`, a `Float32Array`, a `Float64Array`, text; `undefined` if there is no decoder. */
  get sampleKind(): SampleKind | undefined {
    return sampleKind(this.encoding);
  }

  /**
   * The samples, decoded when first asked for and then kept: integers of all widths and of Steim as `Int32Array`, floats as
   * `Float32Array` or `Float64Array`, text as string. Empty where there are none or there is no decoder.
   */
  get samples(): Samples {
    this.#samples ??= this.#decode();
    return this.#samples;
  }

  /** Room for the samples: `sampleCount`, or less where the payload is too short for as many, whatever the header says. */
  get sampleCapacity(): number {
    return this.#capacityOf(this.locatePayload());
  }

  /**
   * Decodes the samples into an array of the caller's, from index `at`, and keeps nothing.
   * @param target an `Int32Array`, `Float32Array` or `Float64Array` as `sampleKind` says, with room for `sampleCapacity`
   * @returns how many samples were decoded; fewer than `sampleCount` are a problem, reported
   * @throws MiniSeedError `INVALID_ARGUMENT` if the array is of another type, or too short
   */
  decodeInto(target: SampleArray, at = 0): number {
    const kind = this.sampleKind;
    if (kind !== undefined && !isArrayOf(kind, target)) {
      throw new MiniSeedError(
        "INVALID_ARGUMENT",
        `samples of encoding ${describeEncoding(this.encoding)} are ${kind}: the array to decode into is ${arrayType(target)}`,
      );
    }
    const payload = this.locatePayload();
    const count = this.#capacityOf(payload);
    if (at + count > target.length) {
      throw new MiniSeedError(
        "INVALID_ARGUMENT",
        `${count} samples from index ${at} do not fit in the array of ${target.length} to decode into`,
      );
    }
    return this.#decodeChecked(payload, target, at, count);
  }

  /** One line for people: `FDSN:XX_A__B_H_Z 2026-01-01T00:00:00Z, 100 samples, 20 Hz, steim2 (11)`. */
  toString(): string {
    const { sourceId, startTime, sampleCount, sampleRate, encoding } = this;
    const start = formatNanoseconds(startTime);
    return `${sourceId.text} ${start}, ${sampleCount} samples, ${sampleRate} Hz, ${describeEncoding(encoding)}`;
  }

  /** What Node's `console.log` shows: the line, not the bytes. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `miniSEED ${this.formatVersion} record ${this.toString()}`;
  }

  /** Reports a problem of this record. */
  protected report(code: ProblemCode, message: string): void {
    this.reporter.report(code, message, this.offset, this.length, this);
  }

  #capacityOf(payload: Payload): number {
    return payloadCapacity(payload, this.sampleCount);
  }

  #decode(): Samples {
    const kind = this.sampleKind;
    if (kind === "text") return this.#decodeText();
    const payload = this.locatePayload();
    const out = newArray(kind, this.#capacityOf(payload));
    const decoded = this.#decodeChecked(payload, out, 0, out.length);
    return decoded === out.length ? out : out.slice(0, decoded);
  }

  #decodeChecked(payload: Payload, target: SampleArray, at: number, count: number): number {
    const decoded = decodePayload(payload, target, at, count);
    this.#check(payload, target, at, decoded);
    return decoded;
  }

  #decodeText(): string {
    const payload = this.payload;
    if (this.sampleCount > payload.length) this.#reportShort(payload.length);
    const text = payload.subarray(0, this.sampleCount);
    try {
      return strictUtf8.decode(text);
    } catch {
      this.report("TEXT_INVALID", "text is not UTF-8: odd bytes replaced by U+FFFD");
      return utf8.decode(text);
    }
  }

  #check(payload: Payload, samples: SampleArray, at: number, decoded: number): void {
    const { encoding } = payload;
    if (decoded < this.sampleCount) {
      if (this.sampleKind === undefined) {
        this.report("ENCODING_UNKNOWN", `no decoder for encoding ${describeEncoding(encoding)}`);
      } else if (encoding === ENCODINGS.steim2 && !payload.littleEndian && this.#reportInvalidWord(payload)) {
        return;
      } else if (encoding === ENCODINGS.sro && decoded < payload.length >> 1) {
        this.report("SAMPLE_INVALID", `sample ${decoded} has an exponent that SRO does not have`);
      } else {
        this.#reportShort(decoded);
      }
    } else if (decoded > 0 && isSteim(encoding)) {
      const announced = payload.view.getInt32(payload.start + 8, payload.littleEndian);
      const last = samples[at + decoded - 1];
      if (last !== announced) {
        this.report(
          "STEIM_LAST_SAMPLE",
          `last sample is ${last}, but the first frame announces ${announced}`,
        );
      }
    }
  }

  #reportInvalidWord({ view, start, length }: Payload): boolean {
    const at = findInvalidWord(view, start, Math.floor(length / FRAME_BYTES));
    if (at < 0) return false;
    this.report(
      "STEIM_INVALID",
      `byte ${at - this.start} of the record begins a word that Steim 2 does not have`,
    );
    return true;
  }

  #reportShort(decoded: number): void {
    this.report("PAYLOAD_SHORT", `header tells ${this.sampleCount} samples, payload has ${decoded}`);
  }

  #parseExtraHeaders(): JsonObject {
    const text = this.extraHeadersText;
    if (text === "") return {};
    let value: JsonValue = null;
    let reason = "they are JSON, but not an object";
    try {
      value = parseJson(text) as JsonValue;
    } catch (error) {
      reason = (error as Error).message;
    }
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
    this.report("EXTRA_HEADERS_INVALID", `extra headers are not a JSON object: ${reason}`);
    return {};
  }
}

function newArray(kind: Exclude<SampleKind, "text"> | undefined, length: number): SampleArray {
  switch (kind) {
    case "float32":
      return new Float32Array(length);
    case "float64":
      return new Float64Array(length);
    default:
      return new Int32Array(length);
  }
}

/** Whether an array takes samples of a kind. `instanceof` is quick, but does not know arrays from another realm. */
function isArrayOf(kind: SampleKind, array: SampleArray): boolean {
  switch (kind) {
    case "int32":
      return array instanceof Int32Array || arrayType(array) === "Int32Array";
    case "float32":
      return array instanceof Float32Array || arrayType(array) === "Float32Array";
    case "float64":
      return array instanceof Float64Array || arrayType(array) === "Float64Array";
    case "text":
      return false;
  }
}
