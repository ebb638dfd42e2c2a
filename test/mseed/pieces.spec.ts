// lib/mseed/reader.ts: the same bytes give the same records and the same problems however they arrive, and no damaged record
// hides a sound one behind it.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type MiniSeedRecord,
  type Problem,
  packRecords,
  type ReadOptions,
  RecordReader,
  readRecords,
} from "../../lib/mseed/index.ts";
import { randomFrom } from "../fuzz/random.ts";
import { mutate, seeds } from "./mutate.ts";

/** What a reader says: of each record where it is, of each problem all of it. */
interface Told {
  records: string[];
  problems: string[];
}

function listen(options: ReadOptions = {}): {
  told: Told;
  options: ReadOptions;
  take: (r: MiniSeedRecord) => void;
} {
  const told: Told = { records: [], problems: [] };
  const onProblem = ({ code, severity, offset, length, message, record }: Problem) =>
    told.problems.push(`${code} ${severity} ${offset}+${length} of ${record?.offset ?? "-"}: ${message}`);
  return {
    told,
    options: { ...options, onProblem },
    take: (record) => {
      told.records.push(
        `${record.formatVersion} ${record.offset}+${record.length} ${record.toString()} ${Buffer.from(record.bytes).toString("base64")}`,
      );
    },
  };
}

function readWhole(bytes: Uint8Array, options?: ReadOptions): Told {
  const listener = listen(options);
  for (const record of readRecords(bytes, listener.options)) listener.take(record);
  return listener.told;
}

/** @param sizes of the pieces, over and over again */
function readPieces(bytes: Uint8Array, sizes: readonly number[], options?: ReadOptions): Told {
  const listener = listen(options);
  const reader = new RecordReader(listener.options);
  const takeAll = () => {
    for (let record = reader.next(); record; record = reader.next()) listener.take(record);
  };
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] as number;
    reader.push(bytes.subarray(at, at + size));
    at += size;
    takeAll();
  }
  reader.finish();
  takeAll();
  return listener.told;
}

const pool = seeds();

const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 2000 })), {
  minLength: 1,
  maxLength: 8,
});

/** Sound records of both versions and many lengths. */
const soundRecord = fc
  .record({
    formatVersion: fc.constantFrom(2 as const, 3 as const),
    recordLength: fc.constantFrom(128, 256, 512, 1024, 4096),
    encoding: fc.constantFrom("steim1", "steim2", "int32", "float64"),
    samples: fc.array(fc.integer({ min: -100_000, max: 100_000 }), { minLength: 1, maxLength: 400 }),
    littleEndian: fc.boolean(),
  })
  .map(({ samples, ...options }) => {
    const series = { sourceId: "FDSN:XX_STA_00_B_H_Z", startTime: "2026-01-02", sampleRate: 50, samples };
    return [...packRecords(series, options)][0] as Uint8Array;
  });

/** Bytes that are lost from a record: from where, as a part of it, and how many of what is behind. */
const loss = fc.record({
  from: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  part: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
});

function lose(record: Uint8Array, { from, part }: { from: number; part: number }): Uint8Array {
  const start = Math.floor(from * record.length);
  const count = Math.max(1, Math.floor(part * (record.length - start)));
  return Buffer.concat([record.subarray(0, start), record.subarray(start + count)]);
}

function startsOf(records: readonly Uint8Array[], from: number): number[] {
  return records.map((_, i) => records.slice(0, i).reduce((sum, { length }) => sum + length, from));
}

/** Each sound record is found where it is, however the bytes arrive; and whatever lies before them is told. */
function assertFound(damaged: Uint8Array, sound: readonly Uint8Array[], cuts: readonly number[]): void {
  const bytes = Buffer.concat([damaged, ...sound]);
  const whole = readWhole(bytes);
  const found = new Set(whole.records.map((line) => line.split(" ")[1]));
  for (const [i, start] of startsOf(sound, damaged.length).entries()) {
    assert.ok(found.has(`${start}+${sound[i]?.length}`), `record at ${start} is not found`);
  }
  assert.deepEqual(readPieces(bytes, cuts), whole);
}

describe("bytes in pieces", () => {
  it("give what they give as a whole: mutated records in random pieces", () => {
    fc.assert(
      fc.property(fc.integer(), sizes, fc.boolean(), (seed, cuts, checkCrc) => {
        const random = randomFrom(seed);
        let bytes = mutate(pool, random);
        for (let more = random(3); more > 0; more--) bytes = Buffer.concat([bytes, mutate(pool, random)]);
        const whole = readWhole(bytes, { checkCrc });
        assert.deepEqual(readPieces(bytes, cuts, { checkCrc }), whole);
      }),
      { numRuns: 4000 },
    );
  });

  it("give what they give as a whole: byte by byte", () => {
    const random = randomFrom(11);
    for (let i = 0; i < 1500; i++) {
      const bytes = Buffer.concat([mutate(pool, random), mutate(pool, random)]);
      assert.deepEqual(readPieces(bytes, [1]), readWhole(bytes));
    }
  });

  it("with a limit of the record length too", () => {
    const random = randomFrom(12);
    for (let i = 0; i < 1000; i++) {
      const bytes = Buffer.concat([mutate(pool, random), mutate(pool, random)]);
      const options = { maxRecordLength: 48 + random(1000) };
      assert.deepEqual(readPieces(bytes, [1 + random(300)], options), readWhole(bytes, options));
    }
  });
});

describe("a sound record behind a damaged one", () => {
  it("is found, whatever the damaged one has lost, and that is told", () => {
    fc.assert(
      fc.property(
        soundRecord,
        loss,
        fc.array(soundRecord, { minLength: 1, maxLength: 3 }),
        sizes,
        (record, lost, sound, cuts) => {
          const damaged = lose(record, lost);
          // As many bytes lost as whole records behind have: where version 3 follows on version 2, nothing can tell.
          const count = record.length - damaged.length;
          const lengths = sound.map((_, i) =>
            sound.slice(0, i + 1).reduce((sum, { length }) => sum + length, 0),
          );
          fc.pre(!lengths.includes(count) || sound.every((bytes) => bytes[0] !== 0x4d));
          assertFound(damaged, sound, cuts);
          if (damaged.length > 0)
            assert.ok(readWhole(Buffer.concat([damaged, ...sound])).problems.length > 0);
        },
      ),
      { numRuns: 4000 },
    );
  });

  it("is found where the damaged one declares too great a length", () => {
    fc.assert(
      fc.property(
        soundRecord.filter((bytes) => bytes[0] !== 0x4d),
        fc.integer({ min: 7, max: 20 }),
        fc.array(soundRecord, { minLength: 1, maxLength: 4 }),
        sizes,
        (record, exponent, sound, cuts) => {
          fc.pre(2 ** exponent > record.length);
          const damaged = Uint8Array.from(record);
          damaged[48 + 6] = exponent;
          const ends = sound.map((_, i) =>
            sound.slice(0, i + 1).reduce((sum, { length }) => sum + length, record.length),
          );
          fc.pre(!ends.includes(2 ** exponent) || sound.every((bytes) => bytes[0] !== 0x4d));
          assertFound(damaged, sound, cuts);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("is found where noise follows it, or a damaged one", () => {
    fc.assert(
      fc.property(
        soundRecord,
        loss,
        soundRecord,
        fc.uint8Array({ maxLength: 300 }),
        sizes,
        (record, lost, sound, noise, cuts) => {
          const damaged = lose(record, lost);
          fc.pre(record.length - damaged.length !== sound.length);
          const bytes = Buffer.concat([damaged, sound, noise]);
          const whole = readWhole(bytes);
          assert.ok(whole.records.some((line) => line.split(" ")[1] === `${damaged.length}+${sound.length}`));
          assert.deepEqual(readPieces(bytes, cuts), whole);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
