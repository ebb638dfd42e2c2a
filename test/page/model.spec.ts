// What the page makes of the frames: channels in their order, marks, news; and bounded, whatever is sent.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { ChannelInfo, ChannelStatus, EventMark, HelloFrame } from "../../lib/seismograph/frames.ts";
import { drawnEvents, drawnTriggers } from "../../page/model/marks.ts";
import { Model } from "../../page/model/model.ts";
import { News } from "../../page/model/news.ts";
import { byDistance, byStation } from "../../page/model/order.ts";
import { SampleTrail } from "../../page/model/sample-trail.ts";
import { speaker } from "../../page/texts/index.ts";

const HELLO: HelloFrame = {
  type: "hello",
  protocol: 1,
  title: "Test",
  page: "live",
  view: "raw",
  views: [{ id: "raw" }],
  binWidth: 100_000,
  span: 300,
  hours: 24,
  lineMinutes: 30,
  rawMinutes: 60,
  hasArchive: false,
  isRefilling: false,
  beat: 250,
  now: 1e15,
};

const info = (number: number, id: string): ChannelInfo => ({
  number,
  id,
  sourceId: `FDSN:${id}`,
  sampleRate: 100,
  units: "counts",
  views: ["raw"],
});

const status = (channel: number, change: Partial<ChannelStatus> = {}): ChannelStatus => ({
  channel,
  isTriggered: false,
  isSilent: false,
  isAhead: false,
  latency: 1,
  ratio: Number.NaN,
  gaps: 0,
  newest: 1e15,
  ...change,
});

function modelOf(...ids: string[]): Model {
  const model = new Model(HELLO);
  model.apply({ type: "channels", channels: ids.map((id, number) => info(number, id)), gone: [] });
  return model;
}

const IDS = [
  "XX_B_00_H_H_E",
  "XX_A_00_H_H_N",
  "XX_A_00_H_H_Z",
  "XX_A_00_H_H_E",
  "XX_A_00_H_H_1",
  "XX_A_00_B_H_Z",
];

describe("the page's model", () => {
  it("orders channels by station, instrument, then Z, N, E, whatever the order in which they came", () => {
    const wanted = [
      "XX_A_00_B_H_Z",
      "XX_A_00_H_H_Z",
      "XX_A_00_H_H_N",
      "XX_A_00_H_H_E",
      "XX_A_00_H_H_1",
      "XX_B_00_H_H_E",
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(IDS, { minLength: IDS.length }), (ids) =>
        assert.deepEqual(
          byStation(modelOf(...ids).channels).map(({ id }) => id),
          wanted,
        ),
      ),
    );
  });

  it("orders channels by distance, those of which it is not known last", () => {
    const event: EventMark = {
      id: "e",
      time: 1,
      latitude: 0,
      longitude: 0,
      depth: 10,
      magnitude: 5.8,
      place: "Tonga",
      arrivals: { XX_B_00_H_H_E: { distance: 1 }, XX_A_00_H_H_Z: { distance: 2 } },
    };
    const order = byDistance(modelOf(...IDS).channels, event).map(({ id }) => id);
    assert.deepEqual(order.slice(0, 3), ["XX_B_00_H_H_E", "XX_A_00_H_H_Z", "XX_A_00_B_H_Z"]);
    const ids = (channels: { id: string }[]) => channels.map(({ id }) => id);
    const { channels } = modelOf(...IDS);
    assert.deepEqual(ids(byDistance(channels, undefined)), ids(byStation(channels)));
  });

  it("has bins replaced by what is sent again, and a number given to another channel", () => {
    const model = modelOf("XX_A_00_H_H_Z");
    const bins = (values: number[], first: number, isReset = false) =>
      model.apply({
        type: "bins",
        channel: 0,
        isReset,
        first,
        min: Float32Array.from(values, (value) => -value),
        max: Float32Array.from(values),
      });
    bins([1, 2, 3], 10);
    bins([4, 5], 12);
    const trace = model.channel("XX_A_00_H_H_Z")!.bins;
    assert.deepEqual(
      [10, 11, 12, 13, 14].map((bin) => trace.max(bin)),
      [1, 2, 4, 5, Number.NaN],
    );
    bins([7], 20, true);
    assert.ok(Number.isNaN(trace.max(13)) && trace.min(20) === -7);
    model.apply({ type: "channels", channels: [info(0, "XX_B_00_H_H_Z")], gone: [0] });
    assert.equal(model.channel("XX_A_00_H_H_Z"), undefined);
    assert.ok(Number.isNaN(model.channel("XX_B_00_H_H_Z")!.bins.end));
    model.apply({
      type: "bins",
      channel: 9,
      isReset: false,
      first: 0,
      min: new Float32Array(1),
      max: new Float32Array(1),
    });
  });

  it("is whole when the newest sample of each channel that was asked for is there, or has not come for long", () => {
    const newest = 5e14;
    const bins = (channel: number, first: number, isReset: boolean, count = 1) => {
      const values = new Float32Array(count);
      return { type: "bins", channel, isReset, first, min: values, max: values } as const;
    };
    const tell = (model: Model) => {
      const channels = [status(0, { newest }), status(1, { newest }), status(7)];
      model.apply({ type: "status", now: 2e15, isRefilling: true, channels });
    };
    const model = modelOf("XX_A_00_H_H_Z", "XX_B_00_H_H_Z");
    assert.ok(!model.isComplete && Number.isNaN(model.newest));
    tell(model);
    assert.deepEqual(
      [model.now, model.newest, model.isRefilling, model.isComplete],
      [2e15, newest, true, false],
    );
    // What is new of a channel can come before the rest of it.
    model.apply(bins(0, newest / 100_000, false));
    model.apply(bins(1, newest / 100_000, true));
    assert.equal(model.isComplete, false);
    model.apply(bins(0, newest / 100_000 - 50, true, 20));
    assert.equal(model.isComplete, false);
    model.apply(bins(0, newest / 100_000 - 30, false, 31));
    assert.equal(model.isComplete, true);

    const one = new Model(HELLO, new Set(["XX_B_00_H_H_Z"]));
    one.apply({ type: "channels", channels: [info(0, "XX_A_00_H_H_Z"), info(1, "XX_B_00_H_H_Z")], gone: [] });
    tell(one);
    one.apply(bins(1, newest / 100_000, true));
    assert.equal(one.isComplete, true);

    const slow = modelOf("XX_A_00_H_H_Z");
    for (let beat = 0; beat < 12; beat++) tell(slow);
    assert.equal(slow.isComplete, false);
    tell(slow);
    assert.equal(slow.isComplete, true);
  });

  it("keeps the newest marks, and says what pictures say of them", () => {
    const model = modelOf("XX_A_00_H_H_Z");
    const trigger = { id: "t", channel: "XX_A_00_H_H_Z", on: 2, off: null, ratio: 5, peakRatio: 6 };
    model.apply({ type: "marks", triggers: [trigger], events: [] });
    model.apply({
      type: "marks",
      triggers: [
        { ...trigger, off: 9 },
        { ...trigger, id: "u", on: 1 },
      ],
      events: [],
    });
    assert.deepEqual(drawnTriggers(model, "XX_A_00_H_H_Z"), [
      { start: 1, end: undefined },
      { start: 2, end: 9 },
    ]);
    const p = Date.UTC(2026, 10, 28, 14, 42, 31) * 1000;
    const event = { id: "e", time: 1, latitude: 0, longitude: 0, depth: 10, magnitude: 5.8, place: "Tonga" };
    model.apply({
      type: "marks",
      triggers: [],
      events: [{ ...event, arrivals: { XX_A_00_H_H_Z: { distance: 95.7, p } } }],
    });
    assert.deepEqual(drawnEvents(model, "XX_A_00_H_H_Z"), [
      { time: p, text: "M 5.8  Tonga  Δ 96°  P 14:42:31" },
    ]);
    assert.deepEqual(drawnEvents(model, "XX_B_00_H_H_Z"), []);
    for (let i = 0; i < 6000; i++)
      model.apply({ type: "marks", triggers: [{ ...trigger, id: `x${i}`, on: i }], events: [] });
    assert.equal(model.triggers.size, 5000);
    assert.ok(model.triggers.has("x5999") && !model.triggers.has("t"));
    model.apply({ type: "marks", isReset: true, triggers: [trigger], events: [] });
    assert.deepEqual([[...model.triggers.keys()], model.events.size], [["t"], 0]);
  });

  it("tells once what has changed, and nothing at the beginning", () => {
    const model = modelOf("XX_A_00_H_H_Z");
    const news = new News();
    const say = speaker("en");
    model.apply({ type: "status", now: 1, isRefilling: false, channels: [status(0)] });
    assert.deepEqual(news.of(model, say), []);
    model.apply({ type: "status", now: 1, isRefilling: false, channels: [status(0, { isSilent: true })] });
    const on = Date.UTC(2026, 10, 28, 14, 42, 31) * 1000;
    const trigger = { id: "t", channel: "XX_A_00_H_H_Z", on, off: null, ratio: 5, peakRatio: 6 };
    model.apply({ type: "marks", triggers: [trigger], events: [] });
    assert.deepEqual(news.of(model, say), ["XX.A.00.HHZ is late", "XX.A.00.HHZ: trigger at 14:42:31"]);
    assert.deepEqual(news.of(model, say), []);
    model.apply({ type: "status", now: 1, isRefilling: false, channels: [status(0)] });
    assert.deepEqual(news.of(model, say), ["XX.A.00.HHZ is live again"]);
  });

  it("keeps samples for as long as is shown, and no more of them than there is room for", () => {
    const trail = new SampleTrail(10e6);
    for (let second = 0; second < 100; second++)
      trail.add({ start: second * 1e6, sampleRate: 100, samples: new Int32Array(100) });
    assert.ok(trail.pieces.length <= 12 && trail.pieces[0]!.start <= 90e6);
    trail.add({ start: 0, sampleRate: 0, samples: new Int32Array(5) });
    const fast = new SampleTrail(3600e6);
    for (let second = 0; second < 50; second++)
      fast.add({ start: second * 1e6, sampleRate: 100_000, samples: new Int32Array(100_000) });
    assert.ok(fast.pieces.length <= 18);
  });
});
