// Coincidences: N stations together by data time, vetoes, mutes, and a limit for an hour.
import assert from "node:assert/strict";
import fc from "fast-check";
import { Coincidence, type CoincidenceEvent, type CoincidenceOptions } from "../../lib/signal/index.ts";
import "../support/properties.ts";

const SECOND = 1_000_000_000n;
const START = 1_780_000_000n * SECOND;
const at = (seconds: number): bigint => START + BigInt(Math.round(seconds * 1000)) * 1_000_000n;
const id = (station: string): string => `FDSN:XX_${station}_00_H_H_Z`;

type Step = [station: string, event: "on" | "off", time: number, wall?: number];

function run(
  options: CoincidenceOptions,
  steps: Step[],
): { events: CoincidenceEvent[]; coincidence: Coincidence } {
  const coincidence = new Coincidence(options);
  const events = steps.flatMap(([station, event, time, wall = time]) =>
    coincidence.push({ event, sourceId: id(station), time: at(time) }, at(wall)),
  );
  return { events, coincidence };
}

const short = ({ event, time, held, stations }: CoincidenceEvent) =>
  `${event} ${Number(time - START) / 1e9} ${stations.map(({ station }) => station.slice(3)).join("")}${held ? ` ${held}` : ""}`;

describe("coincidence", () => {
  it("begins with the onset that makes the number full, and ends when fewer are left", () => {
    const { events, coincidence } = run({ stations: 3, within: 10 }, [
      ["A", "on", 0],
      ["B", "on", 2],
      ["B", "off", 3],
      ["C", "on", 9],
      ["D", "on", 11],
      ["A", "off", 20],
    ]);
    assert.deepEqual(events.map(short), ["on 9 ABC"]);
    assert.ok(coincidence.isOn);
    events.push(...coincidence.tick(at(30)));
    assert.equal(events.length, 1);
    events.push(...coincidence.tick(at(30.1)));
    assert.deepEqual(events.map(short), ["on 9 ABC", "off 20 ABCD"]);
    assert.equal(events[0]!.id, events[1]!.id);
  });

  it("counts stations, not streams", () => {
    const coincidence = new Coincidence({ stations: 2 });
    const push = (sourceId: string, event: "on" | "off", time: number) =>
      coincidence.push({ event, sourceId, time: at(time) }, at(time));
    assert.deepEqual(push("FDSN:XX_A_00_H_H_Z", "on", 0), []);
    assert.deepEqual(push("FDSN:XX_A_00_H_H_N", "on", 1), []);
    assert.deepEqual(push("FDSN:XX_A_00_H_H_Z", "off", 2), []);
    assert.deepEqual(push("FDSN:XX_B_00_H_H_Z", "on", 100).map(short), ["on 100 AB"]);
  });

  it("does not count a station whose end is longer ago than that", () => {
    const { events } = run({ stations: 2, within: 10 }, [
      ["A", "on", 0],
      ["A", "off", 1],
      ["B", "on", 11.1],
    ]);
    assert.deepEqual(events, []);
  });

  it("is the same in whatever order stations are heard of", () => {
    const ons: Step[] = [
      ["A", "on", 0],
      ["B", "on", 4],
      ["C", "on", 8],
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(ons, { minLength: 3 }), (order) => {
        const { events } = run(
          { stations: 3 },
          order.map(([station, event, time], i): Step => [station, event, time, 10 + i]),
        );
        assert.deepEqual(events.map(short), ["on 8 ABC"]);
      }),
    );
  });

  it("is held back by a veto, waited for if asked to", () => {
    const steps: Step[] = [
      ["A", "on", 0],
      ["B", "on", 1],
      ["V", "on", 20],
    ];
    const veto = { stations: 2, within: 60, veto: ["XX.V"] };
    assert.deepEqual(run(veto, steps).events.map(short), ["on 1 AB"]);
    const { events, coincidence } = run({ ...veto, wait: 30 }, steps);
    assert.deepEqual(events, []);
    const [held] = coincidence.tick(at(31));
    assert.deepEqual([short(held!), held!.vetoed], ["on 1 AB veto", ["XX_V"]]);
  });

  it("never counts a station that vetoes", () => {
    const { events } = run({ stations: 2, veto: ["XX.V"] }, [
      ["V", "on", 0],
      ["A", "on", 1],
    ]);
    assert.deepEqual(events, []);
  });

  it("leaves out who is muted, until then", () => {
    const coincidence = new Coincidence({ stations: 2 });
    const push = (station: string, event: "on" | "off", time: number) =>
      coincidence.push({ event, sourceId: id(station), time: at(time) }, at(time));
    push("A", "on", 0);
    coincidence.mute("XX.A", at(100));
    assert.deepEqual(push("B", "on", 1), []);
    push("A", "off", 2);
    assert.deepEqual(push("A", "on", 50), []);
    assert.deepEqual(coincidence.muted, ["XX.A"]);
    assert.deepEqual(push("A", "on", 101).map(short), ["on 101 BA"]);
    assert.equal(coincidence.unmute("XX.A"), false);
  });

  it("gives so many alerts in an hour, and tells of the others as held back", () => {
    const steps = [0, 1, 2, 3, 4].flatMap((i): Step[] => [
      ["A", "on", i * 900],
      ["B", "on", i * 900 + 1],
      ["A", "off", i * 900 + 5],
      ["B", "off", i * 900 + 6],
    ]);
    const { events } = run({ stations: 2, perHour: 2 }, steps);
    const ons = events.filter(({ event }) => event === "on").map(short);
    assert.deepEqual(ons, ["on 1 AB", "on 901 AB", "on 1801 AB rate", "on 2701 AB rate", "on 3601 AB"]);
  });

  it("ends and begins anew where all comes at once, as in a replay", () => {
    const steps = [0, 1000, 2000].flatMap((i): Step[] => [
      ["A", "on", i, 0],
      ["A", "off", i + 5, 0],
    ]);
    const { events } = run({ stations: 1, within: 10 }, steps);
    assert.deepEqual(events.map(short), ["on 0 A", "off 5 A", "on 1000 A", "off 1005 A", "on 2000 A"]);
  });

  it("forgets a station whose end is never told of", () => {
    const { events } = run({ stations: 2, longest: 600 }, [
      ["A", "on", 0],
      ["B", "on", 700],
    ]);
    assert.deepEqual(events, []);
  });

  it("tells of on and off in turn, off not before on, whatever comes", () => {
    const step = fc.tuple(
      fc.constantFrom("A", "B", "C", "D", "V"),
      fc.constantFrom("on" as const, "off" as const),
      fc.integer({ min: 0, max: 300 }),
      fc.integer({ min: 0, max: 30 }),
    );
    const options = fc.record({
      stations: fc.integer({ min: 1, max: 3 }),
      within: fc.constantFrom(0, 5, 50),
      wait: fc.constantFrom(0, 20),
      veto: fc.constantFrom<string[]>([], ["XX.V"]),
    });
    fc.assert(
      fc.property(options, fc.array(step, { maxLength: 60 }), (chosen, steps) => {
        const coincidence = new Coincidence(chosen);
        let wall = 0;
        const events: CoincidenceEvent[] = [];
        for (const [station, event, time, later] of steps) {
          wall += later;
          events.push(...coincidence.tick(at(wall)));
          events.push(...coincidence.push({ event, sourceId: id(station), time: at(time) }, at(wall)));
        }
        events.push(...coincidence.tick(at(wall + 1e6)));
        events.forEach((event, i) => {
          assert.equal(event.event, i % 2 === 0 ? "on" : "off");
          if (event.event === "on") assert.ok(event.stations.length >= chosen.stations);
          else assert.ok(event.id === events[i - 1]!.id && event.time >= events[i - 1]!.time);
          assert.ok(
            !chosen.veto.includes("XX.V") || event.stations.every(({ station }) => station !== "XX_V"),
          );
        });
        assert.ok(!coincidence.isOn);
      }),
    );
  });
});
