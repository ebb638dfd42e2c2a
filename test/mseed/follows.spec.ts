// lib/mseed/join/follows.ts: one rule for segments, traces and joined records, with its tolerance.
import assert from "node:assert/strict";
import fc from "fast-check";
import { joinRecords, packRecords, readRecords } from "../../lib/mseed/index.ts";
import { dueTime, follows, slackOf } from "../../lib/mseed/join/follows.ts";
import { Joiner } from "../../lib/mseed/join/joiner.ts";
import { rateOf } from "../../lib/mseed/rate.ts";

const start = (startTime: bigint, hertz = 100, sampleCount = 10) => ({
  startTime,
  rate: rateOf(hertz),
  sampleCount,
});

describe("follows", () => {
  it("takes half a sample either way, or what it is told", () => {
    assert.ok(follows(start(0n), start(105_000_000n)));
    assert.ok(!follows(start(0n), start(105_000_001n)));
    assert.ok(follows(start(0n), start(95_000_000n)));
    assert.ok(!follows(start(0n), start(94_999_999n)));
    assert.ok(follows(start(0n), start(200_000_000n), 0.1));
    assert.ok(!follows(start(0n), start(100_000_002n), 0));
  });

  it("takes rates that differ by less than one part in 10,000 as the same, as libmseed does", () => {
    assert.ok(follows(start(0n), start(100_000_000n, 100.009)));
    assert.ok(!follows(start(0n), start(100_000_000n, 100.011)));
  });

  it("takes nothing without samples or rate", () => {
    assert.ok(!follows(start(0n), start(100_000_000n, 0)));
    assert.ok(!follows(start(0n, 100, 0), start(0n)));
  });

  it("does not count rounding to the nanosecond, whatever the rate", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 1000, noNaN: true }),
        fc.integer({ min: 1, max: 1e6 }),
        (hertz, n) => {
          const rate = rateOf(hertz);
          const due = (start: bigint, count: number) =>
            dueTime({ startTime: start, rate, sampleCount: count });
          const next = { startTime: due(due(7n, n), n), rate, sampleCount: 1 };
          assert.ok(follows({ startTime: 7n, rate, sampleCount: 2 * n }, next, 0));
          assert.equal(slackOf(rate, 0), 1n);
        },
      ),
    );
  });

  it("goes on behind a leap second, also from a record that ends in it", () => {
    const midnight = BigInt(Date.UTC(2017, 0, 1)) * 1_000_000n;
    // 2 Hz from 23:59:59; the samples 60.0 and 60.5 have the times of the second after them.
    for (const sampleCount of [3, 4, 5]) {
      const passed = sampleCount >= 4 ? 1_000_000_000n : 0n;
      const next = midnight - 1_000_000_000n + BigInt(sampleCount) * 500_000_000n - passed;
      assert.equal(dueTime(start(midnight - 1_000_000_000n, 2, sampleCount)), next);
    }
  });

  it("is what series and joined records go by", () => {
    fc.assert(
      fc.property(fc.integer({ min: -12_000, max: 12_000 }), (microseconds) => {
        const pack = (startTime: bigint) =>
          [
            ...packRecords({ sourceId: "FDSN:XX_A__H_H_Z", startTime, sampleRate: 100, samples: [1, 2, 3] }),
          ][0]!;
        const first = pack(0n);
        const second = pack(30_000_000n + BigInt(microseconds) * 1000n);
        const [a, b] = readRecords(Buffer.concat([first, second]));
        const isOne = follows(a!, b!);
        assert.equal(isOne, Math.abs(microseconds) <= 5000);
        assert.equal(joinRecords([a!, b!])[0]!.segments.length === 1, isOne);
        const joiner = new Joiner({ recordLength: 4096 });
        const joined = [a!, b!].flatMap((record) => [...joiner.add(record)]).concat([...joiner.finish()]);
        const shape = joinRecords([...readRecords(Buffer.concat(joined))])[0]!.segments.length;
        assert.equal(shape === 1, isOne);
      }),
    );
  });
});
