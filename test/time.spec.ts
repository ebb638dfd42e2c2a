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

  // Whole seconds, and the microseconds beside them, are where a division may be rounded.
  const anyMicroseconds = fc.oneof(
    fc.maxSafeInteger(),
    fc
      .tuple(fc.integer({ min: -9_007_199_254, max: 9_007_199_253 }), fc.integer({ min: -2, max: 2 }))
      .map(([second, beside]) => second * 1e6 + beside),
    fc.integer({ min: 0, max: 86_400e6 }).map((microseconds) => Date.UTC(2026, 10, 22) * 1000 + microseconds),
    fc.constantFrom(
      -0,
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
      Date.UTC(0, 0) * 1000,
      -62_167_219_200e6 - 1,
    ),
  );

  it("writes every microsecond as Date writes its millisecond, also where a second's text is kept", () => {
    const byDate = (us: number) => {
      const whole = BigInt(us);
      const milliseconds = (whole - (((whole % 1000n) + 1000n) % 1000n)) / 1000n;
      const rest = Number(whole - milliseconds * 1000n);
      return `${new Date(Number(milliseconds)).toISOString().slice(0, -1)}${String(rest).padStart(3, "0")}Z`;
    };
    fc.assert(
      fc.property(fc.array(anyMicroseconds, { minLength: 1, maxLength: 20 }), (list) => {
        // Twice each: the second time the text of the second may have been kept, or another one in its place.
        for (const us of [...list, ...list]) assert.equal(formatMicroseconds(us), byDate(us));
      }),
      { numRuns: 1000 },
    );
  });

  it("writes every nanosecond as Date writes its second, with the decimals that are needed", () => {
    const fraction = fc.oneof(
      fc.integer({ min: 0, max: 999_999_999 }),
      fc.integer({ min: 0, max: 999 }).map((ms) => ms * 1e6),
    );
    // The last second that Date has is 8.64e12.
    const second = fc.oneof(fc.integer({ min: -1e10, max: 1e10 }), fc.constantFrom(8.64e12, -8.64e12));
    fc.assert(
      fc.property(second, fraction, (seconds, nanosecond) => {
        const digits = String(nanosecond).padStart(9, "0").replace(/0+$/, "");
        const text = new Date(seconds * 1000).toISOString().slice(0, -5);
        const expected = `${text}${digits && "."}${digits}Z`;
        assert.equal(formatNanoseconds(BigInt(seconds) * 1_000_000_000n + BigInt(nanosecond)), expected);
      }),
      { numRuns: 1000 },
    );
  });

  it("shows what the calendar does not have as a number, and rounds down what is not whole", () => {
    assert.equal(formatMicroseconds(Number.NaN), "(NaN ms since 1970)");
    assert.equal(formatMicroseconds(Number.POSITIVE_INFINITY), "(Infinity ms since 1970)");
    assert.equal(formatMicroseconds(9e18), "(9000000000000000 ms since 1970)");
    assert.equal(formatMicroseconds(8.64e18), "+275760-09-13T00:00:00.000000Z");
    assert.equal(formatMicroseconds(1.5), "1970-01-01T00:00:00.000001Z");
    assert.equal(formatMicroseconds(2 ** 60), "+038504-08-17T21:30:06.846976Z");
    assert.equal(formatNanoseconds(-(10n ** 30n)), "(-1e+24 ms since 1970)");
  });

  it("reads text of a packet's form as any other form of the same time", () => {
    // A space in front makes the general way of reading of it.
    const same = (text: string) => {
      assert.equal(toNanoseconds(text), toNanoseconds(` ${text}`), text);
      assert.equal(toMicroseconds(text), toMicroseconds(` ${text}`), text);
    };
    const ranged = (max: number, length: number) =>
      fc.integer({ min: 0, max }).map((number) => String(number).padStart(length, "0"));
    const date = fc.tuple(ranged(9999, 4), ranged(13, 2), ranged(32, 2)).map((parts) => parts.join("-"));
    const time = fc.tuple(ranged(25, 2), ranged(61, 2), ranged(61, 2)).map((parts) => parts.join(":"));
    const packetText = fc.tuple(date, time, ranged(999_999, 6)).map(([d, t, f]) => `${d}T${t}.${f}Z`);
    fc.assert(fc.property(packetText, same), { numRuns: 2000 });
    fc.assert(
      fc.property(anyMicroseconds, (us) => same(formatMicroseconds(us))),
      { numRuns: 1000 },
    );
    const character = fc.constantFrom(...Array.from("0123456789-:.TZ +eE\u0660\u2212"));
    fc.assert(
      fc.property(packetText, fc.nat({ max: 26 }), character, (text, at, other) =>
        same(text.slice(0, at) + other + text.slice(at + 1)),
      ),
      { numRuns: 2000 },
    );
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
