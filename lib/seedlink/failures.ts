/** The failures of `lib/net` as SeedLink's own. */
import { Deadlines } from "../net/deadline.ts";
import { SeedLinkError } from "./protocol/errors.ts";

/** Waiting and connecting that fails with codes of `SeedLinkError`. */
export const deadlines = new Deadlines((code, message, options) => new SeedLinkError(code, message, options));
