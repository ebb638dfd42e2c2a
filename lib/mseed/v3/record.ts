/** A miniSEED 3 record: 40 bytes of fixed header, source identifier, extra headers, payload (FDSN miniSEED 3). */
import type { Nslc, SourceId } from "../../source-id.ts";
import { HEADER3_BYTES } from "../detect.ts";
import type { ProblemReporter } from "../errors.ts";
import { names3 } from "../names.ts";
import type { Payload } from "../payload/decode.ts";
import { type Rate, rateOf } from "../rate.ts";
import { MiniSeedRecord, type Window } from "../record.ts";
import { isSteim } from "../steim/frames.ts";
import { type CalendarTime, daysInYear } from "../times/calendar.ts";
import { crc32c } from "./crc32c.ts";

const CRC_OFFSET = 28;
const NO_CRC = new DataView(new ArrayBuffer(4));
const SMALLEST_NORMAL = 2 ** -1022;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** A miniSEED 3 record, with what only this version has: checksum, the very bytes of the extra headers. */
export class MiniSeed3Record extends MiniSeedRecord {
  readonly formatVersion = 3;
  readonly sampleCount: number;
  readonly encoding: number;

  /** @param checksum what the bytes give, to be held against the header's; `undefined` if that is not to be checked @internal */
  constructor(
    window: Window,
    start: number,
    length: number,
    reporter: ProblemReporter,
    checksum: number | undefined,
  ) {
    super(window, start, length, reporter);
    this.sampleCount = window.view.getUint32(start + 24, true);
    this.encoding = window.bytes[start + 15] as number;
    if (checksum !== undefined && checksum !== this.crc) {
      this.report("CRC_MISMATCH", `checksum is ${hex(checksum)}, but the header tells ${hex(this.crc)}`);
    }
    this.#checkHeader();
  }

  get flags(): number {
    return this.window.bytes[this.start + 3] as number;
  }

  get publicationVersion(): number {
    return this.window.bytes[this.start + 32] as number;
  }

  get sourceId(): SourceId {
    return this.#names.sourceId;
  }

  get nslc(): Nslc {
    return { ...this.#names.nslc };
  }

  get calendarTime(): CalendarTime {
    const { bytes, view } = this.window;
    const p = this.start;
    return {
      year: view.getUint16(p + 8, true),
      dayOfYear: view.getUint16(p + 10, true),
      hour: bytes[p + 12] as number,
      minute: bytes[p + 13] as number,
      second: bytes[p + 14] as number,
      nanosecond: view.getUint32(p + 4, true),
    };
  }

  /** The rate as the header has it: positive is hertz, negative a period in seconds. */
  get rateField(): number {
    return this.window.view.getFloat64(this.start + 16, true);
  }

  get rate(): Rate {
    return rateOf(this.rateField);
  }

  /** The checksum that the header tells. */
  get crc(): number {
    return crcOf(this.window.view, this.start);
  }

  get extraHeadersText(): string {
    return this.#extraHeadersLength === 0 ? "" : utf8.decode(this.extraHeadersBytes);
  }

  /** The extra headers as they are in the record: a view, not a copy. */
  get extraHeadersBytes(): Uint8Array {
    const from = this.start + HEADER3_BYTES + this.#sourceIdLength;
    return this.window.bytes.subarray(from, from + this.#extraHeadersLength);
  }

  /** @internal */
  protected locatePayload(): Payload {
    const before = HEADER3_BYTES + this.#sourceIdLength + this.#extraHeadersLength;
    return {
      encoding: this.encoding,
      view: this.window.view,
      start: this.start + before,
      length: this.length - before,
      // Little endian throughout, but Steim's frames are always big endian.
      littleEndian: !isSteim(this.encoding),
    };
  }

  get #names() {
    return names3.get(this.window.bytes, this.start + HEADER3_BYTES, this.#sourceIdLength);
  }

  get #sourceIdLength(): number {
    return this.window.bytes[this.start + 33] as number;
  }

  get #extraHeadersLength(): number {
    return this.window.view.getUint16(this.start + 34, true);
  }

  #checkHeader(): void {
    const { view } = this.window;
    const { start } = this;
    const nanosecond = view.getUint32(start + 4, true);
    if (nanosecond > 999_999_999) {
      this.report("TIME_INVALID", `start time has ${nanosecond} nanoseconds: carried into the seconds`);
    }
    const day = view.getUint16(start + 10, true);
    const year = view.getUint16(start + 8, true);
    if (day < 1 || day > 366 || (day === 366 && daysInYear(year) === 365)) {
      this.report("TIME_INVALID", `start time is on day ${day} of ${year}: counted on from 1 January`);
    }
    const rate = Math.abs(this.rateField);
    if (!(rate <= Number.MAX_VALUE) || (rate > 0 && rate < SMALLEST_NORMAL)) {
      this.report("RATE_INVALID", `sample rate ${this.rateField} is not a rate: taken as 0`);
    }
  }
}

/** The checksum of a miniSEED 3 record: of all its bytes, those of the checksum itself taken as zero. */
export function recordCrc(view: DataView, start: number, length: number): number {
  const field = start + CRC_OFFSET;
  const before = crc32c(NO_CRC, 0, 4, crc32c(view, start, field));
  return crc32c(view, field + 4, start + length, before);
}

/** The checksum that the header of the miniSEED 3 record at `start` tells. */
export function crcOf(view: DataView, start: number): number {
  return view.getUint32(start + CRC_OFFSET, true);
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
