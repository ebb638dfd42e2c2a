/** Why something cannot be drawn as a trace. */
import { CodedError } from "../errors.ts";

/** `NO_SAMPLES`, `BAD_SAMPLE_RATE`, `BAD_TIME`, `BAD_SOURCE_ID`: the property of the record that is missing or no use. */
export type TraceErrorCode = "NO_SAMPLES" | "BAD_SAMPLE_RATE" | "BAD_TIME" | "BAD_SOURCE_ID";

/** A record that cannot be drawn. */
export class TraceError extends CodedError<TraceErrorCode> {}
