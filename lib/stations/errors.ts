/** What can be wrong with descriptions of stations. */
import { CodedError } from "../errors.ts";

/**
 * - `NOT_STATIONS`: the text does not describe stations;
 * - `NO_SENSITIVITY`: nothing is known of a channel at a time;
 * - `STATIONS_UNREACHABLE`: the file cannot be read, or the service does not answer.
 */
export type StationErrorCode = "NOT_STATIONS" | "NO_SENSITIVITY" | "STATIONS_UNREACHABLE";

/** A failure about descriptions of stations. */
export class StationError extends CodedError<StationErrorCode> {}
