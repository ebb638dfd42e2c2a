/** The spectrogram of raw samples: short windows, each with its power spectrum in decibels. */
import { Fourier } from "../../../signal/spectrum/fourier.ts";
import type { Segment } from "../views.ts";
import type { Spectrogram } from "./spectrogram.ts";

const LEAST_WINDOW = 64;
const LONGEST_WINDOW = 1024;
const MOST_COLUMNS = 1000;
/** A window is about so many columns long. */
const OVERLAP = 4;
/** Added to power before its logarithm: silence is very quiet, and not −∞. */
const FLOOR = 1e-30;

/**
 * The spectrogram of samples from `start` to `end` (microseconds since 1970), in `columns` (240 unless given): power in decibels of
 * unit²/Hz, from 0 Hz to half the sample rate; Hann windows, the straight line through their samples removed: slow motion would leak into all frequencies. Columns whose window is not filled by one segment are
 * `NaN`, and so are those in which nothing moves. `undefined` where no segment is long enough for a window.
 */
export function spectrogramOf(
  segments: readonly Segment[],
  { start, end, columns = 240 }: { start: number; end: number; columns?: number },
): Spectrogram | undefined {
  const count = Math.max(1, Math.min(Math.round(columns) || 1, MOST_COLUMNS));
  const step = (end - start) / count;
  const period = segments[0]?.period;
  if (!period || !(period > 0) || !(step > 0) || !Number.isFinite(step)) return undefined;
  const size = windowSize((OVERLAP * step) / period);
  if (!segments.some(({ samples }) => samples.length >= size)) return undefined;
  const windows = new Windows(size, 1e6 / period);
  const rows = size / 2;
  const decibels = new Float32Array(count * rows).fill(Number.NaN);
  for (let column = 0; column < count; column++) {
    const middle = start + (column + 0.5) * step;
    const into = decibels.subarray(column * rows, (column + 1) * rows);
    for (const segment of segments) windows.read(segment, middle, into);
  }
  return { start, step, columns: count, rows, lowest: 0, highest: 0.5e6 / period, decibels };
}

function windowSize(samples: number): number {
  const power = 2 ** Math.round(Math.log2(Math.max(1, samples)));
  return Math.min(Math.max(power, LEAST_WINDOW), LONGEST_WINDOW);
}

/** Windows of one size. */
class Windows {
  readonly #fourier: Fourier;
  readonly #taper: Float64Array;
  readonly #samples: Float64Array;
  readonly #power: Float64Array;
  readonly #toDensity: number;

  constructor(size: number, sampleRate: number) {
    this.#fourier = new Fourier(size);
    this.#taper = Float64Array.from(
      { length: size },
      (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size),
    );
    this.#samples = new Float64Array(size);
    this.#power = new Float64Array(size / 2 + 1);
    // Of a Hann window the mean square is 3/8; twice, as the power of negative frequencies belongs to it.
    this.#toDensity = 2 / (sampleRate * size * 0.375);
  }

  /** The decibels of the window about a time, if the segment has all of it. */
  read(segment: Segment, middle: number, decibels: Float32Array): void {
    const size = this.#samples.length;
    const first = Math.round((middle - segment.start) / segment.period - size / 2);
    if (!(first >= 0 && first + size <= segment.samples.length)) return;
    const middleIndex = (size - 1) / 2;
    let [mean, slope, isDead] = [0, 0, true];
    for (let i = 0; i < size; i++) {
      const sample = segment.samples[first + i]!;
      mean += sample / size;
      slope += sample * (i - middleIndex);
      isDead &&= sample === segment.samples[first];
    }
    // The sum of (i − middle)² over the window.
    slope /= (size * (size * size - 1)) / 12;
    // A digitiser that repeats one value has no spectrum: −300 dB would leave the other columns one colour.
    if (isDead) return;
    for (let i = 0; i < size; i++) {
      const line = mean + slope * (i - middleIndex);
      this.#samples[i] = (segment.samples[first + i]! - line) * this.#taper[i]!;
    }
    this.#power.fill(0);
    this.#fourier.addPower(this.#samples, this.#power);
    for (let row = 0; row < decibels.length; row++) {
      decibels[row] = 10 * Math.log10(this.#power[row + 1]! * this.#toDensity + FLOOR);
    }
  }
}
