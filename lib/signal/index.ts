/** Signals of seismometers, fed record by record: filters, triggers, measures, and how a stream does. Runs in a browser, too. */

export { CodedError } from "../errors.ts";
export type { TimeInput } from "../time.ts";
export {
  type ButterworthOptions,
  bandAt,
  designButterworth,
  type FilterKind,
  frequencyResponse,
  type Section,
} from "./butterworth.ts";
export {
  Coincidence,
  type CoincidenceEvent,
  type CoincidenceOptions,
  type CoincidentStation,
  type StationChange,
} from "./coincidence.ts";
export { type Continued, Continuity, type ContinuityKind, type SpanOfSamples } from "./continuity.ts";
export { Decimator } from "./decimator.ts";
export { SignalError, type SignalErrorCode } from "./errors.ts";
export { IirFilter, type IirFilterOptions } from "./iir-filter.ts";
export { Level, type LevelChange, type LevelOptions } from "./level.ts";
export { eventsByStation } from "./monitor/by-station.ts";
export type { MonitorEvent, MonitorEventKind, MonitorOptions } from "./monitor/options.ts";
export { StationMonitor } from "./monitor/station-monitor.ts";
export type { MonitoredRecord, StreamReport } from "./monitor/stream-watch.ts";
export {
  Derivative,
  Gain,
  GroundMotion,
  type GroundMotionOptions,
  Integral,
  type MotionQuantity,
  type SignalStep,
} from "./motion.ts";
export { RunningMean, type RunningMeanOptions } from "./running-mean.ts";
export { isSample, type SampleInput } from "./samples.ts";
export { newHighNoiseModel, newLowNoiseModel } from "./spectrum/noise-models.ts";
export {
  powerSpectralDensity,
  type Spectrum,
  type SpectrumOptions,
  toDecibels,
} from "./spectrum/power.ts";
export { StaLta, type StaLtaOptions } from "./sta-lta.ts";
export { matchesStream, stationOf, streamName } from "./stream-pattern.ts";
export {
  type Thresholds,
  type TriggerChange,
  type TriggerEndReason,
  TriggerLogic,
  type TriggerOptions,
  type TriggerSpan,
  triggerOnsets,
} from "./trigger.ts";
export { TriggerDetector, type TriggerDetectorOptions, type TriggerEvent } from "./trigger-detector.ts";
export { type TimedSamples, VectorMagnitude } from "./vector-magnitude.ts";
export {
  type SamplesAtTime,
  type WindowOptions,
  type WindowResult,
  WindowStatistics,
} from "./window-statistics.ts";
