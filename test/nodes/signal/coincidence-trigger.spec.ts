// The coincidence trigger node: triggers and levels of several stations, mutes by message, and what is held back.
import assert from "node:assert/strict";
import { formatNanoseconds } from "../../../lib/time.ts";
import coincidenceTrigger from "../../../nodes/coincidence-trigger.ts";
import { shortText } from "../../../nodes/runtime/status.ts";
import { type Flow, type Message, startFlow } from "../../support/flow.ts";
import { at } from "./records.ts";

const time = (seconds: number) => formatNanoseconds(at(seconds));
const sourceId = (station: string) => `FDSN:XX_${station}_00_H_H_Z`;
const on = (station: string, seconds: number, more: object = {}) => ({
  ...{ event: "on", sourceId: sourceId(station), onTime: time(seconds), peakRatio: 5, ...more },
});
const off = (station: string, seconds: number) => ({
  ...{ event: "off", sourceId: sourceId(station), onTime: time(0), offTime: time(seconds), peakRatio: 9 },
});

interface Alert {
  event: string;
  id: string;
  time: string;
  held?: string;
  vetoed: string[];
  stations: { station: string; onTime: string; peakRatio?: number }[];
}
const alertOf = (msg: Message) => msg.payload as Alert;

describe("coincidence trigger node", () => {
  let flow: Flow;
  afterEach(() => flow.stop());

  async function start(settings: object = {}): Promise<void> {
    flow = await startFlow(
      [coincidenceTrigger],
      [
        { id: "node", type: "coincidence-trigger", version: 1, wires: [["alerts"], ["held"]], ...settings },
        { id: "catch", type: "catch", scope: ["node"], wires: [["errors"]] },
        { id: "complete", type: "complete", scope: ["node"], wires: [["completed"]] },
        ...["alerts", "held", "errors", "completed"].map((id) => ({ id, type: "helper", wires: [] })),
      ],
    );
  }
  const give = (...payloads: unknown[]) => {
    for (const payload of payloads) flow.node("node").receive({ payload });
  };

  it("alerts when three stations are on together, and when they are no more", async () => {
    await start({ within: "1" });
    give(on("A", 0), on("B", 2), on("B", 2.5), on("C", 4));
    const alert = alertOf(await flow.inbox("alerts").next());
    assert.deepEqual(alert, {
      event: "on",
      id: `coincidence@${time(4)}`,
      time: time(4),
      vetoed: [],
      stations: [0, 2, 4].map((seconds, i) => {
        const station = "ABC"[i]!;
        return { station: `XX_${station}`, sourceId: sourceId(station), onTime: time(seconds), peakRatio: 5 };
      }),
    });
    await flow.status(
      "node",
      ({ fill, text }) => fill === "red" && text === "coincidence-trigger.status.stations",
    );
    give(off("A", 10));
    const end = alertOf(await flow.inbox("alerts").next());
    assert.deepEqual([end.event, end.id, end.time], ["off", alert.id, time(10)]);
    assert.deepEqual(
      end.stations.map(({ peakRatio }) => peakRatio),
      [9, 5, 5],
    );
  });

  it("takes levels, holds back what is vetoed or too much, and says why", async () => {
    await start({ stations: "2", within: "1", veto: "XX.V", perHour: "1" });
    const above = (station: string, seconds: number) => ({
      ...{ event: "above", sourceId: sourceId(station), time: time(seconds), value: 9 },
    });
    give(above("V", 0), above("A", 1), above("B", 2));
    const vetoed = alertOf(await flow.inbox("held").next());
    assert.deepEqual([vetoed.held, vetoed.vetoed, vetoed.stations.length], ["veto", ["XX_V"], 2]);
    const below = (station: string, seconds: number) => ({ ...above(station, seconds), event: "below" });
    give(below("V", 3), below("A", 3), below("B", 3), above("A", 10), above("B", 11));
    assert.equal(alertOf(await flow.inbox("held").next()).event, "off");
    assert.equal(alertOf(await flow.inbox("alerts").next()).event, "on");
    give(below("A", 12), below("B", 12), above("A", 20), above("B", 21));
    assert.equal(alertOf(await flow.inbox("alerts").next()).event, "off");
    assert.equal(alertOf(await flow.inbox("held").next()).held, "rate");
  });

  it("leaves out who is muted, until it is not", async () => {
    await start({ stations: "2" });
    give({ mute: ["XX.A", "XX.C"], until: new Date(Date.now() + 60_000) }, on("A", 0), on("B", 0));
    await flow.status(
      "node",
      ({ text }) =>
        text === shortText("coincidence-trigger.status.stations, coincidence-trigger.status.muted"),
    );
    give({ unmute: "XX.A" }, on("A", 1));
    assert.equal(alertOf(await flow.inbox("alerts").next()).time, time(1));
    give({ mute: "XX.B", until: new Date(Date.now() - 1) }, { mute: "XX.B" });
    assert.equal(alertOf(await flow.inbox("alerts").next()).event, "off");
  });

  it("passes a test at once, without counting it", async () => {
    await start({ stations: "1" });
    give(on("A", 0, { test: true }));
    const alert = (await flow.inbox("alerts").next()).payload as Alert & { test: boolean };
    assert.deepEqual([alert.event, alert.test, alert.stations[0]!.station], ["on", true, "XX_A"]);
    await flow.inbox("completed").next();
    assert.equal(flow.inbox("alerts").size, 0);
  });

  it("fails what it cannot use", async () => {
    await start();
    const bad = [
      ...[
        "text",
        null,
        [],
        {},
        { event: "toString", sourceId: "A", time: time(0) },
        { event: "on", onTime: time(0) },
      ],
      ...[
        { event: "on", sourceId: "A" },
        { mute: "" },
        { mute: [] },
        { mute: "A", until: "soon" },
        { unmute: 5 },
      ],
    ];
    for (const payload of bad) {
      give(payload);
      assert.equal((await flow.inbox("errors").next()).error.code, "INVALID_MESSAGE");
    }
  });

  it("forgets all on reset", async () => {
    await start({ stations: "2" });
    give(on("A", 0), { mute: "XX.X" });
    flow.node("node").receive({ payload: {}, ...{ reset: true } });
    give(on("B", 0));
    await flow.inbox("completed").take(4);
    assert.equal(flow.inbox("alerts").size, 0);
  });
});
