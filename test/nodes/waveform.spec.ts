// nodes/waveform.ts: passes every message on, and draws only what an editor shows.
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { Node, NodeAPI, NodeMessage } from "node-red";
import waveform from "../../nodes/waveform.ts";
import { type Flow, startFlow } from "../support/flow.ts";

interface Frame {
  topic: string;
  session: string;
  retain: boolean;
  data: { rows: { sourceId: string; latency: number; envelope: string }[] };
}

describe("waveform node", () => {
  let flow: Flow;
  /** Node-RED's events, through which editors speak; the test plays the editors. */
  let events: EventEmitter;
  let view: Node;
  let Waveform: new (def: object) => Node;
  let frames: Frame[];
  let collect: (frame: Frame) => void;

  async function start(settings: object = {}): Promise<void> {
    const register = (RED: NodeAPI) => {
      events = RED.events;
      const registerType = (type: string, made: never) => {
        Waveform = made;
        RED.nodes.registerType(type, made);
      };
      waveform({ ...RED, nodes: { ...RED.nodes, registerType } } as unknown as NodeAPI);
    };
    flow = await startFlow(
      [register],
      [
        { id: "view", type: "waveform", version: 1, wires: [["out"]], ...settings },
        { id: "catch", type: "catch", scope: ["view"], wires: [["errors"]] },
        { id: "complete", type: "complete", scope: ["view"], wires: [["completed"]] },
        { id: "out", type: "helper", wires: [] },
        { id: "errors", type: "helper", wires: [] },
        { id: "completed", type: "helper", wires: [] },
      ],
    );
    view = flow.node("view");
    frames = [];
    collect = (frame) => frames.push(frame);
    events.on("comms", collect);
  }

  afterEach(async () => {
    events.off("comms", collect);
    events.removeAllListeners("comms:message:waveform");
    events.removeAllListeners("comms:connection-removed");
    await view.close(true);
    await flow.stop();
  });

  /** What Node-RED does with a node on a deploy: close it, not as removed, and make it anew. */
  async function deploy(settings: object): Promise<void> {
    await view.close(false);
    const { _flow } = view as unknown as { _flow: unknown };
    const definition = { id: "view", type: "waveform", z: "tab", version: 1, wires: [["out"]], ...settings };
    view = new Waveform({ ...definition, _flow });
  }

  const show = (session: string, ...ids: string[]) =>
    events.emit("comms:message:waveform", { session, data: { ids } });

  const payload = () => ({
    sourceId: "FDSN:XX_DEMO_00_H_H_Z",
    startTime: new Date(Date.now() - 1000).toISOString(),
    sampleRate: 10,
    samples: Int32Array.from({ length: 10 }, (_, i) => i),
  });

  async function sendRecord(): Promise<void> {
    view.receive({ payload: payload() });
    await flow.inbox("out").next();
  }

  async function nextFrame(): Promise<Frame> {
    const before = frames.length;
    while (frames.length === before) await EventEmitter.once(events, "comms");
    return frames[before]!;
  }

  it("passes the message on as it came, and is done", async () => {
    await start();
    const sent = payload();
    view.receive({ payload: sent, topic: "t" });
    const msg = await flow.inbox("out").next();
    assert.equal(msg.payload, sent);
    assert.equal(msg.topic, "t");
    await flow.inbox("completed").next();
  });

  it("passes on what it cannot draw, with a sentence for the Catch node", async () => {
    await start();
    view.receive({ payload: { ...payload(), sampleRate: -1 } });
    await flow.inbox("out").next();
    const { error } = await flow.inbox("errors").next();
    assert.deepEqual([error.code, /sampleRate.* is -1/.test(error.message)], ["BAD_SAMPLE_RATE", true]);
    view.receive({ payload: { ...payload(), sampleRate: 0, samples: "a log line" } });
    await flow.inbox("completed").next();
  });

  it("draws for the editors that show it, and for no other", async () => {
    await start();
    await sendRecord();
    show("one", "view", "elsewhere");
    show("two", "elsewhere");
    const frame = await nextFrame();
    assert.deepEqual([frame.topic, frame.session, frame.retain], ["waveform/view", "one", false]);
    const [row] = frame.data.rows;
    assert.equal(row!.sourceId, "FDSN:XX_DEMO_00_H_H_Z");
    assert.ok(Math.abs(row!.latency) < 5);
    assert.equal(Buffer.from(row!.envelope, "base64").length, 2 * 360);
    assert.ok(JSON.stringify(frame).length < 1500);
    assert.equal(frames.length, 1);
  });

  it("draws nothing before an editor shows it, and nothing after the last one looked away or closed", async () => {
    await start();
    const heldBack = async () => {
      await sendRecord();
      // Longer than between two frames: what had been drawn would be there.
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.equal(frames.length, 0);
    };
    await heldBack();
    show("one", "view");
    await nextFrame();
    show("two", "view");
    show("one");
    events.emit("comms:connection-removed", { session: "two" });
    frames = [];
    await heldBack();
  });

  it("draws nothing for an editor that has fallen silent, until it speaks again", async () => {
    await start();
    show("one", "view");
    await sendRecord();
    await nextFrame();
    const now = performance.now.bind(performance);
    let ahead = 20_000;
    performance.now = () => now() + ahead;
    try {
      await sendRecord();
      await nextFrame();
      ahead = 40_000;
      frames = [];
      await sendRecord();
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.equal(frames.length, 0);
      show("one", "view");
      await nextFrame();
    } finally {
      performance.now = now;
    }
  });

  it("draws at most four times a second", async () => {
    await start();
    show("one", "view");
    const times: number[] = [];
    for (let i = 0; i < 4; i++) {
      for (let record = 0; record < 10; record++) await sendRecord();
      await nextFrame();
      times.push(performance.now());
    }
    // Timers may be a little early.
    assert.ok(times[3]! - times[0]! >= 740, times.join());
  });

  it("keeps its traces over a deploy, unless their shape was changed", async () => {
    await start();
    await sendRecord();
    show("one", "view");
    const before = await nextFrame();
    await deploy({});
    assert.deepEqual((await nextFrame()).data.rows, before.data.rows);
    await deploy({ seconds: "120" });
    const after = nextFrame();
    view.receive({ payload: { ...payload(), sourceId: "FDSN:XX_NEW_00_H_H_Z" } });
    assert.deepEqual(
      (await after).data.rows.map((row) => row.sourceId),
      ["FDSN:XX_NEW_00_H_H_Z"],
    );
  });

  it("cannot be upset by what an editor sends", async () => {
    await start();
    await sendRecord();
    for (const data of [
      undefined,
      null,
      7,
      { ids: 7 },
      { ids: [null, {}, 7] },
      { ids: new Array(1e5).fill("x") },
    ]) {
      events.emit("comms:message:waveform", { session: "odd", data });
    }
    show("one", "view");
    assert.equal((await nextFrame()).session, "one");
  });

  it("takes away what it has drawn when a message says so, which goes on", async () => {
    await start({ span: "all" });
    show("one", "view");
    await sendRecord();
    assert.equal((await nextFrame()).data.rows.length, 1);
    const next = nextFrame();
    view.receive({ payload: "not looked at", reset: true } as NodeMessage);
    assert.equal((await flow.inbox("out").next()).payload, "not looked at");
    assert.deepEqual((await next).data.rows, []);
    const after = nextFrame();
    await sendRecord();
    assert.equal((await after).data.rows.length, 1);
    assert.equal(flow.inbox("errors").size, 0);
  });

  it("draws rows on one scale, if asked to, also of a node that keeps its traces", async () => {
    await start();
    show("one", "view");
    await sendRecord();
    const samples = [0, 4000];
    view.receive({ payload: { ...payload(), sourceId: "FDSN:XX_BIG_00_H_H_Z", samples } });
    await flow.inbox("out").next();
    const ranges = ({ data }: Frame) =>
      data.rows.map((row) => (row as unknown as { halfRange: number }).halfRange);
    while (frames.at(-1)?.data.rows.length !== 2) await EventEmitter.once(events, "comms");
    assert.deepEqual(ranges(frames.at(-1)!), [2000, 5]);
    await deploy({ scale: "common" });
    assert.deepEqual(ranges(await nextFrame()), [2000, 2000]);
  });

  it("says so where a setting is no number in bounds", async () => {
    await start({ seconds: "soon" });
    view.receive({ payload: payload() });
    assert.match((await flow.inbox("errors").next()).error.message, /Time shown is "soon"/);
  });
});
