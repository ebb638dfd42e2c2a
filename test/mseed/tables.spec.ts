// Single functions of libmseed 3.5.4 by table: checksums, rates and start times as miniSEED 2 has them.
import assert from "node:assert/strict";
import fc from "fast-check";
import { type MiniSeed2Record, packRecords, readRecords } from "../../lib/mseed/index.ts";
import { factorsOf, rateFieldOf, rateOf, rateOfFactors, sampleOffset } from "../../lib/mseed/rate.ts";
import { crc32c } from "../../lib/mseed/v3/crc32c.ts";
import { readTable } from "./vectors.ts";

interface ChecksumRow {
  ascii?: string;
  zeros?: number;
  ff?: number;
  ramp?: number;
  crc32c: string;
}

interface RateRow {
  rate: number;
  factor?: number;
  multiplier?: number;
  blockettes?: number[];
  readBackHz?: number;
  error?: string;
}

interface TimeRow {
  in: string;
  ns: string;
  year: number;
  day: number;
  hour: number;
  min: number;
  sec: number;
  fract: number;
  b1001us: number | null;
}

const PACK2 = { formatVersion: 2, encoding: "steim2", recordLength: 256 } as const;

function pack2(startTime: bigint, sampleRate: number): MiniSeed2Record {
  const series = { sourceId: "FDSN:XX_T__B_H_Z", startTime, sampleRate, samples: [1] };
  const [record] = readRecords(Buffer.concat([...packRecords(series, PACK2)]), { strict: true });
  return record as MiniSeed2Record;
}

function bytesOf({ ascii, zeros, ff, ramp }: ChecksumRow): Uint8Array {
  if (ascii !== undefined) return Buffer.from(ascii);
  if (zeros !== undefined) return new Uint8Array(zeros);
  if (ff !== undefined) return new Uint8Array(ff).fill(255);
  return Uint8Array.from({ length: ramp as number }, (_, i) => i);
}

function checksum(bytes: Uint8Array, start = 0, end = bytes.length, before = 0): number {
  return crc32c(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), start, end, before);
}

describe("crc32c", () => {
  for (const row of readTable<ChecksumRow[]>("crc32c")) {
    it(`is ${row.crc32c} for ${JSON.stringify({ ...row, crc32c: undefined })}`, () => {
      assert.equal(checksum(bytesOf(row)), Number.parseInt(row.crc32c, 16));
    });
  }

  it("goes on where it was left", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, cut) => {
        const middle = Math.min(cut, bytes.length);
        assert.equal(checksum(bytes, middle, bytes.length, checksum(bytes, 0, middle)), checksum(bytes));
      }),
    );
  });
});

describe("sample rates", () => {
  for (const { rate, factor, multiplier, readBackHz } of readTable<{ rows: RateRow[] }>("rate-to-v2").rows) {
    it(`writes ${rate} into miniSEED 2`, () => {
      const hertz = rateOf(rate).hertz;
      if (factor === undefined || multiplier === undefined) {
        // Of those without an answer some had no room for blockette 100 only.
        if (hertz > 32767 ** 2 || (hertz > 0 && hertz < 1 / 32767 ** 2))
          assert.equal(factorsOf(hertz), undefined);
        else assert.ok(Math.abs(pack2(0n, rate).sampleRate / hertz - 1) < 1e-7);
        return;
      }
      assert.deepEqual(factorsOf(hertz), { factor, multiplier });
      // libmseed writes blockette 100 only for a difference of 1e-4 Hz; here whenever it tells the rate better.
      const { sampleRate } = pack2(0n, rate);
      assert.ok(Math.abs(sampleRate - hertz) <= Math.abs((readBackHz as number) - hertz) + 1.2e-7 * hertz);
      assert.ok(Math.abs(sampleRate - hertz) <= 1.2e-7 * hertz);
    });
  }

  it("reads factors and multipliers", () => {
    for (const { factor, multiplier, hz } of readTable<{ factor: number; multiplier: number; hz: number }[]>(
      "factor-multiplier-to-rate",
    )) {
      // libmseed rounds twice where here one division of whole numbers does.
      const { hertz } = rateOfFactors(factor, multiplier);
      assert.ok(Math.abs(hertz - hz) <= 2 * Number.EPSILON * hz, `${factor} ${multiplier}`);
    }
  });

  it("gives exact sample times, however far", () => {
    const n = 4_000_000_000;
    assert.equal(sampleOffset(rateOf(100), n), BigInt(n) * 10_000_000n);
    assert.equal(sampleOffset(rateOf(0.1), n), BigInt(n) * 10_000_000_000n);
    assert.equal(sampleOffset(rateOf(1e-5), n), BigInt(n) * 100_000_000_000_000n);
    assert.equal(sampleOffset(rateOf(-3600.5), n), BigInt(n) * 3_600_500_000_000n);
    assert.equal(sampleOffset(rateOf(1 / 3600.5), n), BigInt(n) * 3_600_500_000_000n);
    assert.equal(sampleOffset(rateOfFactors(100, -3), 1000), 30_000_000_000n);
    assert.equal(sampleOffset(rateOf(33.3333), 333_333), 10_000_000_000_000n);
    assert.equal(sampleOffset(rateOf(3), 1), 333_333_333n);
    assert.equal(sampleOffset(rateOf(3), 2), 666_666_667n);
    assert.equal(sampleOffset(rateOf(0), n), 0n);
  });

  it("writes a period below 1 Hz where that is exact", () => {
    assert.equal(rateFieldOf(rateOf(0.1)), -10);
    assert.equal(rateFieldOf(rateOf(-3600.5)), -3600.5);
    assert.equal(rateFieldOf(rateOf(100)), 100);
    assert.equal(rateFieldOf(rateOf(0)), 0);
    fc.assert(
      fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (rate) => {
        assert.equal(rateOf(rateFieldOf(rateOf(rate))).hertz, rate);
      }),
    );
  });
});

describe("start times", () => {
  for (const row of readTable<{ rows: TimeRow[] }>("time-to-v2").rows) {
    it(`writes ${row.in} into miniSEED 2`, () => {
      const record = pack2(BigInt(row.ns), 20);
      const { year, dayOfYear, hour, minute, second, nanosecond } = record.calendarTime;
      assert.deepEqual(
        [year, dayOfYear, hour, minute, second, nanosecond / 100_000],
        [row.year, row.day, row.hour, row.min, row.sec, row.fract],
      );
      assert.equal(record.microseconds, row.b1001us ?? 0);
      assert.equal(record.timingQuality, row.b1001us === null ? undefined : 0);
      const rounded = (BigInt(row.ns) + (BigInt(row.ns) < 0n ? -500n : 500n)) / 1000n;
      assert.equal(record.startTime, rounded * 1000n);
    });
  }
});
