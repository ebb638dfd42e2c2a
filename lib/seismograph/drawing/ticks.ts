/** Where axes have their marks: round times, round values. */

const SECOND = 1e6;
const STEPS = [
  ...[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].map((minutes) => minutes * 60 * SECOND),
];
/** Between two labels, in CSS pixels. */
const LABEL_GAP = 8;
/** No axis has more marks than that, whatever it is asked for. */
const MOST_TICKS = 200;

/** Marks of a time axis. */
export interface TimeTicks {
  /** Microseconds between two marks. */
  step: number;
  /** Microseconds since 1970. */
  times: number[];
}

/** Round times from `start` to `end`, at most `most`. */
export function timeTicks(start: number, end: number, most: number): TimeTicks {
  const room = Math.max(1, Math.min(most, MOST_TICKS));
  const step = STEPS.find((candidate) => (end - start) / candidate <= room) ?? STEPS.at(-1)!;
  return { step, times: multiples(start, end, step) };
}

/** Labels side by side below or above an axis, from left to right: within its ends, and none over another. */
export class LabelRow {
  readonly #left: number;
  readonly #right: number;
  #taken = Number.NEGATIVE_INFINITY;

  constructor(left: number, right: number) {
    this.#left = left;
    this.#right = right;
  }

  /** The middle of a label that is to stand at `x`, or `undefined` if there is no room for it. */
  place(x: number, width: number): number | undefined {
    const middle = Math.min(Math.max(x, this.#left + width / 2), this.#right - width / 2);
    if (!(middle - width / 2 >= this.#taken)) return undefined;
    this.#taken = middle + width / 2 + LABEL_GAP;
    return middle;
  }
}

/** The step of the numbers on top of a drum: at most six, and the line's end is one of them. */
export function minuteStep(lineMinutes: number): number {
  const steps = [1, 2, 5, 10, 15, 20, 30, 60];
  return steps.find((step) => lineMinutes % step === 0 && lineMinutes / step <= 6) ?? lineMinutes;
}

/** Round values from `low` to `high`, about `wanted` of them. */
export function valueTicks(low: number, high: number, wanted: number): number[] {
  const rough = (high / 2 - low / 2) / (Math.max(1, wanted) / 2);
  if (!(rough > 0) || !Number.isFinite(rough)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough)! * power;
  return step > 0 ? multiples(low, high, step) : [];
}

function multiples(from: number, to: number, step: number): number[] {
  const first = Math.ceil(from / step);
  const count = Math.floor(to / step) - first + 1;
  if (!(count > 0 && Number.isFinite(first))) return [];
  return Array.from({ length: Math.min(count, MOST_TICKS) }, (_, i) => (first + i) * step);
}
