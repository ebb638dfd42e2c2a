/** The failures of `lib/net` as DataLink's own. */
import { Deadlines } from "../../net/deadline.ts";
import { NetError } from "../../net/errors.ts";
import { DataLinkError } from "../protocol/errors.ts";

/** Waiting that fails with `ABORTED` and `TIMEOUT` of `DataLinkError`. */
export const deadlines = new Deadlines((code, message, options) => new DataLinkError(code, message, options));

/** Says what a caller's handler has thrown where nobody waits for it. */
export function warn(error: unknown): void {
  if (typeof process === "object") process.emitWarning(error as Error);
  else console.warn(error);
}

/** A failure to connect, with the same code and words; what is not a `NetError` comes back as it is. */
export function ownError(error: unknown): unknown {
  return error instanceof NetError
    ? new DataLinkError(error.code, error.message, { cause: error.cause })
    : error;
}
