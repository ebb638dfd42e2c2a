// The signal filter node: what it makes of records, in order and out of it.
import assert from "node:assert/strict";
import { designButterworth, IirFilter, RunningMean } from "../../../lib/signal/index.ts";
import { shortText } from "../../../nodes/runtime/status.ts";
import signalFilter from "../../../nodes/signal-filter.ts";
import { type Flow, type Message, startFlow } from "../../support/flow.ts";
import { quake, record, recordsOf, type TestRecord } from "./records.ts";

const sections = designButterworth({ kind: "bandpass", corners: [1, 20], order: 4, sampleRate: 100 });
const expected = (...pieces: ArrayLike<number>[]) => {
  const filter = new IirFilter(sections);
  return pieces.map((piece) => Float32Array.from(filter.push(piece)));
};
const samplesOf = (msg: Message) => (msg.payload as { samples: Float32Array }).samples;

describe("signal filter node", () => {
  let flow: Flow;
  afterEach(() => flow.stop());

  async function start(settings: object = {}): Promise<void> {
    flow = await startFlow(
      [signalFilter],
      [
        { id: "filter", type: "signal-filter", version: 1, wires: [["out"]], ...settings },
        { id: "catch", type: "catch", scope: ["filter"], wires: [["errors"]] },
        { id: "complete", type: "complete", scope: ["filter"], wires: [["completed"]] },
        ...["out", "errors", "completed"].map((id) => ({ id, type: "helper", wires: [] })),
      ],
    );
  }
  const give = (payload: object, more: object = {}) => flow.node("filter").receive({ payload, ...more });

  it("filters record by record as the whole series, and keeps all else", async () => {
    await start();
    const samples = quake(1000, 300, 500);
    const records = recordsOf(samples, { processing: ["gain 2"] });
    for (const payload of records) give(payload, { topic: "t", datalink: { packetId: "7" } });
    const out = await flow.inbox("out").take(10);
    const whole = new IirFilter(sections).push(samples);
    out.forEach((msg, i) => {
      assert.deepEqual(samplesOf(msg), Float32Array.from(whole.subarray(100 * i, 100 * i + 100)));
    });
    const { samples: _, ...fields } = out[3]!.payload as TestRecord;
    const { samples: __, ...given } = records[3]!;
    assert.deepEqual(fields, {
      ...given,
      encoding: "float32",
      processing: ["gain 2", "bandpass 1–20 Hz, order 4"],
    });
    assert.deepEqual([out[3]!.topic, out[3]!.datalink], ["t", { packetId: "7" }]);
    assert.ok(records[3]!.samples instanceof Int32Array, "the record that came is as it was");
  });

  it("begins anew behind a gap, cuts overlaps, drops what is late or there twice", async () => {
    await start();
    const [a, b, c] = [quake(100, 0, 100, 1), quake(100, 0, 100, 2), quake(100, 0, 100, 3)];
    give(record(0, a));
    give(record(0, a));
    give(record(0.5, [...a.subarray(50), ...b.subarray(0, 50)]));
    give(record(0.2, b.subarray(0, 30)));
    give(record(5, c));
    const [first, overlapping, behindGap] = await flow.inbox("out").take(3);
    const [one, two] = expected(a, b.subarray(0, 50));
    assert.deepEqual([samplesOf(first!), samplesOf(overlapping!)], [one, two]);
    const { startTime, sampleCount } = overlapping!.payload as TestRecord;
    assert.deepEqual([startTime, sampleCount], ["2026-01-01T00:00:01Z", 50]);
    assert.deepEqual(samplesOf(behindGap!), expected(c)[0]);
    await flow.inbox("completed").take(5);
    assert.equal(flow.inbox("out").size, 0);
    const words = ["stream", "gap", "lates"].map((word) => `signal-filter.status.${word}`);
    await flow.status("filter", ({ text }) => text === shortText(words.join(", ")));
  });

  it("holds the last value over a gap that is short enough", async () => {
    await start({ gap: "10" });
    const [a, b] = [quake(100, 0, 100, 1), quake(100, 0, 100, 2)];
    give(record(0, a));
    give(record(1.1, b));
    const [, second] = await flow.inbox("out").take(2);
    assert.deepEqual(samplesOf(second!), expected(a, new Float64Array(10).fill(a[99]!), b)[2]);
  });

  it("keeps streams apart, and follows a sample rate that changes", async () => {
    await start();
    const [a, b] = [quake(100, 0, 100, 1), quake(100, 0, 100, 2)];
    give(record(0, a));
    give(record(0, b, { sourceId: "FDSN:XX_OTHER_00_H_H_Z" }));
    give(record(1, b, { sampleRate: 200 }));
    const out = await flow.inbox("out").take(3);
    const at200 = designButterworth({ kind: "bandpass", corners: [1, 20], order: 4, sampleRate: 200 });
    assert.deepEqual(out.map(samplesOf), [
      expected(a)[0],
      expected(b)[0],
      Float32Array.from(new IirFilter(at200).push(b)),
    ]);
  });

  it("is a high-pass where the upper corner is too high, and says so", async () => {
    await start();
    give(record(0, quake(40, 0, 40), { sampleRate: 40 }));
    const { processing } = (await flow.inbox("out").next()).payload as { processing: string[] };
    assert.deepEqual(processing, ["highpass 1 Hz, order 4"]);
    await flow.status(
      "filter",
      ({ text, fill }) => fill === "yellow" && text!.startsWith("signal-filter.status.stream, "),
    );
  });

  it("removes the mean, if asked to", async () => {
    await start({ kind: "mean", mean: "0.5" });
    const samples = quake(200, 0, 200);
    for (const payload of recordsOf(samples)) give(payload);
    const out = await flow.inbox("out").take(2);
    const whole = Float32Array.from(new RunningMean({ seconds: 0.5, sampleRate: 100 }).push(samples));
    assert.deepEqual([...samplesOf(out[0]!), ...samplesOf(out[1]!)], [...whole]);
  });

  it("passes text and records without samples as they are; forgets all on reset", async () => {
    await start();
    const a = quake(100, 0, 100);
    const text = record(0, [], { samples: "a log", sampleRate: 0 });
    give(text);
    give({ ...record(0, []), samples: undefined });
    give(record(0, a));
    give({}, { reset: true });
    give(record(0, a));
    const out = await flow.inbox("out").take(4);
    assert.equal((out[0]!.payload as { samples: string }).samples, "a log");
    assert.deepEqual(samplesOf(out[3]!), samplesOf(out[2]!));
  });

  const bad: [string, unknown, string][] = [
    ["a Buffer", Buffer.from("x"), "INVALID_MESSAGE"],
    ["nothing", undefined, "INVALID_MESSAGE"],
    ["samples that are none", { ...record(0, [1]), samples: { 0: 1 } }, "NO_SAMPLES"],
    ["bigints", { ...record(0, [1]), samples: new BigInt64Array(3) }, "NO_SAMPLES"],
    [
      "more samples than there is room for",
      { ...record(0, [1]), samples: new Uint8Array(10_000_001) },
      "NO_SAMPLES",
    ],
    ["no rate", { ...record(0, [1]), sampleRate: "fast" }, "BAD_SAMPLE_RATE"],
    ["no time", { ...record(0, [1]), startTime: undefined }, "BAD_TIME"],
    ["no name", { ...record(0, [1]), sourceId: "", network: 5 }, "INVALID_MESSAGE"],
    ["corners above", { ...record(0, [1]), sampleRate: 2 }, "CORNER_ABOVE_NYQUIST"],
  ];
  for (const [what, payload, code] of bad) {
    it(`fails a message with ${what}: ${code}, and goes on`, async () => {
      await start();
      flow.node("filter").receive({ payload });
      assert.equal((await flow.inbox("errors").next()).error.code, code);
      give(record(0, [1, 2, 3]));
      await flow.inbox("out").next();
    });
  }

  it("gives no NaN but for missing samples", async () => {
    await start();
    give(record(0, [], { samples: [1, null, 2 ** 31 - 1, Number.NaN, "5", -(2 ** 31), 0, 0] }));
    const samples = samplesOf(await flow.inbox("out").next());
    assert.deepEqual(Array.from(samples, Number.isNaN), [
      false,
      true,
      false,
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it("keeps a thousand streams, and forgets the longest silent one", async () => {
    await start();
    const payload = (i: number, second: number) =>
      record(second, [1, 2, 3], { sourceId: `FDSN:XX_S${i}_00_H_H_Z`, sampleRate: 100 });
    for (let i = 0; i <= 1000; i++) give(payload(i, 0));
    for (let i = 1; i <= 1000; i++) give(payload(i, 0.03));
    await flow.inbox("out").take(2001);
    await flow.status("filter", ({ text }) => text === "signal-filter.status.streams");
    // The one that was forgotten is new: its old record is not dropped as late.
    give(payload(1, 0.03));
    give(payload(0, 0));
    assert.equal((await flow.inbox("out").next()).payload && flow.inbox("out").size, 0);
  });

  it("says which setting cannot be used", async () => {
    await start({ low: "20", high: "1" });
    assert.match(flow.errors("filter").join(), /Lower corner is 20 and Upper corner 1/);
    give(record(0, [1]));
    assert.equal((await flow.inbox("errors").next()).error.code, "INVALID_SETTING");
  });
});
