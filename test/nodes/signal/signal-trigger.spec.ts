// The signal trigger node: alarms with the times of the data, once for each event, and a button to try them.
import assert from "node:assert/strict";
import type { NodeMessage } from "node-red";
import { designButterworth, IirFilter, TriggerDetector } from "../../../lib/signal/index.ts";
import { formatNanoseconds } from "../../../lib/time.ts";
import { shortText } from "../../../nodes/runtime/status.ts";
import signalTrigger from "../../../nodes/signal-trigger.ts";
import { type Flow, type Message, startFlow } from "../../support/flow.ts";
import { at, ID, quake, record, recordsOf, START } from "./records.ts";

type Payload = Record<string, unknown> & { event: string; id: string; onTime: string; offTime?: string };
const payloadOf = (msg: Message) => msg.payload as Payload;

/** Two minutes with shaking from 60 to 70 s. */
const series = quake(12_000, 6000, 7000);

function expected(samples: Int32Array) {
  const design = designButterworth({ kind: "bandpass", corners: [0.8, 9], order: 4, sampleRate: 100 });
  const detector = new TriggerDetector({
    method: "recursive",
    sta: 6,
    lta: 30,
    on: 3.95,
    off: 0.9,
    sampleRate: 100,
  });
  return detector.push(START, new IirFilter(design).push(samples));
}

describe("signal trigger node", () => {
  let flow: Flow;
  afterEach(() => flow.stop());

  async function start(settings: object = {}): Promise<void> {
    flow = await startFlow(
      [signalTrigger],
      [
        {
          id: "trigger",
          type: "signal-trigger",
          version: 1,
          wires: [["events"], ["records"], ["ratios"]],
          ...settings,
        },
        { id: "catch", type: "catch", scope: ["trigger"], wires: [["errors"]] },
        ...["events", "records", "ratios", "errors"].map((id) => ({ id, type: "helper", wires: [] })),
      ],
    );
  }
  const give = (...payloads: object[]) => {
    for (const payload of payloads) flow.node("trigger").receive({ payload });
  };

  it("sends on and off with the times of the data, and the records with the ratio", async () => {
    await start();
    const { events, ratios } = expected(series);
    assert.deepEqual(
      events.map(({ event }) => event),
      ["on", "off"],
    );
    give(...recordsOf(series, { units: "m/s" }));
    const [on, off] = await flow.inbox("events").take(2);
    assert.equal(on!.topic, ID);
    const [first, last] = events.map((event) => ({
      id: `XX_DEMO_00_H_H_Z@${formatNanoseconds(event.onTime)}`,
      onTime: formatNanoseconds(event.onTime),
      ratio: event.ratio,
      peakRatio: event.peakRatio,
      peakRatioTime: formatNanoseconds(event.peakRatioTime),
      peakAmplitude: event.peakAmplitude,
      peakTime: formatNanoseconds(event.peakTime),
    }));
    const common = { sourceId: ID, units: "m/s", method: "recursive", sta: 6, lta: 30, on: 3.95, off: 0.9 };
    assert.deepEqual(on!.payload, { event: "on", ...first, ...common });
    const end = {
      offTime: formatNanoseconds(events[1]!.offTime!),
      duration: events[1]!.duration,
      reason: "ratio",
    };
    assert.deepEqual(off!.payload, { event: "off", ...last, ...common, ...end });
    const records = await flow.inbox("records").take(120);
    const { trigger, samples } = records[62]!.payload as { trigger: { ratio: number }; samples: Int32Array };
    assert.deepEqual(trigger, {
      active: true,
      ratio: ratios[6299],
      maxRatio: Math.max(...ratios.subarray(6200, 6300)),
    });
    assert.deepEqual(samples, series.slice(6200, 6300));
    assert.equal(flow.inbox("ratios").size, 0);
  });

  it("triggers of a delayed burst as it would have in time, and of a stream twice only once", async () => {
    await start();
    const records = recordsOf(series);
    give(...records, ...records);
    await flow.inbox("records").take(120);
    assert.equal(flow.inbox("events").size, 2);
  });

  it("sends the ratio as records, if asked to", async () => {
    await start({ ratioOutput: true });
    const { ratios } = expected(series);
    give(...recordsOf(series));
    const out = await flow.inbox("ratios").take(120);
    const { samples, units, processing, sourceId } = out[62]!.payload as Record<string, unknown>;
    assert.deepEqual(samples, Float32Array.from(ratios.subarray(6200, 6300)));
    assert.deepEqual([units, processing, sourceId], ["1", ["STA/LTA 6/30 s, recursive"], ID]);
  });

  it("ends a trigger at a gap, and warms up again", async () => {
    await start();
    const records = recordsOf(series);
    give(...records.slice(0, 65), ...records.slice(70));
    const [on, off] = (await flow.inbox("events").take(2)).map(payloadOf);
    assert.deepEqual([on!.event, off!.event, off!.reason], ["on", "off", "gap"]);
    assert.equal(off!.offTime, formatNanoseconds(at(64.99)));
    const records2 = await flow.inbox("records").take(115);
    const ratioAt = (i: number) => (records2[i]!.payload as { trigger: { ratio: number } }).trigger.ratio;
    assert.deepEqual([ratioAt(65), ratioAt(94)], [0, 0]);
    assert.ok(ratioAt(96) > 0);
  });

  it("ends a trigger when nothing comes any more", async () => {
    await start({ noData: "0.2" });
    give(...recordsOf(series).slice(0, 65));
    await flow.status(
      "trigger",
      ({ fill, text }) => fill === "red" && text === "signal-trigger.status.triggered",
    );
    const [, off] = (await flow.inbox("events").take(2)).map(payloadOf);
    assert.deepEqual([off!.event, off!.reason], ["off", "no data"]);
  });

  it("waits as long for what comes where the clock on the wall is set", async () => {
    const wall = Date.now;
    try {
      await start({ noData: "1" });
      give(...recordsOf(series).slice(0, 65));
      await flow.inbox("events").next();
      Date.now = () => wall() - 86_400_000;
      assert.equal(payloadOf(await flow.inbox("events").next()).reason, "no data");
      await flow.stop();
      Date.now = wall;
      await start({ noData: "3600" });
      give(...recordsOf(series).slice(0, 65));
      await flow.inbox("events").next();
      Date.now = () => wall() + 86_400_000;
      // Two looks at what is silent.
      await new Promise((resolve) => setTimeout(resolve, 2200));
      assert.equal(flow.inbox("events").size, 0);
    } finally {
      Date.now = wall;
    }
  });

  it("ends a trigger whose stream changes its rate, and on reset", async () => {
    await start();
    give(...recordsOf(series).slice(0, 65), record(65, series.subarray(0, 100), { sampleRate: 50 }));
    const [, off] = (await flow.inbox("events").take(2)).map(payloadOf);
    assert.equal(off!.reason, "no data");
    flow.node("trigger").receive({ payload: {}, reset: true } as NodeMessage);
    give(...recordsOf(series).slice(0, 65));
    await flow.inbox("events").next();
    flow.node("trigger").receive({ payload: {}, reset: true } as NodeMessage);
    assert.equal(payloadOf(await flow.inbox("events").next()).event, "off");
  });

  it("does not tell of what lasts too short", async () => {
    await start({ minimum: "60" });
    give(...recordsOf(series));
    await flow.inbox("records").take(120);
    assert.equal(flow.inbox("events").size, 0);
  });

  it("says that it warms up, and then the ratio", async () => {
    await start();
    const records = recordsOf(series);
    give(...records.slice(0, 3));
    await flow.status(
      "trigger",
      ({ shape, text }) => shape === "ring" && text === "signal-trigger.status.warming",
    );
    give(...records.slice(3, 40));
    await flow.status(
      "trigger",
      ({ fill, text }) => fill === "green" && text === "signal-trigger.status.ratio",
    );
    give(...records.slice(0, 3).map((each) => ({ ...each, sourceId: "FDSN:XX_B_00_H_H_Z" })));
    await flow.status(
      "trigger",
      ({ text }) => text === shortText("signal-trigger.status.streams, signal-trigger.status.ratio"),
    );
  });

  it("sends a pair marked as a test at the press of the button", async () => {
    await start();
    give(record(0, series.subarray(0, 100)));
    assert.deepEqual(await flow.post("/datalink/trigger-test/trigger", {}), {});
    const [on, off] = (await flow.inbox("events").take(2)).map(payloadOf);
    assert.deepEqual([on!.event, on!.test, off!.event, off!.test], ["on", true, "off", true]);
    assert.deepEqual([on!.sourceId, on!.id], [ID, off!.id]);
    assert.ok(Date.parse(on!.onTime) <= Date.parse(off!.offTime!));
    assert.match(JSON.stringify(await flow.post("/datalink/trigger-test/nothing", {})), /deploy it first/);
  });

  it("passes text and records without samples to the second output", async () => {
    await start();
    give(record(0, [], { samples: "a log", sampleRate: 0 }));
    assert.equal((await flow.inbox("records").next()).payload && flow.inbox("events").size, 0);
  });

  for (const [settings, sentence] of [
    [{ sta: "30", lta: "6" }, /lta is 6/],
    [{ on: "1", off: "2" }, /off is 2/],
    [{ method: "magic" }, /Method is "magic"/],
  ] as const) {
    it(`refuses ${JSON.stringify(settings)}`, async () => {
      await start(settings);
      assert.match(flow.errors("trigger").join(), sentence);
      give(record(0, [1]));
      assert.equal((await flow.inbox("errors").next()).error.code, "INVALID_SETTING");
    });
  }
});
