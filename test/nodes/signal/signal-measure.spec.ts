// The signal measure node: windows of each stream, levels with hysteresis, and windows that the clock closes.
import assert from "node:assert/strict";
import { WindowStatistics } from "../../../lib/signal/index.ts";
import { formatNanoseconds } from "../../../lib/time.ts";
import { shortText } from "../../../nodes/runtime/status.ts";
import signalMeasure from "../../../nodes/signal-measure.ts";
import { BareNode } from "../../support/bare-node.ts";
import { type Flow, type Message, startFlow } from "../../support/flow.ts";
import { at, ID, quake, record, recordsOf, START } from "./records.ts";

type Payload = Record<string, unknown>;
const payloadOf = (msg: Message) => msg.payload as Payload;
const series = quake(12_000, 6000, 7000);

describe("signal measure node", () => {
  let flow: Flow;
  afterEach(() => flow?.stop());

  async function start(settings: object = {}): Promise<void> {
    flow = await startFlow(
      [signalMeasure],
      [
        { id: "measure", type: "signal-measure", version: 1, wires: [["windows"], ["levels"]], ...settings },
        { id: "catch", type: "catch", scope: ["measure"], wires: [["errors"]] },
        { id: "complete", type: "complete", scope: ["measure"], wires: [["completed"]] },
        ...["windows", "levels", "errors", "completed"].map((id) => ({ id, type: "helper", wires: [] })),
      ],
    );
  }
  const give = (...payloads: object[]) => {
    for (const payload of payloads) flow.node("measure").receive({ payload });
  };

  it("sends a message for each window, aligned to UTC", async () => {
    await start({ window: "10", statistic: "rms" });
    give(...recordsOf(series, { units: "m/s" }));
    const out = await flow.inbox("windows").take(11);
    const windows = new WindowStatistics({ window: 10 }).push({
      startTime: START,
      sampleRate: 100,
      samples: series,
    });
    out.forEach((msg, i) => {
      const { startTime, endTime, peakTime, ...numbers } = windows[i]!;
      assert.deepEqual(msg.payload, {
        sourceId: ID,
        startTime: formatNanoseconds(startTime),
        endTime: formatNanoseconds(endTime),
        peakTime: formatNanoseconds(peakTime),
        ...numbers,
        ...{ units: "m/s", statistic: "rms", value: numbers.rms },
      });
      assert.equal(msg.topic, ID);
    });
  });

  it("gives no value of a window with too few samples, and does not count samples twice", async () => {
    await start({ window: "10" });
    const records = recordsOf(series);
    give(...records.slice(0, 4), records[3]!, ...records.slice(10, 16), records[12]!, records[30]!);
    const [first, second] = (await flow.inbox("windows").take(2)).map(payloadOf);
    assert.deepEqual([first!.count, first!.value], [400, null]);
    assert.deepEqual([second!.count, second!.value === second!.rsam], [600, true]);
  });

  it("tells when the level is crossed, with hysteresis", async () => {
    await start({ window: "1", statistic: "peak", on: "1000", off: "100" });
    give(...recordsOf(series));
    const [above, below] = (await flow.inbox("levels").take(2)).map(payloadOf);
    assert.deepEqual([above!.event, above!.level, above!.sourceId], ["above", 1000, ID]);
    assert.equal(above!.time, formatNanoseconds(at(61)));
    assert.deepEqual([below!.event, below!.level, below!.time], ["below", 100, formatNanoseconds(at(71))]);
    await flow.inbox("windows").take(119);
    assert.equal(flow.inbox("levels").size, 0);
  });

  it("closes a window by the clock if nothing comes, also where the data are old", async () => {
    await start({ window: "1", wait: "0" });
    give(record(0, series.subarray(0, 80)));
    const { count, value } = payloadOf(await flow.inbox("windows").next());
    assert.deepEqual([count, typeof value], [80, "number"]);
    // A replay of old data is not cut by the clock: the window's end counts from the newest sample.
    give(record(1, series.subarray(0, 30)), record(1.3, series.subarray(0, 70)), record(2, [1]));
    assert.equal(payloadOf(await flow.inbox("windows").next()).count, 100);
  });

  it("closes a window after as long where the clock on the wall is set", async () => {
    await start({ window: "3", wait: "0" });
    const wall = Date.now;
    try {
      give(record(0, series.subarray(0, 80)));
      await flow.inbox("completed").next();
      Date.now = () => wall() - 86_400_000;
      assert.equal(payloadOf(await flow.inbox("windows").next()).count, 80);
    } finally {
      Date.now = wall;
    }
  });

  it("measures the vector of three components", async () => {
    await start({ window: "1", statistic: "peak", combine: "vector" });
    const of = (component: string, second: number, amplitude: number) =>
      record(second, new Array(100).fill(amplitude), { sourceId: `FDSN:XX_DEMO_00_H_N_${component}` });
    for (const second of [0, 1]) give(of("Z", second, 2), of("N", second, -3), of("E", second, 6));
    const payload = payloadOf(await flow.inbox("windows").next());
    assert.deepEqual([payload.sourceId, payload.value, payload.count], ["FDSN:XX_DEMO_00_H_N", 7, 100]);
  });

  it("measures the vectors of a thousand sensors, of which the longest silent makes room", async () => {
    const windows: Payload[] = [];
    const wires = [(msg: object) => void windows.push((msg as { payload: Payload }).payload)];
    // By the data alone, however long this takes.
    const settings = { window: "1", statistic: "peak", combine: "vector", wait: "86400" };
    const node = new BareNode(signalMeasure, settings, wires);
    const give = async (sensor: number, seconds: number, count: number) => {
      for (const component of "ZNE") {
        const sourceId = `FDSN:XX_S${sensor}_00_H_N_${component}`;
        await node.receive({ payload: record(seconds, new Array(count).fill(1), { sourceId }) });
      }
    };
    try {
      for (let n = 0; n < 1000; n++) await give(n, 0, 50);
      assert.deepEqual(windows, []);
      await give(0, 0.5, 51);
      assert.deepEqual(
        windows.splice(0).map(({ sourceId, count }) => [sourceId, count]),
        [["FDSN:XX_S0_00_H_N", 100]],
      );
      await give(1000, 0, 50);
      await give(1000, 0.5, 51);
      assert.deepEqual(
        windows.map(({ sourceId, count }) => [sourceId, count]),
        [
          ["FDSN:XX_S1_00_H_N", 50],
          ["FDSN:XX_S1000_00_H_N", 100],
        ],
      );
    } finally {
      await node.close();
    }
  });

  it("takes amplitudes about 0, if asked to", async () => {
    await start({ window: "1", removeMean: false });
    give(record(0, new Array(100).fill(-5)), record(1, [0]));
    assert.equal(payloadOf(await flow.inbox("windows").next()).value, 5);
  });

  it("shows how many streams there are, and how many are above", async () => {
    await start({ window: "1", statistic: "peak", on: "10", complete: "0" });
    const other = { sourceId: "FDSN:XX_B_00_H_H_Z" };
    give(record(0, [0, 100]), record(0, [0, 1], other), record(1, [0]), record(1, [0], other));
    await flow.status(
      "measure",
      ({ fill, text }) =>
        fill === "red" && text === shortText("signal-measure.status.streams, signal-measure.status.above"),
    );
  });

  it("fails a window that is shorter than a sample, and a level the wrong way round", async () => {
    await start({ window: "0.5" });
    give(record(0, [1, 2], { sampleRate: 1 }));
    assert.equal((await flow.inbox("errors").next()).error.code, "INVALID_SETTING");
    await flow.stop();
    await start({ on: "1", off: "2" });
    assert.match(flow.errors("measure").join(), /off is 2/);
  });
});
