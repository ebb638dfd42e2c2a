// The station monitor node: events in batches with sentences, a report of all streams, from raw miniSEED and from records.
import assert from "node:assert/strict";
import { packRecords } from "../../../lib/mseed/pack.ts";
import { formatNanoseconds } from "../../../lib/time.ts";
import { shortText } from "../../../nodes/runtime/status.ts";
import stationMonitor from "../../../nodes/station-monitor.ts";
import { type Flow, startFlow } from "../../support/flow.ts";
import { at, ID, quake, record, START } from "./records.ts";

interface Event {
  event: string;
  sourceId: string | null;
  station: string | null;
  since: string;
  seconds: number;
  count: number;
  message: string;
}

const samples = quake(100, 0, 100);
const bytes = (seconds: number, more: object = {}) =>
  Buffer.concat([
    ...packRecords(
      { sourceId: ID, startTime: at(seconds), sampleRate: 100, samples, ...more },
      { formatVersion: 3 },
    ),
  ]);

describe("station monitor node", () => {
  let flow: Flow;
  afterEach(() => flow.stop());

  async function start(settings: object = {}): Promise<void> {
    flow = await startFlow(
      [stationMonitor],
      [
        { id: "monitor", type: "station-monitor", version: 1, wires: [["events"], ["reports"]], ...settings },
        { id: "catch", type: "catch", scope: ["monitor"], wires: [["errors"]] },
        { id: "complete", type: "complete", scope: ["monitor"], wires: [["completed"]] },
        ...["events", "reports", "errors", "completed"].map((id) => ({ id, type: "helper", wires: [] })),
      ],
    );
  }
  const give = (...payloads: unknown[]) => {
    for (const payload of payloads) flow.node("monitor").receive({ payload });
  };
  const events = async () => (await flow.inbox("events").next()).payload as Event[];

  it("tells of what happens in raw miniSEED and in records, in one message", async () => {
    await start({ report: "0" });
    const other = "FDSN:XX_OTHER_00_H_H_Z";
    give(
      bytes(0),
      bytes(5),
      record(0, samples, { sourceId: other }),
      record(0.5, samples, { sourceId: other }),
    );
    const [gap, overlap] = await events();
    assert.deepEqual(
      [gap!.event, gap!.sourceId, gap!.station, gap!.since, gap!.seconds, gap!.message],
      [
        "gap",
        ID,
        "XX_DEMO",
        formatNanoseconds(at(1)),
        4,
        "XX.DEMO.00.HHZ has a gap: 4 s from 2026-01-01 00:00:01 UTC on are missing.",
      ],
    );
    assert.equal(overlap, undefined, "half a second only counts");
  });

  it("tells of what has happened also where the clock on the wall is set back", async () => {
    await start({ report: "0" });
    const wall = Date.now;
    try {
      give(bytes(0), bytes(5));
      await flow.inbox("completed").take(2);
      Date.now = () => wall() - 86_400_000;
      assert.equal((await events())[0]!.event, "gap");
    } finally {
      Date.now = wall;
    }
  });

  it("tells of a silent stream, of one that never came, and that one is back", async () => {
    await start({ silentAfter: "1", backAfter: "0", expected: "XX.DEMO, XX.AWAY\nXX_DEMO", report: "0" });
    // A tenth of a second: five times that is not longer than the setting.
    const sampleRate = 1000;
    give(bytes(0, { sampleRate }));
    const told: string[] = [];
    while (told.length < 2) for (const { message } of await events()) told.push(message);
    assert.match(told.join("\n"), /XX\.DEMO\.00\.HHZ has sent nothing for/);
    assert.match(told.join("\n"), /Nothing of XX\.AWAY has come/);
    await flow.status(
      "monitor",
      ({ fill, text }) =>
        fill === "red" && text === shortText("station-monitor.status.stream, station-monitor.status.silents"),
    );
    give(bytes(1, { sampleRate }));
    const back = (await events()).find(({ event }) => event === "back");
    assert.match(back!.message, /sends again/);
  });

  it("reports a row for each stream, with nulls for what it does not know", async () => {
    await start({ report: "1" });
    const flags = 4;
    const extraHeaders = { FDSN: { Time: { Quality: 90 } } };
    give(bytes(0, { flags, extraHeaders }), record(0, samples, { sourceId: "FDSN:XX_A_00_H_H_Z", flags }));
    const { topic, payload } = await flow.inbox("reports").next();
    const rows = payload as Record<string, unknown>[];
    assert.equal(topic, "report");
    assert.deepEqual(
      rows.map(({ sourceId }) => sourceId),
      ["FDSN:XX_A_00_H_H_Z", ID],
    );
    const [a, demo] = rows;
    assert.deepEqual(
      [demo!.timingQuality, demo!.clockLocked, demo!.mean, demo!.end, demo!.samplesReceived],
      [90, true, null, formatNanoseconds(START + 1_000_000_000n), 100],
    );
    assert.ok(Math.abs((a!.mean as number) - 16_000) < 1000);
    assert.doesNotMatch(JSON.stringify(rows), /NaN/);
  });

  it("joins the events of a station, if asked to", async () => {
    await start({ groupBy: "station", report: "0" });
    for (const component of "ZNE") {
      const sourceId = `FDSN:XX_DEMO_00_H_H_${component}`;
      give(bytes(0, { sourceId }), bytes(9, { sourceId }));
    }
    const [gap, ...others] = await events();
    assert.deepEqual([gap!.count, gap!.sourceId, others], [3, null, []]);
    assert.match(gap!.message, /are missing\. So do 2 other streams of the station\.$/);
  });

  it("fails what is not a record, and goes on", async () => {
    await start({ report: "0" });
    for (const payload of ["text", Buffer.from("nothing"), { sourceId: ID }, [1], null]) {
      give(payload);
      assert.equal((await flow.inbox("errors").next()).error.code, "INVALID_MESSAGE");
    }
    give({ ...record(0, [1]), startTime: "2026-01-01T00:00:00Z", sampleRate: 1e-300 });
    assert.equal((await flow.inbox("errors").next()).error.code, "BAD_TIME");
    give(bytes(0));
    await flow.inbox("completed").next();
    const expected = "station-monitor.status.stream, station-monitor.status.others";
    await flow.status("monitor", ({ text }) => text === expected);
  });

  it("forgets all on reset", async () => {
    await start({ report: "0" });
    give(bytes(0));
    flow.node("monitor").receive({ payload: {}, ...{ reset: true } });
    give(bytes(100));
    await flow.inbox("completed").take(3);
    await flow.status("monitor", ({ text }) => text === "station-monitor.status.stream");
    assert.equal(flow.inbox("events").size, 0);
  });
});
