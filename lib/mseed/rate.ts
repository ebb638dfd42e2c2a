/**
 * Sample rates: hertz for people, and an exact ratio for times. A record's n-th sample is at
 * start + n / rate, rounded to the nanosecond; with a ratio of whole numbers that holds for any n.
 */

/** A rate as samples per seconds, both whole: 100 Hz is 100 / 1, a sample every 10 s is 1 / 10. `0 / 1`: no time series. */
export interface Rate {
  /** Samples per second. */
  readonly hertz: number;
  /** So many samples, a whole number … */
  readonly samples: bigint;
  /** … in so many seconds. */
  readonly seconds: bigint;
}

/** No time series. */
const NO_RATE: Rate = Object.freeze({ hertz: 0, samples: 0n, seconds: 1n });

const NS_PER_SECOND = 1_000_000_000n;

/**
 * The rate of a number as miniSEED 3 has it: positive is hertz, negative a period in seconds. The ratio is that of the
 * number as people write it: 33.3333 Hz is 333333 / 10000. Anything that is not a finite number gives `NO_RATE`.
 */
export function rateOf(value: number): Rate {
  const known = knownRates.get(value);
  if (known !== undefined) return known;
  const rate = Object.freeze(makeRate(value));
  if (knownRates.size >= MAX_RATES) knownRates.clear();
  knownRates.set(value, rate);
  return rate;
}

/** Nearly all records have one of a few rates. */
const MAX_RATES = 1024;
const knownRates = new Map<number, Rate>();

function makeRate(value: number): Rate {
  if (value > 0 && value < 1) {
    // Below 1 Hz a period was meant, if there is one with fewer digits: 1 / 3600.5 s.
    const period = Number((1 / value).toPrecision(15));
    if (1 / period === value) return makeRate(-period);
  }
  if (value > 0 && value < Number.POSITIVE_INFINITY) {
    const [samples, seconds] = decimalRatio(value);
    return { hertz: value, samples, seconds };
  }
  if (value < 0 && value > Number.NEGATIVE_INFINITY) {
    const [seconds, samples] = decimalRatio(-value);
    return { hertz: -1 / value, samples, seconds };
  }
  return NO_RATE;
}

/** The number that miniSEED 3 has for a rate: a period below 1 Hz, as the format wishes, where one is exact. */
export function rateFieldOf(rate: Rate): number {
  const period = Number(rate.seconds) / Number(rate.samples);
  return rate.hertz > 0 && rate.hertz < 1 && 1 / period === rate.hertz ? -period : rate.hertz;
}

/** The rate of miniSEED 2's factor and multiplier: positive multiplies, negative divides, 0 as multiplier does nothing. */
export function rateOfFactors(factor: number, multiplier: number): Rate {
  if (factor === 0) return NO_RATE;
  let samples = 1;
  let seconds = 1;
  if (factor > 0) samples *= factor;
  else seconds *= -factor;
  if (multiplier > 0) samples *= multiplier;
  else if (multiplier < 0) seconds *= -multiplier;
  return { hertz: samples / seconds, samples: BigInt(samples), seconds: BigInt(seconds) };
}

/** Nanoseconds from sample 0 to sample `n`, rounded half up; 0 without a rate. */
export function sampleOffset(rate: Rate, n: number): bigint {
  if (rate.samples === 0n) return 0n;
  const doubled = 2n * BigInt(n) * NS_PER_SECOND * rate.seconds;
  return (doubled + rate.samples) / (2n * rate.samples);
}

/** A positive number as the ratio of whole numbers that its shortest decimal form is. */
function decimalRatio(value: number): [bigint, bigint] {
  const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const digits = BigInt(whole + fraction);
  const power = Number(exponent) - fraction.length;
  return power >= 0 ? [digits * 10n ** BigInt(power), 1n] : [digits, 10n ** BigInt(-power)];
}

/** The two 16-bit numbers of miniSEED 2 for a rate. */
export interface RateFactors {
  /** Positive: samples per second; negative: seconds per sample. */
  factor: number;
  /** Positive multiplies, negative divides. */
  multiplier: number;
}

const MAX_FACTOR = 32767;

/**
 * Factor and multiplier for a rate in hertz, the same as libmseed's, or `undefined` for one out of reach (above 32767²
 * or below its inverse). They may only come near the rate: see `rateOfFactors`.
 */
export function factorsOf(hertz: number): RateFactors | undefined {
  if (hertz === 0) return { factor: 0, multiplier: 0 };
  if (hertz >= 1) return factorsOfLarge(hertz);
  const inverse = factorsOfLarge(1 / hertz);
  return inverse && { factor: -inverse.factor, multiplier: -inverse.multiplier };
}

/** For values from 1: an integer, or a product of two, or a quotient (a negative multiplier divides). */
function factorsOfLarge(value: number): RateFactors | undefined {
  const integer = Math.round(value);
  if (integer > MAX_FACTOR * MAX_FACTOR) return undefined;
  if (Math.abs(value - integer) < 1e-7) {
    return integer <= MAX_FACTOR ? { factor: integer, multiplier: 1 } : productOf(integer);
  }
  return value > MAX_FACTOR ? productOf(integer) : quotientOf(value);
}

/** The two factors nearest to the square root; where there are none, the product that comes nearest. */
function productOf(integer: number): RateFactors {
  const root = Math.floor(Math.sqrt(integer));
  let best = { factor: root, multiplier: Math.min(MAX_FACTOR, Math.round(integer / root)) };
  let error = Math.abs(integer - best.factor * best.multiplier);
  for (let factor = root; factor >= 1 && error > 0; factor--) {
    const multiplier = Math.round(integer / factor);
    if (multiplier > MAX_FACTOR) break;
    const distance = Math.abs(integer - factor * multiplier);
    if (distance < error) {
      best = { factor, multiplier };
      error = distance;
    }
  }
  return best;
}

/** The continued fraction of a value, as far as numerator and denominator stay within 16 bits. */
function quotientOf(value: number): RateFactors {
  let [p0, q0, p1, q1] = [1, 0, Math.floor(value), 1];
  let rest = value;
  while (Math.abs(value - p1 / q1) > 1e-8) {
    const whole = Math.floor(rest);
    if (rest === whole) break;
    rest = 1 / (rest - whole);
    const term = Math.floor(rest);
    const [p, q] = [term * p1 + p0, term * q1 + q0];
    if (p >= MAX_FACTOR || q >= MAX_FACTOR) break;
    [p0, q0, p1, q1] = [p1, q1, p, q];
  }
  return { factor: p1, multiplier: -q1 };
}
