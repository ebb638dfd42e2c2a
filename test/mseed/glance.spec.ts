// lib/mseed/glance.ts: what a header tells at a glance is what readRecords tells.
import assert from "node:assert/strict";
import fc from "fast-check";
import { HeaderGlance } from "../../lib/mseed/glance.ts";
import { packRecords, readRecords } from "../../lib/mseed/index.ts";
import { nanosecondsToMicroseconds } from "../../lib/time.ts";
import { OWN_FOLDERS, SHARED_FOLDERS, vectorsOf } from "./vectors.ts";

/** Whether the bytes were told at a glance; if so, as `readRecords` tells them. */
function agrees(glance: HeaderGlance, bytes: Uint8Array): boolean {
  if (!glance.look(bytes)) return false;
  const [record] = readRecords(bytes, { checkCrc: false });
  assert.ok(record, "there is no record");
  const { formatVersion, sourceId, sampleCount, sampleRate, startTime, endTime } = record;
  assert.deepEqual(
    {
      formatVersion: glance.formatVersion,
      sourceId: glance.sourceId,
      sampleCount: glance.sampleCount,
      hasRate: glance.hasRate,
      startTime: glance.startTime,
      endTime: glance.endTime,
    },
    {
      formatVersion,
      sourceId: sourceId.text,
      sampleCount,
      hasRate: sampleRate !== 0,
      startTime: nanosecondsToMicroseconds(startTime),
      endTime: nanosecondsToMicroseconds(endTime),
    },
  );
  return true;
}

const RATES = [100, 40, 1, 0.1, 0, 33.3333, 1e-4, 500, 7.5, 250.000001, 31_250];

const seriesOf = fc.record({
  sourceId: fc.constantFrom("FDSN:CO_JSC_00_H_H_Z", "FDSN:XX_TEST__L_O_G", "FDSN:GE_WLF_10_B_H_1"),
  startTime: fc.bigInt({ min: -1_000_000_000_000_000_000n, max: 3_000_000_000_000_000_000n }),
  sampleRate: fc.constantFrom(...RATES),
  samples: fc
    .array(fc.integer({ min: -1000, max: 1000 }), { maxLength: 90 })
    .map((all) => Int32Array.from(all)),
});

const packing = fc.record({
  formatVersion: fc.constantFrom(2 as const, 3 as const),
  recordLength: fc.constantFrom(512, 1024),
  littleEndian: fc.boolean(),
});

describe("a header at a glance", () => {
  it("tells what readRecords tells, of all vectors", () => {
    const glance = new HeaderGlance();
    let [told, all] = [0, 0];
    for (const { bytes } of [...OWN_FOLDERS, ...SHARED_FOLDERS].flatMap(vectorsOf)) {
      for (const record of readRecords(bytes)) {
        all++;
        if (agrees(glance, record.bytes)) told++;
      }
    }
    // The rest has odd headers; the vectors are chosen for them.
    assert.ok(told > all / 2, `${told} of ${all}`);
  });

  it("tells it of ordinary records, all of them", () => {
    const glance = new HeaderGlance();
    const property = fc.property(seriesOf, packing, (series, options) => {
      for (const bytes of packRecords(series, { ...options, encoding: "int32" })) {
        const told = agrees(glance, bytes);
        // A leap second may lie within a long record of the past, and that calls for a second look.
        if (series.startTime > 1_483_228_800_000_000_000n) assert.ok(told);
      }
    });
    fc.assert(property, { numRuns: 500 });
  });

  it("rounds half a microsecond up, and nothing less", () => {
    const glance = new HeaderGlance();
    for (const nanoseconds of [0n, 499n, 500n, 501n, 999n]) {
      const startTime = 1_700_000_000_000_000_000n + nanoseconds;
      const series = {
        sourceId: "FDSN:XX_TEST__L_O_G",
        startTime,
        sampleRate: 10,
        samples: Int32Array.of(1, 2),
      };
      for (const bytes of packRecords(series, { formatVersion: 3 })) assert.ok(agrees(glance, bytes));
    }
  });

  it("tells it, or nothing, where header bytes are wrong", () => {
    const glance = new HeaderGlance();
    const damage = fc.array(fc.tuple(fc.nat(63), fc.nat(255)), { minLength: 1, maxLength: 3 });
    const property = fc.property(seriesOf, packing, damage, (series, options, places) => {
      for (const bytes of packRecords(series, { ...options, encoding: "int32" })) {
        for (const [at, value] of places) if (at < bytes.length) bytes[at] = value;
        agrees(glance, bytes);
      }
    });
    fc.assert(property, { numRuns: 2000 });
  });

  it("leaves a leap second within a record of the past to a second look", () => {
    const glance = new HeaderGlance();
    const series = { sourceId: "FDSN:XX_A_00_L_H_Z", sampleRate: 1, samples: new Int32Array(60) };
    const [before] = packRecords({ ...series, startTime: "2016-12-31T23:59:30Z" });
    assert.equal(glance.look(before!), false);
    const [after] = packRecords({ ...series, startTime: "2017-12-31T23:59:30Z" });
    assert.ok(agrees(glance, after!));
  });

  it("says nothing of bytes that are not one whole record", () => {
    const glance = new HeaderGlance();
    const [bytes] = packRecords({
      sourceId: "FDSN:XX_A_00_H_H_Z",
      sampleRate: 10,
      startTime: 0,
      samples: new Int32Array(9),
    });
    assert.ok(glance.look(bytes!));
    assert.equal(glance.look(bytes!.subarray(0, -1)), false);
    assert.equal(glance.look(Buffer.concat([bytes!, Buffer.alloc(1)])), false);
    assert.equal(glance.look(Buffer.alloc(512)), false);
    assert.equal(glance.look(Buffer.alloc(0)), false);
  });
});
