// nodes/runtime/status.ts: what a node shows, and that it shows nothing any more once it is closed.
import assert from "node:assert/strict";
import { mock } from "node:test";
import type { NodeStatus } from "node-red";
import {
  rateText,
  StatusLine,
  shortestNeeded,
  shortText,
  statusWidth,
} from "../../../nodes/runtime/status.ts";

describe("status line", () => {
  it("stays empty after it was closed, whatever still happens", () => {
    const shown: NodeStatus[] = [];
    const node = { status: (status: NodeStatus) => shown.push(status) };
    const line = new StatusLine(node as never, () => ({ text: "writing" }));
    line.close();
    line.update();
    assert.deepEqual(shown, [{}]);
  });

  it("shows what has changed, at once if nothing was shown for a second, and then with the next second", () => {
    mock.timers.enable({ apis: ["setInterval"] });
    let now = 0;
    mock.method(performance, "now", () => now);
    try {
      const shown: string[] = [];
      let count = 0;
      const node = { status: (status: { text: string }) => shown.push(status.text) };
      const line = new StatusLine(node as never, () => ({ text: `${count}` }));
      line.update();
      line.update();
      assert.deepEqual(shown, ["0"]);
      count++;
      now = 999;
      line.update();
      assert.deepEqual(shown, ["0"]);
      now = 1000;
      line.update();
      assert.deepEqual(shown, ["0", "1"]);
      count++;
      mock.timers.tick(999);
      assert.deepEqual(shown, ["0", "1"]);
      mock.timers.tick(1);
      mock.timers.tick(5000);
      assert.deepEqual(shown, ["0", "1", "2"]);
      line.close();
      count++;
      mock.timers.tick(5000);
      assert.deepEqual(shown.slice(3), [undefined]);
    } finally {
      mock.timers.reset();
      mock.restoreAll();
    }
  });
});

describe("texts of a status", () => {
  const before = statusWidth.letters;
  beforeEach(() => {
    statusWidth.letters = 44;
  });
  after(() => {
    statusWidth.letters = before;
  });

  it("are left as they are while they are short", () => {
    assert.equal(shortText("streaming 12/s #4711, 2 gaps"), "streaming 12/s #4711, 2 gaps");
    assert.equal(
      shortestNeeded("port 16000 · XX_DEMO_00_H_H_Z 12:00:00", "port 16000"),
      "port 16000 · XX_DEMO_00_H_H_Z 12:00:00",
    );
  });

  it("are cut at their end, where a count stays", () => {
    const long = "a sentence that goes on for longer than two nodes are wide";
    assert.equal(
      shortText(`${long} (12345)`),
      "a sentence that goes on for longer t… (12345)".replace("t…", "…").replace("longer …", "longer…"),
    );
    assert.equal(shortText(long).length <= 44, true);
  });

  it("take Chinese and Japanese letters for two", () => {
    assert.equal(shortText("数".repeat(30)), `${"数".repeat(21)}…`);
  });

  it("fill the whole width, and no more", () => {
    const exact = "x".repeat(44);
    assert.equal(shortText(exact), exact);
    assert.equal(shortText(`${exact}x`), `${exact.slice(1)}…`);
    assert.equal(shortText(`${exact} (12)`), `${"x".repeat(38)}… (12)`);
    assert.equal(shortText(`${"数".repeat(22)}`), "数".repeat(22));
    assert.equal(shortText(`${exact} (a remark of some length)`), `${exact.slice(1)}…`);
    assert.equal(shortestNeeded(exact, "short"), exact);
    assert.equal(shortestNeeded(`${exact}x`, "short"), "short");
  });

  it("have rates with as many digits as say something", () => {
    assert.deepEqual([0, 0.0049, 0.005, 0.02, 0.0949, 0.095, 0.3, 9.49, 9.5, 12, 1234.5].map(rateText), [
      "0",
      "0",
      "0.01",
      "0.02",
      "0.09",
      "0.1",
      "0.3",
      "9.5",
      "10",
      "12",
      "1235",
    ]);
  });

  it("are the first way to say it that is short enough", () => {
    const long = "x".repeat(50);
    assert.equal(shortestNeeded(long, "second", "third"), "second");
    assert.equal(shortestNeeded(long, long), long);
  });
});
