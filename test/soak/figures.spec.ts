// The figures of a soak: what comes and goes is left out, and what should not be there is not.
import assert from "node:assert/strict";
import { grown } from "../support/inventory.ts";
import { folded } from "./figures.ts";

const THREAD = "resource WORKER of lib/files/file-thread";
const ANSWERS = "resource Timeout of lib/net/timer";
const withThreads = (threads: number) => ({ [THREAD]: threads, "descriptor pipe": 9 + 2 * threads });

describe("the figures of a soak", () => {
  it("have the open files of archives as one figure, and those of others by their names", () => {
    const seen = {
      "descriptor /soak/disk/a": 1,
      "descriptor /soak/archives/b": 1,
      "descriptor /flows.json": 1,
    };
    assert.deepEqual(folded(seen, "/soak"), { "archive files": 2, "descriptor /flows.json": 1 });
  });

  it("leave out threads that begin when they are needed, and no more of them", () => {
    const more = (before: number, after: number) =>
      Object.keys(grown(folded(withThreads(before), "/soak"), folded(withThreads(after), "/soak")));
    assert.deepEqual(more(0, 3), []);
    assert.deepEqual(more(3, 4), [THREAD, "descriptor pipe"]);
  });

  it("tell a descriptor that is left behind, however many threads there are", () => {
    const after = { ...withThreads(2), "descriptor pipe": 14 };
    assert.deepEqual(grown(folded(withThreads(1), "/soak"), folded(after, "/soak")), {
      "descriptor pipe": [9, 10],
    });
  });

  it("leave out the timer of a connection that has asked something, and no more of them than there are connections", () => {
    const more = (after: number) =>
      grown(folded({ hooks: 1 }, "/soak"), folded({ hooks: 1, [ANSWERS]: after }, "/soak"));
    assert.deepEqual(more(9), {});
    assert.deepEqual(more(10), { [ANSWERS]: [0, 10] });
  });
});
