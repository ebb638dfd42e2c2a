// nodes/image: what messages mean to seismogram image, and which pictures are waited with.
import assert from "node:assert/strict";
import { mock } from "node:test";
import { alarmOf, askedBy, isEnd, patternsOf } from "../../../nodes/image/asking.ts";
import { WaitingPictures } from "../../../nodes/image/waiting.ts";

describe("messages for pictures", () => {
  it("are alarms where something begins", () => {
    const cases: [payload: unknown, trigger: unknown][] = [
      [{ event: "on", sourceId: "A" }, { trigger: "A" }],
      [{ event: "above", sourceId: "A" }, { trigger: "A" }],
      [{ event: "on", stations: [{ sourceId: "B" }, { sourceId: "C" }] }, { trigger: "B" }],
      [{ event: "on", sourceId: "A", stations: [{ sourceId: "B" }] }, { trigger: "A" }],
      [{ event: "on", sourceId: 5, stations: [{ sourceId: "B" }] }, { trigger: "B" }],
      [{ event: "on", sourceId: 5, stations: "B" }, { trigger: undefined }],
      [{ event: "on", stations: [] }, { trigger: undefined }],
      [{ event: "on", stations: [null] }, { trigger: undefined }],
      [{ event: "on" }, { trigger: undefined }],
      ...[{ event: "off" }, { event: "below" }, {}, null, "on", 5].map((other): [unknown, undefined] => [
        other,
        undefined,
      ]),
    ];
    for (const [payload, alarm] of cases) assert.deepEqual(alarmOf(payload), alarm, JSON.stringify(payload));
    const ends = [{ event: "off" }, { event: "below" }, { event: "on" }, { event: "above" }, {}, null, "off"];
    assert.deepEqual(ends.map(isEnd), [true, true, false, false, false, false, false]);
  });

  it("ask for pictures by streams, or by anything that is neither an object nor a packet", () => {
    const asked = (msg: object) => askedBy(msg as never);
    assert.deepEqual(asked({ streams: "A, B" }), { streams: ["A", "B"] });
    for (const payload of ["now", true, 5, null, undefined]) {
      assert.deepEqual(asked({ payload }), {});
      assert.equal(asked({ payload, datalink: {} }), undefined);
      assert.equal(asked({ payload, seedlink: {} }), undefined);
    }
    assert.deepEqual(asked({ payload: {}, streams: "A" }), { streams: ["A"] });
    for (const streams of ["", "  ", 5, ["A"]]) assert.deepEqual(asked({ streams, payload: 1 }), {});
    for (const payload of [{}, [], Buffer.alloc(1)]) assert.equal(asked({ payload }), undefined);
  });

  it("name streams with commas, semicolons or blanks between them, in a thousand letters", () => {
    assert.deepEqual(patternsOf(" A,B ; C\n\tD,, "), ["A", "B", "C", "D"]);
    assert.deepEqual(patternsOf(" ,; "), []);
    const [first, ...rest] = patternsOf("x".repeat(1001));
    assert.deepEqual([first!.length, rest], [1000, []]);
  });
});

describe("pictures that are waited with", () => {
  let now: number;
  beforeEach(() => {
    now = 1000;
    mock.timers.enable({ apis: ["setTimeout"] });
    mock.method(performance, "now", () => now);
  });
  afterEach(() => {
    mock.timers.reset();
    mock.restoreAll();
  });
  const pass = (milliseconds: number) => {
    now += milliseconds;
    mock.timers.tick(milliseconds);
  };

  it("are made when they are due, one of a name", async () => {
    const waiting = new WaitingPictures();
    assert.deepEqual([waiting.size, waiting.next], [0, undefined]);
    const first = waiting.wait("a", 1000);
    const second = waiting.wait("b", 500);
    assert.equal(await waiting.wait("a", 1), false);
    assert.deepEqual([waiting.size, waiting.next], [2, 500]);
    pass(500);
    assert.equal(await second, true);
    assert.deepEqual([waiting.size, waiting.next], [1, 500]);
    now += 600;
    assert.equal(waiting.next, 0);
    pass(500);
    assert.equal(await first, true);
    assert.equal(waiting.size, 0);
    const again = waiting.wait("a", 10);
    pass(10);
    assert.equal(await again, true);
  });

  it("are a hundred at most, and are given up together", async () => {
    const waiting = new WaitingPictures();
    const all = Array.from({ length: 100 }, (_, i) => waiting.wait(String(i), 1000));
    assert.equal(await waiting.wait("one more", 1000), false);
    assert.equal(waiting.giveUp(), 100);
    assert.ok((await Promise.all(all)).every((isDue) => !isDue));
    assert.deepEqual([waiting.size, waiting.giveUp()], [0, 0]);
    pass(1000);
  });
});
