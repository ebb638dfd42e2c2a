// lib/seismograph/raster/: each pixel of small pictures as bright as it was before. Whoever changes how something is drawn sees what.
import assert from "node:assert/strict";
import { differenceOf, pictures, picturesBefore } from "./pictures.ts";

describe("the pixels of", () => {
  const now = pictures();
  const before = picturesBefore();

  for (const [what, rows] of now) {
    it(`${what} are what they were`, () => {
      const known = before.get(what) ?? [];
      assert.deepEqual(
        rows.map(({ length }) => length),
        known.map(({ length }) => length),
      );
      if (differenceOf(rows, known) > 1) assert.equal(rows.join("\n"), known.join("\n"));
    });
  }

  it("nothing is left out", () => assert.deepEqual([...before.keys()], [...now.keys()]));
});
