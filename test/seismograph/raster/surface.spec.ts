// lib/seismograph/raster/: pixels as they were drawn, read back from the PNG.
import assert from "node:assert/strict";
import fc from "fast-check";
import { encodePng } from "../../../lib/seismograph/raster/png.ts";
import { RasterSurface } from "../../../lib/seismograph/raster/surface.ts";
import { readPng } from "./png-reader.ts";

const [GROUND, INK] = ["#102030", "#f0e0d0"];

function drawn(draw: (surface: RasterSurface) => void, [width, height] = [40, 30], ratio = 1) {
  const surface = new RasterSurface(width!, height!, ratio);
  surface.fillRect(0, 0, width!, height!, GROUND);
  draw(surface);
  return readPng(encodePng(surface.pixels, ratio));
}

/** The pixels that are not ground. */
function inked({ width, height, colorAt }: ReturnType<typeof readPng>): [number, number][] {
  const found: [number, number][] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) if (colorAt(x, y) !== GROUND) found.push([x, y]);
  return found;
}

describe("a PNG", () => {
  it("has a palette for few colours, and three bytes a pixel for many", () => {
    const few = drawn(() => {});
    assert.deepEqual([few.colorType, few.chunks], [3, ["IHDR", "pHYs", "PLTE", "IDAT", "IEND"]]);
    const data = new Uint8ClampedArray(4 * 40 * 30).map((_, i) =>
      i % 4 === 3 ? 255 : (i * i * 7 + (i >> 3)) % 251,
    );
    const many = drawn((surface) =>
      surface.image({ width: 40, height: 30, data }, { x: 0, y: 0, width: 40, height: 30 }),
    );
    assert.equal(many.colorType, 2);
    assert.equal(many.colorAt(3, 0), `#${Buffer.from(data.slice(12, 15)).toString("hex")}`);
  });

  it("has the pixels of the surface, whatever the ratio", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 50 }),
        fc.constantFrom(1, 1.5, 2, 3),
        (width, height, ratio) => {
          const png = drawn(() => {}, [width, height], ratio);
          assert.deepEqual([png.width, png.height], [Math.round(width * ratio), Math.round(height * ratio)]);
          assert.equal(png.colorAt(png.width - 1, png.height - 1), GROUND);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe("a surface of pixels", () => {
  it("fills rectangles and columns exactly, and mixes what shines through", () => {
    const png = drawn((surface) => {
      surface.fillRect(2, 3, 4, 5, INK);
      surface.columns(10, Int32Array.from([1, 4, 0, 0, 8, 2, 29, 99]), 4, INK);
      surface.fillRect(30, 0, 2, 2, `${INK}80`);
    });
    const pixels = inked(png).map(([x, y]) => `${x},${y}`);
    const expected = new Set<string>();
    for (let y = 3; y < 8; y++) for (let x = 2; x < 6; x++) expected.add(`${x},${y}`);
    for (const pixel of ["10,1", "10,2", "10,3", "13,29", "30,0", "31,0", "30,1", "31,1"])
      expected.add(pixel);
    assert.deepEqual(new Set(pixels), expected);
    assert.equal(png.colorAt(2, 3), INK);
    assert.equal(png.colorAt(30, 0), "#808080");
  });

  it("draws upright and level lines on whole pixels, dashed ones with holes as long", () => {
    const level = inked(drawn((surface) => surface.line(0, 10, 40, 10, 1, INK)));
    assert.equal(level.length, 40);
    assert.equal(new Set(level.map(([, y]) => y)).size, 1);
    const upright = inked(drawn((surface) => surface.line(5, 30, 5, 0, 1, INK, 3)));
    assert.deepEqual(
      upright.map(([, y]) => y),
      [0, 1, 2, 6, 7, 8, 12, 13, 14, 18, 19, 20, 24, 25, 26],
    );
  });

  it("smooths slanted lines, polygons and circles", () => {
    const shades = (draw: (surface: RasterSurface) => void) => {
      const png = drawn(draw);
      return new Set(inked(png).map(([x, y]) => png.colorAt(x, y)));
    };
    assert.ok(shades((surface) => surface.polyline([2, 2, 35, 20], 1.5, INK)).size > 3);
    assert.ok(shades((surface) => surface.circle(20, 15, 6, INK)).size > 3);
    assert.ok(shades((surface) => surface.polygon([5, 5, 30, 8, 12, 25], INK)).size > 3);
    const disc = drawn((surface) => surface.circle(20, 15, 6, INK));
    const covered = inked(disc).filter(([x, y]) => disc.colorAt(x, y) === INK).length;
    assert.ok(covered > 80 && covered < Math.PI * 36);
  });

  it("shows only what is within all rectangles of a clip, also when drawing fails", () => {
    const surface = new RasterSurface(40, 30, 1);
    surface.fillRect(0, 0, 40, 30, GROUND);
    assert.throws(() =>
      surface.clip({ x: 5, y: 5, width: 20, height: 20 }, () => {
        surface.clip({ x: 10, y: 0, width: 30, height: 10 }, () => surface.fillRect(0, 0, 40, 30, INK));
        throw new Error("in between");
      }),
    );
    const pixels = inked(readPng(encodePng(surface.pixels)));
    assert.deepEqual([pixels.length, pixels[0], pixels.at(-1)], [75, [10, 5], [24, 9]]);
    surface.fillRect(0, 0, 1, 1, INK);
    assert.equal(readPng(encodePng(surface.pixels)).colorAt(0, 0), INK);
  });

  it("scales bitmaps smoothly, and leaves what is transparent", () => {
    const data = Uint8ClampedArray.from([0, 0, 0, 255, 200, 100, 0, 255, 9, 9, 9, 0, 9, 9, 9, 0]);
    const png = drawn((surface) =>
      surface.image({ width: 4, height: 1, data }, { x: 0, y: 0, width: 40, height: 10 }),
    );
    assert.equal(png.colorAt(2, 5), "#000000");
    const reds = [4, 7, 10, 13].map((x) => Number.parseInt(png.colorAt(x, 5).slice(1, 3), 16));
    assert.ok(reds[0]! < reds[1]! && reds[1]! < reds[2]! && reds[2]! < reds[3]!);
    assert.equal(png.colorAt(36, 5), GROUND);
  });

  it("draws nothing of what is nowhere, and is done soon", () => {
    const numbers = fc.oneof(
      fc.double(),
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300, 1e9, -1e9, 3),
    );
    fc.assert(
      fc.property(fc.array(numbers, { minLength: 6, maxLength: 6 }), fc.string(), (values, text) => {
        const [a, b, c, d, e, f] = values as [number, number, number, number, number, number];
        const surface = new RasterSurface(40, 30, 1);
        surface.fillRect(a, b, c, d, text);
        surface.columns(a, Int32Array.from([b, c, d, e]), 2, INK);
        surface.line(a, b, a, d, e, INK, f);
        surface.line(a, b, c, d, 1, INK);
        surface.polyline(values, 1, INK);
        surface.polygon(values, INK);
        surface.circle(a, b, c, INK);
        surface.text(text, a, b, { size: c, color: INK, align: "center" });
        surface.image(
          { width: 1, height: 1, data: new Uint8ClampedArray(4) },
          { x: a, y: b, width: c, height: d },
        );
        surface.clip({ x: a, y: b, width: c, height: d }, () => surface.fillRect(0, 0, 5, 5, INK));
        assert.equal(surface.pixels.bounds.right, 40);
      }),
      { numRuns: 100 },
    );
  });
});
