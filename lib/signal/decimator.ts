/**
 * Fewer samples a second, without aliases and without a shift in phase: a symmetrical FIR low-pass (Kaiser window, 90 dB, flat
 * to 0.8 of the new Nyquist frequency), of which only every n-th value is computed. Each output belongs to a certain input
 * sample, so that its time is exact.
 */
import { isSample, type SampleInput } from "./samples.ts";
import { invalid, whole } from "./settings.ts";

const ATTENUATION = 90;
/** Of the new Nyquist frequency: up to here the response is flat; at 1 it is down. */
const FLAT = 0.8;
const MOST_FACTOR = 1000;
/** Larger factors are reached in stages of such factors. */
const STAGES = [5, 4, 3, 2];

/** Brings one stream to a lower sample rate: feed it record by record. */
export class Decimator {
  /** How many inputs there are for an output. */
  readonly factor: number;
  /** The place of the input sample that the first output belongs to, since the beginning or the last {@link reset}. */
  readonly firstOutputAtInput: number;
  readonly #stages: Stage[];
  #inputs = 0;
  #outputs = 0;

  /** @throws SignalError `INVALID_SETTING` if the factor is not a whole number of 2 to 1000 with no prime above 5 in it. */
  constructor(options: { factor: number }) {
    this.factor = whole("factor", options.factor, 2, MOST_FACTOR);
    this.#stages = stagesOf(this.factor).map((factor) => new Stage(factor));
    let [place, spacing] = [0, 1];
    for (const stage of this.#stages) {
      place += spacing * stage.delay;
      spacing *= stage.factor;
    }
    this.firstOutputAtInput = place;
  }

  /** How many inputs there have been: the place of the next one. */
  get inputCount(): number {
    return this.#inputs;
  }

  /**
   * The place of the input sample that the next output belongs to. The first output of a `push` belongs to the place that this
   * gives before it; it may lie in a record before, and the time between is `(place − inputCount) · period`.
   */
  get nextOutputAtInput(): number {
    return this.firstOutputAtInput + this.#outputs * this.factor;
  }

  /** Begins anew with the next sample, as behind a gap. */
  reset(): void {
    for (const stage of this.#stages) stage.reset();
    this.#inputs = 0;
    this.#outputs = 0;
  }

  /**
   * The outputs that these samples complete: none until the filter has been filled. Outputs that a missing sample (NaN, an
   * infinity) would be part of are NaN.
   */
  push(samples: SampleInput): Float64Array {
    let values = new Float64Array(samples);
    this.#inputs += values.length;
    for (const stage of this.#stages) values = stage.push(values);
    this.#outputs += values.length;
    return values;
  }
}

function stagesOf(factor: number): number[] {
  const stages: number[] = [];
  let rest = factor;
  for (const stage of STAGES) {
    for (; rest % stage === 0; rest /= stage) stages.push(stage);
  }
  if (rest !== 1) throw invalid("factor", factor, "a product of 2, 3 and 5");
  return stages;
}

/** One low-pass with its factor. */
class Stage {
  readonly factor: number;
  /** From the first input to the one that the first output belongs to. */
  readonly delay: number;
  /** The taps from the first to the middle one: the others are the same. */
  readonly #taps: Float64Array;
  /** The last inputs, and room for as many again before they are moved. */
  readonly #inputs: Float64Array;
  #fill = 0;
  /** Inputs until the next output. */
  #wait: number;

  constructor(factor: number) {
    this.factor = factor;
    this.#taps = halfTaps(factor);
    this.delay = this.#taps.length - 1;
    this.#inputs = new Float64Array(2 * (2 * this.delay + 1));
    this.#wait = 2 * this.delay + 1;
  }

  reset(): void {
    this.#fill = 0;
    this.#wait = 2 * this.delay + 1;
  }

  push(values: Float64Array): Float64Array<ArrayBuffer> {
    const count = values.length < this.#wait ? 0 : 1 + Math.floor((values.length - this.#wait) / this.factor);
    const outputs = new Float64Array(count);
    let output = 0;
    for (let i = 0; i < values.length; i++) {
      this.#add(values[i]!);
      if (--this.#wait > 0) continue;
      outputs[output++] = this.#product();
      this.#wait = this.factor;
    }
    return outputs;
  }

  #add(value: number): void {
    const inputs = this.#inputs;
    if (this.#fill === inputs.length) {
      const kept = 2 * this.delay;
      inputs.copyWithin(0, this.#fill - kept);
      this.#fill = kept;
    }
    inputs[this.#fill++] = isSample(value) ? value : Number.NaN;
  }

  #product(): number {
    const [taps, inputs] = [this.#taps, this.#inputs];
    const middle = this.#fill - 1 - this.delay;
    let sum = taps[this.delay]! * inputs[middle]!;
    for (let i = 1; i <= this.delay; i++) {
      sum += taps[this.delay - i]! * (inputs[middle - i]! + inputs[middle + i]!);
    }
    return sum;
  }
}

/** Taps 0 to the middle one of an odd number of them, which Kaiser's formula gives for the transition's width. */
export function halfTaps(factor: number): Float64Array {
  const width = (1 - FLAT) / factor;
  const cutoff = (1 + FLAT) / 2 / factor;
  const beta = 0.1102 * (ATTENUATION - 8.7);
  const least = Math.ceil((ATTENUATION - 7.95) / (2.285 * Math.PI * width) + 1);
  const middle = least >> 1;
  const taps = Float64Array.from({ length: middle + 1 }, (_, i) => {
    const distance = (i - middle) / middle;
    const angle = Math.PI * cutoff * (i - middle);
    return (
      cutoff * (angle === 0 ? 1 : Math.sin(angle) / angle) * bessel0(beta * Math.sqrt(1 - distance ** 2))
    );
  });
  const sum = taps.reduce((all, tap, i) => all + (i === middle ? tap : 2 * tap), 0);
  return taps.map((tap) => tap / sum);
}

/** The modified Bessel function of order 0, by its power series. */
function bessel0(x: number): number {
  let [sum, term] = [1, 1];
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
