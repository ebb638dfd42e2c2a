/** A progress bar on standard error, for a person who waits for a big file; and lines that do not disturb it. */
import { CLEAR_LINE, type OutputStream, widthOf } from "./terminal.ts";

/** Below this many bytes nobody waits long enough to read a bar. */
const BIG_BYTES = 64 * 1024 * 1024;
const REDRAW_MS = 100;
const BAR_WIDTH = 30;

export class Progress {
  readonly #stream: OutputStream;
  readonly #total: number;
  readonly #isShown: boolean;
  #done = 0;
  #drawnAt = 0;
  readonly #startedAt = performance.now();

  /**
   * @param total bytes to be read in all
   * @param isQuiet lines go to the same terminal all the time: no bar between them
   */
  constructor(stream: OutputStream, total: number, isQuiet = false) {
    this.#stream = stream;
    this.#total = total;
    this.#isShown = !isQuiet && stream.isTTY === true && total >= BIG_BYTES;
  }

  /** More bytes were read. */
  add(bytes: number): void {
    this.#done += bytes;
    const now = performance.now();
    if (!this.#isShown || now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    this.#stream.write(CLEAR_LINE + this.#bar(now - this.#startedAt).slice(0, widthOf(this.#stream) - 1));
  }

  /** Writes a line for people to the same stream. */
  note(line: string): void {
    this.end();
    this.#stream.write(`${line}\n`);
  }

  /** Takes the bar away. */
  end(): void {
    if (this.#drawnAt > 0) this.#stream.write(CLEAR_LINE);
    this.#drawnAt = 0;
  }

  #bar(elapsedMs: number): string {
    const fraction = Math.min(1, this.#done / this.#total);
    const full = Math.round(fraction * BAR_WIDTH);
    const bar = "#".repeat(full) + "-".repeat(BAR_WIDTH - full);
    const percent = String(Math.floor(fraction * 100)).padStart(3);
    const speed = (this.#done / 1000 / elapsedMs).toFixed(0);
    return `[${bar}] ${percent} % of ${(this.#total / 1e6).toFixed(0)} MB, ${speed} MB/s`;
  }
}
