/** The failures of `lib/net` as SeedLink's own. */
import { Deadlines } from "../net/deadline.ts";
import { NetError } from "../net/errors.ts";
import { SeedLinkError } from "./protocol/errors.ts";

/** Waiting that fails with `ABORTED` and `TIMEOUT` of `SeedLinkError`. */
export const deadlines = new Deadlines((code, message, options) => new SeedLinkError(code, message, options));

/** A failure to connect, with the same code and words; what is not a `NetError` comes back as it is. */
export function ownError(error: unknown): unknown {
  return error instanceof NetError
    ? new SeedLinkError(error.code, error.message, { cause: error.cause })
    : error;
}
