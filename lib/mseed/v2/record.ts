/** A miniSEED 2 record: 48 bytes of fixed header (SEED manual, chapter 8), a chain of blockettes, the data. */
import type { Nslc, SourceId } from "../../source-id.ts";
import { HEADER_BYTES, MAX_LENGTH_EXPONENT } from "../detect.ts";
import { ENCODINGS } from "../encodings.ts";
import type { ProblemReporter } from "../errors.ts";
import { names2 } from "../names.ts";
import type { Payload } from "../payload/decode.ts";
import { type Rate, rateOf, rateOfFactors } from "../rate.ts";
import {
  FLAG_CALIBRATION,
  FLAG_CLOCK_LOCKED,
  FLAG_TIME_QUESTIONABLE,
  MiniSeedRecord,
  type Window,
} from "../record.ts";
import { type CalendarTime, daysInYear, LAST_FRACTION_OF_2 } from "../times/calendar.ts";
import {
  type Blockette,
  blocketteLength,
  hasFixedLength,
  readBlockette,
  timingQualityAt,
} from "./blockettes.ts";
import { CODES_LENGTH, CODES_OFFSET, headerText } from "./codes.ts";
import { extraHeadersOf2 } from "./extra-headers-from-2.ts";
import { publicationVersionOf } from "./quality.ts";

/** A miniSEED 2 record, with what only this version has: quality, sequence number, flags, blockettes. */
export class MiniSeed2Record extends MiniSeedRecord {
  readonly formatVersion = 2;
  readonly sampleCount: number;
  /** Steim 1 where no blockette 1000 tells the encoding. */
  readonly encoding: number;
  /** Byte order of the header and the blockettes. */
  readonly littleEndian: boolean;
  /** Byte order of the payload, which blockette 1000 tells apart from the header's. */
  readonly payloadLittleEndian: boolean;
  /** Microseconds to add to the start time (blockette 1001). */
  readonly microseconds: number;
  /** Timing quality in percent (blockette 1001); `undefined` without the blockette, or if that is there for microseconds only. */
  readonly timingQuality: number | undefined;
  /** Whether a blockette 1000 tells the length; without it, the next header or the end of the data did. */
  readonly declaresLength: boolean;
  readonly #actualRate: number | undefined;

  /** @internal */
  constructor(
    window: Window,
    start: number,
    length: number,
    reporter: ProblemReporter,
    littleEndian: boolean,
  ) {
    super(window, start, length, reporter);
    const { view } = window;
    this.littleEndian = littleEndian;
    this.sampleCount = view.getUint16(start + 30, littleEndian);
    let encoding = -1;
    let declaresLength = false;
    let payloadLittleEndian = littleEndian;
    let microseconds = 0;
    let timingQuality: number | undefined;
    let actualRate: number | undefined;
    let count = 0;
    let defect: string | undefined;
    let at = view.getUint16(start + 46, littleEndian);
    while (at !== 0) {
      const type = at + 4 <= length ? view.getUint16(start + at, littleEndian) : 0;
      const end = at + blocketteLength(type);
      if (end > length) {
        defect = `blockette at byte ${at} is not inside the record of ${length} bytes`;
        break;
      }
      count++;
      const p = start + at;
      if (type === 1000) {
        encoding = view.getUint8(p + 4);
        declaresLength ||= view.getUint8(p + 6) <= MAX_LENGTH_EXPONENT;
        payloadLittleEndian = view.getUint8(p + 5) === 0;
      } else if (type === 1001) {
        timingQuality = timingQualityAt(view, p);
        microseconds = view.getInt8(p + 5);
      } else if (type === 100) {
        actualRate = view.getFloat32(p + 4, littleEndian);
      }
      const next = view.getUint16(p + 2, littleEndian);
      if (next !== 0 && next < end) {
        defect = `blockette ${type} at byte ${at} ends at ${end}, but names byte ${next} as the next one's`;
        break;
      }
      at = next;
    }
    this.microseconds = microseconds;
    this.timingQuality = timingQuality;
    this.#actualRate = actualRate;
    this.payloadLittleEndian = payloadLittleEndian;
    this.encoding = encoding < 0 ? ENCODINGS.steim1 : encoding;
    this.declaresLength = declaresLength;
    if (defect !== undefined) this.report("BLOCKETTE_INVALID", `${defect}: the chain ends here`);
    this.#checkHeader(count, encoding < 0);
  }

  get sourceId(): SourceId {
    return this.#names.sourceId;
  }

  /** The bytes of station, location, channel and network: a view, not a copy. */
  get codes(): Uint8Array {
    const from = this.start + CODES_OFFSET;
    return this.window.bytes.subarray(from, from + CODES_LENGTH);
  }

  /** The codes as the header has them, without padding. */
  get nslc(): Nslc {
    return { ...this.#names.nslc };
  }

  get calendarTime(): CalendarTime {
    const { bytes, view } = this.window;
    const p = this.start + 20;
    return {
      year: view.getUint16(p, this.littleEndian),
      dayOfYear: view.getUint16(p + 2, this.littleEndian),
      hour: bytes[p + 4] as number,
      minute: bytes[p + 5] as number,
      second: bytes[p + 6] as number,
      nanosecond: view.getUint16(p + 8, this.littleEndian) * 100_000,
    };
  }

  /** Time correction in units of 0.1 ms; contained in the start time already if bit 1 of the activity flags says so. */
  get timeCorrection(): number {
    return this.window.view.getInt32(this.start + 40, this.littleEndian);
  }

  protected override startCorrection(): number {
    const correction = this.activityFlags & 2 ? 0 : this.timeCorrection * 100_000;
    return correction + this.microseconds * 1000;
  }

  get rate(): Rate {
    const { view } = this.window;
    const factor = view.getInt16(this.start + 32, this.littleEndian);
    const multiplier = view.getInt16(this.start + 34, this.littleEndian);
    const nominal = rateOfFactors(factor, multiplier);
    const actual = this.#actualRate;
    if (actual === undefined || !(actual >= 0) || actual === Number.POSITIVE_INFINITY) return nominal;
    // A float32 that is the nominal rate rounded adds nothing but its rounding.
    return actual === Math.fround(nominal.hertz) ? nominal : rateOf(actual);
  }

  get flags(): number {
    return (
      (this.activityFlags & 1 ? FLAG_CALIBRATION : 0) |
      (this.dataQualityFlags & 0x80 ? FLAG_TIME_QUESTIONABLE : 0) |
      (this.clockFlags & 0x20 ? FLAG_CLOCK_LOCKED : 0)
    );
  }

  get publicationVersion(): number {
    return publicationVersionOf(this.quality);
  }

  /** The six characters of the sequence number. */
  get sequenceNumber(): string {
    return this.#text(0, 6);
  }

  /** Data quality: D, R, Q or M. */
  get quality(): string {
    return this.#text(6, 1);
  }

  /** The byte of activity flags. */
  get activityFlags(): number {
    return this.window.bytes[this.start + 36] as number;
  }

  /** The byte of input/output and clock flags. */
  get clockFlags(): number {
    return this.window.bytes[this.start + 37] as number;
  }

  /** The byte of data quality flags. */
  get dataQualityFlags(): number {
    return this.window.bytes[this.start + 38] as number;
  }

  /** Where the data begin, in bytes from the start of the record; 0 without data. */
  get dataOffset(): number {
    return this.window.view.getUint16(this.start + 44, this.littleEndian);
  }

  /** The blockettes in the order of their chain, as far as that can be followed. Unknown ones have their bytes only. */
  get blockettes(): Blockette[] {
    const { bytes, view } = this.window;
    const found: Blockette[] = [];
    let at = view.getUint16(this.start + 46, this.littleEndian);
    while (at !== 0 && at + 4 <= this.length) {
      const p = this.start + at;
      const type = view.getUint16(p, this.littleEndian);
      const next = view.getUint16(p + 2, this.littleEndian);
      const least = at + blocketteLength(type);
      if (least > this.length) break;
      const end = hasFixedLength(type) ? least : this.#endOfOpen(at, least, next);
      found.push(readBlockette(bytes.subarray(p, this.start + end), at, this.littleEndian));
      if (next < least) break;
      at = next;
    }
    return found;
  }

  /** Where a blockette without known length ends: at the next one, else at the data, else with the record. */
  #endOfOpen(at: number, least: number, next: number): number {
    const ends = [next, this.dataOffset > at ? this.dataOffset : 0, this.length];
    return ends.find((end) => end >= least && end <= this.length) ?? least;
  }

  get extraHeadersText(): string {
    return extraHeadersOf2(this);
  }

  /** @internal */
  protected locatePayload(): Payload {
    const { encoding, dataOffset, length } = this;
    const isThere = dataOffset >= HEADER_BYTES && dataOffset < length;
    return {
      encoding,
      view: this.window.view,
      start: this.start + (isThere ? dataOffset : length),
      length: isThere ? length - dataOffset : 0,
      littleEndian: this.payloadLittleEndian,
    };
  }

  #checkHeader(blocketteCount: number, isEncodingAssumed: boolean): void {
    const { bytes, view } = this.window;
    const { start, littleEndian } = this;
    if (isEncodingAssumed && this.sampleCount > 0) {
      this.report("ENCODING_ASSUMED", "no blockette 1000 tells the encoding: Steim 1 assumed");
    }
    const counted = bytes[start + 39] as number;
    if (counted !== blocketteCount) {
      this.report("BLOCKETTE_COUNT", `header counts ${counted} blockettes, the chain has ${blocketteCount}`);
    }
    if (view.getUint16(start + 28, littleEndian) > LAST_FRACTION_OF_2) {
      this.report("TIME_CARRIED", "start time has 10000 or more of its 0.1 ms: carried into the seconds");
    }
    if (
      view.getUint16(start + 22, littleEndian) === 366 &&
      daysInYear(view.getUint16(start + 20, littleEndian)) === 365
    ) {
      this.report("TIME_INVALID", "start time is on day 366 of a year that has 365: taken as 1 January");
    }
  }

  get #names() {
    return names2.get(this.window.bytes, this.start + CODES_OFFSET, CODES_LENGTH);
  }

  #text(offset: number, length: number): string {
    return headerText(this.window.bytes, this.start + offset, length);
  }
}
