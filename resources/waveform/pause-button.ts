/** The button of a picture that holds it, for a closer look, while data go on coming. */
import { svg } from "./svg.ts";

const SIZE = 14;
const TEXT_WIDTH = 60;
const BARS = "M4 3H6V11H4ZM8 3H10V11H8Z";
const TRIANGLE = "M4 3L11 7L4 11Z";

export class PauseButton {
  isPaused = false;
  readonly #node: EditorNode;
  readonly #element: SVGElement;
  readonly #onChange: () => void;

  constructor(node: EditorNode, onChange: () => void) {
    this.#node = node;
    this.#onChange = onChange;
    // One for all pictures: between pressing and letting go of the mouse there may be a new one.
    this.#element = document.createElementNS("http://www.w3.org/2000/svg", "g");
    for (const [name, value] of Object.entries({ class: "waveform-pause", role: "button", tabindex: "0" }))
      this.#element.setAttribute(name, value);
    // The canvas must not take it for a selection that begins, nor for one of its keys.
    for (const event of ["mousedown", "mouseup", "touchstart", "dblclick"])
      this.#element.addEventListener(event, (each) => each.stopPropagation());
    this.#element.addEventListener("click", (event) => {
      event.stopPropagation();
      this.#toggle();
    });
    this.#element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      this.#toggle();
    });
    this.#draw();
  }

  /** Puts it on a picture, at the left of the axis; gives where there is room again. */
  place(root: Element, left: number, top: number): number {
    this.#element.setAttribute("transform", `translate(${left}, ${top})`);
    // Moving an element takes the keyboard's focus from it.
    if (this.#element.parentNode !== root) root.append(this.#element);
    return this.isPaused ? SIZE + TEXT_WIDTH : SIZE;
  }

  #draw(): void {
    const { isPaused } = this;
    const label = isPaused ? this.#node._("waveform.picture.resume") : this.#node._("waveform.picture.pause");
    this.#element.setAttribute("aria-label", label);
    this.#element.replaceChildren();
    svg(this.#element, "title", {}, label);
    svg(this.#element, "rect", { width: SIZE, height: SIZE, rx: 2 });
    svg(this.#element, "path", { d: isPaused ? TRIANGLE : BARS });
    if (isPaused) svg(this.#element, "text", { x: SIZE + 4, y: 10 }, this.#node._("waveform.picture.paused"));
  }

  #toggle(): void {
    this.isPaused = !this.isPaused;
    this.#draw();
    this.#onChange();
  }
}
