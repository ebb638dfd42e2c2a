/**
 * Power spectral density: segments that overlap, each freed of its trend and tapered, their spectra averaged (Welch, 1967;
 * with `mcnamara` as McNamara and Buland, 2004, and ObsPy's PPSD do it).
 */
import { firstMissing, type SampleInput } from "../samples.ts";
import { goodRate, invalid, oneOf } from "../settings.ts";
import { Fourier } from "./fourier.ts";

/** How a spectrum is to be made. */
export interface SpectrumOptions {
  /** In hertz. */
  sampleRate: number;
  /** Samples of a segment, a power of two from 4. Default 1024. */
  segment?: number;
  /**
   * - `hann` (default): mean taken away, periodic Hann window, half overlapping;
   * - `mcnamara`: straight line taken away, cosine taper of 10 % at each end, three quarters overlapping.
   */
  mode?: "hann" | "mcnamara";
  /** Part of a segment that the next one shares, 0 to below 1; default as the mode says. */
  overlap?: number;
}

/** Powers by frequency. */
export interface Spectrum {
  /** In hertz: `segment/2 + 1` from 0 to the Nyquist frequency. */
  frequencies: Float64Array;
  /** One-sided, in the samples' unit squared per hertz. */
  power: Float64Array;
  /** Hertz from one bin to the next. */
  binWidth: number;
  /** How many segments were averaged; with none, the powers are NaN. */
  segments: number;
}

/**
 * The power spectral density of samples at equal distances. Segments with a missing sample (NaN, an infinity) are left out.
 * @throws SignalError `INVALID_SETTING`, `BAD_SAMPLE_RATE`
 */
export function powerSpectralDensity(samples: SampleInput, options: SpectrumOptions): Spectrum {
  const rate = goodRate(options.sampleRate);
  const mode = oneOf("mode", options.mode ?? "hann", ["hann", "mcnamara"]);
  const fourier = new Fourier(options.segment ?? 1024);
  const size = fourier.size;
  const step = stepOf(size, options.overlap ?? (mode === "hann" ? 0.5 : 0.75));
  const taper = mode === "hann" ? hann(size) : cosineEnds(size, 0.1);
  const power = new Float64Array(size / 2 + 1);
  const segment = new Float64Array(size);
  const values = new Float64Array(samples);
  let segments = 0;
  for (let at = 0; at + size <= values.length; at += step) {
    segment.set(values.subarray(at, at + size));
    if (firstMissing(segment, 0) < size) continue;
    detrend(segment, mode === "mcnamara");
    for (let i = 0; i < size; i++) segment[i] = segment[i]! * taper[i]!;
    fourier.addPower(segment, power);
    segments++;
  }
  scale(power, segments * rate * taper.reduce((sum, weight) => sum + weight * weight, 0));
  const binWidth = rate / size;
  return { frequencies: power.map((_, bin) => bin * binWidth), power, binWidth, segments };
}

function stepOf(size: number, overlap: number): number {
  if (!(overlap >= 0 && overlap < 1)) throw invalid("overlap", overlap, "a number from 0 to below 1");
  return Math.max(1, size - Math.floor(size * overlap));
}

/** Decibels of a power, relative to 1 unit²/Hz. */
export function toDecibels(power: number): number {
  return 10 * Math.log10(power);
}

/** All bins but the first and the last stand for a negative frequency as well. */
function scale(power: Float64Array, divisor: number): void {
  for (let bin = 0; bin < power.length; bin++) {
    const sides = bin === 0 || bin === power.length - 1 ? 1 : 2;
    power[bin] = (power[bin]! * sides) / divisor;
  }
}

function hann(size: number): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size));
}

/** A cosine over the `part` of the samples at each end, as ObsPy's `cosine_taper` has it. */
export function cosineEnds(size: number, part: number): Float64Array {
  const taper = new Float64Array(size).fill(1);
  const last = Math.floor(size * part + 0.5) - 1;
  for (let i = 0; i <= last; i++) {
    const weight = last === 0 ? 0 : 0.5 - 0.5 * Math.cos((Math.PI * i) / last);
    taper[i] = weight;
    taper[size - 1 - i] = weight;
  }
  return taper;
}

/** Takes the mean away, or the straight line of least squares. */
function detrend(values: Float64Array, isLine: boolean): void {
  const middle = (values.length - 1) / 2;
  let mean = 0;
  for (let i = 0; i < values.length; i++) mean += values[i]!;
  mean /= values.length;
  let [slope, squares] = [0, 0];
  for (let i = 0; isLine && i < values.length; i++) {
    slope += (i - middle) * (values[i]! - mean);
    squares += (i - middle) ** 2;
  }
  if (isLine) slope /= squares;
  for (let i = 0; i < values.length; i++) values[i] = values[i]! - mean - slope * (i - middle);
}
