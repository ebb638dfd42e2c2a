/** The failures of SeedLink: of the protocol, the connection, the server and the caller's arguments. */
import { CodedError } from "../../errors.ts";

/**
 * - `INVALID_ADDRESS`, `INVALID_ARGUMENT`: what the caller gave cannot be used; nothing was sent.
 * - `HOST_NOT_FOUND`, `CONNECTION_REFUSED`, `CONNECT_FAILED`: no connection came about.
 * - `CERTIFICATE_REJECTED`: TLS: the server could not prove who it is.
 * - `WRONG_SERVER`: what answers there is no server of this protocol, or has TLS where none is asked for or the other way
 *   round; the message says which.
 * - `CONNECTION_LOST`: the server or the network ended an open connection.
 * - `TIMEOUT`: the server did not answer in time.
 * - `CLOSED`: the connection was closed from this side; it cannot be used any more.
 * - `ABORTED`: the caller's `AbortSignal` fired.
 * - `PROTOCOL`: the server sent what is not SeedLink; the connection is closed.
 * - `TOO_LARGE`: something is larger than a limit allows.
 * - `SERVER_ERROR`: the server answered ERROR; its own words, if it has any, are in the message.
 * - `NOT_SUPPORTED`: the server cannot do it, or not in this version of the protocol.
 * - `NOT_PERMITTED`: the server does not allow it to this client.
 */
export type SeedLinkErrorCode =
  | "INVALID_ADDRESS"
  | "INVALID_ARGUMENT"
  | "HOST_NOT_FOUND"
  | "CONNECTION_REFUSED"
  | "CONNECT_FAILED"
  | "CERTIFICATE_REJECTED"
  | "WRONG_SERVER"
  | "CONNECTION_LOST"
  | "TIMEOUT"
  | "CLOSED"
  | "ABORTED"
  | "PROTOCOL"
  | "TOO_LARGE"
  | "SERVER_ERROR"
  | "NOT_SUPPORTED"
  | "NOT_PERMITTED";

/** A failure of SeedLink, with a `code` of {@link SeedLinkErrorCode}. */
export class SeedLinkError extends CodedError<SeedLinkErrorCode> {}

/** Text of a stranger in a sentence: one line of at most `length` characters. */
export function shown(value: unknown, length = 80): string {
  const text = String(value).replace(/[^\x20-\x7e\u00a0-\uffff]/g, "?");
  return JSON.stringify(text.length > length ? `${text.slice(0, length)}…` : text);
}
