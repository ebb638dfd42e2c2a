// page/screen.ts: a canvas has no more pixels than phones can have, whatever the number of rows.
import assert from "node:assert/strict";
import { fittingRatio } from "../../page/screen.ts";

describe("the pixels of a canvas", () => {
  it("are those of the screen, and less for a picture of very many rows or lines", () => {
    assert.equal(fittingRatio(3, { width: 390, height: 800 }), 3);
    assert.equal(fittingRatio(2, { width: 1920, height: 1080 }), 2);
    for (const [ratio, width, height] of [
      [3, 390, 13_000],
      [2, 1280, 24_200],
      [0.5, 10_000, 100_000],
      [3, 0, 0],
    ] as const) {
      const fitting = fittingRatio(ratio, { width, height });
      assert.ok(fitting > 0 && fitting <= ratio);
      assert.ok(width * height * fitting ** 2 <= 16_000_001, `${ratio} ${width} ${height}`);
    }
  });
});
