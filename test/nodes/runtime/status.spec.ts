// nodes/runtime/status.ts: what a node shows, and that it shows nothing any more once it is closed.
import assert from "node:assert/strict";
import type { NodeStatus } from "node-red";
import { StatusLine, shortestNeeded, shortText, statusWidth } from "../../../nodes/runtime/status.ts";

describe("status line", () => {
  it("stays empty after it was closed, whatever still happens", () => {
    const shown: NodeStatus[] = [];
    const node = { status: (status: NodeStatus) => shown.push(status) };
    const line = new StatusLine(node as never, () => ({ text: "writing" }));
    line.close();
    line.update();
    assert.deepEqual(shown, [{}]);
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

  it("are the first way to say it that is short enough", () => {
    const long = "x".repeat(50);
    assert.equal(shortestNeeded(long, "second", "third"), "second");
    assert.equal(shortestNeeded(long, long), long);
  });
});
