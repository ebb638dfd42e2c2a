// lib/rate-meter.ts: what a status says about streams of any speed is true, soon after it has changed.
import assert from "node:assert/strict";
import { RateMeter } from "../lib/rate-meter.ts";

/** What a meter says, looked at each second, while `perLook` things come in the second before. */
function watch(
  meter: RateMeter,
  clock: { now: number },
  seconds: number,
  perLook: (second: number) => number,
) {
  return Array.from({ length: seconds }, (_, second) => {
    clock.now += 1000;
    meter.add(perLook(second));
    return meter.read(clock.now);
  });
}

const every =
  (seconds: number, count = 1) =>
  (second: number) =>
    second % seconds === 0 ? count : 0;

describe("rate meter", () => {
  let clock: { now: number };
  let meter: RateMeter;
  beforeEach(() => {
    clock = { now: 1234 };
    meter = new RateMeter(clock.now);
  });

  it("says nothing before there is anything", () => {
    assert.deepEqual(watch(meter, clock, 3, every(5, 0)), [0, 0, 0]);
  });

  it("makes no fast stream of the first packet alone", () => {
    assert.deepEqual(watch(meter, clock, 2, every(5)), [0.2, 0.2]);
  });

  it("spreads a first packet that comes late over all the time before it", () => {
    assert.deepEqual(watch(meter, clock, 100, (second) => (second === 99 ? 3 : 0)).at(-1), 0.03);
  });

  it("is exact for a fast stream from the second look on, and follows it", () => {
    assert.deepEqual(watch(meter, clock, 20, every(1, 12)).slice(1), new Array(19).fill(12));
    const slower = watch(meter, clock, 6, every(1, 2));
    assert.equal(slower.at(-1), 2);
  });

  for (const [distance, rate] of [
    [2, 0.5],
    [5, 0.2],
    [10, 0.1],
    [60, 1 / 60],
  ] as const) {
    it(`shows a packet every ${distance} seconds as such, between the packets too`, () => {
      const said = watch(meter, clock, 10 * distance, every(distance));
      assert.deepEqual(new Set(said.slice(distance)), new Set([rate]));
    });
  }

  it("is right for packets that come in bursts", () => {
    const said = watch(meter, clock, 60, every(5, 60)).slice(10);
    assert.deepEqual(new Set(said), new Set([12]));
  });

  it("is near for packets that come a little early or late", () => {
    const lateness = [0, 2, 1, 3, 0, 1, 2, 0, 3, 1, 0, 2];
    const due = new Set(lateness.map((late, n) => 5 * n + late));
    for (const rate of watch(meter, clock, 60, (second) => Number(due.has(second))).slice(20)) {
      assert.ok(rate > 0.15 && rate < 0.26, `${rate}`);
    }
  });

  it("is 0 soon after a stream has stopped", () => {
    watch(meter, clock, 20, every(1, 12));
    assert.deepEqual(watch(meter, clock, 5, every(1, 0)), [12, 12, 12, 0, 0]);
    const slow = new RateMeter(clock.now);
    watch(slow, clock, 50, every(5));
    assert.equal(watch(slow, clock, 14, every(1, 0)).at(-1), 0);
  });

  it("measures a stream anew that comes back after a long pause", () => {
    watch(meter, clock, 20, every(1, 12));
    watch(meter, clock, 3600, every(1, 0));
    assert.deepEqual(watch(meter, clock, 4, every(1, 7)).slice(1), [7, 7, 7]);
  });

  it("does not mind how often it is asked", () => {
    watch(meter, clock, 10, every(1, 12));
    meter.add(3);
    assert.equal(meter.read(clock.now + 100), 12);
    assert.equal(meter.total, 123);
  });
});
