// lib/mseed/convert.ts: whatever the record, each record that it is converted to can be read by itself, and together they
// have its samples.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type ConvertOptions,
  convertRecord,
  MiniSeedError,
  type MiniSeedRecord,
  packRecords,
  readRecords,
  type Samples,
} from "../../lib/mseed/index.ts";
import { randomFrom } from "../fuzz/random.ts";
import { mutate, seeds } from "./mutate.ts";

function samplesOfAll(records: readonly MiniSeedRecord[]): Samples | number[] {
  const parts = records.map(({ samples }) => samples);
  return parts.every((part) => typeof part === "string")
    ? parts.join("")
    : parts.flatMap((part) => Array.from(part as Int32Array));
}

/**
 * Whether a record begins inside the payload, as in bytes of an unknown encoding into which one was copied. In miniSEED 2,
 * which has no checksum, nothing tells such a record from the second half of what a damaged one left over.
 */
function holdsRecord({ payload }: MiniSeedRecord): boolean {
  for (const _ of readRecords(payload, { checkCrc: false })) return true;
  return false;
}

function assertReadable(record: MiniSeedRecord, options: ConvertOptions): void {
  if (holdsRecord(record)) return;
  let pieces: Uint8Array[];
  try {
    pieces = convertRecord(record, options);
  } catch (error) {
    assert.ok(error instanceof MiniSeedError, String(error));
    return;
  }
  const again = pieces.map((bytes) => {
    const [first, ...others] = readRecords(bytes, { checkCrc: false }) as Iterable<MiniSeedRecord>;
    assert.equal(first?.length, bytes.length, `${record.toString()}: ${bytes.length} bytes`);
    assert.equal(others.length, 0);
    return first as MiniSeedRecord;
  });
  const { samples } = record;
  if (samples.length === 0) return;
  assert.deepEqual(samplesOfAll(again), typeof samples === "string" ? samples : Array.from(samples));
}

const options = fc.record(
  {
    formatVersion: fc.constantFrom(2 as const, 3 as const),
    recordLength: fc.constantFrom(128, 256, 512, 4096),
    publicationVersion: fc.constantFrom(1, 4),
    littleEndian: fc.boolean(),
  },
  { requiredKeys: [] },
);

describe("what a record is converted to", () => {
  const pool = seeds();

  it("can be read by itself and has the same samples, also of records that are damaged", () => {
    fc.assert(
      fc.property(fc.integer(), options, fc.boolean(), (seed, changes, checkCrc) => {
        const bytes = mutate(pool, randomFrom(seed));
        for (const record of readRecords(bytes, { checkCrc })) assertReadable(record, changes);
      }),
      { numRuns: 6000 },
    );
  });

  it("can be read by itself where only the record behind it told the length", () => {
    const series = { sourceId: "FDSN:XX_A_00_H_H_Z", startTime: "2026-01-01", sampleRate: 100 };
    const bare = [128, 256, 512].map((recordLength) => {
      const packing = { formatVersion: 2, encoding: "steim1", recordLength } as const;
      const [bytes] = packRecords({ ...series, samples: [1, 2, 3] }, packing) as Iterable<Uint8Array>;
      assert.ok(bytes);
      new DataView(bytes.buffer).setUint8(39, 0);
      new DataView(bytes.buffer).setUint16(46, 0);
      return bytes;
    });
    for (const cut of [64, 128, 192, 256, 320, 448]) {
      const first = Buffer.concat([...bare, new Uint8Array(64)]).subarray(0, 64 + cut);
      const [record] = readRecords(Buffer.concat([first, bare[0] as Uint8Array])) as Iterable<MiniSeedRecord>;
      assert.ok(record);
      for (const formatVersion of [undefined, 2, 3] as const) assertReadable(record, { formatVersion });
    }
  });

  it("can be read by itself where the length that blockette 1000 declares is noise", () => {
    const series = {
      sourceId: "FDSN:XX_A_00_H_H_Z",
      startTime: "2026-01-01",
      sampleRate: 100,
      samples: [1, 2, 3],
    };
    const [sound] = packRecords(series, { formatVersion: 2, encoding: "int32" }) as Iterable<Uint8Array>;
    assert.ok(sound);
    for (const exponent of [31, 64, 219, 255]) {
      for (const length of [192, 448, 512]) {
        const noise = Uint8Array.from(sound.subarray(0, length));
        noise[48 + 6] = exponent;
        const [record] = readRecords(Buffer.concat([noise, sound])) as Iterable<MiniSeedRecord>;
        assert.equal(record?.length, length);
        for (const formatVersion of [undefined, 2, 3] as const) assertReadable(record, { formatVersion });
      }
    }
  });

  it("keeps the one sample of a frame of zeros", () => {
    for (const encoding of ["steim1", "steim2"] as const) {
      for (const samples of [[0], [0, 0, 0], [0, 5]]) {
        const series = { sourceId: "FDSN:XX_A_00_H_H_Z", startTime: "2026-01-01", sampleRate: 100, samples };
        for (const from of [2, 3] as const) {
          const [bytes] = packRecords(series, { formatVersion: from, encoding, recordLength: 256 });
          assert.ok(bytes);
          const [record] = readRecords(bytes);
          assert.ok(record);
          // Without the codes of the differences the first frame still has its first sample.
          record.payload.fill(0, 0, 4);
          for (const formatVersion of [2, 3] as const) {
            assertReadable(record, { formatVersion });
            assertReadable(record, { formatVersion, publicationVersion: 4 });
          }
        }
      }
    }
  });
});
