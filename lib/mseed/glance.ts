/**
 * Which stream a record is of, and from when to when it lasts: read from its header, without making a record of it. For
 * programs that pass very many records on. What needs a second look is left to `readRecords`, which it agrees with.
 */
import { TextCache } from "../text-cache.ts";
import { beginsLike2, HEADER_BYTES, HEADER3_BYTES, isHeader3, mayEndWithRecord2 } from "./detect.ts";
import { type Rate, rateOf, rateOfFactors, sampleOffset } from "./rate.ts";
import { calendarSeconds, YEARS_READ_OF_2, YEARS_WRITTEN_OF_2 } from "./times/calendar.ts";
import { LAST_LEAP_SECOND } from "./times/leap-seconds.ts";
import { CODES_LENGTH, CODES_OFFSET, sourceIdOfCodes } from "./v2/codes.ts";

const DAY = 86_400_000_000;
const NS_PER_SECOND = 1e9;

/** Up to here sums of whole numbers are exact. */
const EXACT = Number.MAX_SAFE_INTEGER / 4;

/** Blockettes of a record that is read at a glance, at the most. */
const MAX_BLOCKETTES = 8;

/** Different rates that are kept. */
const MAX_RATES = 10_000;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** A rate, and its ratio in numbers. */
interface Ratio {
  readonly rate: Rate;
  readonly samples: number;
  readonly seconds: number;
}

/** Looks at one record after the other; what it saw last stands in its properties. */
export class HeaderGlance {
  /** Version of the format. */
  formatVersion: 2 | 3 = 2;
  /** For example `FDSN:CO_JSC_00_H_H_Z`. */
  sourceId = "";
  /** The number of samples that the header tells. */
  sampleCount = 0;
  /** Whether the samples have a rate. */
  hasRate = false;
  /** Time of the first sample, to the nearest microsecond since 1970. */
  startTime = 0;
  /** Time of the last sample, to the nearest microsecond since 1970. */
  endTime = 0;
  readonly #names2 = new TextCache((codes) => sourceIdOfCodes(codes).text);
  readonly #names3 = new TextCache((bytes) => utf8.decode(bytes));
  readonly #scratch = new DataView(new ArrayBuffer(8));
  /** By factor and multiplier, and by the rate itself. */
  readonly #nominals = new Map<number, Ratio>();
  readonly #actuals = new Map<number, Ratio>();
  #day = -1;
  #dayStart = 0;

  /** Whether the bytes are one whole record, and one that is told at a glance. */
  look(bytes: Uint8Array): boolean {
    if (bytes.length < HEADER_BYTES) return false;
    return bytes[0] === 0x4d ? this.#look3(bytes) : this.#look2(bytes);
  }

  #look2(bytes: Uint8Array): boolean {
    if (!beginsLike2(bytes, 0) || mayEndWithRecord2(bytes, 0, bytes.length)) return false;
    const big = isDate2(bytes, false);
    // Where both orders make sense, the whole header decides.
    if (big === isDate2(bytes, true)) return false;
    const little = !big;
    const year = uint16(bytes, 20, little);
    if (year < YEARS_WRITTEN_OF_2.first || year > YEARS_WRITTEN_OF_2.last || !isTime(bytes, 24)) return false;
    let ratio = this.#nominal(int16(bytes, 32, little), int16(bytes, 34, little));
    let length = 0;
    let microseconds = 0;
    let at = uint16(bytes, 46, little);
    for (let count = 0; at !== 0; count++) {
      if (at < HEADER_BYTES || at + 12 > bytes.length || count === MAX_BLOCKETTES) return false;
      const type = uint16(bytes, at, little);
      if (type === 1000 && length === 0) length = 2 ** bytes[at + 6]!;
      else if (type === 1001) microseconds = (bytes[at + 5]! << 24) >> 24;
      else if (type === 100) ratio = this.#ratioOf(this.#float32(bytes, at + 4, little), ratio);
      else return false;
      const next = uint16(bytes, at + 2, little);
      if (next !== 0 && next < at + (type === 100 ? 12 : 8)) return false;
      at = next;
    }
    if (length !== bytes.length) return false;
    const correction = (bytes[36]! & 2) === 0 ? int32(bytes, 40, little) : 0;
    const tenths = uint16(bytes, 28, little) + correction;
    const day = this.#startOfDay(year, uint16(bytes, 22, little));
    this.formatVersion = 2;
    this.sourceId = this.#names2.get(bytes, CODES_OFFSET, CODES_LENGTH);
    this.sampleCount = uint16(bytes, 30, little);
    return this.#span(day + timeOfDay(bytes, 24) + tenths * 100 + microseconds, 0, ratio);
  }

  #look3(bytes: Uint8Array): boolean {
    if (!isHeader3(bytes, 0) || !isTime(bytes, 12)) return false;
    const year = uint16(bytes, 8, true);
    const day = uint16(bytes, 10, true);
    const nanoseconds = uint32(bytes, 4);
    const nameLength = bytes[33]!;
    const length = HEADER3_BYTES + nameLength + uint16(bytes, 34, true) + uint32(bytes, 36);
    const isDate =
      year >= YEARS_WRITTEN_OF_2.first && year <= YEARS_WRITTEN_OF_2.last && day >= 1 && day <= 366;
    if (!isDate || nanoseconds >= NS_PER_SECOND || length !== bytes.length) return false;
    const ratio = this.#actual(this.#float64(bytes, 16));
    this.formatVersion = 3;
    this.sourceId = this.#names3.get(bytes, HEADER3_BYTES, nameLength);
    this.sampleCount = uint32(bytes, 24);
    return this.#span(this.#startOfDay(year, day) + timeOfDay(bytes, 12), nanoseconds, ratio);
  }

  /** Start and end, of which the start is `microseconds` and `nanoseconds` together; false where they are not exact. */
  #span(microseconds: number, nanoseconds: number, ratio: Ratio): boolean {
    this.hasRate = ratio.samples > 0;
    const end = nanoseconds + nanosecondsOf(ratio, Math.max(this.sampleCount - 1, 0));
    if (end > EXACT) return false;
    this.startTime = microseconds + divide(nanoseconds + 500, 1000);
    this.endTime = microseconds + divide(end + 500, 1000);
    // A leap second may lie between two days of the past.
    const isOneDay = Math.floor(this.startTime / DAY) === Math.floor(this.endTime / DAY);
    return isOneDay || this.startTime >= LAST_LEAP_SECOND;
  }

  #startOfDay(year: number, dayOfYear: number): number {
    const day = year * 512 + dayOfYear;
    if (day !== this.#day) {
      this.#day = day;
      this.#dayStart = calendarSeconds(year, dayOfYear, 0, 0, 0) * 1e6;
    }
    return this.#dayStart;
  }

  /** Blockette 100 counts where it is a rate, and not only the nominal one rounded. */
  #ratioOf(rate: number, nominal: Ratio): Ratio {
    if (!(rate >= 0 && rate < Number.POSITIVE_INFINITY) || rate === Math.fround(nominal.rate.hertz))
      return nominal;
    return this.#actual(rate);
  }

  #nominal(factor: number, multiplier: number): Ratio {
    const key = factor * 65_536 + multiplier;
    const known = this.#nominals.get(key);
    if (known !== undefined) return known;
    return remember(this.#nominals, key, rateOfFactors(factor, multiplier));
  }

  #actual(rate: number): Ratio {
    return this.#actuals.get(rate) ?? remember(this.#actuals, rate, rateOf(rate));
  }

  #float32(bytes: Uint8Array, at: number, little: boolean): number {
    for (let i = 0; i < 4; i++) this.#scratch.setUint8(i, bytes[at + i]!);
    return this.#scratch.getFloat32(0, little);
  }

  #float64(bytes: Uint8Array, at: number): number {
    for (let i = 0; i < 8; i++) this.#scratch.setUint8(i, bytes[at + i]!);
    return this.#scratch.getFloat64(0, true);
  }
}

function remember(ratios: Map<number, Ratio>, key: number, rate: Rate): Ratio {
  const ratio = { rate, samples: Number(rate.samples), seconds: Number(rate.seconds) };
  if (ratios.size >= MAX_RATES) ratios.clear();
  ratios.set(key, ratio);
  return ratio;
}

/** As `sampleOffset`, without large numbers where it can be. */
function nanosecondsOf({ rate, samples, seconds }: Ratio, n: number): number {
  if (samples === 0 || n === 0) return 0;
  const doubled = 2 * n * NS_PER_SECOND * seconds;
  return doubled < EXACT && samples < EXACT
    ? divide(doubled + samples, 2 * samples)
    : Number(sampleOffset(rate, n));
}

/** The quotient of whole numbers, rounded down. Below 2^53 a division never rounds up to the next whole number. */
function divide(value: number, divisor: number): number {
  return Math.floor(value / divisor);
}

/** Whether year and day of a version 2 header make sense in a byte order. */
function isDate2(bytes: Uint8Array, little: boolean): boolean {
  const year = uint16(bytes, 20, little);
  const day = uint16(bytes, 22, little);
  return year >= YEARS_READ_OF_2.first && year <= YEARS_READ_OF_2.last && day >= 1 && day <= 366;
}

/** Whether there is a time of day at `at`, not inside a leap second. */
function isTime(bytes: Uint8Array, at: number): boolean {
  return bytes[at]! <= 23 && bytes[at + 1]! <= 59 && bytes[at + 2]! <= 59;
}

/** Microseconds since midnight, of whole seconds. */
function timeOfDay(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! * 60 + bytes[at + 1]!) * 60 + bytes[at + 2]!) * 1e6;
}

function uint16(bytes: Uint8Array, at: number, little: boolean): number {
  const [first, second] = [bytes[at]!, bytes[at + 1]!];
  return little ? first + second * 0x100 : first * 0x100 + second;
}

function int16(bytes: Uint8Array, at: number, little: boolean): number {
  return (uint16(bytes, at, little) << 16) >> 16;
}

function int32(bytes: Uint8Array, at: number, little: boolean): number {
  const [high, low] = little ? [at + 2, at] : [at, at + 2];
  return int16(bytes, high, little) * 0x10000 + uint16(bytes, low, little);
}

function uint32(bytes: Uint8Array, at: number): number {
  return uint16(bytes, at, true) + uint16(bytes, at + 2, true) * 0x10000;
}
