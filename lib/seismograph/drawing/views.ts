/** What all pictures are made of: bins of a trace, marks of triggers and events, the words in them. */

/**
 * A trace in bins of equal width, counted from 1970: bin number n has the samples from n · width to (n + 1) · width. `TraceBins` is one.
 */
export interface Bins {
  /** Width of a bin, in microseconds. */
  readonly width: number;
  /** The number of the bin behind the newest one; `NaN` before the first sample. */
  readonly end: number;
  /** The smallest sample of a bin; `NaN` where there is none. */
  min(bin: number): number;
  /** The largest sample of a bin; `NaN` where there is none. */
  max(bin: number): number;
  /** Copies the bins from number `first` on into two arrays of the same length: much faster than one by one. */
  read?(first: number, min: Float64Array, max: Float64Array): void;
}

/** Samples at equal distances, without a gap between them. */
export interface Segment {
  /** Time of the first sample, in microseconds since 1970. */
  start: number;
  /** From one sample to the next, in microseconds. */
  period: number;
  samples: ArrayLike<number>;
}

/** A trigger of a stream. Times in microseconds since 1970. */
export interface TriggerMark {
  start: number;
  /** `undefined` while it lasts. */
  end?: number | undefined;
}

/** An event of a catalogue, at the time when its first wave should come. */
export interface EventMark {
  /** Microseconds since 1970. */
  time: number;
  /** What the box says: `M 5.8 Tonga Δ 96° P 14:42:31`. */
  text: string;
}

/** The words in the pictures, in the reader's language. */
export interface DrawingTexts {
  /** Behind the first number of the minutes on top: `min`. */
  minutes: string;
  /** Above the column of local times. */
  local: string;
  /** `gain of a line {value}` */
  gain: string;
  /** `clipped at {value}` */
  clipped: string;
  /** The rule of the baseline: each line about its mean. */
  perLine: string;
  /** The rule of the baseline: each column about its middle, which removes slow motion. */
  perColumn: string;
  /** `times UTC` */
  utc: string;
  /** What stands where there is nothing to draw. */
  noData: string;
  /** In a zoom of which no samples are kept. */
  envelopeOnly: string;
}

/** The words in English. */
export const ENGLISH: Readonly<DrawingTexts> = {
  minutes: "min",
  local: "local",
  gain: "gain of a line {value}",
  clipped: "clipped at {value}",
  perLine: "each line about its mean",
  perColumn: "removes slow motion",
  utc: "times UTC",
  noData: "no data yet",
  envelopeOnly: "only the envelope is kept",
};
