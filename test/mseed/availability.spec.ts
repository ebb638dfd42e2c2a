// lib/mseed/join/availability.ts: percent and gaps, held against counting sample by sample.
import assert from "node:assert/strict";
import fc from "fast-check";
import { joinRecords } from "../../lib/mseed/index.ts";
import { availabilityOf } from "../../lib/mseed/join/availability.ts";
import { rateOf } from "../../lib/mseed/rate.ts";

const SECOND = 1_000_000_000n;

/** A record of 1 Hz from second `from`. */
function span(from: number, sampleCount: number, hertz = 1) {
  const startTime = BigInt(from) * SECOND;
  const endTime = startTime + BigInt(Math.round(((sampleCount - 1) / hertz) * 1e9));
  return {
    sourceId: "FDSN:XX_A__L_H_Z",
    startTime,
    endTime,
    rate: rateOf(hertz),
    sampleCount,
    publicationVersion: 1,
  };
}

function found(spans: ReturnType<typeof span>[], options = {}) {
  const [series] = joinRecords(spans);
  const one = availabilityOf(series!, options);
  const seconds = (time: bigint) => Number(time) / 1e9;
  return one && { ...one, gaps: one.gaps.map((gap) => [seconds(gap.startTime), seconds(gap.endTime)]) };
}

describe("availabilityOf", () => {
  it("counts what is there once, and finds the gaps", () => {
    const piece = fc.record({
      from: fc.integer({ min: 0, max: 90 }),
      count: fc.integer({ min: 1, max: 10 }),
    });
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 12 }), (pieces) => {
        const there = new Set(
          pieces.flatMap(({ from, count }) => Array.from({ length: count }, (_, i) => from + i)),
        );
        const one = found(
          pieces.map(({ from, count }) => span(from, count)),
          { startTime: 0n, endTime: 100n * SECOND },
        )!;
        assert.equal(one.seconds, there.size);
        assert.ok(Math.abs(one.percent - there.size) < 1e-9);
        for (const [from, to] of one.gaps) {
          for (let i = from!; i < to!; i++) assert.ok(!there.has(i));
          assert.ok(from === 0 || there.has(from! - 1));
          assert.ok(to === 100 || there.has(to!));
        }
      }),
    );
  });

  it("takes the stream's own extent where no window is given", () => {
    assert.deepEqual(found([span(10, 5), span(20, 5)]), {
      startTime: 10n * SECOND,
      endTime: 25n * SECOND,
      seconds: 10,
      percent: (100 * 10) / 15,
      gaps: [[15, 20]],
    });
  });

  it("takes a gap that is too short as data, and none of less than a sample at the edges", () => {
    assert.deepEqual(found([span(0, 5), span(8, 5), span(30, 1)], { minGap: 4 })!.gaps, [[13, 30]]);
    assert.equal(found([span(0, 5), span(8, 2)], { minGap: 4 })!.percent, 100);
    const window = { startTime: -SECOND / 2n, endTime: 5n * SECOND + SECOND / 2n };
    assert.deepEqual(found([span(0, 5)], window)!.gaps, []);
    assert.deepEqual(found([span(0, 5)], { startTime: -SECOND, endTime: 6n * SECOND })!.gaps, [
      [-1, 0],
      [5, 6],
    ]);
  });

  it("has nothing to say of text", () => {
    assert.equal(found([{ ...span(0, 5), rate: rateOf(0) }]), undefined);
  });
});
