// lib/time.ts: text, Date, microseconds and nanoseconds into each other.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  dayOfYear,
  formatMicroseconds,
  formatNanoseconds,
  nanosecondsToMicroseconds,
  toMicroseconds,
  toNanoseconds,
} from "../lib/time.ts";

const NS_2026 = 1_767_225_600_000_000_000n;

describe("time", () => {
  const texts: [string, bigint | undefined][] = [
    ["2026-01-01", NS_2026],
    ["2026", NS_2026],
    ["2026-001", NS_2026],
    ["2026,001,00,00,01.5", NS_2026 + 1_500_000_000n],
    ["2026-01-01T00:00:00Z", NS_2026],
    ["2026-01-01 00:00:00.000000001", NS_2026 + 1n],
    ["2026-01-01T00:00:00.9999999996Z", NS_2026 + 1_000_000_000n],
    ["2026-01-01T02:00:00+02:00", NS_2026],
    ["2025-12-31T19:30-0430", NS_2026],
    ["2025-12-31T23:59:60Z", NS_2026],
    ["1969-12-31T23:59:59.999999Z", -1000n],
    ["2026-02-30", undefined],
    ["2026-13-01", undefined],
    ["2026-366", undefined],
    ["2024-366", 1_735_603_200_000_000_000n - 86_400_000_000_000n + 86_400_000_000_000n],
    ["2026-01-01T24:00:00", undefined],
    ["2026-01-01T00:60", undefined],
    ["yesterday", undefined],
    ["", undefined],
    ["2026-01-01T00:00:00 UTC", undefined],
  ];
  for (const [text, expected] of texts) {
    it(`reads ${JSON.stringify(text)}`, () => assert.equal(toNanoseconds(text), expected));
  }

  it("takes a number as microseconds and a bigint as nanoseconds", () => {
    assert.equal(toNanoseconds(1_500_000), 1_500_000_000n);
    assert.equal(toMicroseconds(1_500_000), 1_500_000);
    assert.equal(toMicroseconds(1_500_000_499n), 1_500_000);
    assert.equal(toMicroseconds(1_500_000_500n), 1_500_001);
    assert.equal(nanosecondsToMicroseconds(-1n), 0);
    assert.equal(nanosecondsToMicroseconds(-501n), -1);
    assert.equal(toMicroseconds(new Date(5)), 5000);
  });

  it("has no time for a number that is not whole, nor for an invalid Date", () => {
    assert.equal(toMicroseconds(1.5), undefined);
    assert.equal(toMicroseconds(Number.NaN), undefined);
    assert.equal(toNanoseconds(2 ** 60), undefined);
    assert.equal(toNanoseconds(new Date(Number.NaN)), undefined);
    assert.equal(toNanoseconds({} as never), undefined);
  });

  it("writes microseconds with six decimals, nanoseconds with as many as needed", () => {
    assert.equal(formatMicroseconds(0), "1970-01-01T00:00:00.000000Z");
    assert.equal(formatMicroseconds(-1), "1969-12-31T23:59:59.999999Z");
    assert.equal(formatMicroseconds(1_795_328_369_804_015), "2026-11-22T06:19:29.804015Z");
    assert.equal(formatNanoseconds(NS_2026), "2026-01-01T00:00:00Z");
    assert.equal(formatNanoseconds(NS_2026 + 10_000_000n), "2026-01-01T00:00:00.01Z");
    assert.equal(formatNanoseconds(NS_2026 - 1n), "2025-12-31T23:59:59.999999999Z");
    assert.match(formatMicroseconds(Number.MAX_SAFE_INTEGER), /^2255-/);
  });

  it("round-trips every microsecond and nanosecond through text", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (us) => {
        assert.equal(toMicroseconds(formatMicroseconds(us)), us);
      }),
    );
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    fc.assert(fc.property(int64, (ns) => assert.equal(toNanoseconds(formatNanoseconds(ns)), ns)));
  });

  it("never throws, whatever the text", () => {
    fc.assert(fc.property(fc.string(), (text) => void toNanoseconds(text)));
  });

  it("counts days of the year", () => {
    assert.equal(dayOfYear(Date.UTC(2024, 11, 31)), 366);
    assert.equal(dayOfYear(Date.UTC(2026, 0, 1)), 1);
    assert.equal(dayOfYear(Date.UTC(1968, 1, 29, 23, 59, 59, 999)), 60);
  });
});
