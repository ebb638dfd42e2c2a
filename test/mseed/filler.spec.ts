// lib/mseed/join/filler.ts: the same records however the samples come in pieces, and nothing of them lost or moved.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type EncodingName,
  type FilledRecord,
  type MiniSeedRecord,
  packRecords,
  RecordFiller,
  readRecords,
  type Series,
} from "../../lib/mseed/index.ts";
import { rateOf, sampleOffset } from "../../lib/mseed/rate.ts";

const START = 1_700_000_000_000_000_000n;
const ID = "FDSN:XX_A_00_H_H_Z";

type Numbers = number[] | Int32Array | Float64Array;
type Options = NonNullable<Parameters<typeof packRecords>[1]>;

function noise(count: number, size: number): Int32Array {
  let random = 12_345;
  return Int32Array.from({ length: count }, () => {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.round((random / 2 ** 32 - 0.5) * size);
  });
}

/** A series cut into pieces of these lengths, again and again, each with the exact time of its first sample. */
function pieces(samples: Numbers, sampleRate: number, lengths: readonly number[]): Series[] {
  const found: Series[] = [];
  for (let from = 0; from < samples.length; ) {
    const length = lengths[found.length % lengths.length]!;
    const startTime = START + sampleOffset(rateOf(sampleRate), from);
    found.push({
      sourceId: ID,
      startTime,
      sampleRate,
      samples: samples.slice(from, from + length) as Int32Array,
    });
    from += length;
  }
  return found;
}

interface Filled {
  records: FilledRecord<number>[];
  bytes: Buffer;
}

function fill(series: readonly Series[], options: Options, limits?: object): Filled {
  const filler = new RecordFiller<number>(limits);
  const records = series.flatMap((piece, i) => filler.add(piece, options, i, i));
  records.push(...filler.finish());
  assert.deepEqual([filler.streams, filler.pieces, filler.oldest], [0, 0, undefined]);
  return { records, bytes: Buffer.concat(records.map(({ bytes }) => bytes)) };
}

const read = (bytes: Uint8Array): MiniSeedRecord[] => [...readRecords(bytes)];
const allSamples = (records: MiniSeedRecord[]) => records.flatMap((r) => Array.from(r.samples as Int32Array));
const allTimes = (records: MiniSeedRecord[]) =>
  records.flatMap((r) => Array.from({ length: r.sampleCount }, (_, i) => r.timeOfSample(i)));

/** Each tag is finished once, in order; and a record's first tag is not finished before it. */
function assertTags({ records }: Filled, count: number): void {
  assert.deepEqual(
    records.flatMap(({ finished }) => finished),
    Array.from({ length: count }, (_, i) => i),
  );
  let finished = 0;
  for (const record of records) {
    assert.equal(record.first, finished);
    finished += record.finished.length;
  }
}

const encodings = fc.constantFrom<EncodingName>("steim1", "steim2", "int16", "int32", "float32", "float64");

describe("RecordFiller", () => {
  it("makes of any pieces the records of the whole: samples, times, bytes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 12 }),
        encodings,
        fc.constantFrom(2 as const, 3 as const),
        fc.constantFrom(128, 256, 512, 4096),
        fc.constantFrom(1, 20, 100, 33.3333, 250, -3600.5),
        fc.constantFrom(2, 30, 3000, 60_000),
        (lengths, encoding, formatVersion, length, rate, size) => {
          // Version 2 has a blockette more for rates that are no quotient, and then no room in 128 bytes.
          const recordLength = formatVersion === 2 ? Math.max(256, length) : length;
          const samples = noise(3000, size);
          const options = { encoding, formatVersion, recordLength };
          const filled = fill(pieces(samples, rate, lengths), options);
          const whole = Buffer.concat([
            ...packRecords({ sourceId: ID, startTime: START, sampleRate: rate, samples }, options),
          ]);
          assertTags(filled, pieces(samples, rate, lengths).length);
          assert.deepEqual(allSamples(read(filled.bytes)), Array.from(samples));
          const [times, expected] = [allTimes(read(filled.bytes)), allTimes(read(whole))];
          assert.ok(
            times.every(
              (time, i) => Math.abs(Number(time - expected[i]!)) <= (formatVersion === 2 ? 1000 : 1),
            ),
          );
          // Where pieces end with a full record the next one begins with its own time, which is rounded by itself.
          if (formatVersion === 3 && Number.isInteger(1e9 / rate)) assert.deepEqual(filled.bytes, whole);
          assert.equal(filled.records.length, read(whole).length);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("waits for the samples that a last word of Steim may still take", () => {
    const samples = noise(3000, 2);
    for (const encoding of ["steim1", "steim2"] as const) {
      for (const length of [1, 2, 3, 5, 7, 11]) {
        const options = { encoding, formatVersion: 2, recordLength: 128 } as const;
        const series = { sourceId: ID, startTime: START, sampleRate: 100, samples };
        const filled = fill(pieces(samples, 100, [length]), options);
        assert.deepEqual(
          filled.bytes,
          Buffer.concat([...packRecords(series, options)]),
          `${encoding} ${length}`,
        );
      }
    }
  });

  it("ends a record before a difference that Steim 2 cannot hold, as in one piece", () => {
    const samples = [1, 2, 3, 2 ** 30, 4, 5, -(2 ** 31), 7];
    for (const length of [1, 2, 3, 8]) {
      const filled = fill(pieces(samples, 100, [length]), { encoding: "steim2" });
      const series = { sourceId: ID, startTime: START, sampleRate: 100, samples };
      assert.deepEqual(filled.bytes, Buffer.concat([...packRecords(series, { encoding: "steim2" })]));
    }
  });

  it("cuts where the next samples do not follow, and keeps each one's time and headers", () => {
    const base = { sourceId: ID, sampleRate: 100, samples: noise(50, 100) };
    const at = (samples: number) => START + BigInt(Math.round(samples * 1e7));
    const cases: [string, Partial<Series>, Options?][] = [
      ["a gap", { startTime: at(51) }],
      ["an overlap", { startTime: at(49) }],
      ["the same again", { startTime: at(0) }],
      ["a clock that is off by a tenth of a sample", { startTime: at(50.1) }],
      ["another rate", { startTime: at(50), sampleRate: 100.001 }],
      ["another encoding", { startTime: at(50) }, { encoding: "steim1" }],
      ["another version", { startTime: at(50) }, { formatVersion: 2 }],
      ["another publication version", { startTime: at(50), publicationVersion: 3 }],
      ["other flags", { startTime: at(50), flags: 4 }],
      ["other extra headers", { startTime: at(50), extraHeaders: { FDSN: { Time: { Quality: 9 } } } }],
    ];
    for (const [what, change, options] of cases) {
      const filler = new RecordFiller<number>();
      assert.deepEqual(filler.add({ ...base, startTime: START }, {}, 0, 0), [], what);
      const ended = filler.add({ ...base, startTime: START, ...change }, { ...options }, 1, 1);
      const rest = filler.finish();
      assert.deepEqual([ended.length, rest.length], [1, 1], what);
      const [first, second] = [read(ended[0]!.bytes)[0]!, read(rest[0]!.bytes)[0]!];
      assert.deepEqual([first.startTime, first.sampleCount], [START, 50], what);
      assert.deepEqual([second.startTime, second.sampleCount], [change.startTime, 50], what);
      assert.equal(second.sampleRate, change.sampleRate ?? 100, what);
      assert.equal(second.flags, change.flags ?? 0, what);
      assert.equal(second.publicationVersion, change.publicationVersion ?? 1, what);
    }
  });

  it("goes on over the number that records have in their series, and over a clock's jitter", () => {
    const filler = new RecordFiller<number>();
    for (let i = 0; i < 4; i++) {
      const startTime = START + BigInt(i) * 250_000_000n + (i % 2 ? 400_000n : 0n);
      const extraHeaders = { FDSN: { Sequence: i + 1 } };
      const series = { sourceId: ID, startTime, sampleRate: 100, samples: noise(25, 50), extraHeaders };
      assert.deepEqual(filler.add(series, {}, i, i), []);
    }
    const [record, ...others] = filler.finish();
    assert.equal(others.length, 0);
    assert.equal(read(record!.bytes)[0]!.sampleCount, 100);
  });

  it("gives text, headers and what has no rate at once, behind what its stream had", () => {
    const filler = new RecordFiller<string>();
    filler.add({ sourceId: ID, startTime: START, sampleRate: 100, samples: [1, 2] }, {}, "numbers", 0);
    const given = [
      ...filler.add({ sourceId: ID, startTime: START, sampleRate: 0, samples: "hello" }, {}, "text", 1),
      ...filler.add({ sourceId: ID, startTime: START, sampleRate: 100, samples: [] }, {}, "headers", 2),
      ...filler.add({ sourceId: ID, startTime: START, sampleRate: 0, samples: [5] }, {}, "no rate", 3),
    ];
    assert.deepEqual(
      given.map(({ first, finished }) => [first, finished]),
      ["numbers", "text", "headers", "no rate"].map((tag) => [tag, [tag]]),
    );
    assert.deepEqual(filler.finish(), []);
  });

  it("gives what has waited, and only that", () => {
    const filler = new RecordFiller<number>();
    const add = (id: string, now: number, first: number) => {
      const startTime = START + BigInt(first) * 10_000_000n;
      return filler.add({ sourceId: id, startTime, sampleRate: 100, samples: [1, 2] }, {}, now, now);
    };
    add("FDSN:XX_A__H_H_Z", 10, 0);
    add("FDSN:XX_B__H_H_Z", 20, 0);
    add("FDSN:XX_A__H_H_Z", 30, 2);
    assert.equal(filler.oldest, 10);
    assert.deepEqual(filler.flush(10), []);
    assert.deepEqual(
      filler.flush(15).map(({ finished }) => finished),
      [[10, 30]],
    );
    assert.deepEqual([filler.oldest, filler.streams, filler.pieces], [20, 1, 1]);
  });

  it("refuses what cannot be written before it takes anything of it", () => {
    const filler = new RecordFiller<number>();
    const good: Series = { sourceId: ID, startTime: START, sampleRate: 100, samples: [1, 2] };
    filler.add(good, { formatVersion: 2 }, 0, 0);
    const bad: [Series, Options][] = [
      [{ ...good, samples: [2 ** 31] }, { encoding: "steim2" }],
      [{ ...good, samples: [Number.NaN] }, { encoding: "steim1" }],
      [{ ...good, startTime: "65535-12-31T23:59:59.99Z", sampleRate: 1 }, {}],
      [{ ...good, sourceId: "FDSN:XX_TOOLONG_00_H_H_Z" }, { formatVersion: 2 }],
      [good, { recordLength: 64 }],
      [good, { recordLength: 100 }],
      [good, { formatVersion: 4 as 3 }],
    ];
    for (const [i, [series, options]] of bad.entries())
      assert.throws(() => filler.add(series, options, 1, 1), { name: "MiniSeedError" }, `case ${i}`);
    assert.equal(filler.pieces, 1);
    assert.equal(filler.finish()[0]!.finished.length, 1);
  });

  it("holds no more streams, pieces and bytes than it may, and loses nothing", () => {
    const streams = Array.from({ length: 50 }, (_, i) => `FDSN:XX_S${i}__H_H_Z`);
    for (const limits of [{ maxStreams: 7 }, { maxPieces: 20 }, { maxBytes: 3000 }]) {
      const filler = new RecordFiller<number>(limits);
      const records: FilledRecord<number>[] = [];
      let sent = 0;
      for (let i = 0; i < 400; i++) {
        const sourceId = streams[(i * 7) % streams.length]!;
        const startTime = START + BigInt(Math.floor(i / streams.length)) * 250_000_000n;
        records.push(
          ...filler.add({ sourceId, startTime, sampleRate: 100, samples: noise(25, 9) }, {}, i, i),
        );
        sent++;
        assert.ok(filler.streams <= (limits.maxStreams ?? 50) && filler.pieces <= (limits.maxPieces ?? 400));
      }
      records.push(...filler.finish());
      const samples = records.reduce((sum, { bytes }) => sum + read(bytes)[0]!.sampleCount, 0);
      assert.equal(samples, 25 * sent);
      assert.equal(new Set(records.flatMap(({ finished }) => finished)).size, sent);
    }
  });
});
