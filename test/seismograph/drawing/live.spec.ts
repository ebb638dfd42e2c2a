// lib/seismograph/drawing/live/draw.ts: what is drawn of live rows, and where.
import assert from "node:assert/strict";
import { drawLive, formatSeconds } from "../../../lib/seismograph/drawing/live/draw.ts";
import { layoutLive } from "../../../lib/seismograph/drawing/live/layout.ts";
import type { LiveView } from "../../../lib/seismograph/drawing/live/view.ts";
import { PALETTES } from "../../../lib/seismograph/drawing/palette.ts";
import { spectrogramOf } from "../../../lib/seismograph/drawing/spectrogram/power.ts";
import { RecordingSurface } from "./recording-surface.ts";
import { addWave, HOUR, live, MIDNIGHT, row, SECOND, wave } from "./views.ts";

const { dark } = PALETTES;
const END = MIDNIGHT + HOUR;

function drawn(view: Partial<LiveView> = {}, [width, height] = [1280, 500]) {
  const surface = new RecordingSurface(width, height);
  const all = live(view);
  const layout = layoutLive(all, { x: 0, y: 0, width: width!, height: height! }, 1);
  drawLive(surface, all, layout);
  const texts = surface.texts.map(({ text }) => text);
  return {
    surface,
    layout,
    texts,
    rects: (color: string) => surface.rects.filter((rect) => rect.color === color),
  };
}

describe("live rows", () => {
  it("say which frequencies a spectrogram has: beside it, and on a phone in its corner", () => {
    const samples = Float32Array.from({ length: 6000 }, (_, i) => Math.sin(i / 3));
    const segments = [{ start: END - 60 * SECOND, period: 10_000, samples }];
    const spectrogram = spectrogramOf(segments, { start: END - 60 * SECOND, end: END });
    const view = { rows: [row({ spectrogram })], spectrograms: true, seconds: 60 };
    const wide = drawn(view);
    assert.ok(
      ["Hz", "0", "20", "40"].every((text) => wide.texts.includes(text)),
      wide.texts.join(),
    );
    const { spectrogram: place, area } = wide.layout.rows[0]!;
    const lowest = wide.surface.texts.find(({ text }) => text === "0")!;
    assert.ok(lowest.y <= area.y + area.height && lowest.y > place!.y + place!.height - 4);
    assert.ok(drawn(view, [390, 500]).texts.includes("50 Hz"));
    assert.ok(!drawn({ ...view, spectrograms: false }).texts.includes("Hz"));
  });

  it("draw each trace into its row, as far as its scale says", () => {
    const rows = [row(), row({ scale: { centre: 0, reach: 200 } }), row({ scale: { centre: 0, reach: 0 } })];
    const { surface, layout } = drawn({ rows });
    assert.equal(surface.traces.length, 2, "what reaches nowhere has nothing to show");
    surface.traces.forEach(({ spans, color }, i) => {
      const { y, height } = layout.rows[i]!.trace;
      const [top, bottom] = [spans[200]!, spans[201]!];
      const part = i === 0 ? 1 : 0.5;
      assert.ok(Math.abs(top - (y + (height / 2) * (1 - part))) <= 1.5);
      assert.ok(Math.abs(bottom - (y + (height / 2) * (1 + part))) <= 1.5);
      assert.equal(color, dark.trace);
    });
  });

  it("mark in red what leaves its row", () => {
    const { surface } = drawn({ rows: [row({ scale: { centre: 0, reach: 50 } })] });
    assert.equal(surface.traces.filter(({ color }) => color === dark.clip).length, 2);
  });

  it("have name, scale, latency and the ratio while triggered beside them", () => {
    const rows = [row({ latency: 0.83, ratio: 12.44, units: "m/s", scale: { centre: 0, reach: 1.2e-6 } })];
    const { surface, layout } = drawn({ rows });
    const labels = surface.texts.filter(({ y }) => y < layout.plot.y + layout.plot.height);
    assert.deepEqual(
      labels.map(({ text }) => text),
      ["XX.DEMO.00.HHZ", "±1.2 µm/s", "0.8 s", "▲ 12.4"],
    );
    assert.equal(labels[0]!.weight, "bold");
    labels.slice(1).forEach((label, i) => {
      assert.ok(label.y - labels[i]!.y >= 12, "below each other");
    });
    const late = drawn({ rows: [row({ latency: 41, isLate: true })] });
    assert.equal(late.surface.texts.find(({ text }) => text === "41 s")!.color, dark.late);
  });

  it("have them in one line above the trace on a phone", () => {
    const rows = [row({ latency: 0.83, ratio: 12.44 })];
    const { surface, layout } = drawn({ rows }, [390, 600]);
    const labels = surface.texts.filter(({ y }) => y < layout.plot.y + layout.plot.height);
    assert.equal(new Set(labels.map(({ y }) => y)).size, 1);
    assert.ok(labels[0]!.y < layout.rows[0]!.trace.y);
    labels.slice(1).forEach((label, i) => {
      const before = labels[i]!;
      assert.ok(label.x >= before.x + surface.measureText(before.text, before));
    });
  });

  it("lay trigger spans behind the trace, with a line at the onset", () => {
    const triggers = [{ start: END - 200 * SECOND, end: END - 100 * SECOND }, { start: END - 20 * SECOND }];
    const { layout, rects } = drawn({ rows: [row({ triggers })] });
    const spans = rects(dark.triggerSpan);
    assert.ok(Math.abs(spans[0]!.x - layout.xOf(END - 200 * SECOND)) < 1e-6);
    assert.ok(
      Math.abs(spans[0]!.width - layout.xOf(END - 100 * SECOND) + layout.xOf(END - 200 * SECOND)) < 1e-6,
    );
    assert.ok(Math.abs(spans[1]!.x + spans[1]!.width - layout.xOf(END)) < 1e-6, "it lasts until now");
    assert.deepEqual(
      rects(dark.trigger).map(({ width }) => width),
      [2, 2],
    );
    const out = drawn({ rows: [row({ triggers: [{ start: END - 9 * HOUR, end: END - 8 * HOUR }] })] });
    assert.equal(out.rects(dark.triggerSpan).length, 0);
  });

  it("ground gaps between samples, and what a stream that is late owes", () => {
    const bins = wave(MIDNIGHT, 0.95);
    addWave(bins, END - 100 * SECOND, END - 40 * SECOND);
    const width = (more: object) => {
      const { rects, layout } = drawn({ rows: [row({ bins, ...more })] });
      return rects(dark.gap).reduce((sum, gap) => sum + gap.width, 0) * layout.columnTime;
    };
    assert.ok(Math.abs(width({}) - 80 * SECOND) < 3 * SECOND);
    assert.ok(Math.abs(width({ isLate: true }) - 120 * SECOND) < 3 * SECOND);
    const silent = drawn({ rows: [row({ bins: wave(MIDNIGHT - 5 * HOUR, 1), isLate: true })] });
    assert.ok(silent.rects(dark.gap)[0]!.width > 1000, "a silent stream owes all of it");
  });

  it("have round minutes below, apart from each other and within the picture", () => {
    for (const [width, seconds] of [
      [1280, 300],
      [390, 300],
      [390, 3600],
      [1280, 30],
      [200, 60],
    ] as const) {
      const { surface, layout } = drawn({ seconds }, [width, 500]);
      const foot = layout.plot.y + layout.plot.height;
      const labels = surface.texts.filter(({ y }) => y > foot);
      assert.ok(labels.length >= 1, `${width} px, ${seconds} s`);
      labels.forEach(({ x, text, size }, i) => {
        const half = surface.measureText(text, { size }) / 2;
        assert.ok(x - half >= 0 && x + half <= width);
        const next = labels[i + 1];
        if (next) assert.ok(next.x - surface.measureText(next.text, next) / 2 >= x + half + 4);
      });
    }
    const { texts } = drawn();
    assert.deepEqual(
      texts.filter((text) => /^\d\d:\d\d$/.test(text)),
      ["00:56", "00:57", "00:58", "00:59", "01:00"].filter((text) => texts.includes(text)),
    );
    assert.ok(texts.includes("00:57"));
  });

  it("move by whole columns: what was drawn stays as it was", () => {
    const bins = wave(MIDNIGHT, 1);
    const first = drawn({ rows: [row({ bins })], end: END - 10 * SECOND });
    const columns = 7;
    const moved = drawn({
      rows: [row({ bins })],
      end: END - 10 * SECOND + columns * first.layout.columnTime,
    });
    const shift = moved.layout.firstColumn - first.layout.firstColumn;
    assert.ok(shift === columns || shift === columns + 1 || shift === columns - 1);
    const [before, after] = [first.surface.traces[0]!, moved.surface.traces[0]!];
    assert.deepEqual(
      after.spans.slice(0, 2 * (before.count - 2 * columns)),
      before.spans.slice(2 * shift, 2 * (before.count - 2 * columns + shift)),
    );
  });

  it("say so where there is nothing", () => {
    assert.ok(drawn({ rows: [] }).texts.includes("no data yet"));
  });

  it("tell latencies shortly", () => {
    const texts = [0, 0.83, 9.96, 41, 99, 100, 3599, 7200, 86_400 * 5, 1e300].map(formatSeconds);
    assert.deepEqual(texts, [
      "0.0 s",
      "0.8 s",
      "10 s",
      "41 s",
      "99 s",
      "2 min",
      "60 min",
      "2 h",
      "5 d",
      "9999 d",
    ]);
  });
});
