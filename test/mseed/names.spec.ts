// lib/mseed/names.ts: the names of records are kept, and stay those of their own bytes.
import assert from "node:assert/strict";
import fc from "fast-check";
import { packRecords, readRecords } from "../../lib/mseed/index.ts";
import type { MiniSeedRecord } from "../../lib/mseed/record.ts";
import { SourceId } from "../../lib/source-id.ts";

function recordOf(sourceId: string, formatVersion: 2 | 3): MiniSeedRecord {
  const series = { sourceId, startTime: "2026-11-22T06:30:00Z", sampleRate: 1, samples: Int32Array.of(1) };
  const [bytes] = packRecords(series, { formatVersion });
  const [record] = readRecords(bytes!);
  return record!;
}

describe("names of records", () => {
  const code = (most: number) =>
    fc.stringMatching(new RegExp(`^[A-Z0-9]{1,${most}}$`)).map((text) => text.slice(0, most));
  const ids = fc
    .tuple(code(2), code(5), fc.oneof(fc.constant(""), code(2)), code(1), code(1), code(1))
    .map((codes) => `FDSN:${codes.join("_")}`);

  for (const formatVersion of [2, 3] as const) {
    it(`are those of each record, whatever came before, in version ${formatVersion}`, () => {
      fc.assert(
        fc.property(fc.array(ids, { minLength: 1, maxLength: 8 }), (list) => {
          for (const text of [...list, ...list]) {
            const record = recordOf(text, formatVersion);
            assert.equal(record.sourceId.text, text);
            assert.deepEqual(record.nslc, new SourceId(text).toNslc());
          }
        }),
        { numRuns: 200 },
      );
    });

    it(`are made once, and nobody can change them, in version ${formatVersion}`, () => {
      const [first, second] = [1, 2].map(() => recordOf("FDSN:XX_A_00_H_H_Z", formatVersion)) as [
        MiniSeedRecord,
        MiniSeedRecord,
      ];
      assert.equal(first.sourceId, second.sourceId);
      assert.throws(() => {
        (first.sourceId as { text: string }).text = "other";
      }, TypeError);
      first.nslc.station = "B";
      assert.equal(second.nslc.station, "A");
      assert.equal(first.nslc.station, "A");
      assert.equal(Reflect.set(first.rate, "hertz", 2) && second.rate.hertz !== 1, false);
    });
  }
});
