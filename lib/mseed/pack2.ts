/** The layout of miniSEED 2 records: fixed header, blockettes, payload. */
import { type BlocketteDraft, blockette100, blockette1000, blockette1001 } from "./blockettes.ts";
import { type CalendarTime, fromBigNanoseconds } from "./calendar.ts";
import { HEADER_BYTES } from "./detect.ts";
import { ENCODINGS } from "./encodings.ts";
import { MiniSeedError, ProblemReporter } from "./errors.ts";
import { type Header2, header2Of } from "./extra-headers-to-2.ts";
import type { Layout, PackableSeries, PackOptions } from "./pack.ts";
import { factorsOf, type Rate, type RateFactors, rateOfFactors } from "./rate.ts";
import { FRAME_BYTES } from "./steim.ts";

const DEFAULT_RECORD_LENGTH = 512;
const MIN_RECORD_LENGTH = 128;
const MAX_RECORD_LENGTH = 131_072;
const MAX_SAMPLES = 65_535;

const LENGTH_1000 = 8;

/** The fixed header counts time in 0.1 ms; blockette 1001 has the microseconds to the nearest of them. */
const MICROSECONDS_PER_TICK = 100n;

/** @throws MiniSeedError `INVALID_ARGUMENT` for what miniSEED 2 cannot hold: codes, year, rate, record length */
export function layOut2(series: PackableSeries, options: PackOptions): Layout {
  const { encoding } = series;
  const recordLength = checkRecordLength(options.recordLength ?? DEFAULT_RECORD_LENGTH);
  const littleEndian = options.littleEndian ?? false;
  const isSteim = encoding === ENCODINGS.steim1 || encoding === ENCODINGS.steim2;
  const header = header2Of(series, new ProblemReporter({ onProblem: options.onProblem }));
  const factors = checkRate(series.rate);
  const isTimed = header.timingQuality !== undefined || needsMicroseconds(series);
  const blockettes: BlocketteDraft[] = [
    blockette1000(encoding, littleEndian && !isSteim, recordLength),
    ...(isTimed ? [blockette1001(header.timingQuality ?? 0)] : []),
    ...(needsActualRate(series.rate, factors) ? [blockette100(series.rate.hertz, littleEndian)] : []),
    ...header.blockettes,
  ];
  const end = blockettes.reduce((sum, { body }) => sum + 4 + body.length, HEADER_BYTES);
  const alignment = isSteim ? FRAME_BYTES : 8;
  const dataOffset = Math.ceil(end / alignment) * alignment;
  if (end > recordLength) {
    throw new MiniSeedError(
      "INVALID_ARGUMENT",
      `headers of ${end} bytes do not fit in records of ${recordLength} bytes: choose a greater recordLength`,
    );
  }
  const draft = new DataView(new ArrayBuffer(recordLength));
  writeHeader(draft, header, factors, littleEndian);
  writeBlockettes(draft, blockettes, littleEndian);
  const microsecondsAt = HEADER_BYTES + LENGTH_1000 + 5;
  return {
    draft,
    dataOffset: Math.min(dataOffset, recordLength),
    maxSamples: MAX_SAMPLES,
    littleEndian: littleEndian && !isSteim,
    finish: (startTime, samples) => {
      const { time, microseconds } = splitTime(startTime);
      writeTime(draft, time, littleEndian);
      if (isTimed) draft.setInt8(microsecondsAt, microseconds);
      draft.setUint16(30, samples, littleEndian);
      draft.setUint16(44, samples > 0 ? dataOffset : 0, littleEndian);
      return recordLength;
    },
  };
}

function checkRecordLength(length: number): number {
  if (length >= MIN_RECORD_LENGTH && length <= MAX_RECORD_LENGTH && Number.isInteger(Math.log2(length)))
    return length;
  throw new MiniSeedError(
    "INVALID_ARGUMENT",
    `recordLength ${length}: miniSEED 2 has powers of two from ${MIN_RECORD_LENGTH} to ${MAX_RECORD_LENGTH}`,
  );
}

function checkRate(rate: Rate): RateFactors {
  const factors = factorsOf(rate.hertz);
  if (factors) return factors;
  throw new MiniSeedError("INVALID_ARGUMENT", `sample rate ${rate.hertz} Hz is out of miniSEED 2's reach`);
}

/** Whether a float32 in blockette 100 tells the rate better than factor and multiplier do. */
function needsActualRate({ hertz }: Rate, { factor, multiplier }: RateFactors): boolean {
  const nominal = rateOfFactors(factor, multiplier).hertz;
  // Two roundings apart, at most, is the same rate.
  if (Math.abs(nominal - hertz) <= 2 * Number.EPSILON * hertz) return false;
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

function writeText(view: DataView, at: number, text: string, length: number): void {
  for (let i = 0; i < length; i++) view.setUint8(at + i, i < text.length ? text.charCodeAt(i) : 0x20);
}

function writeTime(view: DataView, time: CalendarTime, littleEndian: boolean): void {
  if (time.year < 1900 || time.year > 2100) {
    throw new MiniSeedError("INVALID_ARGUMENT", `miniSEED 2 has no start times in the year ${time.year}`);
  }
  view.setUint16(20, time.year, littleEndian);
  view.setUint16(22, time.dayOfYear, littleEndian);
  view.setUint8(24, time.hour);
  view.setUint8(25, time.minute);
  view.setUint8(26, time.second);
  view.setUint16(28, time.nanosecond / 100_000, littleEndian);
}

/** A time to the microsecond (halves away from 1970, as libmseed rounds): to the nearest 0.1 ms, and -50 to 49 microseconds. */
function splitTime(startTime: bigint): { time: CalendarTime; microseconds: number } {
  const half = startTime < 0n ? -500n : 500n;
  const rounded = (startTime + half) / 1000n;
  const ticks = floorDivide(rounded + MICROSECONDS_PER_TICK / 2n, MICROSECONDS_PER_TICK);
  return {
    time: fromBigNanoseconds(ticks * MICROSECONDS_PER_TICK * 1000n),
    microseconds: Number(rounded - ticks * MICROSECONDS_PER_TICK),
  };
}

function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor < 0n ? quotient - 1n : quotient;
}
