// lib/seismograph/drawing/*/layout.ts: where lines and rows lie, and that a click finds the time that was drawn there.
import assert from "node:assert/strict";
import fc from "fast-check";
import { layoutHelicorder } from "../../../lib/seismograph/drawing/helicorder/layout.ts";
import { layoutLive } from "../../../lib/seismograph/drawing/live/layout.ts";
import { layoutZoom } from "../../../lib/seismograph/drawing/zoom/layout.ts";
import { HOUR, live, MIDNIGHT, row, SECOND } from "./views.ts";

const areas = fc.record({
  x: fc.constantFrom(0, 7),
  y: fc.constantFrom(0, 40),
  width: fc.integer({ min: 1, max: 10_000 }),
  height: fc.integer({ min: 1, max: 5000 }),
});
const times = fc.integer({ min: MIDNIGHT - 1000 * 24 * HOUR, max: MIDNIGHT + 1000 * 24 * HOUR });
const drums = fc.record({
  end: times,
  hours: fc.constantFrom(2, 6, 12, 24, 48, 72, 168),
  lineMinutes: fc.constantFrom(5, 10, 15, 20, 30, 60, 120),
});

describe("the layout of a drum", () => {
  it("has lines from UTC midnight, one after the other, the newest last", () => {
    fc.assert(
      fc.property(drums, areas, (view, area) => {
        const { lines, lineLength, spacing, plot } = layoutHelicorder(view, area);
        assert.equal(lineLength, view.lineMinutes * 60 * SECOND);
        assert.equal(lines.length, Math.ceil((view.hours * 60) / view.lineMinutes));
        lines.forEach(({ start, y }, i) => {
          assert.equal(start % lineLength, 0, "a whole multiple since midnight");
          assert.equal(start, lines[0]!.start + i * lineLength);
          assert.ok(Math.abs(y - (plot.y + (i + 0.5) * spacing)) < 1e-6);
        });
        assert.ok(lines.at(-1)!.start <= view.end && view.end < lines.at(-1)!.start + lineLength);
      }),
    );
  });

  it("spreads lines over the height, 12 to 28 px apart, and grows where they need more", () => {
    fc.assert(
      fc.property(drums, areas, (view, area) => {
        const { lines, spacing, plot, area: all } = layoutHelicorder(view, area);
        assert.ok(spacing >= 12 && spacing <= 28);
        assert.ok(plot.y + lines.length * spacing + 24 <= all.y + all.height + 1e-6);
        if (spacing > 12 && spacing < 28)
          assert.ok(Math.abs(52 + lines.length * spacing - area.height) < 1e-6);
        assert.ok(all.height >= area.height);
      }),
    );
  });

  it("finds the time at each point that a time was drawn at", () => {
    fc.assert(
      fc.property(drums, areas, fc.double({ min: 0, max: 1, noNaN: true }), (view, area, part) => {
        const layout = layoutHelicorder(view, area);
        const first = layout.lines[0]!.start;
        const time = first + Math.floor(part * (view.end - first));
        const place = layout.placeOf(time)!;
        const found = layout.timeAt(place.x, place.y)!;
        assert.ok(Math.abs(found - time) <= 2, `${found - time} µs`);
        assert.equal(layout.placeOf(first - 1), undefined);
        assert.equal(layout.timeAt(layout.plot.x - 1, place.y), undefined);
        assert.equal(layout.timeAt(place.x, layout.plot.y - 1), undefined);
      }),
    );
  });

  it("leaves narrow margins on a phone", () => {
    const phone = layoutHelicorder(
      { end: MIDNIGHT, hours: 12, lineMinutes: 15 },
      { x: 0, y: 0, width: 390, height: 780 },
    );
    assert.ok(phone.isCompact && phone.plot.width > 340);
    const desk = layoutHelicorder(
      { end: MIDNIGHT, hours: 24, lineMinutes: 30 },
      { x: 0, y: 0, width: 1280, height: 820 },
    );
    assert.deepEqual([desk.plot.x, 1280 - desk.plot.x - desk.plot.width, desk.spacing], [52, 50, 16]);
  });
});

describe("the layout of the live picture", () => {
  const views = fc.record({
    end: times,
    seconds: fc.integer({ min: 30, max: 3600 }),
    spectrograms: fc.boolean(),
  });

  it("gives each row as much as the others, 64 px at least, and grows where they need more", () => {
    fc.assert(
      fc.property(views, areas, fc.integer({ min: 1, max: 60 }), (view, area, count) => {
        const rows = Array.from({ length: count }, () => row({ bins: live().rows[0]!.bins }));
        const layout = layoutLive({ ...view, rows }, area, 1);
        layout.rows.forEach((place, i) => {
          assert.ok(place.area.height >= (view.spectrograms ? 120 : 64));
          assert.equal(place.area.y, area.y + i * place.area.height);
          assert.equal(layout.rowAt(place.area.y + 1), i);
          assert.ok(place.trace.y >= place.area.y);
          const last = place.spectrogram ?? place.trace;
          assert.ok(last.y + last.height <= place.area.y + place.area.height);
        });
        const foot = layout.plot.y + layout.plot.height;
        assert.equal(layout.rowAt(foot + 1), undefined);
        assert.ok(foot + 28 <= layout.area.y + layout.area.height);
      }),
      { numRuns: 30 },
    );
  });

  it("moves by whole columns, and finds the time at a point", () => {
    fc.assert(
      fc.property(views, areas, fc.constantFrom(1, 1.5, 2, 3), (view, area, ratio) => {
        const layout = layoutLive({ ...view, rows: [row()] }, area, ratio);
        assert.equal(layout.firstColumn, Math.floor(layout.firstColumn));
        const right = layout.xOf(view.end);
        const edge = layout.plot.x + layout.plot.width;
        assert.ok(
          right <= edge + 1 / ratio && right >= edge - 1.001 / ratio,
          "the newest column is the last",
        );
        const x = layout.plot.x + layout.plot.width / 3;
        assert.ok(Math.abs(layout.xOf(layout.timeAt(x)!) - x) < 1e-3);
        const later = layoutLive({ ...view, end: view.end + layout.columnTime, rows: [row()] }, area, ratio);
        assert.ok(Math.abs(later.firstColumn - layout.firstColumn - 1) <= 1);
        assert.equal(later.columnTime, layout.columnTime);
      }),
      { numRuns: 50 },
    );
  });

  it("has room for long names", () => {
    const name = "XX.VERYLONG.00.HHZ";
    const view = live({ rows: [row({ name })] });
    const { plot } = layoutLive(view, { x: 0, y: 0, width: 1280, height: 800 }, 1);
    assert.ok(plot.x > 118 && plot.x <= 200);
  });
});

describe("the layout of a zoom", () => {
  it("finds the time at a point", () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 1000, max: 3600 * SECOND }), areas, (start, span, area) => {
        const layout = layoutZoom({ start, end: start + span, spectrogram: undefined }, area);
        const middle = layout.xOf(start + span / 2);
        assert.ok(Math.abs(middle - layout.trace.x - layout.trace.width / 2) < 1e-3 * layout.trace.width);
        assert.ok(Math.abs(layout.timeAt(middle) - start - span / 2) <= 2);
      }),
    );
  });
});
