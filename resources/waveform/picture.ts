/** The picture under one node: a row for each stream above an axis of time. */
import { latencyText, scaleText } from "./figures.ts";
import { gapPath, tracePath } from "./paths.ts";

/** What the runtime sends: times in milliseconds since 1970. */
export interface Frame {
  end: number;
  span: number;
  /** Whether there are streams for which there was no room. */
  more: boolean;
  rows: Row[];
}

export interface Row {
  sourceId: string;
  sampleRate: number;
  /** What half the height of the row stands for, around `centre`. */
  halfRange: number;
  centre: number;
  /** In seconds. */
  latency: number;
  /** See `paths.ts`. */
  envelope: string;
}

/** All in pixels of the canvas. The picture lies below the node's status. */
const BELOW_NODE = 22;
const MARGIN = 8;
const LABEL_HEIGHT = 14;
const AXIS_HEIGHT = 16;
const LABEL_DISTANCE = 64;
const DATE_WIDTH = 112;
/** After so many milliseconds without a new frame, the latency goes on by the editor's clock. */
const QUIET = 10_000;
const TICK_SECONDS = [
  ...[1, 2, 5, 10, 15, 30],
  ...[60, 120, 300, 600, 900, 1800],
  ...[3600, 7200, 10_800, 21_600, 43_200, 86_400],
];

export class TracePicture {
  readonly node: EditorNode;
  readonly #root: Element;
  #drawnAt = 0;
  #latencies: { row: Row; element: Element }[] = [];

  constructor(node: EditorNode, parent: Element) {
    const title = node._("waveform.picture.title");
    this.node = node;
    this.#root = svg(parent, "g", { class: "waveform-picture", role: "img", "aria-label": title });
    this.place();
    this.draw(undefined);
  }

  /** Follows the node's size and its button. */
  place(): void {
    this.#root.setAttribute("transform", `translate(0, ${this.node.h + BELOW_NODE})`);
    this.#root.setAttribute("display", this.node.active ? "inline" : "none");
  }

  remove(): void {
    this.#root.remove();
  }

  draw(frame: Frame | undefined): void {
    this.#drawnAt = performance.now();
    this.#latencies = [];
    this.#root.replaceChildren();
    const rows = frame?.rows ?? [];
    const rowHeight = within(this.node.height, 40, 16, 400);
    // What has been deployed decides how many columns there are; the dialog's width may be newer.
    const width = rows[0] ? rows[0].envelope.length / 2 : within(this.node.width, 360, 100, 2000);
    const height = Math.max(rows.length, 1) * (LABEL_HEIGHT + rowHeight);
    const size = { width: width + 2 * MARGIN - 1, height: height + AXIS_HEIGHT + MARGIN - 1 };
    svg(this.#root, "rect", { class: "waveform-paper", x: 0.5, y: 0.5, rx: 4, ...size });
    const paper = svg(this.#root, "g", { transform: `translate(${MARGIN}, 4)` });
    if (!frame) {
      const middle = { class: "waveform-middle", x: width / 2, y: height / 2 + 8 };
      svg(paper, "text", middle, this.node._("waveform.picture.waiting"));
      return;
    }
    this.#drawAxis(paper, frame, width, height);
    for (const [i, row] of rows.entries())
      this.#drawRow(paper, row, { top: i * (LABEL_HEIGHT + rowHeight), width, height: rowHeight });
  }

  #drawAxis(paper: Element, { end, span, more }: Frame, width: number, height: number): void {
    const isEnough = (seconds: number) => (seconds * 1000 * width) / span >= LABEL_DISTANCE;
    const step = 1000 * (TICK_SECONDS.find(isEnough) ?? TICK_SECONDS.at(-1)!);
    let lines = "";
    for (let time = Math.ceil((end - span) / step) * step; time < end; time += step) {
      const x = Math.round(((time - end + span) / span) * width) + 0.5;
      lines += `M${x} ${LABEL_HEIGHT}V${height + 2}`;
      const label = new Date(time).toISOString().slice(11, step < 60_000 ? 19 : 16);
      if (x > 24 && x < width - DATE_WIDTH)
        svg(paper, "text", { class: "waveform-middle", x, y: height + 13 }, label);
    }
    svg(paper, "path", { class: "waveform-grid", d: lines });
    const day = `${new Date(end).toISOString().slice(0, 10)} UTC`;
    const right = more ? this.node._("waveform.picture.more") : day;
    svg(paper, "text", { class: "waveform-end", x: width, y: height + 13 }, right);
  }

  #drawRow(paper: Element, row: Row, place: { top: number; width: number; height: number }): void {
    const group = svg(paper, "g", { transform: `translate(0, ${place.top})` });
    const label = svg(group, "text", { y: 10 });
    svg(label, "tspan", { class: "waveform-id" }, row.sourceId.replace(/^FDSN:/, ""));
    svg(label, "tspan", { dx: 8 }, `${Number(row.sampleRate.toPrecision(4))} Hz`);
    const right = svg(group, "text", { class: "waveform-end", x: place.width, y: 10 });
    svg(right, "tspan", {}, scaleText(row));
    const latency = svg(right, "tspan", { dx: 8 }, latencyText(this.node, row.latency));
    this.#latencies.push({ row, element: latency });
    const trace = svg(group, "g", { transform: `translate(0, ${LABEL_HEIGHT})` });
    svg(trace, "path", { class: "waveform-gap", d: gapPath(row.envelope, place.height) });
    svg(trace, "path", { class: "waveform-trace", d: tracePath(row.envelope, place.height) });
  }

  /** Lets the latencies grow while nothing comes. */
  tick(): void {
    const quiet = performance.now() - this.#drawnAt;
    if (quiet < QUIET) return;
    for (const { row, element } of this.#latencies)
      element.textContent = latencyText(this.node, row.latency + quiet / 1000);
  }
}

/** The number of a setting, or the usual one where it is none, within bounds. */
function within(value: unknown, usual: number, min: number, max: number): number {
  return Math.min(Math.max(Number(value) || usual, min), max);
}

function svg(
  parent: Element,
  tag: string,
  attributes: Record<string, string | number>,
  text?: string,
): Element {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  return parent.appendChild(element);
}
