/** Signals of seismometers, fed record by record: filters, triggers, measures, and how a stream does. Runs in a browser, too. */
export {
  type ButterworthOptions,
  bandAt,
  designButterworth,
  type FilterKind,
  frequencyResponse,
  type Section,
} from "./butterworth.ts";
export { type Continued, Continuity, type ContinuityKind, type SpanOfSamples } from "./continuity.ts";
export { SignalError, type SignalErrorCode } from "./errors.ts";
export { IirFilter, type IirFilterOptions } from "./iir-filter.ts";
export { RunningMean, type RunningMeanOptions } from "./running-mean.ts";
export { isSample, type SampleInput } from "./samples.ts";
export { StaLta, type StaLtaOptions } from "./sta-lta.ts";
