/** A timer that costs next to nothing to begin anew, in Node.js and in a browser. */
export class Timer {
  readonly #milliseconds: number;
  readonly #onTime: () => void;
  #timer: ReturnType<typeof setTimeout>;
  #due: number;
  #isOver = false;

  /** Calls `onTime` once, after so many milliseconds without `refresh`. */
  constructor(onTime: () => void, milliseconds: number) {
    this.#onTime = onTime;
    this.#milliseconds = milliseconds;
    this.#due = performance.now() + milliseconds;
    this.#timer = setTimeout(this.#tick, milliseconds);
  }

  refresh(): void {
    const wasOver = this.#isOver;
    this.#due = performance.now() + this.#milliseconds;
    if (!wasOver) return;
    this.#isOver = false;
    this.#timer = setTimeout(this.#tick, this.#milliseconds);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  readonly #tick = () => {
    const left = this.#due - performance.now();
    if (left > 0) {
      this.#timer = setTimeout(this.#tick, left);
      return;
    }
    this.#isOver = true;
    this.#onTime();
  };
}
