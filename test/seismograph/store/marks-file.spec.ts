// Triggers and earthquakes outlast a restart in a file, which may be anything when it is read, and may not be writable.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Seismograph } from "../../../lib/seismograph/seismograph.ts";
import { Marks } from "../../../lib/seismograph/store/marks.ts";
import { MarksFile } from "../../../lib/seismograph/store/marks-file.ts";
import { DAY, ID, record } from "../helpers.ts";

const at = (seconds: number) => new Date(DAY / 1000 + seconds * 1000).toISOString();
const trigger = { id: "t", sourceId: `FDSN:${ID}`, onTime: at(1), ratio: 4, peakRatio: 5, test: true };
const quake = {
  id: "q",
  time: at(2),
  latitude: 10,
  longitude: 20,
  depth: null,
  magnitude: 5.1,
  place: "Sea",
};

describe("the file of a seismograph's marks", () => {
  let folder: string;
  let file: string;
  const problems: string[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "marks-"));
    file = path.join(folder, "a/marks.json");
  });
  const started: Seismograph[] = [];
  afterEach(async () => {
    // What is written later would make the folder anew.
    for (const seismograph of started.splice(0)) await seismograph.flush();
    await rm(folder, { recursive: true });
    problems.length = 0;
  });

  const start = (marksFile = file) => {
    const onProblem = ({ message }: Error) => problems.push(message);
    const seismograph = new Seismograph({ hours: 1, marksFile, onProblem });
    started.push(seismograph);
    return seismograph;
  };

  it("brings back what was there, and nothing in the place of what has come since", async () => {
    const before = start();
    await before.refill(DAY);
    before.take({ event: "off", ...trigger, offTime: at(3) });
    before.take({ event: "on", ...trigger, id: "open", onTime: at(4) });
    before.take([quake, { ...quake, id: "q2" }]);
    await before.flush();
    const after = start();
    after.take(record(0, 100, { latitude: 50, longitude: 10 }), DAY + 2e6);
    after.take({ ...quake, id: "q2", magnitude: 6 });
    await after.refill(DAY + 60e6);
    assert.deepEqual(after.marks.triggers[0], before.marks.triggers[0]);
    // Nobody tells of its end any more.
    assert.ok(after.marks.triggers[1]!.off! > DAY + 4e6);
    assert.equal(after.channels.get(ID)!.isTriggered, false);
    const events = new Map(after.marks.events.map((event) => [event.id, event]));
    assert.equal(events.get("q2")!.magnitude, 6);
    assert.ok(events.get("q")!.arrivals[ID]!.p! > DAY);
    assert.deepEqual({ ...events.get("q"), arrivals: {} }, before.marks.events[0]);
    assert.equal(after.isRefilling, false);
    // What is older than the drum is not needed.
    const later = start();
    await later.refill(DAY + 7200e6);
    assert.deepEqual([later.marks.events, problems], [[], []]);
  });

  it("is written a while after a change, and not for nothing", async () => {
    const marks = new Marks();
    const kept = new MarksFile(file, marks, (error) => problems.push(error.message), 1);
    await kept.flush();
    await assert.rejects(readFile(file), { code: "ENOENT" });
    marks.addTrigger({ id: "t", channel: ID, on: DAY, off: null, ratio: null, peakRatio: null });
    let text = "";
    while (text === "") {
      text = await readFile(file, "utf8").catch(() => "");
      await nextTurn();
    }
    assert.equal((JSON.parse(text) as { triggers: object[] }).triggers.length, 1);
    marks.addTrigger({ id: "u", channel: ID, on: DAY, off: null, ratio: null, peakRatio: null });
    await kept.remove();
    await assert.rejects(readFile(file), { code: "ENOENT" });
    marks.clear();
    await kept.flush();
    await assert.rejects(readFile(file), { code: "ENOENT" });
    assert.deepEqual(problems, []);
  });

  it("may be anything: what is no mark is passed over, what is no list of them is told", async () => {
    const broken = path.join(folder, "broken.json");
    const none = { triggers: [], events: [] };
    const good = { ...quake, id: "good" };
    for (const [text, count] of [
      ["", 1],
      ["{", 1],
      ["null", 1],
      ["[]", 1],
      [JSON.stringify({ ...none, events: 7 }), 1],
      [`${"x".repeat(9 * 1024 * 1024)}`, 1],
      [
        JSON.stringify({
          triggers: [null, 7, {}, [], { event: "on" }],
          events: [null, 7, {}, [], "", { id: 1 }, good],
        }),
        0,
      ],
      [`{"triggers":[],"events":[{"__proto__":{"id":"x"}},${JSON.stringify(good)}]}`, 0],
    ] as const) {
      problems.length = 0;
      await writeFile(broken, text);
      const seismograph = start(broken);
      await seismograph.refill(DAY);
      assert.equal(problems.length, count, text.slice(0, 80));
      if (count > 0)
        assert.match(problems[0]!, /^The triggers and earthquakes in .*broken\.json cannot be read: /);
      else
        assert.deepEqual(
          seismograph.marks.events.map(({ id }) => id),
          ["good"],
        );
      assert.deepEqual(seismograph.marks.triggers, []);
    }
  });

  it("is told where it cannot be written, and the seismograph goes on", async () => {
    await writeFile(path.join(folder, "a"), "a file where a folder should be");
    const seismograph = start();
    await seismograph.refill(DAY);
    problems.length = 0;
    seismograph.take(quake);
    await seismograph.flush();
    await seismograph.remove();
    assert.match(problems[0]!, /^The triggers and earthquakes cannot be kept in .*marks\.json: /);
    assert.equal(seismograph.marks.events.length, 1);
  });
});
