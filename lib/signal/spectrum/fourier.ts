/** The Fourier transform of real samples: radix 2, as a complex one of half the length. */
import { invalid } from "../settings.ts";

const LONGEST = 1 << 22;

export class Fourier {
  /** How many samples a transform takes: a power of two. */
  readonly size: number;
  readonly #cosines: Float64Array;
  readonly #sines: Float64Array;
  readonly #re: Float64Array;
  readonly #im: Float64Array;
  readonly #reversed: Uint32Array;

  /** @throws SignalError `INVALID_SETTING` if the size is not a power of two from 4 to 4,194,304. */
  constructor(size: number) {
    if (!Number.isInteger(size) || size < 4 || size > LONGEST || (size & (size - 1)) !== 0) {
      throw invalid("size", size, `a power of two from 4 to ${LONGEST}`);
    }
    this.size = size;
    const half = size / 2;
    this.#cosines = Float64Array.from({ length: half }, (_, i) => Math.cos((2 * Math.PI * i) / size));
    this.#sines = Float64Array.from({ length: half }, (_, i) => Math.sin((2 * Math.PI * i) / size));
    this.#re = new Float64Array(half);
    this.#im = new Float64Array(half);
    this.#reversed = reversedBits(half);
  }

  /** Adds the squared magnitude of each bin, 0 to size/2, of `samples` (as many as the size) to `power`. */
  addPower(samples: Float64Array, power: Float64Array): void {
    this.#load(samples);
    for (let width = 1; width < this.size / 2; width *= 2) this.#combine(width);
    this.#split(power);
  }

  /** Even samples as real, odd ones as imaginary parts, in the order that the loops need. */
  #load(samples: Float64Array): void {
    const reversed = this.#reversed;
    for (let i = 0; i < reversed.length; i++) {
      this.#re[reversed[i]!] = samples[2 * i]!;
      this.#im[reversed[i]!] = samples[2 * i + 1]!;
    }
  }

  /** Joins neighbouring transforms of `width` to those of twice that. */
  #combine(width: number): void {
    const [re, im, cosines, sines] = [this.#re, this.#im, this.#cosines, this.#sines];
    const stride = this.size / (2 * width);
    for (let at = 0; at < re.length; at += 2 * width) {
      for (let k = 0; k < width; k++) {
        const [cosine, sine] = [cosines[k * stride]!, sines[k * stride]!];
        const [i, j] = [at + k, at + k + width];
        const turnedRe = re[j]! * cosine + im[j]! * sine;
        const turnedIm = im[j]! * cosine - re[j]! * sine;
        re[j] = re[i]! - turnedRe;
        im[j] = im[i]! - turnedIm;
        re[i] = re[i]! + turnedRe;
        im[i] = im[i]! + turnedIm;
      }
    }
  }

  /** Takes the transforms of even and odd samples apart, and joins them to the one of all. */
  #split(power: Float64Array): void {
    const [re, im] = [this.#re, this.#im];
    const half = re.length;
    for (let k = 0; k <= half; k++) {
      const [i, j] = [k % half, (half - k) % half];
      const [evenRe, evenIm] = [(re[i]! + re[j]!) / 2, (im[i]! - im[j]!) / 2];
      const [oddRe, oddIm] = [(im[i]! + im[j]!) / 2, (re[j]! - re[i]!) / 2];
      const cosine = k === half ? -1 : this.#cosines[k]!;
      const sine = k === half ? 0 : this.#sines[k]!;
      const binRe = evenRe + oddRe * cosine + oddIm * sine;
      const binIm = evenIm + oddIm * cosine - oddRe * sine;
      power[k] = power[k]! + binRe * binRe + binIm * binIm;
    }
  }
}

function reversedBits(count: number): Uint32Array {
  const reversed = new Uint32Array(count);
  for (let i = 1; i < count; i++) reversed[i] = (reversed[i >> 1]! >> 1) | (i & 1 ? count >> 1 : 0);
  return reversed;
}
