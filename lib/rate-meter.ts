/** How many per second, of things that come many a second or one in minutes: {@link RateMeter}. */

/** The moment of a look that found something new, and how many there had been by then. */
interface Mark {
  readonly at: number;
  readonly total: number;
}

/** Counting from one mark to another is exact for slow streams, too; so many keep the rate of a fast one fresh. */
const MARKS = 6;
/** A stream is over when it has paused for so many times its usual distance, and for so long. */
const QUIET = 3;
const QUIET_MS = 3000;
/** After a pause as long as this, a stream that is faster again is measured anew. */
const PAUSE_MS = 30_000;
/** What the first one alone says is spread over this time at least. */
const FIRST_MS = 5000;
const LOOK_MS = 500;

export class RateMeter {
  /** How many there have been in all. */
  total = 0;
  readonly #marks: Mark[] = [];
  readonly #begun: number;
  #looked: number;
  #rate = 0;

  constructor(now = performance.now()) {
    this.#begun = now;
    this.#looked = now;
  }

  add(count = 1): void {
    this.total += count;
  }

  /** Per second. To be asked about once a second; within half a second it says the same. `now` is in milliseconds. */
  read(now = performance.now()): number {
    if (now - this.#looked < LOOK_MS) return this.#rate;
    this.#looked = now;
    const marks = this.#marks;
    if (this.total > (marks.at(-1)?.total ?? 0)) {
      marks.push({ at: now, total: this.total });
      if (marks.length > MARKS) marks.shift();
      this.#forgetPause();
    }
    this.#rate = this.#measure(now);
    return this.#rate;
  }

  #measure(now: number): number {
    const [first] = this.#marks;
    const last = this.#marks.at(-1);
    if (!first || !last) return 0;
    const isOnly = first === last;
    const time = isOnly ? Math.max(FIRST_MS, last.at - this.#begun) : last.at - first.at;
    const count = isOnly ? last.total : last.total - first.total;
    const usual = time / Math.max(1, this.#marks.length - 1);
    return now - last.at > Math.max(QUIET_MS, QUIET * usual) ? 0 : (count * 1000) / time;
  }

  #forgetPause(): void {
    const [before, after, last] = this.#marks.slice(-3);
    if (!before || !after || !last) return;
    const pause = after.at - before.at;
    if (pause > Math.max(PAUSE_MS, QUIET * (last.at - after.at)))
      this.#marks.splice(0, this.#marks.length - 2);
  }
}
