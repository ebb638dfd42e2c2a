// lib/signal/level.ts: what counts at a threshold itself, between the two, and where there is no value.
import assert from "node:assert/strict";
import { Level, type LevelOptions } from "../../lib/signal/index.ts";

/** What is told of each value. */
function told(options: LevelOptions, values: (number | null)[]): (string | undefined)[] {
  const level = new Level(options);
  let isAbove = false;
  return values.map((value) => {
    const change = level.push(value);
    if (change) isAbove = change.event === "above";
    assert.equal(level.isAbove, isAbove);
    return change && `${change.event} ${change.level} at ${change.value}`;
  });
}

describe("a level", () => {
  it("is above from on itself, and below only under off", () => {
    assert.deepEqual(told({ on: 3, off: 2 }, [2.9, 3, 2, 3, 1.9, 2, 2.9, 3.5]), [
      ...[undefined, "above 3 at 3", undefined, undefined, "below 2 at 1.9", undefined, undefined],
      "above 3 at 3.5",
    ]);
  });

  it("has one threshold where it is given one", () => {
    assert.deepEqual(told({ on: 3 }, [3, 3, 2.9, 3]), [
      ...["above 3 at 3", undefined, "below 3 at 2.9", "above 3 at 3"],
    ]);
    assert.deepEqual(told({ on: -3, off: -3 }, [-4, -3, -3.1]), [
      undefined,
      "above -3 at -3",
      "below -3 at -3.1",
    ]);
  });

  it("stays as it is where there is no value", () => {
    assert.deepEqual(told({ on: 3 }, [null, Number.NaN, 5, null, Number.NaN, 2, Number.NaN]), [
      ...[undefined, undefined, "above 3 at 5", undefined, undefined, "below 3 at 2", undefined],
    ]);
  });
});
