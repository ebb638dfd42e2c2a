// lib/mseed/pack.ts: records as libmseed writes them, byte for byte, and what cannot be written.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  MiniSeedError,
  type PackOptions,
  packRecords,
  readRecords,
  type Series,
} from "../../lib/mseed/index.ts";
import { OWN_FOLDERS, readOwn, vectorsOf } from "./vectors.ts";

const SWEEP = /^generated\/sweep-v([23])-e(\d+)-(\d+)\./;
const sweepSamples = Int32Array.from(
  JSON.parse(Buffer.from(readOwn("generated/sweep-input-int32.json")).toString()),
);

describe("packRecords", () => {
  for (const { name, bytes } of OWN_FOLDERS.flatMap(vectorsOf)) {
    const [, version, encoding, recordLength] = SWEEP.exec(name) ?? [];
    if (version === undefined) continue;
    it(`writes ${name} as libmseed does`, () => {
      const series = {
        sourceId: "FDSN:XX_SWEEP_00_H_H_Z",
        startTime: version === "2" ? "2024-02-29T23:59:58.123456Z" : "2024-02-29T23:59:58.123456789Z",
        sampleRate: 100,
        samples: sweepSamples,
      };
      const records = packRecords(series, {
        formatVersion: version === "2" ? 2 : 3,
        encoding: Number(encoding),
        recordLength: Number(recordLength),
      });
      assert.deepEqual(Buffer.concat([...records]), bytes);
    });
  }

  it("fills records with as many samples as there is room for", () => {
    const samples = Float64Array.from({ length: 1000 }, (_, i) => i % 100);
    const series = { sourceId: "FDSN:XX_A_00_H_H_Z", startTime: 0n, sampleRate: 100, samples };
    for (const [encoding, bytes] of [
      ["int16", 2],
      ["int32", 4],
      ["float32", 4],
      ["float64", 8],
    ] as const) {
      const [record] = readRecords(
        Buffer.concat([...packRecords(series, { formatVersion: 2, encoding, recordLength: 512 })]),
      );
      assert.equal(record!.sampleCount, (512 - 56) / bytes, encoding);
    }
  });

  it("ends a record before a difference that Steim 2 has no bits for", () => {
    const samples = Int32Array.of(0, 1, 2 ** 30, 2 ** 30 + 1, -(2 ** 30), 5);
    const series = { sourceId: "FDSN:XX_A__H_H_Z", startTime: 0n, sampleRate: 1, samples };
    for (const formatVersion of [2, 3] as const) {
      const packed = Buffer.concat([...packRecords(series, { formatVersion, encoding: "steim2" })]);
      const records = [...readRecords(packed, { strict: true })];
      assert.deepEqual(
        records.map(({ startTime, samples: s }) => [startTime, ...(s as Int32Array)]),
        [
          [0n, 0, 1],
          [2_000_000_000n, 2 ** 30, 2 ** 30 + 1],
          [4_000_000_000n, -(2 ** 30)],
          [5_000_000_000n, 5],
        ],
      );
    }
  });

  it("throws nothing but a MiniSeedError, whatever it is given", () => {
    const good = { sourceId: "FDSN:XX_A__H_H_Z", startTime: 0, sampleRate: 1, samples: [1] };
    const wrong = fc.tuple(
      fc.constantFrom(
        "sourceId",
        "startTime",
        "sampleRate",
        "samples",
        "flags",
        "publicationVersion",
        "extraHeaders",
      ),
      fc.anything({ withBigInt: true, withDate: true, withTypedArray: true, withNullPrototype: true }),
    );
    const wrongOption = fc.tuple(
      fc.constantFrom("formatVersion", "encoding", "recordLength"),
      fc.oneof(fc.anything({ withBigInt: true }), fc.integer(), fc.double()),
    );
    fc.assert(
      fc.property(
        fc.array(wrong),
        fc.option(wrongOption),
        fc.constantFrom(2, 3),
        (fields, option, formatVersion) => {
          const series = { ...good, ...Object.fromEntries(fields) } as Series;
          const options = { formatVersion, ...Object.fromEntries(option ? [option] : []) } as PackOptions;
          try {
            for (const bytes of packRecords(series, options)) assert.equal([...readRecords(bytes)].length, 1);
          } catch (error) {
            assert.ok(error instanceof MiniSeedError, String(error));
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("refuses what it cannot write with a MiniSeedError that names it", () => {
    const good = { sourceId: "FDSN:XX_A__H_H_Z", startTime: 0, sampleRate: 1, samples: [1] };
    const refuse = (series: object, options: object, code: string, message: RegExp) =>
      assert.throws(
        () => [...packRecords({ ...good, ...series }, options)],
        (error) => error instanceof MiniSeedError && error.code === code && message.test(error.message),
      );
    const many = { FDSN: { Event: { Detection: Array.from({ length: 300 }, () => ({ Type: "GENERIC" })) } } };
    refuse(
      { extraHeaders: many },
      { formatVersion: 2, recordLength: 131_072 },
      "INVALID_ARGUMENT",
      /302 blockettes|301/,
    );
    const circle: Record<string, unknown> = {};
    circle.circle = circle;
    for (const extraHeaders of [{ n: 1n }, circle, () => 1])
      refuse({ extraHeaders }, {}, "EXTRA_HEADERS_INVALID", /^extra headers cannot be written as JSON: .+$/);
    refuse({ extraHeaders: "[1]" }, {}, "EXTRA_HEADERS_INVALID", /not an object/);
    refuse({ startTime: 2n ** 80n }, {}, "INVALID_ARGUMENT", /year 65535/);
    refuse({ startTime: "2101-01-01" }, { formatVersion: 2 }, "INVALID_ARGUMENT", /2101/);
    refuse({ startTime: "soon" }, {}, "INVALID_ARGUMENT", /startTime soon/);
    refuse({ sampleRate: Number.NaN }, {}, "INVALID_ARGUMENT", /sampleRate NaN/);
    refuse({ samples: [1.5] }, { encoding: 3 }, "SAMPLE_RANGE", /sample 0 is 1.5/);
    refuse({ samples: [1, 40000] }, { encoding: 1 }, "SAMPLE_RANGE", /sample 1 is 40000/);
    refuse({ samples: ["1"] }, {}, "INVALID_ARGUMENT", /sample 0/);
    refuse({ samples: "text" }, { encoding: 11 }, "INVALID_ARGUMENT", /text/);
    refuse({}, { encoding: 19 }, "INVALID_ARGUMENT", /steim3/);
    refuse({}, { encoding: "mp3" }, "INVALID_ARGUMENT", /mp3/);
    refuse({}, { formatVersion: 4 }, "INVALID_ARGUMENT", /formatVersion 4/);
    refuse({}, { formatVersion: 2, recordLength: 500 }, "INVALID_ARGUMENT", /recordLength 500/);
    refuse({ sampleRate: 2e9 }, { formatVersion: 2 }, "INVALID_ARGUMENT", /2000000000 Hz/);
    refuse({ sourceId: "FDSN:XX_TOOLONG__H_H_Z" }, { formatVersion: 2 }, "INVALID_ARGUMENT", /TOOLONG/);
    refuse({ sourceId: `FDSN:${"X".repeat(300)}` }, {}, "INVALID_ARGUMENT", /305 bytes/);
    refuse({}, { recordLength: 60 }, "INVALID_ARGUMENT", /room|recordLength/);
  });
});
