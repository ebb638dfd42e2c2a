/** The picture under one node: a row for each stream above an axis of time. */
import { Cursor } from "./cursor.ts";
import { latencyText, scaleText } from "./figures.ts";
import { gapPath, tracePath } from "./paths.ts";
import { PauseButton } from "./pause-button.ts";
import { svg } from "./svg.ts";
import { daysText, ticksOf } from "./ticks.ts";

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
  /** Time of the newest sample, milliseconds since 1970. */
  newest: number;
  /** In seconds; not there in a picture of all that came. */
  latency?: number;
  /** See `paths.ts`. */
  envelope: string;
}

/** All in pixels of the canvas. The picture lies below the node's status. */
const BELOW_NODE = 22;
const MARGIN = 8;
const LABEL_HEIGHT = 14;
const AXIS_HEIGHT = 16;
const LABEL_DISTANCE = 64;
/** Of a character, on average. */
const LETTER_WIDTH = 6;
/** After so many milliseconds without a new frame, the latency goes on by the editor's clock. */
const QUIET = 10_000;
export class TracePicture {
  readonly node: EditorNode;
  readonly #root: Element;
  /** What is drawn anew for each frame. */
  readonly #content: Element;
  readonly #pause: PauseButton;
  #cursor: Cursor | undefined;
  /** The last one that came, which may not be the one that is shown. */
  #frame: Frame | undefined;
  #drawnAt = 0;
  #latencies: { row: Row; element: Element }[] = [];

  constructor(node: EditorNode, parent: Element) {
    const title = node._("waveform.picture.title");
    this.node = node;
    this.#root = svg(parent, "g", { class: "waveform-picture", role: "group", "aria-label": title });
    this.#content = svg(this.#root, "g", {});
    this.#pause = new PauseButton(node, () => this.#show());
    this.place();
    this.#show();
  }

  /** Follows the node's size and its button. */
  place(): void {
    this.#root.setAttribute("transform", `translate(0, ${this.node.h + BELOW_NODE})`);
    this.#root.setAttribute("display", this.node.active ? "inline" : "none");
  }

  remove(): void {
    this.#root.remove();
  }

  /** Takes what is new, and shows it unless the picture is held. */
  draw(frame: Frame): void {
    this.#frame = frame;
    if (!this.#pause.isPaused || frame.rows.length === 0) this.#show();
  }

  /** The mouse is at a point of the window, which may be anywhere. */
  point(x: number, y: number): void {
    this.#cursor?.point(x, y);
  }

  #show(): void {
    const frame = this.#frame;
    this.#drawnAt = performance.now();
    this.#latencies = [];
    this.#content.replaceChildren();
    const rows = frame?.rows ?? [];
    const rowHeight = within(this.node.height, 40, 16, 400);
    // What has been deployed decides how many columns there are; the dialog's width may be newer.
    const width = rows[0] ? rows[0].envelope.length / 2 : within(this.node.width, 360, 100, 2000);
    const height = Math.max(rows.length, 1) * (LABEL_HEIGHT + rowHeight);
    const size = { width: width + 2 * MARGIN - 1, height: height + AXIS_HEIGHT + MARGIN - 1 };
    svg(this.#content, "rect", { class: "waveform-paper", x: 0.5, y: 0.5, rx: 4, ...size });
    const paper = svg(this.#content, "g", { transform: `translate(${MARGIN}, 4)` });
    if (!frame || rows.length === 0) {
      this.#cursor = undefined;
      const middle = { class: "waveform-middle", x: width / 2, y: height / 2 + 8 };
      svg(paper, "text", middle, this.node._("waveform.picture.waiting"));
      return;
    }
    this.#drawAxis(paper, frame, width, height);
    for (const [i, row] of rows.entries())
      this.#drawRow(paper, row, { top: i * (LABEL_HEIGHT + rowHeight), width, height: rowHeight });
    this.#cursor = new Cursor(paper, frame, {
      width,
      height,
      rowHeight: LABEL_HEIGHT + rowHeight,
      before: this.#cursor,
    });
  }

  #drawAxis(paper: Element, { end, span, more }: Frame, width: number, height: number): void {
    const left = this.#pause.place(this.#root, MARGIN, 4 + height + 3);
    const ticks = ticksOf(end - span, end, (LABEL_DISTANCE * span) / width);
    const days = `${daysText(end - span, end - 1, ticks)} UTC`;
    const right = more ? this.node._("waveform.picture.more") : days;
    const room = width - LABEL_DISTANCE / 2 - LETTER_WIDTH * right.length;
    let lines = "";
    for (const { time, label } of ticks) {
      const x = Math.round(((time - end + span) / span) * width) + 0.5;
      lines += `M${x} ${LABEL_HEIGHT}V${height + 2}`;
      if (x > left + LABEL_DISTANCE / 2 && x < room)
        svg(paper, "text", { class: "waveform-middle", x, y: height + 13 }, label);
    }
    svg(paper, "path", { class: "waveform-grid", d: lines });
    svg(paper, "text", { class: "waveform-end", x: width, y: height + 13 }, right);
  }

  #drawRow(paper: Element, row: Row, place: { top: number; width: number; height: number }): void {
    const group = svg(paper, "g", { transform: `translate(0, ${place.top})` });
    const label = svg(group, "text", { y: 10 });
    svg(label, "tspan", { class: "waveform-id" }, row.sourceId.replace(/^FDSN:/, ""));
    svg(label, "tspan", { dx: 8 }, `${Number(row.sampleRate.toPrecision(4))} Hz`);
    const right = svg(group, "text", { class: "waveform-end", x: place.width, y: 10 });
    svg(right, "tspan", {}, scaleText(row));
    if (row.latency !== undefined) {
      const latency = svg(right, "tspan", { dx: 8 }, latencyText(this.node, row.latency, row.newest));
      this.#latencies.push({ row, element: latency });
    }
    const trace = svg(group, "g", { transform: `translate(0, ${LABEL_HEIGHT})` });
    svg(trace, "path", { class: "waveform-gap", d: gapPath(row.envelope, place.height) });
    svg(trace, "path", { class: "waveform-trace", d: tracePath(row.envelope, place.height) });
  }

  /** Lets the latencies grow while nothing comes. */
  tick(): void {
    const quiet = performance.now() - this.#drawnAt;
    if (quiet < QUIET || this.#pause.isPaused) return;
    for (const { row, element } of this.#latencies)
      element.textContent = latencyText(this.node, row.latency! + quiet / 1000, row.newest);
  }
}

/** The number of a setting, or the usual one where it is none, within bounds. */
function within(value: unknown, usual: number, min: number, max: number): number {
  return Math.min(Math.max(Number(value) || usual, min), max);
}
