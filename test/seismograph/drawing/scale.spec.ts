// lib/seismograph/drawing/*/scale.ts: scales that an earthquake doesn't move, that follow the samples, and that hold still.
import assert from "node:assert/strict";
import fc from "fast-check";
import { layoutHelicorder } from "../../../lib/seismograph/drawing/helicorder/layout.ts";
import { HeldScale, helicorderScale } from "../../../lib/seismograph/drawing/helicorder/scale.ts";
import { liveScales, stepReach } from "../../../lib/seismograph/drawing/live/scale.ts";
import { TraceBins } from "../../../lib/waveform/bins.ts";
import { addWave, drum, HOUR, MIDNIGHT, row, SECOND, wave } from "./views.ts";

const AREA = { x: 0, y: 0, width: 400, height: 820 };

function near(actual: number, expected: number, part = 0.01): void {
  assert.ok(Math.abs(actual - expected) <= part * expected, `${actual} is not near ${expected}`);
}

describe("the scale of a drum", () => {
  const layout = layoutHelicorder(drum(), AREA);

  it("is three times the median of how far columns reach from their line's mean", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: -1e8, max: 1e8 }), (height, offset) => {
        near(helicorderScale(wave(MIDNIGHT, 20, height, offset), layout, "line"), 3 * height);
        near(helicorderScale(wave(MIDNIGHT, 20, height, offset), layout, "column"), 3 * height);
      }),
      { numRuns: 5 },
    );
  });

  it("is not moved by an earthquake, a glitch, or a step from line to line", () => {
    const bins = wave(MIDNIGHT, 12);
    addWave(bins, MIDNIGHT + 12 * HOUR, MIDNIGHT + 14 * HOUR, 50_000);
    addWave(bins, MIDNIGHT + 14 * HOUR, MIDNIGHT + 20 * HOUR, 100, 7000);
    bins.add(MIDNIGHT + 15.1 * HOUR, SECOND, [1e300, -1e300, Number.POSITIVE_INFINITY]);
    near(helicorderScale(bins, layout, "line"), 300);
  });

  it("is NaN without samples, and 1 where all samples are the same", () => {
    assert.ok(Number.isNaN(helicorderScale(new TraceBins(SECOND / 2, 100), layout, "line")));
    assert.equal(helicorderScale(wave(MIDNIGHT, 20, 0, 5), layout, "line"), 1);
  });

  it("holds still until a line is full, is gone to in steps, and not while it is held", () => {
    const held = new HeldScale();
    let judged = 0;
    const judge = (value: number) => () => {
      judged++;
      return value;
    };
    assert.equal(held.next("a", 1, judge(100)), 100);
    assert.equal(held.next("a", 1, judge(900)), 100);
    assert.equal(judged, 1);
    assert.equal(held.next("a", 2, judge(200), true), 100, "not while the pointer is down");
    const steps = Array.from({ length: 40 }, () => held.next("a", 2, judge(200)));
    assert.ok(steps[0]! > 100 && steps[0]! < 150, "in steps");
    steps.slice(1).forEach((value, i) => {
      assert.ok(value >= steps[i]!);
    });
    assert.equal(steps.at(-1), 200);
    assert.equal(judged, 2);
    assert.equal(held.next("b", 2, judge(7), true), 7, "another picture at once");
  });
});

describe("scales of live rows", () => {
  const rows = [
    row({ bins: wave(MIDNIGHT, 1, 90) }),
    row({ bins: wave(MIDNIGHT, 1, 700, 12_345) }),
    row({ bins: wave(MIDNIGHT, 1, 4000), station: "CO.JSC" }),
    row({ bins: wave(MIDNIGHT, 1, 0.02), station: "CO.JSC", units: "m/s" }),
    row({ bins: new TraceBins(SECOND, 10), station: "CO.JSC" }),
  ];
  const view = { start: MIDNIGHT + HOUR / 2, end: MIDNIGHT + HOUR };
  const reaches = (mode: Parameters<typeof liveScales>[1]["mode"]) =>
    liveScales(rows, { ...view, mode }).map(({ reach }) => reach);

  it("fit each row, a station's rows of the same units, all of the same units, or are fixed", () => {
    assert.deepEqual(reaches("each"), [100, 800, 4000, 0.02, 0]);
    assert.deepEqual(reaches("station"), [800, 800, 4000, 0.02, 0]);
    assert.deepEqual(reaches("all"), [4000, 4000, 4000, 0.02, 0]);
    assert.deepEqual(reaches(50), [50, 50, 50, 50, 0]);
    assert.ok(Math.abs(liveScales(rows, { ...view, mode: "each" })[1]!.centre - 12_345) < 1);
  });

  it("stay as long as they fit", () => {
    const scale = (height: number, previous?: { centre: number; reach: number }) =>
      liveScales([row({ bins: wave(MIDNIGHT, 1, height) })], { ...view, mode: "each" }, [previous])[0]!;
    const first = scale(90);
    assert.deepEqual(scale(60, first), first, "smaller, but not much");
    assert.equal(scale(30, first).reach, 30);
    assert.equal(scale(130, first).reach, 150);
    assert.equal(scale(90, { centre: 3, reach: 100 }).centre, 3, "the middle, too");
    assert.ok(Math.abs(scale(90, { centre: 30, reach: 100 }).centre) < 1);
  });

  it("step by about the square root of two", () => {
    for (const reach of [1e-9, 0.5, 1, 2.4, 10, 16.8, 2500, 1e12]) {
      const [up, down] = [stepReach(reach, 1) / reach, stepReach(reach, -1) / reach];
      assert.ok(up > 1.15 && up < 1.8, `up from ${reach}: ${up}`);
      assert.ok(down > 0.55 && down < 0.95, `down from ${reach}: ${down}`);
    }
  });
});
