// lib/server/ring/segment.ts: which files of a folder are a ring's, and in which order, whatever order the system tells them in.
import assert from "node:assert/strict";
import promises from "node:fs/promises";
import path from "node:path";
import { mock } from "node:test";
import { listSegments, segmentPath } from "../../lib/server/ring/segment.ts";

describe("the segments of a ring", () => {
  afterEach(() => mock.restoreAll());

  it("are the files with such a name, in the order of their numbers", async () => {
    const names = ["000000000010.dat", "000000000002.dat", "2.dat", "000000000007.dat", "000000000003.dat.x"];
    const entries = [...names.map((name) => `ring-${name}`), "lock", "xring-000000000004.dat"];
    for (const order of [entries, entries.toReversed()]) {
      mock.method(promises, "readdir", async () =>
        order.map((name) => ({ name, isFile: () => !name.includes("7") })),
      );
      assert.deepEqual(await listSegments("/folder"), [
        { number: 2, isFile: true },
        { number: 7, isFile: false },
        { number: 10, isFile: true },
      ]);
      mock.restoreAll();
    }
  });

  it("have twelve digits", () => {
    assert.equal(segmentPath("folder", 7), path.join("folder", "ring-000000000007.dat"));
    assert.equal(segmentPath("folder", 123_456_789_012), path.join("folder", "ring-123456789012.dat"));
  });
});
