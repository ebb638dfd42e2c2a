// lib/mseed/join/overlaps.ts: of samples that are there more than once, the best is left, and none is lost.
import assert from "node:assert/strict";
import fc from "fast-check";
import { type MiniSeedRecord, packRecords, readRecords } from "../../lib/mseed/index.ts";
import { Overlaps, recordsOf } from "../../lib/mseed/join/overlaps.ts";

const PERIOD = 10_000_000n;
const START = 1_700_000_000_000_000_000n;
const truth = (i: number) => (i * 7919) % 1009;

interface Piece {
  from: number;
  count: number;
  version?: number;
  /** Added to each sample. */
  wrong?: number;
  station?: string;
}

function recordOf({ from, count, version = 1, wrong = 0, station = "A" }: Piece): MiniSeedRecord {
  const bytes = packRecords(
    {
      sourceId: `FDSN:XX_${station}__H_H_Z`,
      startTime: START + BigInt(from) * PERIOD,
      sampleRate: 100,
      samples: Int32Array.from({ length: count }, (_, i) => truth(from + i) + wrong),
      publicationVersion: version,
    },
    { recordLength: 65_536 },
  );
  return [...readRecords(Buffer.concat([...bytes]))][0]!;
}

function left(pieces: Piece[], sameValues: boolean): MiniSeedRecord[] {
  const records = pieces.map(recordOf).sort((a, b) => Number(a.startTime - b.startTime));
  const overlaps = new Overlaps({ sameValues });
  const parts = [...records.flatMap((record) => [...overlaps.add(record)]), ...overlaps.finish()];
  return parts.flatMap((part) => recordsOf(part)!.flatMap((bytes) => [...readRecords(bytes)]));
}

interface Sample {
  index: number;
  value: number;
  version: number;
}

function samplesOf(records: MiniSeedRecord[]): Sample[] {
  return records.flatMap((record) =>
    Array.from(record.samples as Int32Array, (value, i) => ({
      index: Number((record.timeOfSample(i) - START) / PERIOD),
      value,
      version: record.publicationVersion,
    })),
  );
}

const piece = fc.record({
  from: fc.integer({ min: 0, max: 300 }),
  count: fc.integer({ min: 1, max: 120 }),
  version: fc.integer({ min: 1, max: 4 }),
  wrong: fc.constantFrom(0, 0, 0, 1),
});

describe("Overlaps", () => {
  it("leaves each sample once, of the best version, in order of time", () => {
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 25 }), (pieces) => {
        const records = left(pieces, false);
        const samples = samplesOf(records);
        const best = new Map<number, number>();
        for (const { index, version } of samplesOf(pieces.map(recordOf))) {
          best.set(index, Math.max(best.get(index) ?? 0, version));
        }
        assert.deepEqual(new Map(samples.map(({ index, version }) => [index, version])), best);
        assert.equal(samples.length, best.size);
        assert.deepEqual(
          samples,
          samples.toSorted((a, b) => a.index - b.index),
        );
      }),
      { numRuns: 300 },
    );
  });

  it("leaves out only samples whose value is there, if values count", () => {
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 25 }), (pieces) => {
        const samples = samplesOf(left(pieces, true));
        const all = samplesOf(pieces.map(recordOf));
        const key = ({ index, value }: Sample) => `${index} ${value}`;
        assert.deepEqual(new Set(samples.map(key)), new Set(all.map(key)));
        // Where nothing differs, each is there once.
        if (pieces.every(({ wrong }) => wrong === 0))
          assert.equal(samples.length, new Set(all.map(key)).size);
      }),
      { numRuns: 300 },
    );
  });

  it("keeps streams apart, and rates that differ", () => {
    const pieces = [
      { from: 0, count: 10 },
      { from: 0, count: 10, station: "B" },
    ];
    const records = pieces.map(recordOf);
    const overlaps = new Overlaps({ sameValues: false });
    assert.equal([...records.flatMap((r) => [...overlaps.add(r)]), ...overlaps.finish()].length, 2);
  });

  it("leaves text and headers once that say the same at the same time, and all that differ", () => {
    const textOf = (samples: string, { second = 0, flags = 0, extraHeaders = {} } = {}) => {
      const startTime = START + BigInt(second) * 1_000_000_000n;
      const series = { sourceId: "FDSN:XX_A__L_O_G", startTime, sampleRate: 0, samples, flags, extraHeaders };
      return [...readRecords(Buffer.concat([...packRecords(series)]))][0]!;
    };
    const leftOf = (records: MiniSeedRecord[], isDoubtful?: (record: MiniSeedRecord) => boolean) => {
      const overlaps = new Overlaps({ sameValues: false, ...(isDoubtful && { isDoubtful }) });
      const parts = [...records.flatMap((record) => [...overlaps.add(record)]), ...overlaps.finish()];
      return parts.map(({ record }) => records.indexOf(record));
    };
    const records = [
      textOf("on"),
      textOf("off"),
      textOf("on"),
      textOf("of"),
      textOf("on", { flags: 4 }),
      textOf("on", { extraHeaders: { FDSN: { Time: { Quality: 5 } } } }),
      textOf("off"),
      textOf("on", { second: 1 }),
      textOf("on", { second: 1 }),
    ];
    assert.deepEqual(leftOf(records), [0, 1, 3, 4, 5, 7]);
    assert.deepEqual(
      leftOf(records, () => true),
      [0, 1, 2, 3, 4, 5, 6, 7, 8],
    );
    assert.deepEqual(
      leftOf(records, (record) => record === records[0]),
      [0, 1, 2, 3, 4, 5, 7],
    );
  });

  it("is quick, and holds little, with many copies and with many that differ", () => {
    const copies = Array.from({ length: 20_000 }, () => ({ from: 0, count: 5 }));
    const one = recordOf(copies[0]!);
    const overlaps = new Overlaps({ sameValues: true });
    let count = 0;
    for (const _ of copies) count += [...overlaps.add(one)].length;
    assert.equal(count + [...overlaps.finish()].length, 1);
    const different = Array.from({ length: 3000 }, (_, i) => recordOf({ from: 0, count: 5, wrong: i }));
    count = different.reduce((sum, record) => sum + [...overlaps.add(record)].length, 0);
    assert.equal(count + [...overlaps.finish()].length, 3000);
  }).timeout(20_000);
});
