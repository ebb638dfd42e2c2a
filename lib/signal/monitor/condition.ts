/** What is so for a while, or happens again and again, told of once. */

/** A state that is bad or good: it is told of when it has been bad for long enough, and when it is good again. */
export class Condition {
  readonly #badFor: number;
  readonly #goodFor: number;
  #bad = 0;
  #good = 0;
  isOn = false;

  /** Seconds of data that it takes to be bad, and to be well again. */
  constructor(badFor: number, goodFor: number) {
    this.#badFor = badFor;
    this.#goodFor = goodFor;
  }

  /** Says what the next seconds of data change. */
  update(isBad: boolean, seconds: number): "on" | "back" | undefined {
    this.#bad = isBad ? this.#bad + seconds : 0;
    this.#good = isBad ? 0 : this.#good + seconds;
    if (!this.isOn && isBad && this.#bad >= this.#badFor) {
      this.isOn = true;
      return "on";
    }
    if (!this.isOn || isBad || this.#good < this.#goodFor) return undefined;
    this.isOn = false;
    return "back";
  }
}

/** Things that can come by the hundred: the first is told of at once, those within a minute behind it together. */
export class Telling {
  static readonly PAUSE = 60;
  #lastTold = Number.NEGATIVE_INFINITY;
  #count = 0;
  #seconds = 0;
  #samples = 0;
  #since = 0n;

  /** Takes one; true if it is to be told of now, on its own. */
  isNews(now: number, since: bigint, seconds: number, samples: number): boolean {
    if (this.#count === 0 && now - this.#lastTold >= Telling.PAUSE) {
      this.#lastTold = now;
      return true;
    }
    if (this.#count++ === 0) this.#since = since;
    this.#seconds += seconds;
    this.#samples += samples;
    return false;
  }

  /** What was held back, when the pause is over. */
  heldBack(now: number): { count: number; seconds: number; samples: number; since: bigint } | undefined {
    if (this.#count === 0 || now - this.#lastTold < Telling.PAUSE) return undefined;
    const held = { count: this.#count, seconds: this.#seconds, samples: this.#samples, since: this.#since };
    this.#lastTold = now;
    this.#count = this.#seconds = this.#samples = 0;
    return held;
  }
}
