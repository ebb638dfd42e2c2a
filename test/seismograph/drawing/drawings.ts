// Pictures of every kind, small and full of marks, as lists of what is drawn where: one operation a line. `node drawings.js` writes
// them to drawings.txt, after a drawing has been changed on purpose: look at the difference before it is committed.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { drawHelicorder } from "../../../lib/seismograph/drawing/helicorder/draw.ts";
import { layoutHelicorder } from "../../../lib/seismograph/drawing/helicorder/layout.ts";
import { drawLive } from "../../../lib/seismograph/drawing/live/draw.ts";
import { layoutLive } from "../../../lib/seismograph/drawing/live/layout.ts";
import { spectrogramOf } from "../../../lib/seismograph/drawing/spectrogram/power.ts";
import type { Bitmap, Rect, Surface, TextStyle } from "../../../lib/seismograph/drawing/surface.ts";
import { drawZoom } from "../../../lib/seismograph/drawing/zoom/draw.ts";
import { layoutZoom } from "../../../lib/seismograph/drawing/zoom/layout.ts";
import type { ZoomView } from "../../../lib/seismograph/drawing/zoom/view.ts";
import { addWave, drum, HOUR, live, MIDNIGHT, row, SECOND, wave, zoom } from "./views.ts";

const FILE = path.join(__dirname, "../../../test/seismograph/drawing/drawings.txt");

/** To a hundredth: beyond that, processors may differ. */
function short(value: number): string {
  return String(Math.round(value * 100) / 100 || 0);
}

const all = (...values: number[]) => values.map(short).join(" ");

/** A surface that writes down in words what is drawn on it. */
class WrittenSurface implements Surface {
  readonly lines: string[] = [];
  readonly width: number;
  readonly height: number;
  readonly pixelRatio: number;

  constructor({ width, height }: Rect, pixelRatio: number) {
    this.width = width;
    this.height = height;
    this.pixelRatio = pixelRatio;
  }

  fillRect(x: number, y: number, width: number, height: number, color: string): void {
    this.lines.push(`rect ${all(x, y, width, height)} ${color}`);
  }
  /** Each run of equal spans once, with its length. */
  columns(x: number, spans: Int32Array, count: number, color: string): void {
    const runs: string[] = [];
    for (let i = 0; i < count; ) {
      const begin = i;
      while (i < count && spans[2 * i] === spans[2 * begin] && spans[2 * i + 1] === spans[2 * begin + 1]) i++;
      runs.push(`${i - begin}x${spans[2 * begin]}-${spans[2 * begin + 1]}`);
    }
    this.lines.push(`columns ${short(x)} ${runs.join(" ")} ${color}`);
  }
  line(x1: number, y1: number, x2: number, y2: number, width: number, color: string, dash?: number): void {
    this.lines.push(`line ${all(x1, y1, x2, y2)} width ${width} dash ${dash ?? "none"} ${color}`);
  }
  polyline(points: readonly number[], width: number, color: string): void {
    this.lines.push(`polyline ${all(...points)} width ${width} ${color}`);
  }
  polygon(corners: readonly number[], color: string): void {
    this.lines.push(`polygon ${all(...corners)} ${color}`);
  }
  circle(x: number, y: number, radius: number, color: string): void {
    this.lines.push(`circle ${all(x, y, radius)} ${color}`);
  }
  text(text: string, x: number, y: number, { size, color, weight, align }: TextStyle): void {
    const style = `${short(size)} ${weight ?? "regular"} ${align ?? "left"} ${color}`;
    this.lines.push(`text ${all(x, y)} ${style} ${text}`);
  }
  measureText(text: string, { size, weight }: Pick<TextStyle, "size" | "weight">): number {
    return text.length * size * (weight === "bold" ? 0.6 : 0.56);
  }
  /** Of its colours the mean: red, green, blue and alpha. */
  image({ width, height, data }: Bitmap, { x, y, ...size }: Rect): void {
    const mean = [0, 1, 2, 3].map((part) =>
      Math.round(data.reduce((sum, value, i) => (i % 4 === part ? sum + value : sum), 0) / (width * height)),
    );
    this.lines.push(`image ${width} ${height} ${mean.join("/")} in ${all(x, y, size.width, size.height)}`);
  }
  clip({ x, y, width, height }: Rect, draw: () => void): void {
    this.lines.push(`clip ${all(x, y, width, height)}`);
    draw();
    this.lines.push("end of the clip");
  }
}

type Draw = (surface: Surface, area: Rect) => void;

const LAST = MIDNIGHT + 5 * HOUR + 1000 * SECOND;

/** Five hours with a gap, an offset, an earthquake beyond all bounds, and a silence at the end. */
function drumBins() {
  const bins = wave(MIDNIGHT + 0.2 * HOUR, 1.3, 100, 40);
  addWave(bins, MIDNIGHT + 2.1 * HOUR, MIDNIGHT + 3 * HOUR, 70, -30);
  addWave(bins, MIDNIGHT + 3 * HOUR, MIDNIGHT + 3.2 * HOUR, 900);
  addWave(bins, MIDNIGHT + 3.2 * HOUR, LAST, 160, 15);
  return bins;
}

const triggers = [
  { start: MIDNIGHT - 9 * HOUR, end: MIDNIGHT - 8 * HOUR },
  { start: MIDNIGHT + 2.3 * HOUR, end: MIDNIGHT + 2.3 * HOUR },
  { start: MIDNIGHT + 2.8 * HOUR, end: MIDNIGHT + 3.6 * HOUR },
  { start: LAST - 60 * SECOND },
];
const events = [
  { time: MIDNIGHT - 9 * HOUR, text: "before" },
  { time: MIDNIGHT + 2.9 * HOUR, text: "M 5.8 Tonga" },
  { time: MIDNIGHT + 2.92 * HOUR, text: "M 4.1 Fiji" },
  { time: MIDNIGHT + 4.99 * HOUR, text: "M 6.2 Kermadec Islands" },
];

function drawDrum(surface: Surface, area: Rect, more: Parameters<typeof drum>[0]): void {
  const view = drum({ bins: drumBins(), end: LAST, newest: LAST, triggers, events, ...more });
  drawHelicorder(surface, view, layoutHelicorder(view, area));
}

function drawRows(surface: Surface, area: Rect, more: Parameters<typeof live>[0]): void {
  const end = MIDNIGHT + HOUR;
  const bins = wave(MIDNIGHT, 0.95);
  addWave(bins, end - 100 * SECOND, end - 20 * SECOND, 130, 20);
  const samples = Float64Array.from({ length: 30_000 }, (_, i) => 90 * Math.sin(i / 3) + (i % 17));
  const segments = [{ start: end - 300 * SECOND, period: SECOND / 100, samples }];
  const spectrogram = spectrogramOf(segments, { start: end - 300 * SECOND, end, columns: 40 });
  const marks = [
    { start: end - 900 * SECOND, end: end - 800 * SECOND },
    { start: end - 400 * SECOND, end: end - 280 * SECOND },
    { start: end - 90 * SECOND, end: end - 89.9 * SECOND },
    { start: end - 15 * SECOND },
  ];
  const rows = [
    row({
      bins,
      latency: 0.83,
      triggers: marks,
      ratio: 12.44,
      spectrogram,
      scale: { centre: 0, reach: 200 },
    }),
    row({ bins, latency: 41, isLate: true, units: "m/s", scale: { centre: 15, reach: 60 } }),
    row({ name: "XX.SILENT.00.HHZ", bins: wave(MIDNIGHT - 5 * HOUR, 1), isLate: true, latency: 3600 }),
  ];
  const view = live({ rows, end, ...more });
  drawLive(surface, view, layoutLive(view, area, surface.pixelRatio));
}

function drawZoomed(surface: Surface, area: Rect, more: Partial<ZoomView>): void {
  const view = zoom({
    triggers: [
      { start: MIDNIGHT - 9 * SECOND, end: MIDNIGHT + 2 * SECOND },
      { start: MIDNIGHT + 4 * SECOND, end: MIDNIGHT + 5 * SECOND },
      { start: MIDNIGHT + 7 * SECOND },
      { start: MIDNIGHT + 900 * SECOND },
    ],
    events: [
      { time: MIDNIGHT + 3 * SECOND, text: "M 5.8 Tonga" },
      { time: MIDNIGHT - 3 * SECOND, text: "before" },
    ],
    selection: { start: MIDNIGHT + 6 * SECOND, end: MIDNIGHT + 4.5 * SECOND },
    cursor: MIDNIGHT + 1.234 * SECOND,
    end: MIDNIGHT + 8 * SECOND,
    ...more,
  });
  drawZoom(surface, view, layoutZoom(view, area));
}

/** Few samples, one of them none. */
function sparse(offset: number) {
  const samples = [0, 40, -35, 20, Number.NaN, 5, -60, 80].map((value) => value + offset);
  return [
    { start: MIDNIGHT, period: SECOND / 2, samples },
    { start: MIDNIGHT + 5 * SECOND, period: SECOND / 2, samples: samples.slice(0, 4) },
  ];
}

/** By what is special about them, on a surface of so many pixels, and of so many for each of them. */
const PICTURES: [what: string, width: number, height: number, pixelRatio: number, draw: Draw][] = [
  ["a drum", 700, 420, 1, (...on) => drawDrum(...on, { hours: 6, units: "m/s" })],
  [
    "a drum with local times, few lines and centred columns",
    760,
    200,
    1,
    (...on) => drawDrum(...on, { hours: 4, localOffset: () => -150, baseline: "column" }),
  ],
  [
    "a drum on a phone, of twice as many pixels",
    390,
    330,
    2,
    (...on) => drawDrum(...on, { hours: 8, lineMinutes: 20, end: LAST + 3000 * SECOND }),
  ],
  ["a drum of nothing", 700, 100, 1, (...on) => drawDrum(...on, { hours: 2, newest: Number.NaN, scale: 0 })],
  ["live rows", 700, 760, 1, (...on) => drawRows(...on, { spectrograms: true })],
  ["live rows of some seconds", 640, 220, 2, (...on) => drawRows(...on, { seconds: 30 })],
  ["live rows on a phone", 390, 420, 1, (...on) => drawRows(...on, { spectrograms: true, seconds: 120 })],
  ["no live rows", 640, 120, 1, (...on) => drawRows(...on, { rows: [] })],
  ["a zoom with more samples than pixels", 300, 220, 1, (...on) => drawZoomed(...on, {})],
  [
    "a zoom with fewer samples than pixels, about an offset",
    640,
    300,
    1,
    (...on) => drawZoomed(...on, { segments: sparse(5000), units: "counts" }),
  ],
  [
    "a zoom on a phone, with its spectrogram",
    360,
    300,
    1,
    (...on) => {
      const { segments } = zoom();
      const times = { start: MIDNIGHT, end: MIDNIGHT + 8 * SECOND, columns: 20 };
      drawZoomed(...on, { spectrogram: spectrogramOf(segments, times), cursor: MIDNIGHT + 7.9 * SECOND });
    },
  ],
  [
    "a zoom of which only the envelope is kept",
    640,
    160,
    1,
    (...on) => drawZoomed(...on, { segments: [], envelope: wave(MIDNIGHT, 0.01, 100, 700) }),
  ],
  ["a zoom of nothing", 640, 160, 1, (...on) => drawZoomed(...on, { segments: [] })],
];

/** Each picture, as it is drawn now. */
export function drawings(): Map<string, string[]> {
  return new Map(
    PICTURES.map(([what, width, height, pixelRatio, draw]) => {
      const area = { x: 3, y: 5, width, height };
      const surface = new WrittenSurface(area, pixelRatio);
      draw(surface, area);
      return [what, surface.lines];
    }),
  );
}

/** Each picture, as it was when they were written down. */
export function drawnBefore(): Map<string, string[]> {
  const parts = readFileSync(FILE, "utf8").split(/^## /m).slice(1);
  return new Map(
    parts.map((part) => {
      const [what, ...lines] = part.trimEnd().split("\n");
      return [what!, lines];
    }),
  );
}

if (require.main === module) {
  const text = [...drawings()].map(([what, lines]) => `## ${what}\n${lines.join("\n")}\n`);
  writeFileSync(FILE, text.join(""));
}
