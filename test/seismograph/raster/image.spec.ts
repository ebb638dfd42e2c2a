// lib/seismograph/raster/image.ts: whole pictures, read back: their size, their colours where these belong, their bounds.
import assert from "node:assert/strict";
import { layoutHelicorder } from "../../../lib/seismograph/drawing/helicorder/layout.ts";
import { PALETTES } from "../../../lib/seismograph/drawing/palette.ts";
import { drumPixels, helicorderImage, liveImage, livePixels } from "../../../lib/seismograph/raster/image.ts";
import { TraceBins } from "../../../lib/waveform/bins.ts";
import { addWave, drum, HOUR, live, MIDNIGHT, row, SECOND, wave } from "../drawing/views.ts";
import { readPng } from "./png-reader.ts";

const { light, dark } = PALETTES;

/** The first number as a pixel's place along x. */
function colorsIn(
  png: ReturnType<typeof readPng>,
  [x0, x1]: [number, number],
  [y0, y1]: [number, number],
): Set<string> {
  const colors = new Set<string>();
  for (let y = Math.floor(y0); y < y1; y++)
    for (let x = Math.floor(x0); x < x1; x++) colors.add(png.colorAt(x, y));
  return colors;
}

describe("the picture of a drum", () => {
  it("has lines, gap, clip, dot and labels where they belong", () => {
    const bins = wave(MIDNIGHT, 6);
    addWave(bins, MIDNIGHT + 7 * HOUR, MIDNIGHT + 12 * HOUR);
    addWave(bins, MIDNIGHT + 12 * HOUR, MIDNIGHT + 12.4 * HOUR, 1e6);
    addWave(bins, MIDNIGHT + 12.4 * HOUR, MIDNIGHT + 23.5 * HOUR + 600 * SECOND);
    const view = drum({ bins, scale: 0 });
    const { png, width, height } = helicorderImage(view, {
      width: 1280,
      height: 860,
      title: "XX.DEMO.00.HHZ",
    });
    const read = readPng(png);
    assert.deepEqual([read.width, read.height, width, height], [1280, 860, 1280, 860]);
    const layout = layoutHelicorder(view, { x: 0, y: 40, width: 1280, height: 820 });
    const lineColor = (line: number) =>
      light.lines[Math.round(layout.lines[line]!.start / layout.lineLength) % 3];
    for (const line of [0, 1, 2, 30, 47]) {
      assert.equal(read.colorAt(100, Math.floor(layout.lines[line]!.y)), lineColor(line));
    }
    assert.equal(read.colorAt(700, Math.floor(layout.lines[12]!.y)), light.gap);
    const clipTop = Math.floor(layout.lines[24]!.y) - Math.round(3.5 * layout.spacing);
    assert.equal(read.colorAt(300, clipTop), light.clip);
    const { x, y } = layout.placeOf(view.newest)!;
    assert.equal(read.colorAt(Math.round(x), Math.round(y)), light.live);
    assert.ok(colorsIn(read, [12, 200], [10, 32]).has(light.text), "the title");
    assert.ok(colorsIn(read, [2, 50], [60, 100]).has(light.text), "midnight");
  });

  it("is as sharp as asked for, and grows where lines need more room", () => {
    const view = drum();
    const twice = helicorderImage(view, { width: 390, height: 844, pixelRatio: 2, title: "x" });
    assert.deepEqual([twice.width, twice.height], [780, 1688]);
    const week = helicorderImage(
      { ...view, hours: 168, lineMinutes: 60 },
      { width: 600, height: 400, title: "x" },
    );
    assert.equal(week.height, 40 + 52 + 168 * 12);
  });

  it("is as many pixels as it was said to be before, lines that need more room included", () => {
    for (const [options, hours] of [
      [{ width: 600, height: 400, title: "x" }, 24],
      [{ width: 300, height: 900, title: "x", pixelRatio: 2 }, 24],
      [{ width: 300, height: 400, title: "x", pixelRatio: 1.5 }, 48],
    ] as const) {
      const view = drum({ hours });
      const { width, height } = helicorderImage(view, options);
      assert.equal(Math.round(drumPixels(view, options)), width * height);
      const rows = live({ rows: Array.from({ length: hours / 2 }, () => row()) });
      const other = liveImage(rows, { ...options, mode: "each" });
      assert.equal(Math.round(livePixels(rows, options)), other.width * other.height);
    }
  });

  it("says how many of its pixels are a metre", () => {
    const perMetre = (pixelRatio: number) => {
      const { png } = helicorderImage(drum({ hours: 2 }), {
        width: 300,
        height: 200,
        title: "x",
        pixelRatio,
      });
      const at = png.indexOf("pHYs") + 4;
      return [png.readUInt32BE(at), png.readUInt32BE(at + 4), png[at + 8]];
    };
    assert.deepEqual(perMetre(1), [3780, 3780, 1]);
    assert.deepEqual(perMetre(2), [7559, 7559, 1]);
  });

  it("has one to four pixels for one", () => {
    const widthOf = (width: number, height: number, pixelRatio: number) =>
      helicorderImage(drum({ hours: 2, bins: new TraceBins(SECOND, 10) }), {
        width,
        height,
        pixelRatio,
        title: "",
      }).width;
    assert.deepEqual([widthOf(100, 200, 4), widthOf(100, 200, 5), widthOf(100, 200, 0.5)], [400, 400, 100]);
  });

  it("is bounded, whatever is asked for", () => {
    const view = drum({ bins: new TraceBins(SECOND, 10), newest: Number.NaN, end: Number.NaN });
    const huge = helicorderImage(view, {
      width: 1e9,
      height: 1e9,
      pixelRatio: 1e9,
      title: "x".repeat(10_000),
    });
    assert.ok(huge.width * huge.height < 32_100_000);
    const tiny = helicorderImage(view, { width: -5, height: Number.NaN, pixelRatio: Number.NaN, title: "" });
    assert.equal(readPng(tiny.png).width, 1);
  });
});

describe("the picture of live rows", () => {
  it("has a trace and its trigger in each row", () => {
    const triggers = [{ start: MIDNIGHT + HOUR - 100 * SECOND, end: MIDNIGHT + HOUR - 50 * SECOND }];
    const view = live({ rows: [row({ triggers }), row(), row({ bins: new TraceBins(SECOND, 10) })] });
    const { png } = liveImage(view, { width: 800, height: 400, mode: 300, title: "Network" });
    const read = readPng(png);
    assert.deepEqual([read.width, read.height], [800, 400]);
    const rowHeight = Math.floor((360 - 28) / 3);
    const colors = (i: number) =>
      colorsIn(read, [200, 790], [40 + i * rowHeight, 40 + (i + 1) * rowHeight - 1]);
    assert.ok(colors(0).has(dark.trace) && colors(0).has(dark.trigger));
    assert.ok(colors(1).has(dark.trace) && !colors(1).has(dark.trigger));
    assert.ok(!colors(2).has(dark.trace));
  });
});
