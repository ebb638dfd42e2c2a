// lib/seismograph/drawing/zoom/: samples as a line or in columns, the sample at the cursor, what is said where none are kept.
import assert from "node:assert/strict";
import { PALETTES } from "../../../lib/seismograph/drawing/palette.ts";
import { spectrogramOf } from "../../../lib/seismograph/drawing/spectrogram/power.ts";
import { drawZoom } from "../../../lib/seismograph/drawing/zoom/draw.ts";
import { layoutZoom } from "../../../lib/seismograph/drawing/zoom/layout.ts";
import { sampleAt, zoomScale } from "../../../lib/seismograph/drawing/zoom/samples.ts";
import type { ZoomView } from "../../../lib/seismograph/drawing/zoom/view.ts";
import { RecordingSurface } from "./recording-surface.ts";
import { MIDNIGHT, SECOND, wave, zoom } from "./views.ts";

const { dark } = PALETTES;

function drawn(view: Partial<ZoomView> = {}, [width, height] = [1280, 300]) {
  const surface = new RecordingSurface(width, height);
  const all = zoom(view);
  const layout = layoutZoom(all, { x: 0, y: 0, width: width!, height: height! });
  drawZoom(surface, all, layout);
  return { surface, layout, texts: surface.texts.map(({ text }) => text) };
}

describe("a zoom", () => {
  it("draws columns where there are more samples than pixels, else a line through each", () => {
    const far = drawn();
    assert.equal(far.surface.traces.length, 1);
    assert.equal(far.surface.polylines.length, 0);
    const near = drawn({ start: MIDNIGHT + 50 * SECOND, end: MIDNIGHT + 52 * SECOND });
    assert.equal(near.surface.traces.length, 0);
    const { points } = near.surface.polylines[0]!;
    assert.ok(points.length / 2 >= 201 && points.length / 2 <= 203, "one beyond each edge");
    const at = points.indexOf(points.find((x, i) => i % 2 === 0 && x >= near.layout.trace.x)!);
    assert.ok(Math.abs(points[at]! - near.layout.xOf(MIDNIGHT + 50 * SECOND)) < 1e-6);
  });

  it("leaves gaps between segments, and holes where a sample is no number", () => {
    const samples = [1, 2, Number.NaN, 4, 5];
    const segments = [
      { start: MIDNIGHT, period: SECOND, samples },
      { start: MIDNIGHT + 10 * SECOND, period: SECOND, samples: [1, 2] },
    ];
    const { surface } = drawn({ segments, end: MIDNIGHT + 20 * SECOND });
    assert.deepEqual(
      surface.polylines.map(({ points }) => points.length / 2).filter((count) => count > 0),
      [2, 2, 2],
    );
  });

  it("finds the sample at a time, and none in a gap", () => {
    const view = zoom({ segments: [{ start: MIDNIGHT, period: SECOND, samples: [10, 20, 30] }] });
    assert.deepEqual(sampleAt(view, MIDNIGHT + 1.4 * SECOND), { time: MIDNIGHT + SECOND, value: 20 });
    assert.equal(sampleAt(view, MIDNIGHT + 9 * SECOND), undefined);
    assert.equal(sampleAt(view, Number.NaN), undefined);
  });

  it("shows time and value at the cursor", () => {
    const { surface, layout, texts } = drawn({ cursor: MIDNIGHT + 12.34 * SECOND });
    const value = 100 * Math.sin(1234 / 5);
    assert.ok(
      texts.some(
        (text) =>
          text.startsWith("00:00:12.34") &&
          text.includes(`${Number(value.toPrecision(3))}`.replace("-", "−")),
      ),
    );
    assert.ok(Math.abs(surface.circles[0]!.x - layout.xOf(MIDNIGHT + 12.34 * SECOND)) < 1e-6);
  });

  it("fits the samples in view", () => {
    const segments = [{ start: MIDNIGHT, period: SECOND, samples: [1000, 1007, 993, 1e9] }];
    assert.deepEqual(zoomScale(segments, MIDNIGHT, MIDNIGHT + 2 * SECOND), { centre: 1000, reach: 8 });
    assert.deepEqual(zoomScale([], MIDNIGHT, MIDNIGHT + SECOND), { centre: 0, reach: 0 });
  });

  it("says that only the envelope is kept, and draws that", () => {
    const { surface, texts } = drawn({ segments: [], envelope: wave(MIDNIGHT, 1) });
    assert.equal(surface.traces.length, 1);
    assert.ok(texts.includes("only the envelope is kept"));
    assert.ok(drawn({ segments: [] }).texts.includes("no data yet"));
  });

  it("has values on the left, times below, and frequencies beside the spectrogram", () => {
    const view = zoom();
    const spectrogram = spectrogramOf(view.segments, view);
    const { texts, surface, layout } = drawn({ spectrogram });
    assert.ok(texts.includes("Hz") && texts.includes("20"));
    assert.ok(texts.includes("00:00:10") || texts.includes("00:00:15"));
    assert.ok(texts.some((text) => text.endsWith("m/s")));
    assert.equal(surface.images[0]!.target.y, layout.spectrogram!.y);
    assert.ok(Math.abs(surface.images[0]!.target.x - layout.trace.x) < 1e-6);
    assert.ok(Math.abs(surface.images[0]!.target.width - layout.trace.width) < 1e-6);
  });

  it("has values that fit into the margin of a phone", () => {
    const segments = [
      { start: MIDNIGHT, period: 10_000, samples: new Float32Array(6000).map((_, i) => Math.sin(i) * 2e-4) },
    ];
    const { surface } = drawn({ segments, units: "m/s²" }, [360, 400]);
    const values = surface.texts.filter(({ text }) => text.endsWith("m/s²"));
    assert.ok(values.length > 1);
    for (const { text, x, size } of values)
      assert.ok(surface.measureText(text, { size }) <= x, `${text} at ${x}, ${size} px`);
  });

  it("marks triggers, events and what is being selected, within the trace", () => {
    const triggers = [{ start: MIDNIGHT - 9 * SECOND, end: MIDNIGHT + 9 * SECOND }];
    const events = [
      { time: MIDNIGHT + 60 * SECOND, text: "M 5.8 Tonga" },
      { time: MIDNIGHT + 600 * SECOND, text: "later" },
    ];
    const selection = { start: MIDNIGHT + 30 * SECOND, end: MIDNIGHT + 20 * SECOND };
    const { surface, texts, layout } = drawn({ triggers, events, selection });
    const span = surface.rects.find(({ color }) => color === dark.triggerSpan)!;
    assert.equal(span.x, layout.trace.x);
    assert.ok(texts.includes("M 5.8 Tonga") && !texts.includes("later"));
    const chosen = surface.rects.find(({ color }) => color === `${dark.cursor}22`)!;
    assert.ok(Math.abs(chosen.x - layout.xOf(selection.end)) < 1e-6 && chosen.width > 0);
  });
});
