/** A line across a picture where the mouse is, with the time there and each row's values. */
import { valueText } from "./figures.ts";
import type { Frame } from "./picture.ts";
import { svg } from "./svg.ts";
import { iso } from "./ticks.ts";

interface Size {
  width: number;
  /** Of all rows. */
  height: number;
  rowHeight: number;
  /** The one of the picture before, where the mouse may still be. */
  before: Cursor | undefined;
}

/** Values stand at the line's right unless there is less room than this. */
const TEXT_WIDTH = 90;
const HALF_TIME_WIDTH = 50;

export class Cursor {
  readonly #group: Element;
  readonly #frame: Frame;
  readonly #size: Size;
  #at: { x: number; y: number } | undefined;

  constructor(paper: Element, frame: Frame, size: Size) {
    this.#frame = frame;
    this.#size = { ...size, before: undefined };
    this.#group = svg(paper, "g", { class: "waveform-cursor" });
    const at = size.before === undefined ? undefined : size.before.#at;
    if (at) this.point(at.x, at.y);
  }

  /** The mouse is at a point of the window. Nothing of the picture takes events for this, so that the canvas below gets them. */
  point(x: number, y: number): void {
    const matrix = (this.#group as SVGGElement).getScreenCTM();
    if (!matrix) return;
    const { x: left, y: top } = new DOMPoint(x, y).matrixTransform(matrix.inverse());
    const { width, height } = this.#size;
    const isOver = left >= 0 && left < width && top >= 0 && top < height;
    if (!isOver && !this.#at) return;
    this.#at = isOver ? { x, y } : undefined;
    this.#group.replaceChildren();
    if (isOver) this.#draw(Math.floor(left));
  }

  #draw(column: number): void {
    const { width, height, rowHeight } = this.#size;
    const { end, span, rows } = this.#frame;
    const x = column + 0.5;
    svg(this.#group, "path", { d: `M${x} 0V${height + 2}` });
    const isRight = x < width - TEXT_WIDTH;
    for (const [i, { envelope, centre, halfRange }] of rows.entries()) {
      const low = envelope.charCodeAt(2 * column);
      const high = envelope.charCodeAt(2 * column + 1);
      if (low === 0) continue;
      const value = (code: number) => centre + ((code - 128) / 127) * halfRange;
      const place = {
        x: isRight ? x + 4 : x - 4,
        y: i * rowHeight + 24,
        class: isRight ? "" : "waveform-end",
      };
      svg(this.#group, "text", place, valueText(value(low), value(high), (halfRange || 1) / 127));
    }
    const time = iso(end - span + ((column + 0.5) / width) * span);
    // As exactly as a column tells it.
    const digits = span / width >= 60_000 ? 16 : span / width >= 1000 ? 19 : 21;
    const middle = Math.min(Math.max(x, HALF_TIME_WIDTH + 8), width - HALF_TIME_WIDTH - 8);
    const label = time.slice(0, digits).replace("T", " ");
    const box = {
      x: middle - HALF_TIME_WIDTH - 8,
      y: height + 3,
      width: 2 * HALF_TIME_WIDTH + 16,
      height: 14,
    };
    svg(this.#group, "rect", box);
    svg(this.#group, "text", { class: "waveform-middle", x: middle, y: height + 13 }, label);
  }
}
