// Small pictures of all that a surface of pixels draws, as rows of characters: how bright each pixel is, from 0 to z. `node pictures.js`
// writes them to pictures.txt, after a change on purpose: look at the difference before it is committed.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { helicorderImage, type ImageOptions } from "../../../lib/seismograph/raster/image.ts";
import { RasterSurface } from "../../../lib/seismograph/raster/surface.ts";
import { drum, HOUR, MIDNIGHT, SECOND, wave } from "../drawing/views.ts";
import { readPng } from "./png-reader.ts";

const FILE = path.join(__dirname, "../../../test/seismograph/raster/pictures.txt");
const INK = "#ffffff";
/** So many steps of brightness: few enough for processors that differ in the last digit. */
const STEPS = 35;

type Draw = (surface: RasterSurface) => void;

/** A bitmap with a corner that is transparent. */
const BITMAP = {
  ...{ width: 3, height: 2 },
  data: Uint8ClampedArray.from(
    [0, 120, 255, 255, 60, 0].flatMap((light, i) => [light, light, light, i === 5 ? 0 : 255]),
  ),
};

const written = (text: string, size: number, more: object = {}): Draw => {
  return (surface) => surface.text(text, 3, 18, { size, color: INK, ...more });
};

/** By what they show; how large, and how many pixels for each of theirs. */
const PICTURES: [what: string, width: number, height: number, pixelRatio: number, draw: Draw][] = [
  ["letters", 70, 22, 1, written("Éç&g80_Q,", 11)],
  ["more letters", 70, 22, 1, written("a±µ→2f@ñ'", 13)],
  ["bold letters", 60, 24, 1, written("RSey5", 15, { weight: "bold" })],
  ["large letters", 60, 22, 2, written("Bäj", 17)],
  ["tiny letters", 30, 22, 1, written("XX.DEMO", 3)],
  [
    "texts beside a point",
    60,
    24,
    1.5,
    (surface) => {
      surface.text("left", 30, 7, { size: 8, color: INK });
      surface.text("mid", 30, 15, { size: 8, color: INK, align: "center" });
      surface.text("right", 30, 22, { size: 8, color: INK, align: "right" });
    },
  ],
  [
    "straight lines",
    40,
    24,
    1,
    (surface) => {
      surface.line(3, 2, 3, 20, 1, INK);
      surface.line(6, 20, 6, 2, 2, INK, 3);
      surface.line(10.5, -5, 10.5, 50, 3, INK, 4);
      surface.line(15, 3, 38, 3, 1, INK, 2);
      surface.line(50, 8, 15, 8, 1.6, INK);
      surface.line(-1e9, 12, 1e9, 12, 1, INK, 5);
      surface.line(15, 16, 15, 16, 1, INK);
      surface.line(20, 16, 20.2, 16, 1, INK, 0.1);
    },
  ],
  [
    "straight lines of finer pixels",
    20,
    10,
    2,
    (surface) => {
      surface.line(2, 1, 2, 9, 1, INK, 1);
      surface.line(5, 9, 5, 1, 1.25, INK);
      surface.line(8, 3, 18, 3, 1, INK, 1.5);
    },
  ],
  [
    "slanted lines",
    40,
    20,
    1,
    (surface) => {
      surface.polyline([2, 2, 20, 9, 30, 3, 36, 17], 1.25, INK);
      surface.line(-5, 10, 12, 25, 3, INK);
      surface.polyline([20, 18], 1, INK);
      surface.polyline([1e7, 0, 20, 15], 1, INK);
    },
  ],
  [
    "polygons and circles",
    40,
    22,
    1,
    (surface) => {
      surface.polygon([3, 3, 17, 3, 10, 14.5], INK);
      surface.polygon([22.2, 2.5, 36, 6, 30, 18, 33, 8], `${INK}80`);
      surface.circle(8, 17, 3.2, INK);
      surface.circle(39, 20, 4, INK);
    },
  ],
  [
    "bitmaps",
    36,
    20,
    1,
    (surface) => {
      surface.image(BITMAP, { x: 2, y: 1, width: 20, height: 9 });
      surface.image(BITMAP, { x: 30, y: 12, width: 12, height: 12 });
      surface.image(BITMAP, { x: 3, y: 12, width: 3, height: 2 });
      surface.image({ ...BITMAP, width: 0 }, { x: 20, y: 12, width: 3, height: 2 });
    },
  ],
  [
    "what is clipped, and shines through",
    24,
    14,
    1.5,
    (surface) => {
      surface.clip({ x: 2, y: 2, width: 12, height: 8 }, () => {
        surface.fillRect(0, 0, 30, 30, "#404040");
        surface.clip({ x: 6, y: 0, width: 20, height: 6.4 }, () => surface.fillRect(0, 0, 9, 30, `${INK}40`));
        surface.columns(3, Int32Array.from([4, 9, -5, 50, 6, 6, 9, 8, 5, 6]), 5, INK);
      });
      surface.fillRect(18, 3, 2, 2, "white");
      surface.fillRect(18.4, 8.4, 2.2, 2.2, INK);
    },
  ],
];

/** What stands above a drum. */
const HEADS: [what: string, rows: number, options: ImageOptions][] = [
  [
    "a title, what is behind it, and the time",
    41,
    { width: 640, height: 100, title: "XX.A", subtitle: "1-20 Hz" },
  ],
  ["a title on a phone", 57, { width: 240, height: 100, title: "XX.A", subtitle: "raw" }],
  [
    "a title without room for more",
    30,
    { width: 240, height: 100, title: "XX.DEMO.00", subtitle: "no room for that" },
  ],
];

function headOf(rows: number, options: ImageOptions): string[] {
  const view = drum({ bins: wave(MIDNIGHT, 1), hours: 2, end: MIDNIGHT + 1.5 * HOUR + 7 * SECOND });
  const { width, colorAt } = readPng(helicorderImage(view, options).png);
  const green = (x: number, y: number) => Number.parseInt(colorAt(x, y).slice(3, 5), 16);
  return Array.from({ length: rows }, (_, y) =>
    rowOf(Array.from({ length: width }, (__, x) => 255 - green(x, y))),
  );
}

/** How bright the pixels of a row are, black as a blank. */
function rowOf(lights: readonly number[]): string {
  const steps = lights.map((light) => Math.round((light / 255) * STEPS).toString(36));
  return steps.join("").replace(/0/g, " ");
}

/** Each picture, as it is drawn now. */
export function pictures(): Map<string, string[]> {
  const heads = HEADS.map(([what, rows, options]): [string, string[]] => [what, headOf(rows, options)]);
  return new Map([...drawnPictures(), ...heads]);
}

function drawnPictures(): Map<string, string[]> {
  return new Map(
    PICTURES.map(([what, width, height, pixelRatio, draw]) => {
      const surface = new RasterSurface(width, height, pixelRatio);
      draw(surface);
      const { pixels } = surface;
      const rows = Array.from({ length: pixels.height }, (_, y) =>
        rowOf(Array.from({ length: pixels.width }, (__, x) => pixels.data[3 * (y * pixels.width + x)]!)),
      );
      return [what, rows];
    }),
  );
}

/** Each picture, as it was when they were written down. */
export function picturesBefore(): Map<string, string[]> {
  const parts = readFileSync(FILE, "utf8").split(/^## /m).slice(1);
  return new Map(
    parts.map((part) => {
      const [what, ...rows] = part.slice(0, -1).split("\n");
      return [what!, rows.map((row) => row.slice(1, -1))];
    }),
  );
}

/** How far two pixels are apart at most, in steps of brightness. */
export function differenceOf(one: readonly string[], other: readonly string[]): number {
  const lights = (rows: readonly string[]) =>
    Array.from(rows.join(""), (step) => Number.parseInt(step, 36) || 0);
  const [a, b] = [lights(one), lights(other)];
  return Math.max(...a.map((light, i) => Math.abs(light - (b[i] ?? Number.POSITIVE_INFINITY))));
}

if (require.main === module) {
  // A bar at both ends, so that no editor takes blanks away.
  const text = [...pictures()].map(
    ([what, rows]) => `## ${what}\n${rows.map((row) => `|${row}|\n`).join("")}`,
  );
  writeFileSync(FILE, text.join(""));
}
