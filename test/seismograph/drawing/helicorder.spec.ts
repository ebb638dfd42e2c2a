// lib/seismograph/drawing/helicorder/draw.ts: what is drawn of a drum, and where.
import assert from "node:assert/strict";
import { drawHelicorder } from "../../../lib/seismograph/drawing/helicorder/draw.ts";
import { layoutHelicorder } from "../../../lib/seismograph/drawing/helicorder/layout.ts";
import type { HelicorderView } from "../../../lib/seismograph/drawing/helicorder/view.ts";
import { PALETTES } from "../../../lib/seismograph/drawing/palette.ts";
import { RecordingSurface } from "./recording-surface.ts";
import { addWave, drum, HOUR, MIDNIGHT, SECOND, wave } from "./views.ts";

const { light } = PALETTES;

function drawn(view: Partial<HelicorderView> = {}, [width, height] = [1280, 820]) {
  const surface = new RecordingSurface(width, height);
  const all = drum(view);
  const layout = layoutHelicorder(all, { x: 0, y: 0, width: width!, height: height! });
  drawHelicorder(surface, all, layout);
  const texts = surface.texts.map(({ text }) => text);
  return {
    surface,
    layout,
    texts,
    rects: (color: string) => surface.rects.filter((rect) => rect.color === color),
  };
}

describe("a drum", () => {
  it("has its lines in three colours in turn, which stay with their line", () => {
    const { surface, layout } = drawn();
    const colors = surface.traces.map(({ color }) => color);
    assert.equal(colors.length, 48);
    assert.deepEqual(new Set(colors), new Set(light.lines));
    colors.slice(3).forEach((color, i) => {
      assert.equal(color, colors[i]);
    });
    // Half an hour later the same lines have the same colours, one place higher.
    const later = drawn({ end: MIDNIGHT + 24 * HOUR });
    assert.equal(later.layout.lines[0]!.start, layout.lines[1]!.start);
    assert.equal(later.surface.traces[0]!.color, colors[1]);
  });

  it("draws each line about its mean, a third of half a spacing up and down", () => {
    const { surface, layout } = drawn({ bins: wave(MIDNIGHT, 24, 100, 54_321) });
    surface.traces.slice(0, 47).forEach(({ spans }, line) => {
      const middle = Math.floor(layout.lines[line]!.y);
      for (let i = 0; i < 100; i++) {
        assert.ok(Math.abs(spans[2 * i]! - (middle - 8 / 3)) <= 1, `top of line ${line}`);
        assert.ok(Math.abs(spans[2 * i + 1]! - (middle + 8 / 3 + 1)) <= 1, `bottom of line ${line}`);
      }
    });
  });

  it("takes out slow motion where columns are centred, and says so", () => {
    const bins = wave(MIDNIGHT, 2);
    addWave(bins, MIDNIGHT + 2 * HOUR, MIDNIGHT + 2.25 * HOUR, 100, 5000);
    addWave(bins, MIDNIGHT + 2.25 * HOUR, MIDNIGHT + 3 * HOUR, 100);
    const byColumn = drawn({ bins, baseline: "column" });
    assert.ok(!byColumn.surface.traces.some(({ color }) => color === light.clip));
    assert.ok(byColumn.texts.some((text) => text.includes("removes slow motion")));
    const byLine = drawn({ bins });
    assert.ok(byLine.surface.traces.some(({ color }) => color === light.clip));
    assert.ok(byLine.texts.some((text) => text.includes("each line about its mean")));
  });

  it("cuts off at seven half lines, and marks the ends red", () => {
    const bins = wave(MIDNIGHT, 5);
    addWave(bins, MIDNIGHT + 5 * HOUR, MIDNIGHT + 5.25 * HOUR, 1e6);
    const { surface, layout } = drawn({ bins });
    const red = surface.traces.filter(({ color }) => color === light.clip);
    assert.equal(red.length, 2, "above and below");
    const middle = Math.floor(layout.lines[10]!.y);
    assert.deepEqual([...red[0]!.spans.slice(20, 22)], [middle - 56, middle - 54]);
    assert.deepEqual([...red[1]!.spans.slice(20, 22)], [middle + 54, middle + 56]);
  });

  it("grounds gaps, and only those: not what came before the first sample, nor what is still to come", () => {
    const bins = wave(MIDNIGHT + 3.1 * HOUR, 3);
    addWave(bins, MIDNIGHT + 8.2 * HOUR, MIDNIGHT + 23.5 * HOUR + 600 * SECOND);
    const { rects, layout, surface } = drawn({ bins });
    const gaps = rects(light.gap);
    const [first, last] = [gaps[0]!, gaps.at(-1)!];
    const from = layout.timeAt(first.x, first.y + 2)!;
    const to = layout.timeAt(last.x + last.width, last.y + 2)!;
    const column = layout.lineLength / layout.plot.width;
    assert.ok(Math.abs(from - (MIDNIGHT + 6.1 * HOUR)) <= 2 * column);
    assert.ok(Math.abs(to - (MIDNIGHT + 8.2 * HOUR)) <= 2 * column);
    const all = gaps.reduce((sum, { width }) => sum + width, 0) * column;
    assert.ok(Math.abs(all - 2.1 * HOUR) <= 10 * column);
    const hairlines = surface.lines.filter(({ color }) => color === light.notYet);
    assert.equal(hairlines.length, 1);
    assert.equal(hairlines[0]!.y1, layout.lines.at(-1)!.y);
    assert.ok(Math.abs(layout.timeAt(hairlines[0]!.x1, hairlines[0]!.y1)! - drum().end) < column);
  });

  it("takes a long silence for a gap", () => {
    const newest = MIDNIGHT + 22 * HOUR;
    const { rects, layout } = drawn({ bins: wave(MIDNIGHT, 22), newest });
    const column = layout.lineLength / layout.plot.width;
    const missing = rects(light.gap).reduce((sum, { width }) => sum + width, 0) * column;
    assert.ok(Math.abs(missing - (drum().end - newest)) <= 5 * column);
  });

  it("has a dot at the newest sample", () => {
    const { surface, layout } = drawn();
    const place = layout.placeOf(drum().newest)!;
    assert.deepEqual(surface.circles, [{ x: place.x, y: place.y, color: light.live }]);
  });

  it("labels lines where an hour begins, on the left their start, on the right their end", () => {
    const { surface, layout } = drawn();
    const left = surface.texts.filter(({ x, y }) => x < layout.plot.x && y > layout.plot.y);
    const right = surface.texts.filter(({ x }) => x > layout.plot.x + layout.plot.width);
    assert.deepEqual(
      left.slice(2, 5).map(({ text }) => text),
      ["01:00", "02:00", "03:00"],
    );
    assert.deepEqual(
      right.slice(0, 3).map(({ text }) => text),
      ["00:30", "01:30", "02:30"],
    );
    assert.equal(left.length, 25, "24 hours and a date");
    const few = drawn({ hours: 2, lineMinutes: 10 });
    const all = few.surface.texts.filter(({ x, y }) => x < few.layout.plot.x && y > few.layout.plot.y);
    assert.deepEqual(all.map(({ text }) => text).slice(0, 3), ["21:50", "22:00", "22:10"]);
    assert.equal(all.length, 12);
  });

  it("sets midnight in bold, with the date", () => {
    const { surface } = drawn();
    const bold = surface.texts.filter(({ weight }) => weight === "bold").map(({ text }) => text);
    assert.deepEqual(bold, ["00:00", "11-28", "00:30"]);
    // Where lines are close and each has a label, the date stands for midnight.
    const close = drawn({ hours: 168, lineMinutes: 120, end: MIDNIGHT + 23 * HOUR });
    const dates = close.surface.texts.filter(({ weight, text }) => weight === "bold" && text.includes("-"));
    assert.deepEqual(
      dates.map(({ text }) => text),
      ["11-22", "11-23", "11-24", "11-25", "11-26", "11-27", "11-28"],
    );
  });

  it("has local times of the lines' starts on the right, if asked to, and names the column", () => {
    const { surface, layout, texts } = drawn({ localOffset: () => -360 });
    const right = surface.texts.filter(
      ({ x, y }) => x > layout.plot.x + layout.plot.width && y > layout.plot.y,
    );
    assert.deepEqual(
      right.slice(0, 2).map(({ text }) => text),
      ["18:00", "19:00"],
    );
    assert.ok(texts.includes("local"));
  });

  it("has minutes on top, and dotted lines down from them", () => {
    const { texts, surface } = drawn();
    assert.deepEqual(texts.slice(0, 7), ["0 min", "5", "10", "15", "20", "25", "30"]);
    assert.equal(surface.lines.filter(({ color }) => color === light.grid).length, 7);
    assert.deepEqual(drawn({ lineMinutes: 120 }).texts.slice(0, 3), ["0 min", "20", "40"]);
    assert.deepEqual(drawn({ lineMinutes: 15 }).texts.slice(0, 4), ["0 min", "5", "10", "15"]);
  });

  it("tells gain, clip, rule and UTC below, and on a phone what there is room for", () => {
    const foot = (texts: string[]) => texts.find((text) => text.includes("UTC"));
    const metric = { scale: 2.4e-6, units: "m/s" };
    const order = drawn(metric).texts;
    assert.ok(order.at(-1)!.includes("UTC"), "drawn last: a great newest line reaches down to it");
    assert.equal(
      foot(drawn(metric).texts),
      "gain of a line ±2.4 µm/s · clipped at ±16.8 µm/s · each line about its mean · times UTC",
    );
    const phone = foot(drawn({ ...metric, hours: 12, lineMinutes: 15 }, [390, 780]).texts)!;
    assert.ok(phone.length * 10 * 0.56 <= 390 - 36 && phone.startsWith("gain"));
    assert.equal(foot(drawn(metric, [120, 400]).texts), "times UTC");
    assert.equal(foot(drawn({ scale: Number.NaN }).texts), "each line about its mean · times UTC");
  });

  it("marks triggers: a triangle at the onset, a bar to the end, over as many lines as it takes", () => {
    const start = MIDNIGHT + 3.4 * HOUR;
    const { surface, layout, rects } = drawn({ triggers: [{ start, end: start + 0.2 * HOUR }] });
    const onset = layout.placeOf(start)!;
    const triangle = surface.polygons.find(({ color }) => color === light.trigger)!;
    assert.equal(triangle.corners[4], onset.x);
    assert.ok(Math.abs(triangle.corners[5]! - onset.y) <= 8);
    const bars = rects(light.trigger);
    assert.equal(bars.length, 2);
    assert.ok(Math.abs(bars[0]!.x + bars[0]!.width - layout.plot.x - layout.plot.width) < 1e-6);
    assert.equal(bars[1]!.x, layout.plot.x);
    const width = bars.reduce((sum, bar) => sum + bar.width, 0);
    assert.ok(Math.abs((width / layout.plot.width) * 0.5 - 0.2) < 0.001);
    assert.equal(
      drawn({ triggers: [{ start: MIDNIGHT - 50 * HOUR, end: MIDNIGHT - 49 * HOUR }] }).rects(light.trigger)
        .length,
      0,
    );
  });

  it("boxes events at their time, none over another", () => {
    const events = [0, 1, 2, 3].map((i) => ({
      time: MIDNIGHT + 14.7 * HOUR + i * 60 * SECOND,
      text: `M ${5 + i} Tonga`,
    }));
    const { surface, layout, rects } = drawn({ events });
    const boxes = rects(light.box);
    assert.equal(boxes.length, 4);
    for (const [i, a] of boxes.entries()) {
      for (const b of boxes.slice(i + 1)) {
        const apart =
          a.x >= b.x + b.width || b.x >= a.x + a.width || a.y >= b.y + b.height || b.y >= a.y + a.height;
        assert.ok(apart);
      }
      assert.ok(a.x >= layout.plot.x && a.x + a.width <= layout.plot.x + layout.plot.width);
    }
    const { x } = layout.placeOf(events[0]!.time)!;
    assert.ok(Math.abs(boxes[0]!.x + boxes[0]!.width - x) < 1, "it ends at its time");
    assert.ok(surface.texts.some(({ text }) => text === "M 5 Tonga"));
  });

  it("draws newer lines over older ones, and marks over both", () => {
    const order: string[] = [];
    class Ordered extends RecordingSurface {
      override columns(x: number, spans: Int32Array, count: number, color: string): void {
        order.push("trace");
        super.columns(x, spans, count, color);
      }
      override polygon(corners: number[], color: string): void {
        order.push("trigger");
        super.polygon(corners, color);
      }
    }
    const surface = new Ordered();
    const view = drum({ triggers: [{ start: MIDNIGHT + HOUR, end: MIDNIGHT + 2 * HOUR }] });
    drawHelicorder(surface, view, layoutHelicorder(view, { x: 0, y: 0, width: 1280, height: 820 }));
    assert.ok(order.lastIndexOf("trace") < order.indexOf("trigger"));
    const middles = surface.traces.map(({ spans }) => spans[0]!);
    middles.slice(1).forEach((middle, i) => {
      assert.ok(middle > middles[i]!);
    });
  });
});
