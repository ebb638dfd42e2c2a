/**
 * Butterworth filters as second-order sections: the analogue prototype, moved to the corners and brought to the sample
 * rate by the bilinear transform with pre-warped corners (the design of `scipy.signal.butter`, which ObsPy calls). Each
 * section is computed from its own pair of poles, so that corners far below the sample rate stay exact.
 */
import { SignalError } from "./errors.ts";
import { goodRate, invalid, oneOf, positive, whole } from "./settings.ts";

/** One second-order section `[b0, b1, b2, a0, a1, a2]`: `(b0 + b1/z + b2/z²) / (a0 + a1/z + a2/z²)`; a0 is 1. */
export type Section = readonly [number, number, number, number, number, number];

/** What a filter lets pass: what is above its corner, below it, between two, or all but what is between. */
export type FilterKind = "highpass" | "lowpass" | "bandpass" | "bandstop";

/** What a filter shall do. */
export interface ButterworthOptions {
  kind: FilterKind;
  /** The frequencies where the response is down to 1/√2, in hertz: one, or two for `bandpass` and `bandstop`. */
  corners: number | readonly number[];
  /** Order of the prototype, 1 to 10: a band-pass of order 4 has four sections. Default 4, as in ObsPy. */
  order?: number;
  /** In hertz. */
  sampleRate: number;
}

const KINDS = ["highpass", "lowpass", "bandpass", "bandstop"] as const;
const MOST_ORDER = 10;
/** A corner may lie so many times below the sample rate: further down, doubles no longer carry the design. */
const LOWEST = 1e-6;
/** So near to the Nyquist frequency, relative to it, a corner counts as above (as in ObsPy). */
const NYQUIST_SLACK = 1e-6;

/** A pole, by its real and imaginary part; those of a pair by the one above the real axis. */
type Complex = readonly [number, number];

/**
 * Designs a Butterworth filter: its sections, the most resonant one last. A band-pass whose upper corner is not below the
 * Nyquist frequency becomes the high-pass of its lower corner, as in ObsPy: see {@link bandAt}.
 * @throws SignalError `CORNER_ABOVE_NYQUIST`, `INVALID_SETTING`, `BAD_SAMPLE_RATE`
 */
export function designButterworth(options: ButterworthOptions): Section[] {
  const order = whole("order", options.order ?? 4, 1, MOST_ORDER);
  const { kind, corners } = bandAt(options);
  const warped = corners.map((corner) => Math.tan((Math.PI * corner) / options.sampleRate));
  const sections = prototype(order).flatMap((pole) => place(kind, pole, warped));
  if (!sections.every(isStable)) {
    throw invalid(
      "corners",
      corners.join(" and "),
      "further apart: no stable filter of doubles is as narrow",
    );
  }
  return sections.sort((a, b) => a[5] - b[5]);
}

/**
 * The kind and corners that {@link designButterworth} uses at a sample rate: what was asked for, but for a band-pass whose
 * upper corner is not below the Nyquist frequency, which is the high-pass of its lower corner.
 * @throws SignalError as `designButterworth`
 */
export function bandAt(options: ButterworthOptions): { kind: FilterKind; corners: number[] } {
  const kind = oneOf("kind", options.kind, KINDS);
  const isBand = kind === "bandpass" || kind === "bandstop";
  const corners = cornersOf(options.corners, isBand ? 2 : 1);
  const nyquist = goodRate(options.sampleRate) / 2;
  const isAbove = (corner: number) => corner >= nyquist * (1 - NYQUIST_SLACK);
  const [lower, upper] = corners as [number, number?];
  if (kind === "bandpass" && isAbove(upper!) && !isAbove(lower)) corners.pop();
  const above = corners.find(isAbove);
  if (above !== undefined) {
    throw new SignalError(
      "CORNER_ABOVE_NYQUIST",
      `A corner of ${above} Hz is not below half the sample rate of ${options.sampleRate} Hz: choose a lower corner`,
    );
  }
  if (lower < options.sampleRate * LOWEST) {
    throw invalid("corners", lower, `at least a millionth of the sample rate of ${options.sampleRate} Hz`);
  }
  return { kind: corners.length < (isBand ? 2 : 1) ? "highpass" : kind, corners };
}

function cornersOf(given: number | readonly number[], count: 1 | 2): number[] {
  const corners = typeof given === "number" ? [given] : Array.isArray(given) ? [...given] : [];
  if (corners.length !== count) {
    throw invalid("corners", corners.join(", "), count === 1 ? "one frequency" : "two frequencies");
  }
  for (const corner of corners) positive("corners", corner, "of hertz");
  if (count === 2 && !(corners[0] < corners[1])) {
    throw invalid("corners", corners.join(" and "), "a lower and a higher frequency");
  }
  return corners;
}

/** The response at a frequency in hertz: `magnitude`, and `phase` in radians. */
export function frequencyResponse(
  sections: readonly Section[],
  frequency: number,
  sampleRate: number,
): { magnitude: number; phase: number } {
  const angle = (2 * Math.PI * frequency) / sampleRate;
  let product: Complex = [1, 0];
  for (const [b0, b1, b2, a0, a1, a2] of sections) {
    product = divide(multiply(product, atAngle(b0, b1, b2, angle)), atAngle(a0, a1, a2, angle));
  }
  return { magnitude: Math.hypot(...product), phase: Math.atan2(product[1], product[0]) };
}

function atAngle(c0: number, c1: number, c2: number, angle: number): Complex {
  return [
    c0 + c1 * Math.cos(angle) + c2 * Math.cos(2 * angle),
    -c1 * Math.sin(angle) - c2 * Math.sin(2 * angle),
  ];
}

/** Whether both poles lie inside the unit circle. */
export function isStable([, , , a0, a1, a2]: Section): boolean {
  return Math.abs(a2 / a0) < 1 && Math.abs(a1 / a0) < 1 + a2 / a0;
}

/** The poles of the analogue low-pass with its corner at 1: on the unit circle, left half. */
function prototype(order: number): Complex[] {
  return Array.from({ length: Math.ceil(order / 2) }, (_, k) => {
    const angle = (Math.PI * (2 * k + 1)) / (2 * order);
    return 2 * k + 1 === order ? [-1, 0] : [-Math.sin(angle), Math.cos(angle)];
  });
}

/** The sections of one pole, or pair of poles, of the prototype. */
function place(kind: FilterKind, pole: Complex, warped: readonly number[]): Section[] {
  const [lower, upper] = warped as [number, number];
  switch (kind) {
    case "lowpass":
      return [lowpass([pole[0] * lower, pole[1] * lower])];
    case "highpass":
      return [highpass([pole[0] * lower, pole[1] * lower])];
    case "bandpass":
      return bandPairs(pole, lower, upper).map((pair) => bandpass(pair, upper - lower));
    case "bandstop":
      return bandPairs(pole, lower, upper).map((pair) => bandstop(pair, lower * upper));
  }
}

function lowpass(pole: Complex): Section {
  const [scale, a1, a2] = denominator([pole, conjugate(pole)]);
  if (pole[1] === 0)
    return [-pole[0] / (1 - pole[0]), -pole[0] / (1 - pole[0]), 0, 1, ...firstOrder(pole[0])];
  const gain = (pole[0] ** 2 + pole[1] ** 2) / scale;
  return [gain, 2 * gain, gain, 1, a1, a2];
}

function highpass(pole: Complex): Section {
  const [scale, a1, a2] = denominator([pole, conjugate(pole)]);
  if (pole[1] === 0) return [1 / (1 - pole[0]), -1 / (1 - pole[0]), 0, 1, ...firstOrder(pole[0])];
  return [1 / scale, -2 / scale, 1 / scale, 1, a1, a2];
}

function bandpass(poles: readonly [Complex, Complex], width: number): Section {
  const [scale, a1, a2] = denominator(poles);
  return [width / scale, 0, -width / scale, 1, a1, a2];
}

/** `centre2` is the square of the stopped band's centre. */
function bandstop(poles: readonly [Complex, Complex], centre2: number): Section {
  const [scale, a1, a2] = denominator(poles);
  return [(1 + centre2) / scale, (2 * (centre2 - 1)) / scale, (1 + centre2) / scale, 1, a1, a2];
}

/** a1 and a2 of a single real pole. */
function firstOrder(pole: number): [number, number] {
  return [-(1 + pole) / (1 - pole), 0];
}

/**
 * `(1 − p)(1 − q)`, a1 and a2 of the two analogue poles p and q behind the bilinear transform. They are a pair or both real,
 * so sum and product are real; computed from these, a1 and a2 lose nothing where the poles are near 0.
 */
function denominator([p, q]: readonly [Complex, Complex]): [scale: number, a1: number, a2: number] {
  const sum = p[0] + q[0];
  const product = p[0] * q[0] - p[1] * q[1];
  const scale = 1 - sum + product;
  return [scale, (2 * (product - 1)) / scale, (1 + sum + product) / scale];
}

/**
 * The pairs of poles that a band makes of a prototype pole: the roots of `s² − p·width·s + centre²`, of each complex one with
 * its conjugate. For a band-stop it is 1/p in place of p, which on the unit circle is p's conjugate: the same pairs.
 */
function bandPairs(pole: Complex, lower: number, upper: number): (readonly [Complex, Complex])[] {
  const centre2 = lower * upper;
  const half: Complex = [(pole[0] * (upper - lower)) / 2, (pole[1] * (upper - lower)) / 2];
  const root = squareRoot([half[0] ** 2 - half[1] ** 2 - centre2, 2 * half[0] * half[1]]);
  // The larger root by a sum that cancels nothing, the other from their product.
  const sign = half[0] * root[0] + half[1] * root[1] < 0 ? -1 : 1;
  const first: Complex = [half[0] + sign * root[0], half[1] + sign * root[1]];
  const second = divide([centre2, 0], first);
  if (pole[1] === 0) return [[first, second]];
  return [
    [first, conjugate(first)],
    [second, conjugate(second)],
  ];
}

function conjugate([re, im]: Complex): Complex {
  return [re, -im];
}

function multiply([a, b]: Complex, [c, d]: Complex): Complex {
  return [a * c - b * d, a * d + b * c];
}

function divide([a, b]: Complex, [c, d]: Complex): Complex {
  const square = c * c + d * d;
  return [(a * c + b * d) / square, (b * c - a * d) / square];
}

function squareRoot([re, im]: Complex): Complex {
  const size = Math.hypot(re, im);
  const larger = Math.sqrt((size + Math.abs(re)) / 2);
  if (larger === 0) return [0, 0];
  const smaller = im / (2 * larger);
  return re >= 0 ? [larger, smaller] : [Math.abs(smaller), im < 0 ? -larger : larger];
}
