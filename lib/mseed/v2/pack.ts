/** The layout of miniSEED 2 records: fixed header, blockettes, payload. */

import { floorDivide, formatNanoseconds } from "../../time.ts";
import { HEADER_BYTES } from "../detect.ts";
import { MiniSeedError, ProblemReporter, shown } from "../errors.ts";
import type { Layout, PackableSeries, PackOptions } from "../layout.ts";
import { factorsOf, type Rate, type RateFactors, rateOfFactors } from "../rate.ts";
import { FRAME_BYTES, isSteim } from "../steim/frames.ts";
import { fromBigNanoseconds, inLeapSecond, isWithin, YEARS_WRITTEN_OF_2 } from "../times/calendar.ts";
import { type BlocketteDraft, draftBlockette, writeText, writeTime } from "./blockettes.ts";
import { type Header2, header2Of } from "./extra-headers-to-2.ts";

const DEFAULT_RECORD_LENGTH = 512;
/** Of records that one longer record becomes. */
const LENGTH_OF_MANY = 4096;
const MIN_RECORD_LENGTH = 128;
const MAX_RECORD_LENGTH = 131_072;

/** The most that a miniSEED 2 record can count. */
export const MAX_SAMPLES = 65_535;

/** The header counts blockettes in 8 bits, and has offsets of 16. */
const MAX_BLOCKETTES = 255;
const MAX_OFFSET = 65_535;

/** Blockette 1000 comes first and 1001 after it, so that their bytes have fixed places. */
const LENGTH_EXPONENT = HEADER_BYTES + 6;
const MICROSECONDS = HEADER_BYTES + 8 + 5;

/** The fixed header counts time in 0.1 ms; blockette 1001 has the microseconds to the nearest of them. */
const MICROSECONDS_PER_TICK = 100n;
const NS_PER_MICROSECOND = 1000n;

/** What a record should take where the options do not give its length. */
export interface Fitting {
  payloadBytes: number;
  /** The record may be longer than it must: a length that it should have, or 0. */
  recordLength: number;
}

/**
 * @param fitting for the smallest record that takes it all where the options do not give a length
 * @throws MiniSeedError `INVALID_ARGUMENT` for what miniSEED 2 cannot hold: codes, year, rate, record length
 */
export function layOut2(series: PackableSeries, options: PackOptions, fitting?: Fitting): Layout {
  const { encoding } = series;
  const littleEndian = options.littleEndian ?? false;
  const hasFrames = isSteim(encoding);
  const payloadLittleEndian = series.payloadLittleEndian && !hasFrames;
  const reporter = new ProblemReporter({ onProblem: options.onProblem });
  const header = header2Of(series, littleEndian, reporter);
  const factors = checkRate(series.rate);
  const isActual = needsActualRate(series.rate, factors);
  reportPrecision(series, factors, isActual, reporter);
  const isTimed = header.timingQuality !== undefined || needsMicroseconds(series);
  const blockettes: BlocketteDraft[] = [
    draftBlockette(1000, { encoding, wordOrder: payloadLittleEndian ? 0 : 1 }, littleEndian),
    ...(isTimed ? [draftBlockette(1001, { timingQuality: header.timingQuality ?? 0 }, littleEndian)] : []),
    ...(isActual ? [draftBlockette(100, { rate: series.rate.hertz }, littleEndian)] : []),
    ...header.blockettes,
  ];
  const end = blockettes.reduce((sum, { body }) => sum + 4 + body.length, HEADER_BYTES);
  const alignment = hasFrames ? FRAME_BYTES : 8;
  const dataOffset = Math.ceil(end / alignment) * alignment;
  if (blockettes.length > MAX_BLOCKETTES || dataOffset > MAX_OFFSET) {
    throw new MiniSeedError(
      "INVALID_ARGUMENT",
      `the extra headers make ${blockettes.length} blockettes, ${end} bytes of headers: too many for miniSEED 2`,
    );
  }
  const recordLength = checkRecordLength(options.recordLength ?? defaultLength(dataOffset, fitting), end);
  const draft = new DataView(new ArrayBuffer(recordLength));
  writeHeader(draft, header, factors, littleEndian);
  writeBlockettes(draft, blockettes, littleEndian);
  draft.setUint8(LENGTH_EXPONENT, Math.log2(recordLength));
  return {
    draft,
    dataOffset: Math.min(dataOffset, recordLength),
    maxSamples: MAX_SAMPLES,
    littleEndian: payloadLittleEndian,
    finish: (startTime, samples) => {
      const { time, microseconds } = splitTime(checkTime(startTime));
      const isLeapSecond = series.startsInLeapSecond && startTime === series.startTime;
      writeTime(draft, 20, isLeapSecond ? inLeapSecond(time) : fromBigNanoseconds(time), littleEndian);
      if (isTimed) draft.setInt8(MICROSECONDS, microseconds);
      draft.setUint16(30, samples, littleEndian);
      draft.setUint16(44, samples > 0 ? dataOffset : 0, littleEndian);
      return recordLength;
    },
  };
}

/** The smallest length that takes headers and payload, if there is one. */
function defaultLength(dataOffset: number, fitting: Fitting | undefined): number {
  if (fitting === undefined) return DEFAULT_RECORD_LENGTH;
  const least = Math.max(MIN_RECORD_LENGTH, fitting.recordLength, dataOffset + fitting.payloadBytes);
  const length = 2 ** Math.ceil(Math.log2(least));
  return length <= MAX_RECORD_LENGTH ? length : LENGTH_OF_MANY;
}

function checkRecordLength(length: number, headers: number): number {
  const isPower = Number.isInteger(length) && Number.isInteger(Math.log2(length));
  if (!isPower || length < MIN_RECORD_LENGTH || length > MAX_RECORD_LENGTH) {
    throw new MiniSeedError(
      "INVALID_ARGUMENT",
      `recordLength ${shown(length)}: miniSEED 2 has powers of two from ${MIN_RECORD_LENGTH} to ${MAX_RECORD_LENGTH}`,
    );
  }
  if (headers <= length) return length;
  throw new MiniSeedError(
    "INVALID_ARGUMENT",
    `headers of ${headers} bytes do not fit in records of ${length} bytes: choose a greater recordLength`,
  );
}

function checkRate(rate: Rate): RateFactors {
  const factors = factorsOf(rate.hertz);
  if (factors) return factors;
  throw new MiniSeedError("INVALID_ARGUMENT", `sample rate ${rate.hertz} Hz is out of miniSEED 2's reach`);
}

/** Tells where what is written is not what was given: times below the microsecond, rates beyond a float32. */
function reportPrecision(
  { startTime, rate }: PackableSeries,
  factors: RateFactors,
  isActual: boolean,
  reporter: ProblemReporter,
): void {
  if (startTime % NS_PER_MICROSECOND !== 0n) {
    reporter.report("PRECISION_LOST", "miniSEED 2 has start times to the microsecond only: rounded", 0, 0);
  }
  const written = isActual
    ? Math.fround(rate.hertz)
    : rateOfFactors(factors.factor, factors.multiplier).hertz;
  if (!isSameRate(written, rate.hertz)) {
    reporter.report(
      "PRECISION_LOST",
      `sample rate ${rate.hertz} Hz becomes ${written} Hz in miniSEED 2`,
      0,
      0,
    );
  }
}

/** Two roundings apart, at most, is the same rate. */
function isSameRate(a: number, b: number): boolean {
  return Math.abs(a - b) <= 2 * Number.EPSILON * b;
}

/** Whether a float32 in blockette 100 tells the rate better than factor and multiplier do. */
function needsActualRate({ hertz }: Rate, { factor, multiplier }: RateFactors): boolean {
  const nominal = rateOfFactors(factor, multiplier).hertz;
  // Of a float32 that the nominal rate rounds to as well, readers take the nominal rate.
  if (Math.fround(hertz) === Math.fround(nominal)) return false;
  return Math.abs(Math.fround(hertz) - hertz) < Math.abs(nominal - hertz);
}

/** Whether a record of the series may start between two units of 0.1 ms. */
function needsMicroseconds({ startTime, rate }: PackableSeries): boolean {
  if (splitTime(startTime).microseconds !== 0) return true;
  return rate.samples > 0n && (rate.seconds * 10_000n) % rate.samples !== 0n;
}

function writeHeader(view: DataView, header: Header2, factors: RateFactors, littleEndian: boolean): void {
  writeText(view, 0, header.sequenceNumber + header.quality, 8);
  writeText(view, 8, header.station, 5);
  writeText(view, 13, header.location, 2);
  writeText(view, 15, header.channel, 3);
  writeText(view, 18, header.network, 2);
  view.setInt16(32, factors.factor, littleEndian);
  view.setInt16(34, factors.multiplier, littleEndian);
  view.setUint8(36, header.activityFlags);
  view.setUint8(37, header.clockFlags);
  view.setUint8(38, header.dataQualityFlags);
  view.setInt32(40, header.timeCorrection, littleEndian);
}

function writeBlockettes(view: DataView, blockettes: readonly BlocketteDraft[], littleEndian: boolean): void {
  view.setUint8(39, blockettes.length);
  view.setUint16(46, HEADER_BYTES, littleEndian);
  let at = HEADER_BYTES;
  for (const [i, { type, body }] of blockettes.entries()) {
    const next = at + 4 + body.length;
    view.setUint16(at, type, littleEndian);
    view.setUint16(at + 2, i + 1 < blockettes.length ? next : 0, littleEndian);
    new Uint8Array(view.buffer, at + 4, body.length).set(body);
    at = next;
  }
}

function checkTime(startTime: bigint): bigint {
  if (isWithin(startTime, YEARS_WRITTEN_OF_2)) return startTime;
  throw new MiniSeedError(
    "INVALID_ARGUMENT",
    `start time ${formatNanoseconds(startTime)}: miniSEED 2 is written for the years ${YEARS_WRITTEN_OF_2.first} to ${YEARS_WRITTEN_OF_2.last}`,
  );
}

/** A time to the microsecond (halves away from 1970, as libmseed rounds): to the nearest 0.1 ms, and -50 to 49 microseconds. */
function splitTime(startTime: bigint): { time: bigint; microseconds: number } {
  const half = startTime < 0n ? -500n : 500n;
  const rounded = (startTime + half) / NS_PER_MICROSECOND;
  const ticks = floorDivide(rounded + MICROSECONDS_PER_TICK / 2n, MICROSECONDS_PER_TICK);
  return {
    time: ticks * MICROSECONDS_PER_TICK * NS_PER_MICROSECOND,
    microseconds: Number(rounded - ticks * MICROSECONDS_PER_TICK),
  };
}
