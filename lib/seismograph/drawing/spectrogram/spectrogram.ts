/** A spectrogram: power over time and frequency. */

/** Power over time and frequency, column by column. */
export interface Spectrogram {
  /** Time of the left edge of the first column, in microseconds since 1970. */
  start: number;
  /** Time from one column to the next, in microseconds. */
  step: number;
  columns: number;
  /** Frequencies of a column, evenly spaced. */
  rows: number;
  /** Frequencies of the lowest and of the highest row's outer edge, in hertz. */
  lowest: number;
  highest: number;
  /** Decibels, column by column, in each from the lowest frequency up; `NaN` where there are no samples. */
  decibels: Float32Array;
}
