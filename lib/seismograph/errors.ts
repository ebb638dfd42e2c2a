/** Why a seismograph refuses something. */
import { CodedError } from "../errors.ts";

/** `INVALID_SETTING`, `TOO_MUCH` (more channels or bytes than it may have), `NOT_A_MARK` (not for it), `NOT_DRAWN` (a picture), `LISTEN_FAILED`. */
export type SeismographErrorCode =
  | "INVALID_SETTING"
  | "TOO_MUCH"
  | "NOT_A_MARK"
  | "NOT_DRAWN"
  | "LISTEN_FAILED";

/** What a seismograph cannot do: a setting, a record, or a request that makes no sense. */
export class SeismographError extends CodedError<SeismographErrorCode> {}
