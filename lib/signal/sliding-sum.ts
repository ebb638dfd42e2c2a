/**
 * The sum of the last n values, without ever taking one away: a running sum from which old values are subtracted keeps the
 * rounding error of the largest value that ever passed. Here the values of the last full block of n are summed from its end
 * backwards once per n values, and those since then forwards; the two parts give the sum with two additions a value, and
 * nothing is left of a value that has gone.
 */
export class SlidingSum {
  /** Before the cursor: values of this block; from it on: sums of what the last block holds from there to its end. */
  readonly #values: Float64Array;
  #cursor = 0;
  #newer = 0;
  /** Whether a block before this one counts. */
  #hasLast = false;

  /** `length`: of how many values, at least 1. */
  constructor(length: number) {
    this.#values = new Float64Array(length);
  }

  /** The sum of this value and the `length - 1` before it (of fewer at the start). */
  add(value: number): number {
    const values = this.#values;
    values[this.#cursor++] = value;
    this.#newer += value;
    if (this.#cursor < values.length)
      return this.#hasLast ? this.#newer + values[this.#cursor]! : this.#newer;
    return this.#turn();
  }

  /** Forgets all values, in no time that grows with the length. */
  clear(): void {
    this.#hasLast = false;
    this.#cursor = 0;
    this.#newer = 0;
  }

  /** Sums a full block backwards. */
  #turn(): number {
    const values = this.#values;
    const sum = this.#newer;
    for (let i = values.length - 2; i >= 0; i--) values[i] = values[i]! + values[i + 1]!;
    this.#hasLast = true;
    this.#cursor = 0;
    this.#newer = 0;
    return sum;
  }
}
