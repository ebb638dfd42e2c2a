// What is packed is read back the same: both versions, every encoding that is written, random headers, rates, times, samples.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  ENCODINGS,
  type JsonObject,
  type MiniSeedRecord,
  type PackOptions,
  type Problem,
  packRecords,
  RecordReader,
  readRecords,
  type SampleArray,
  type Series,
} from "../../lib/mseed/index.ts";
import { factorsOf, rateOf, sampleOffset } from "../../lib/mseed/rate.ts";
import { leapSecondsWithin } from "../../lib/mseed/times/leap-seconds.ts";
import { toNanoseconds } from "../../lib/time.ts";

type Numbers = Int32Array | Float32Array | Float64Array;

const MAX_SAMPLES = 400;
const RUNS = 100;

/** Differences of all sizes: runs of small ones and jumps, as they decide how Steim packs. */
const integers = fc
  .array(fc.tuple(fc.constantFrom(0, 2, 7, 15, 31, 127, 511, 16_383, 2 ** 29, 2 ** 31), fc.integer()), {
    minLength: 1,
    maxLength: MAX_SAMPLES,
    size: "max",
  })
  .map((steps) => {
    let sample = 0;
    return Int32Array.from(steps, ([size, n]) => {
      sample = (sample + (n % (size + 1))) | 0;
      return sample;
    });
  });
const shorts = fc
  .int16Array({ minLength: 1, maxLength: MAX_SAMPLES })
  .map((samples) => Int32Array.from(samples));
const floats = fc.float32Array({ minLength: 1, maxLength: MAX_SAMPLES });
const doubles = fc.float64Array({ minLength: 1, maxLength: MAX_SAMPLES });

const SAMPLES: Record<string, fc.Arbitrary<Numbers>> = {
  int16: shorts,
  int32: integers,
  float32: floats,
  float64: doubles,
  steim1: integers,
  steim2: integers,
};

const code = (min: number, max: number) => fc.stringMatching(new RegExp(`^[A-Z0-9]{${min},${max}}$`));
const seedId = fc
  .tuple(code(1, 2), code(1, 5), code(0, 2), code(1, 1), code(1, 1), code(1, 1))
  .map((codes) => `FDSN:${codes.join("_")}`);
const anyId = fc.string({ unit: "grapheme", maxLength: 40 });

const rates = fc.oneof(
  fc.constantFrom(
    0.01,
    0.1,
    1,
    20,
    40,
    50,
    100,
    200,
    250,
    500,
    1000,
    -10,
    -60,
    -3600.5,
    33.3333,
    62.5,
    100 / 3,
  ),
  fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
);

const timeBetween = (from: string, to: string) =>
  fc.bigInt({ min: toNanoseconds(from) as bigint, max: toNanoseconds(to) as bigint });

const headers = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), {
  maxKeys: 4,
}) as fc.Arbitrary<JsonObject>;

function read(bytes: Uint8Array): MiniSeedRecord[] {
  const problems: Problem[] = [];
  const records = [...readRecords(bytes, { strict: true, onProblem: (problem) => problems.push(problem) })];
  for (const record of records) void record.samples;
  assert.deepEqual(problems, []);
  return records;
}

/** All samples of the records, exactly: also which NaN, and which zero. */
function bytesOf(samples: readonly SampleArray[]): Buffer {
  return Buffer.concat(samples.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength)));
}

function check(
  series: Series & { startTime: bigint; samples: Numbers },
  options: PackOptions,
): MiniSeedRecord[] {
  const records = read(Buffer.concat([...packRecords(series, options)]));
  assert.deepEqual(bytesOf(records.map(({ samples }) => samples as Numbers)), bytesOf([series.samples]));
  let before = 0;
  for (const record of records) {
    const endless = series.startTime + sampleOffset(rateOf(series.sampleRate), before);
    const counted = endless - leapSecondsWithin(series.startTime, endless);
    const expected = options.formatVersion === 2 ? roundToMicrosecond(counted) : counted;
    assert.equal(record.startTime, expected);
    assert.equal(record.sourceId.text, series.sourceId);
    assert.equal(record.flags, series.flags);
    assert.equal(record.publicationVersion, series.publicationVersion);
    assert.ok(record.length <= (options.recordLength as number));
    const into = record.samples.constructor as Int32ArrayConstructor;
    const target = new into(record.samples.length + 3);
    assert.equal(record.decodeInto(target, 2), record.samples.length);
    assert.deepEqual(target.subarray(2, -1), record.samples);
    before += record.sampleCount;
  }
  return records;
}

function roundToMicrosecond(time: bigint): bigint {
  return ((time + (time < 0n ? -500n : 500n)) / 1000n) * 1000n;
}

describe("round trips", () => {
  for (const [encoding, samples] of Object.entries(SAMPLES)) {
    it(`miniSEED 3 in ${encoding}`, () => {
      const series = fc.record({
        sourceId: anyId,
        startTime: timeBetween("0001-01-01", "9990-01-01"),
        sampleRate: rates,
        samples,
        flags: fc.integer({ min: 0, max: 255 }),
        publicationVersion: fc.integer({ min: 0, max: 255 }),
        extraHeaders: headers,
      });
      fc.assert(
        fc.property(series, fc.integer({ min: 4000, max: 9000 }), (given, recordLength) => {
          const records = check(given, { formatVersion: 3, encoding: encoding as "int32", recordLength });
          for (const record of records) {
            assert.equal(record.sampleRate, rateOf(given.sampleRate).hertz);
            assert.deepEqual(record.extraHeaders, JSON.parse(JSON.stringify(given.extraHeaders)));
            if (record.sampleCount > 0) assert.equal(record.encoding, ENCODINGS[encoding as "int32"]);
          }
        }),
        { numRuns: RUNS },
      );
    });

    it(`miniSEED 2 in ${encoding}`, () => {
      const series = fc.record({
        sourceId: seedId,
        startTime: timeBetween("1900-01-02", "2090-01-01"),
        sampleRate: rates.filter(
          (rate) => factorsOf(rateOf(rate).hertz) !== undefined && rateOf(rate).hertz > 1e-3,
        ),
        samples,
        flags: fc.integer({ min: 0, max: 7 }),
        publicationVersion: fc.integer({ min: 1, max: 4 }),
      });
      const lengths = fc.constantFrom(128, 256, 512, 4096, 131_072);
      fc.assert(
        fc.property(series, lengths, fc.boolean(), (given, recordLength, littleEndian) => {
          // Blockette 100 and Steim's first frame leave no room in 128 bytes.
          fc.pre(recordLength > 128 || Number.isInteger(given.sampleRate));
          const options: PackOptions = {
            formatVersion: 2,
            encoding: encoding as "int32",
            recordLength,
            littleEndian,
          };
          for (const record of check(given, options)) {
            assert.equal(record.length, recordLength);
            const hertz = rateOf(given.sampleRate).hertz;
            assert.ok(Math.abs(record.sampleRate / hertz - 1) < 1.2e-7, `${record.sampleRate} ${hertz}`);
          }
        }),
        { numRuns: RUNS },
      );
    });
  }

  it("text, cut between its characters", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 600, size: "max" });
    fc.assert(
      fc.property(text, fc.constantFrom(2, 3), (samples, formatVersion) => {
        const series = { sourceId: "FDSN:XX_A__L_O_G", startTime: 0n, sampleRate: 0, samples };
        const options = { formatVersion: formatVersion as 2 | 3, recordLength: 128 };
        const records = read(Buffer.concat([...packRecords(series, options)]));
        assert.equal(records.map((record) => record.samples).join(""), samples);
      }),
    );
  });

  it("records come whole from pieces of any size", () => {
    const series = (samples: Int32Array) => ({
      sourceId: "FDSN:XX_A__H_H_Z",
      startTime: 0n,
      sampleRate: 100,
      samples,
    });
    fc.assert(
      fc.property(
        integers,
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
        (samples, sizes) => {
          const bytes = Buffer.concat([
            ...packRecords(series(samples), { formatVersion: 2, recordLength: 256 }),
            ...packRecords(series(samples), { formatVersion: 3, recordLength: 300 }),
          ]);
          const reader = new RecordReader({ strict: true });
          const found: MiniSeedRecord[] = [];
          const piece = Buffer.alloc(300);
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const size = Math.min(sizes[i % sizes.length] as number, bytes.length - at);
            // The same memory for every piece: the reader keeps nothing of it.
            bytes.copy(piece, 0, at, at + size);
            reader.push(piece.subarray(0, size));
            at += size;
            for (let record = reader.next(); record; record = reader.next()) {
              assert.equal(record.offset + record.length <= at, true);
              found.push(record);
            }
          }
          reader.finish();
          for (let record = reader.next(); record; record = reader.next()) found.push(record);
          const describe = (record: MiniSeedRecord) => [record.offset, record.bytes, record.samples];
          assert.deepEqual(found.map(describe), read(bytes).map(describe));
          assert.equal(reader.buffered, 0);
        },
      ),
      { numRuns: RUNS },
    );
  });
});
