// lib/seismograph/drawing/: whatever the values, nothing throws, and the work is bounded.
import assert from "node:assert/strict";
import fc from "fast-check";
import { drawHelicorder } from "../../../lib/seismograph/drawing/helicorder/draw.ts";
import { layoutHelicorder } from "../../../lib/seismograph/drawing/helicorder/layout.ts";
import { helicorderScale } from "../../../lib/seismograph/drawing/helicorder/scale.ts";
import { drawLive } from "../../../lib/seismograph/drawing/live/draw.ts";
import { layoutLive } from "../../../lib/seismograph/drawing/live/layout.ts";
import { liveScales } from "../../../lib/seismograph/drawing/live/scale.ts";
import { drawZoom } from "../../../lib/seismograph/drawing/zoom/draw.ts";
import { layoutZoom } from "../../../lib/seismograph/drawing/zoom/layout.ts";
import { TraceBins } from "../../../lib/waveform/bins.ts";
import { RecordingSurface } from "./recording-surface.ts";
import { drum, HOUR, live, MIDNIGHT, row, SECOND, zoom } from "./views.ts";

const anyNumber = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      1e300,
      -1e300,
      Number.MAX_VALUE,
      5e-324,
      0,
      -0,
    ),
  },
  { weight: 2, arbitrary: fc.double() },
  { weight: 4, arbitrary: fc.integer({ min: -1000, max: 1000 }) },
);
const anyTime = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: MIDNIGHT - 30 * HOUR, max: MIDNIGHT + 30 * HOUR }) },
  { weight: 2, arbitrary: anyNumber },
  { weight: 1, arbitrary: fc.constantFrom(8.64e18, -8.64e18, 9e18, -1) },
);
const sizes = fc.constantFrom(1, 2, 57, 390, 1280, 10_000);
const areas = fc.record({
  x: fc.constant(0),
  y: fc.constant(0),
  width: sizes,
  height: fc.constantFrom(1, 200, 800),
});

/** Bins with anything in them: one, a few, hours of them. */
const anyBins = fc
  .record({
    width: fc.constantFrom(1000, SECOND / 2, 60 * SECOND),
    start: fc.integer({ min: MIDNIGHT - 30 * HOUR, max: MIDNIGHT + 30 * HOUR }),
    samples: fc.array(anyNumber, { maxLength: 40 }),
    count: fc.constantFrom(1, 100, 20_000),
  })
  .map(({ width, start, samples, count }) => {
    const bins = new TraceBins(width, count);
    bins.add(start, width, samples);
    return bins;
  });

const marks = fc.array(fc.record({ start: anyTime, end: fc.option(anyTime, { nil: undefined }) }), {
  maxLength: 20,
});
const events = fc.array(fc.record({ time: anyTime, text: fc.string({ maxLength: 200 }) }), { maxLength: 20 });

/** A drum of seven days in lines of 5 minutes, 1280 px wide, is the most that can be. */
const MOST_OPERATIONS = 3 * 2016 * 1280 + 100_000;

describe("hostile values in a drum", () => {
  it("are drawn somewhere or not at all, without a throw", () => {
    const views = fc.record({
      ...{ bins: anyBins, end: anyTime, newest: anyTime, scale: anyNumber, triggers: marks, events },
      hours: fc.constantFrom(2, 24, Number.NaN, 1e300, -5, 0.001),
      lineMinutes: fc.constantFrom(5, 30, 120, 0, Number.NaN, -3),
      baseline: fc.constantFrom("line", "column"),
      units: fc.string({ maxLength: 30 }),
      localOffset: fc.constantFrom(
        undefined,
        () => Number.NaN,
        () => 720,
      ),
    });
    fc.assert(
      fc.property(views, areas, (some, { width, ...rest }) => {
        const area = { ...rest, width: Math.min(width, 1280) };
        const view = drum(some as Parameters<typeof drum>[0]);
        const layout = layoutHelicorder(view, area);
        const surface = new RecordingSurface(area.width, area.height);
        drawHelicorder(surface, view, layout);
        const scale = helicorderScale(view.bins, layout, view.baseline);
        assert.ok(Number.isNaN(scale) || scale > 0);
        assert.ok(surface.operations < MOST_OPERATIONS && surface.texts.length < 10_000);
        assert.ok(layout.lines.length <= 2016 && Number.isFinite(layout.area.height));
      }),
      { numRuns: 25 },
    );
  });

  it("are bounded in a picture as wide as can be", () => {
    const view = drum({ hours: 2 });
    const layout = layoutHelicorder(view, { x: 0, y: 0, width: 1e9, height: 1e9 });
    const surface = new RecordingSurface(1e9, 1e9);
    drawHelicorder(surface, view, layout);
    assert.ok(surface.operations < 5 * 32_768 && layout.spacing === 28);
  });
});

describe("hostile values in live rows", () => {
  it("are drawn somewhere or not at all, without a throw", () => {
    const rows = fc.array(
      fc.record({
        ...{ bins: anyBins, latency: fc.option(anyNumber, { nil: undefined }), isLate: fc.boolean() },
        ...{
          ratio: fc.option(anyNumber, { nil: undefined }),
          triggers: marks,
          name: fc.string({ maxLength: 300 }),
        },
        scale: fc.record({ centre: anyNumber, reach: anyNumber }),
      }),
      { maxLength: 6 },
    );
    const views = fc.record({
      rows,
      end: anyTime,
      seconds: fc.oneof(fc.constant(300), anyNumber),
      spectrograms: fc.boolean(),
    });
    fc.assert(
      fc.property(views, areas, fc.constantFrom(1, 2), (some, area, ratio) => {
        const view = live({ ...some, rows: some.rows.map((more) => row(more)) });
        const layout = layoutLive(view, area, ratio);
        const surface = new RecordingSurface(area.width, area.height, ratio);
        drawLive(surface, view, layout);
        assert.ok(surface.operations < 200_000 * (view.rows.length + 1));
        const scales = liveScales(view.rows, { start: view.end - 300 * SECOND, end: view.end, mode: "each" });
        for (const { centre, reach } of scales)
          assert.ok(Number.isFinite(centre) && reach >= 0 && reach < Number.POSITIVE_INFINITY);
      }),
      { numRuns: 30 },
    );
  });
});

describe("hostile values in a zoom", () => {
  it("are drawn somewhere or not at all, without a throw", () => {
    const segments = fc.array(
      fc.record({
        start: anyTime,
        period: fc.oneof(fc.constant(SECOND), anyNumber),
        samples: fc.array(anyNumber, { maxLength: 50 }),
      }),
      { maxLength: 4 },
    );
    const views = fc.record({
      ...{ segments, start: anyTime, end: anyTime, triggers: marks, events },
      envelope: fc.option(anyBins, { nil: undefined }),
      cursor: fc.option(anyTime, { nil: undefined }),
      selection: fc.option(fc.record({ start: anyTime, end: anyTime }), { nil: undefined }),
    });
    fc.assert(
      fc.property(views, areas, (some, area) => {
        const view = zoom(some);
        const surface = new RecordingSurface(area.width, area.height);
        drawZoom(surface, view, layoutZoom(view, area));
        assert.ok(surface.operations < 400_000);
      }),
      { numRuns: 100 },
    );
  });
});
