/** What can be wrong with what the signal room is given: settings, and records. */
import { CodedError } from "../errors.ts";

/**
 * - `INVALID_SETTING`: a setting that cannot be used;
 * - `CORNER_ABOVE_NYQUIST`: a corner frequency that the sample rate cannot carry;
 * - `BAD_SAMPLE_RATE`, `BAD_TIME`, `NO_SAMPLES`: the property of a record that is missing or of no use.
 */
export type SignalErrorCode =
  | "INVALID_SETTING"
  | "CORNER_ABOVE_NYQUIST"
  | "BAD_SAMPLE_RATE"
  | "BAD_TIME"
  | "NO_SAMPLES";

/** A failure of the signal room. Nothing in `lib/signal` throws anything else. */
export class SignalError extends CodedError<SignalErrorCode> {}
