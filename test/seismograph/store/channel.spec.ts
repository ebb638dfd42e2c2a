// One channel: the same bins whatever the order in which archive and present come, late records in their gaps, clocks that are wrong.
import assert from "node:assert/strict";
import { Channel, COARSE } from "../../../lib/seismograph/store/channel.ts";
import { bandView } from "../../../lib/seismograph/views.ts";
import { DAY, ID, wave } from "../helpers.ts";

const VIEWS = ["raw", "1-20"].map(bandView);

function newChannel(): Channel {
  return new Channel({ number: 0, id: ID, sourceId: `FDSN:${ID}`, views: VIEWS, hours: 1, rawMinutes: 10 });
}

/** A second of samples. */
const second = (at: number) => ({ start: DAY + at * 1e6, sampleRate: 100, samples: wave(100, at * 100) });
const clock = (at: number) => DAY + at * 1e6 + 1.5e6;

function binsOf(channel: Channel, view: number, from: number, to: number) {
  const bin = (at: number) => Math.floor((DAY + at * 1e6) / COARSE);
  return channel.coarse[view]!.slice(bin(from), bin(to));
}

describe("a channel of a seismograph", () => {
  it("has its filters go on from the archive to what came while it was read", () => {
    const whole = newChannel();
    for (let at = 0; at < 120; at++) whole.take(second(at), clock(at));
    for (const liveFrom of [30, 60, 119]) {
      const channel = newChannel();
      channel.beginRefill();
      // The archive's records and those of the present, each in order, mixed.
      for (let at = 0; at < 120; at++) {
        if (liveFrom + at < 120) channel.take(second(liveFrom + at), clock(liveFrom + at));
        channel.refill(second(at), clock(120));
      }
      channel.endRefill();
      for (const view of [0, 1]) {
        const got = binsOf(channel, view, 1, 120);
        const want = binsOf(whole, view, 1, 120);
        // The bin in which the present began has the first values of a filter that began there, too.
        const seam = 2 * (liveFrom - 1);
        for (const [i, value] of want.min.entries()) {
          if (Math.abs(i - seam) > 1)
            assert.equal(got.min[i], value, `view ${view}, bin ${i}, live from ${liveFrom}`);
          if (Math.abs(i - seam) > 1) assert.equal(got.max[i], want.max[i]);
        }
      }
      assert.deepEqual(channel.raw.pieces(0, DAY * 2), whole.raw.pieces(0, DAY * 2));
      channel.take(second(120), clock(120));
      assert.equal(channel.gaps, 0);
      const next = newChannel();
      for (let at = 0; at < 121; at++) next.take(second(at), clock(at));
      assert.deepEqual(binsOf(channel, 1, 120, 121), binsOf(next, 1, 120, 121));
    }
  });

  it("goes on from the archive where nothing came meanwhile", () => {
    const channel = newChannel();
    channel.beginRefill();
    for (let at = 0; at < 60; at++) channel.refill(second(at), clock(200));
    channel.endRefill();
    for (let at = 60; at < 90; at++) channel.take(second(at), clock(at));
    const whole = newChannel();
    for (let at = 0; at < 90; at++) whole.take(second(at), clock(at));
    assert.deepEqual(binsOf(channel, 1, 0, 90), binsOf(whole, 1, 0, 90));
    assert.equal(channel.epoch, 1, "pages are told that all of it is new");
  });

  it("fills a gap with what comes late, and not what is there with what comes twice", () => {
    const channel = newChannel();
    for (const at of [0, 1, 2, 8, 9]) channel.take(second(at), clock(at));
    assert.equal(channel.gaps, 1);
    const before = binsOf(channel, 0, 0, 10);
    assert.equal(channel.take(second(1), clock(10)), false);
    assert.deepEqual(binsOf(channel, 0, 0, 10), before);
    for (const at of [3, 4, 5, 6, 7]) assert.ok(channel.take(second(at), clock(10)));
    const whole = newChannel();
    for (let at = 0; at < 10; at++) whole.take(second(at), clock(at));
    assert.deepEqual(binsOf(channel, 0, 0, 10), binsOf(whole, 0, 0, 10));
    assert.deepEqual(
      channel.patchesSince(0)?.map(({ from }) => (from - DAY) / 1e6),
      [3, 4, 5, 6, 7],
    );
    assert.equal(channel.raw.pieces(0, DAY * 2).length, 1);
    assert.equal(channel.dropped, 1);
  });

  it("does not believe one record from the future, but a clock that stays there", () => {
    const channel = newChannel();
    channel.take(second(0), clock(0));
    assert.equal(channel.take({ ...second(0), start: DAY + 86_400e6 }, clock(1)), false);
    channel.take(second(1), clock(1));
    assert.equal(channel.newest, DAY + 1.99e6);
    for (let at = 0; at < 20; at++)
      channel.take({ ...second(at), start: DAY + 86_400e6 + at * 1e6 }, clock(2 + at));
    assert.ok(channel.status(clock(30)).isAhead);
  });

  it("does not add up records from the future that come one by one over the days", () => {
    const channel = newChannel();
    for (let at = 0; at < 40; at++) {
      assert.ok(channel.take(second(at), clock(at)));
      assert.equal(channel.take({ ...second(at), start: DAY + 86_400e6 }, clock(at)), false);
    }
    assert.equal(channel.newest, DAY + 39.99e6);
    assert.equal(channel.raw.pieces(0, DAY * 2).length, 1);
  });

  for (const views of [["1-20", "raw"], ["1-20"]]) {
    it(`takes nothing twice where the rate is too low for the first view: ${views.join()}`, () => {
      const options = { number: 0, id: ID, sourceId: `FDSN:${ID}`, hours: 1, rawMinutes: 60 };
      const channel = new Channel({ ...options, views: views.map(bandView) });
      const minute = (at: number) => ({
        start: DAY + at * 60e6,
        sampleRate: 1,
        samples: wave(60, at * 60),
      });
      for (const at of [0, 1, 2, 4]) channel.take(minute(at), DAY + (at + 1) * 60e6);
      const before = channel.raw.pieces(0, DAY * 2);
      for (let times = 0; times < 20; times++)
        for (const at of [0, 1]) assert.equal(channel.take(minute(at), DAY + 300e6), false);
      assert.deepEqual(channel.raw.pieces(0, DAY * 2), before);
      // What is missing is taken still, where there is a view to tell.
      assert.equal(channel.take(minute(3), DAY + 300e6), views.length > 1);
    });
  }

  it("tells how it does", () => {
    const channel = newChannel();
    channel.take(second(0), clock(0));
    assert.deepEqual(channel.info, {
      number: 0,
      id: ID,
      sourceId: `FDSN:${ID}`,
      sampleRate: 100,
      units: "counts",
      views: ["raw", "1-20"],
    });
    const status = channel.status(clock(1));
    assert.ok(Math.abs(status.latency - 0.51) < 1e-9 && !status.isSilent && !status.isAhead);
    const later = channel.status(clock(100));
    assert.ok(later.isSilent && later.latency > 100);
    const slow = newChannel();
    slow.take({ start: DAY, sampleRate: 1, samples: new Int32Array(10) }, clock(10));
    assert.deepEqual(slow.info.views, ["raw"]);
  });

  it("takes the memory that it says, for what there is and not before", () => {
    const channel = newChannel();
    assert.ok(channel.bytes < 50_000);
    for (let at = 0; at < 3700; at++) channel.take(second(at), clock(at));
    const bins = 2 * 8 * (7200 + 24_000);
    assert.ok(channel.bytes > bins && channel.bytes < bins + 700 * 100 * 4, String(channel.bytes));
  });
});
