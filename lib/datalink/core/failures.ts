/** The failures of `lib/net` as DataLink's own. */
import { Deadlines } from "../../net/deadline.ts";
import { DataLinkError } from "../protocol/errors.ts";

/** Waiting and connecting that fails with codes of `DataLinkError`. */
export const deadlines = new Deadlines((code, message, options) => new DataLinkError(code, message, options));

/** Says what a caller's handler has thrown where nobody waits for it. */
export function warn(error: unknown): void {
  if (typeof process === "object") process.emitWarning(error as Error);
  else console.warn(error);
}
