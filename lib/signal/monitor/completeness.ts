/** How much of the last hours a stream has sent: seconds of data for each minute of the last day, by data time. */

const MINUTES = 1441;

export class Completeness {
  readonly #seconds = new Float32Array(MINUTES);
  #first: number | undefined;
  #newest = 0;

  /** Adds `seconds` of data from `start` (seconds since 1970) on; what is more than a day old is left out. */
  add(start: number, seconds: number): void {
    const end = start + seconds;
    const last = Math.ceil(end / 60) - 1;
    this.#first ??= Math.floor(start / 60);
    this.#turnTo(last);
    const from = Math.max(Math.floor(start / 60), this.#newest - MINUTES + 1);
    for (let minute = from; minute <= last; minute++) {
      const part = Math.min(end, 60 * minute + 60) - Math.max(start, 60 * minute);
      const at = this.#at(minute);
      this.#seconds[at] = Math.min(60, this.#seconds[at]! + part);
    }
  }

  /** Forgets all: the stream has a new time. */
  clear(): void {
    this.#seconds.fill(0);
    this.#first = undefined;
  }

  /**
   * The share of the last whole minutes before `until` (seconds since 1970) that there are data of, 0 to 1; of fewer minutes if
   * the stream is younger; NaN without a whole one.
   */
  share(minutes: number, until: number): number {
    const to = Math.floor(until / 60);
    const from = Math.max(to - minutes, (this.#first ?? to) + 1);
    if (from >= to) return Number.NaN;
    let seconds = 0;
    for (let minute = from; minute < to; minute++) {
      if (minute <= this.#newest && minute > this.#newest - MINUTES)
        seconds += this.#seconds[this.#at(minute)]!;
    }
    return Math.min(1, seconds / (60 * (to - from)));
  }

  #at(minute: number): number {
    return ((minute % MINUTES) + MINUTES) % MINUTES;
  }

  /** Empties the places of the minutes that begin to count. */
  #turnTo(minute: number): void {
    if (minute <= this.#newest) return;
    if (minute - this.#newest >= MINUTES) this.#seconds.fill(0);
    else for (let next = this.#newest + 1; next <= minute; next++) this.#seconds[this.#at(next)] = 0;
    this.#newest = minute;
  }
}
