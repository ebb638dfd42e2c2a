/**
 * A recursive filter of second-order sections, fed piece by piece. Its state carries over, so that the output is the same to
 * the last bit however the samples are cut into pieces.
 */
import { isStable, type Section } from "./butterworth.ts";
import { firstMissing, isSample, type SampleInput } from "./samples.ts";
import { invalid, oneOf, whole } from "./settings.ts";

/** How a filter begins. */
export interface IirFilterOptions {
  /**
   * - `rest` (default): as if the first sample had been there for ever, so that an offset makes no transient;
   * - `zero`: as if there had been zeros before, as ObsPy's and scipy's filters begin.
   */
  start?: "rest" | "zero";
}

const MOST_SECTIONS = 100;
/** After so many samples, counted from the start, the state is looked at for what is too small. */
const BLOCK = 128;
/** State below this is taken as 0: on some processors, arithmetic with subnormal numbers is many times slower. */
const TINY = 1e-25;

/** A recursive filter of one stream: feed it record by record. */
export class IirFilter {
  /** b0, b1, b2, a1, a2 of each section, divided by a0. */
  readonly #coefficients: Float64Array;
  /** Two numbers for each section: transposed direct form II. */
  readonly #state: Float64Array;
  readonly #atRest: boolean;
  #hasBegun = false;
  /** Samples since the state was last looked at. */
  #age = 0;

  /** @throws SignalError `INVALID_SETTING`, also for a section whose output would grow without end. */
  constructor(sections: readonly Section[], options: IirFilterOptions = {}) {
    whole("sections.length", sections.length, 1, MOST_SECTIONS);
    if (!sections.every((section) => section.every(Number.isFinite) && isStable(section))) {
      throw invalid(
        "sections",
        "not stable",
        "a list of [b0, b1, b2, a0, a1, a2], poles inside the unit circle",
      );
    }
    this.#atRest = oneOf("start", options.start ?? "rest", ["rest", "zero"]) === "rest";
    this.#coefficients = Float64Array.from(
      sections.flatMap(([b0, b1, b2, a0, a1, a2]) => [b0 / a0, b1 / a0, b2 / a0, a1 / a0, a2 / a0]),
    );
    this.#state = new Float64Array(2 * sections.length);
  }

  /** Begins anew with the next sample, as behind a gap. */
  reset(): void {
    this.#state.fill(0);
    this.#hasBegun = false;
    this.#age = 0;
  }

  /** The filtered samples, as many as were given. A missing sample (NaN, an infinity) gives NaN, and the next one begins anew. */
  push(samples: SampleInput): Float64Array {
    const values = new Float64Array(samples);
    for (let at = 0; at < values.length; ) {
      const to = firstMissing(values, at);
      if (to > at) this.#run(values, at, to);
      for (at = to; at < values.length && !isSample(values[at]!); at++) {
        values[at] = Number.NaN;
        this.reset();
      }
    }
    return values;
  }

  #run(values: Float64Array, from: number, to: number): void {
    if (!this.#hasBegun) this.#begin(values[from]!);
    for (let at = from; at < to; ) {
      const end = Math.min(to, at + BLOCK - this.#age);
      cascade(values, at, end, this.#coefficients, this.#state);
      this.#age += end - at;
      if (this.#age === BLOCK) this.#forgetTiny();
      at = end;
    }
  }

  #begin(first: number): void {
    this.#hasBegun = true;
    if (this.#atRest) restOn(first, this.#coefficients, this.#state);
  }

  #forgetTiny(): void {
    this.#age = 0;
    const state = this.#state;
    for (let i = 0; i < state.length; i++) if (Math.abs(state[i]!) < TINY) state[i] = 0;
  }
}

/** The state in which each section stays while the input is `value`. */
function restOn(value: number, coefficients: Float64Array, state: Float64Array): void {
  let input = value;
  for (let section = 0; section < state.length / 2; section++) {
    const [b0, b1, b2, a1, a2] = coefficients.subarray(5 * section) as unknown as Numbers5;
    const output = (input * (b0 + b1 + b2)) / (1 + a1 + a2);
    state[2 * section] = output - b0 * input;
    state[2 * section + 1] = b2 * input - a2 * output;
    input = output;
  }
}

type Numbers5 = [number, number, number, number, number];

/** Filters `values[from]` to `values[to - 1]` in place, two sections at a time: a processor works on both at once. */
function cascade(values: Float64Array, from: number, to: number, c: Float64Array, state: Float64Array): void {
  const count = state.length / 2;
  let section = 0;
  for (; section + 1 < count; section += 2) two(values, from, to, c, state, section);
  if (section < count) one(values, from, to, c, state, section);
}

function one(
  v: Float64Array,
  from: number,
  to: number,
  c: Float64Array,
  state: Float64Array,
  section: number,
) {
  const at = 5 * section;
  const [b0, b1, b2, a1, a2] = [c[at]!, c[at + 1]!, c[at + 2]!, c[at + 3]!, c[at + 4]!];
  let z0 = state[2 * section]!;
  let z1 = state[2 * section + 1]!;
  for (let i = from; i < to; i++) {
    const x = v[i]!;
    const y = b0 * x + z0;
    z0 = b1 * x - a1 * y + z1;
    z1 = b2 * x - a2 * y;
    v[i] = y;
  }
  state[2 * section] = z0;
  state[2 * section + 1] = z1;
}

function two(
  v: Float64Array,
  from: number,
  to: number,
  c: Float64Array,
  state: Float64Array,
  section: number,
) {
  const at = 5 * section;
  const [b0, b1, b2, a1, a2] = [c[at]!, c[at + 1]!, c[at + 2]!, c[at + 3]!, c[at + 4]!];
  const [d0, d1, d2, e1, e2] = [c[at + 5]!, c[at + 6]!, c[at + 7]!, c[at + 8]!, c[at + 9]!];
  let z0 = state[2 * section]!;
  let z1 = state[2 * section + 1]!;
  let w0 = state[2 * section + 2]!;
  let w1 = state[2 * section + 3]!;
  for (let i = from; i < to; i++) {
    const x = v[i]!;
    const u = b0 * x + z0;
    z0 = b1 * x - a1 * u + z1;
    z1 = b2 * x - a2 * u;
    const y = d0 * u + w0;
    w0 = d1 * u - e1 * y + w1;
    w1 = d2 * u - e2 * y;
    v[i] = y;
  }
  state[2 * section] = z0;
  state[2 * section + 1] = z1;
  state[2 * section + 2] = w0;
  state[2 * section + 3] = w1;
}
