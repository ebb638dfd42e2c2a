// lib/seismograph/drawing/: whole pictures, each line and letter where it was before. Whoever changes a drawing sees what else has moved.
import assert from "node:assert/strict";
import { drawings, drawnBefore } from "./drawings.ts";

describe("the drawing of", () => {
  const now = drawings();
  const before = drawnBefore();

  for (const [what, lines] of now)
    it(`${what} is what it was`, () => assert.deepEqual(lines, before.get(what)));

  it("nothing is left out", () => assert.deepEqual([...before.keys()], [...now.keys()]));
});
