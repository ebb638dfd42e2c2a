// The seismogram image node: pictures for triggers and for who asks, of what has come.
import assert from "node:assert/strict";
import type { NodeMessage } from "node-red";
import { packRecords } from "../../lib/index.ts";
import seismogramImage from "../../nodes/seismogram-image.ts";
import { readPng } from "../seismograph/raster/png-reader.ts";
import { type Flow, type Message, startFlow } from "../support/flow.ts";
import { at, ID, quake, record, recordsOf } from "./signal/records.ts";

interface Picture extends Message {
  payload: Buffer;
  filename: string;
  description: string;
  image: { kind: string; start: string; end: string; sourceIds: string[]; width: number; height: number };
  trigger?: { event: string };
}

const series = quake(12_000, 6000, 7000);
const HHN = ID.replace(/Z$/, "N");
const OTHER = "FDSN:CO_JSC_00_H_H_Z";
const TRIGGER = { event: "on", id: "a", sourceId: ID, onTime: "2026-01-01T00:01:00Z", ratio: 5 };

describe("seismogram image node", () => {
  let flow: Flow;
  afterEach(() => flow.stop());

  async function start(settings: object = {}): Promise<void> {
    flow = await startFlow(
      [seismogramImage],
      [
        { id: "image", type: "seismogram-image", version: 1, wires: [["out"]], wait: "0", ...settings },
        { id: "catch", type: "catch", scope: ["image"], wires: [["errors"]] },
        ...["out", "errors"].map((id) => ({ id, type: "helper", wires: [] })),
      ],
    );
  }
  const send = (...messages: object[]) => {
    for (const msg of messages) flow.node("image").receive(msg as NodeMessage);
  };
  const give = (...payloads: unknown[]) => send(...payloads.map((payload) => ({ payload })));
  const picture = async () => (await flow.inbox("out").next()) as unknown as Picture;
  const problem = async () => (await flow.inbox("errors").next()).error;

  it("sends a picture of all that has come to who asks", async () => {
    await start();
    give(...recordsOf(series), ...recordsOf(series, { sourceId: HHN }));
    send({ topic: "mine", payload: "now" });
    const { payload, filename, description, image, topic, trigger } = await picture();
    const png = readPng(payload);
    assert.deepEqual([png.width, png.height], [1200, 40 + 28 + 200]);
    assert.equal(filename, "XX.DEMO.00.HHZ_2026-01-01T000159Z.png");
    assert.equal(
      description,
      "XX.DEMO.00.HHZ, XX.DEMO.00.HHN, 2025-12-31 23:56:59 to 2026-01-01 00:01:59 UTC",
    );
    const { start: begin, end, ...rest } = image;
    assert.deepEqual(rest, { kind: "traces", sourceIds: [ID, HHN], width: png.width, height: png.height });
    assert.equal(Date.parse(end) - Date.parse(begin), 300_000);
    assert.deepEqual([topic, trigger], ["mine", undefined]);
  });

  it("draws the trace, and the trigger in it", async () => {
    await start({ theme: "dark", seconds: "120" });
    give(...recordsOf(series), TRIGGER);
    const { payload, trigger, image } = await picture();
    assert.deepEqual(trigger, TRIGGER);
    const png = readPng(payload);
    const colors = new Map<string, number>();
    for (let x = 120; x < 1190; x++) {
      for (let y = 42; y < 138; y++) {
        const color = png.colorAt(x, y);
        colors.set(color, (colors.get(color) ?? 0) + 1);
      }
    }
    assert.ok(colors.get("#7cc0ff")! > 1000, "a trace");
    assert.ok(colors.get("#ffc83d")! > 50, "the onset");
    assert.deepEqual(image.sourceIds, [ID]);
  });

  it("waits after a trigger, and makes one picture of all that come meanwhile", async () => {
    await start({ wait: "2" });
    give(
      ...recordsOf(series.subarray(0, 6000)),
      TRIGGER,
      { ...TRIGGER, id: "b", sourceId: HHN },
      { ...TRIGGER, event: "off" },
    );
    await flow.status("image", ({ fill }) => fill === "yellow");
    // What comes while it waits is in the picture.
    give(...recordsOf(series).slice(60));
    const { image } = await picture();
    assert.equal(image.end.slice(0, 19), "2026-01-01T00:01:59");
    send({ payload: true });
    await picture();
    assert.equal(flow.inbox("out").size, 0);
  });

  it("takes alarms of several stations and of levels for triggers", async () => {
    await start();
    give(...recordsOf(series));
    give(
      { event: "on", id: "c", time: "2026-01-01T00:01:00Z", stations: [{ sourceId: ID }] },
      { event: "off", id: "c" },
    );
    assert.equal((await picture()).trigger?.event, "on");
    give({ event: "above", sourceId: ID, level: 5, value: 7 }, { event: "below", sourceId: ID });
    assert.equal((await picture()).trigger?.event, "above");
    assert.equal(flow.inbox("errors").size, 0);
  });

  it("shows only the station that triggered, if asked to", async () => {
    await start({ onlyStation: true });
    give(...recordsOf(series), ...recordsOf(series, { sourceId: OTHER }), { ...TRIGGER, sourceId: OTHER });
    assert.deepEqual((await picture()).image.sourceIds, [OTHER]);
  });

  it("sends a drum for each stream, and after a trigger that of its stream", async () => {
    await start({ picture: "drum", hours: "2", line: "10", band: "1-20", height: "400" });
    give(...recordsOf(series), ...recordsOf(series, { sourceId: OTHER }), null);
    const drums = [await picture(), await picture()];
    assert.deepEqual(
      drums.map(({ image }) => image.sourceIds),
      [[OTHER], [ID]],
    );
    assert.deepEqual(
      drums.map(({ image }) => [image.kind, image.width, image.height]),
      [
        ["drum", 1200, 400],
        ["drum", 1200, 400],
      ],
    );
    give(TRIGGER);
    assert.deepEqual((await picture()).image.sourceIds, [ID]);
  });

  it("makes a drum as high as its lines need, and traces as high as their rows", async () => {
    await start({ picture: "drum", hours: "2", line: "15" });
    give(...recordsOf(series), true);
    assert.equal((await picture()).image.height, 40 + 52 + 8 * 16);
    await flow.stop();
    await start({ title: "All" });
    const ids = ["Z", "N", "E", "1"].map((component) => ID.replace(/Z$/, component));
    for (const sourceId of ids) give(record(0, series.subarray(0, 100), { sourceId }));
    give(true);
    const { image, description } = await picture();
    assert.equal(image.height, 40 + 28 + 4 * 100);
    assert.match(description, /^XX\.DEMO\.00\.HHZ, XX\.DEMO\.00\.HHN, XX\.DEMO\.00\.HH1 and 1 more, /);
  });

  it("shows 24 streams in a picture, and ten drums", async () => {
    for (const [settings, pictures, rows] of [
      [{}, 1, 24],
      [{ picture: "drum", hours: "1", height: "200", width: "200" }, 10, 1],
    ] as const) {
      await start(settings);
      for (let n = 0; n < 25; n++) give(record(0, [1, 2], { sourceId: `FDSN:XX_S${n}_00_H_H_Z` }));
      give(true);
      for (let n = 0; n < pictures; n++) assert.equal((await picture()).image.sourceIds.length, rows);
      // Nothing of what was asked for before comes any more.
      send({ streams: "XX_S7" });
      assert.deepEqual((await picture()).image.sourceIds, ["FDSN:XX_S7_00_H_H_Z"]);
      if (pictures === 1) await flow.stop();
    }
  });

  it("sends pictures of the streams that are named", async () => {
    await start();
    give(
      ...recordsOf(series),
      ...recordsOf(series, { sourceId: HHN }),
      ...recordsOf(series, { sourceId: OTHER }),
    );
    send({ streams: "CO_JSC, XX.DEMO.00.HHN" });
    assert.deepEqual((await picture()).image.sourceIds, [OTHER, HHN]);
    send({ streams: "ZZ" });
    const { code, message } = await problem();
    assert.equal(code, "INVALID_MESSAGE");
    assert.match(message, /nothing to draw of ZZ.*3 streams/);
  });

  it("remembers only the streams of its setting", async () => {
    await start({ streams: "CO_*" });
    give(...recordsOf(series), ...recordsOf(series, { sourceId: OTHER }), 1);
    assert.deepEqual((await picture()).image.sourceIds, [OTHER]);
  });

  it("takes miniSEED as it is, and draws spectrograms", async () => {
    await start({ spectrogram: true, seconds: "60", ratio: "2", width: "400" });
    for (const part of recordsOf(series)) {
      const { sourceId, startTime, sampleRate, samples } = part;
      give(
        ...[...packRecords({ sourceId, startTime, sampleRate, samples }, { formatVersion: 3 })].map((bytes) =>
          Buffer.from(bytes),
        ),
      );
    }
    give("picture");
    const { payload, image } = await picture();
    assert.deepEqual([image.width, image.height], [800, 2 * (40 + 28 + 170)]);
    assert.equal(readPng(payload).colorType, 2, "more colours than a palette has");
  });

  it("says that there is nothing to draw, and what else it cannot use", async () => {
    await start();
    give("picture");
    assert.match((await problem()).message, /no record with samples has come yet/);
    give({ volt: 12 });
    assert.equal((await problem()).code, "NOT_A_MARK");
    give(Buffer.from("hello"));
    assert.equal((await problem()).code, "INVALID_MESSAGE");
    give({ ...record(0, [1, 2]), sampleRate: -1 });
    assert.equal((await problem()).code, "BAD_SAMPLE_RATE");
    send({ payload: "a log line", datalink: { streamId: "FDSN:XX_A/TEXT" } });
    assert.equal((await problem()).code, "NOT_A_MARK");
    assert.equal(flow.inbox("out").size, 0);
  });

  it("forgets what has come, and the pictures that are waited with, when told to", async () => {
    await start({ wait: "3600" });
    give(...recordsOf(series), TRIGGER);
    await flow.status("image", ({ fill }) => fill === "yellow");
    send({ reset: true });
    give("picture");
    assert.match((await problem()).message, /nothing to draw/);
  });

  it("tells of pictures that it waited with when it stops", async () => {
    await start({ wait: "3600" });
    give(...recordsOf(series), TRIGGER);
    await flow.status("image", ({ fill }) => fill === "yellow");
    const warnings: string[] = [];
    flow.node("image").warn = (text: unknown) => warnings.push(String(text));
    await flow.stop();
    assert.deepEqual(warnings, ["seismogram-image.log.given-up"]);
    await start();
  });

  it("refuses settings that make no sense", async () => {
    await start({ band: "20-1" });
    assert.match(flow.errors("image").join(), /20-1/);
    give("picture");
    assert.match((await problem()).message, /band view/);
  });

  it("dates a picture by the data, not by the clock", async () => {
    await start();
    give(...recordsOf(series), "picture");
    const { image } = await picture();
    assert.equal((BigInt(Date.parse(image.end)) * 1_000_000n) / 1_000_000_000n, at(119.99) / 1_000_000_000n);
  });
});
