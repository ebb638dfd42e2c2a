// nodes/runtime/status.ts: what a node shows, and that it shows nothing any more once it is closed.
import assert from "node:assert/strict";
import type { NodeStatus } from "node-red";
import { StatusLine } from "../../../nodes/runtime/status.ts";

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
