/**
 * The failures of connections, in words that suit every protocol: {@link NetError}. The protocol that uses a connection
 * makes them its own.
 */
import { CodedError } from "../errors.ts";
import { type Address, formatAddress } from "./address.ts";

/**
 * - `INVALID_ARGUMENT`: an option cannot be used; nothing was opened.
 * - `HOST_NOT_FOUND`, `CONNECTION_REFUSED`, `CONNECT_FAILED`: no connection came about.
 * - `CERTIFICATE_REJECTED`: TLS: the peer could not prove who it is.
 * - `NOT_PERMITTED`: the web server in front wants other credentials.
 * - `TIMEOUT`: the peer did not answer in time.
 */
export type NetErrorCode =
  | "INVALID_ARGUMENT"
  | "HOST_NOT_FOUND"
  | "CONNECTION_REFUSED"
  | "CONNECT_FAILED"
  | "CERTIFICATE_REJECTED"
  | "NOT_PERMITTED"
  | "TIMEOUT";

/** A connection that did not come about, with a `code` of {@link NetErrorCode}. */
export class NetError extends CodedError<NetErrorCode> {}

/** What is wrong, and what to do, by the code that Node.js gives. */
const CAUSES: Record<string, readonly [NetErrorCode, string]> = {
  ENOTFOUND: ["HOST_NOT_FOUND", "there is no host of this name; check its spelling"],
  EAI_AGAIN: ["HOST_NOT_FOUND", "the name could not be looked up; check the network and its name server"],
  ECONNREFUSED: [
    "CONNECTION_REFUSED",
    "nothing listens on this port; check the port, and that the server runs",
  ],
  ECONNRESET: ["CONNECT_FAILED", "the server closed the connection at once; it may not allow this address"],
  ETIMEDOUT: ["TIMEOUT", "the host does not answer; check address and firewall"],
  EHOSTUNREACH: ["CONNECT_FAILED", "there is no route to the host; check the network"],
  ENETUNREACH: ["CONNECT_FAILED", "there is no route to the host's network; check the network"],
};

/** Codes of OpenSSL and Node.js for certificates that do not prove what they should. */
const CERTIFICATE =
  /^(?!ERR_SSL).*(CERT|ISSUER|VERIFY|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH)/;

/** Turns the error of a connection attempt into a sentence about this server. */
export function connectError(address: Address, error: unknown): NetError {
  if (error instanceof NetError) return error;
  const [kind, advice] = causeOf(codeOf(error), messageOf(error), address);
  return new NetError(kind, `Cannot connect to ${formatAddress(address)}: ${advice}.`, { cause: error });
}

function causeOf(code: string, message: string, address: Address): readonly [NetErrorCode, string] {
  if (CERTIFICATE.test(code)) {
    const advice =
      "give the certificate of its authority, or the name that it is for, or ask its operator for a valid one";
    return ["CERTIFICATE_REJECTED", `its certificate was not accepted (${message}); ${advice}`];
  }
  if (/^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$|^EPROTO$/.test(code)) {
    return ["CONNECT_FAILED", `there is no TLS on this port (${message}); check port and scheme`];
  }
  const status = /Unexpected server response: (\d+)/.exec(message)?.[1];
  if (status === "401" || status === "403") {
    return ["NOT_PERMITTED", `the web server answers ${status}; it wants other credentials or headers`];
  }
  if (status !== undefined) {
    const advice = `check the path, which usually is ${address.usualPath}`;
    return ["CONNECT_FAILED", `the web server answers ${status}; ${advice}`];
  }
  return CAUSES[code] ?? ["CONNECT_FAILED", message];
}

/** Why an open connection has been lost, by the code that Node.js gives. */
const LOSSES: Record<string, string> = {
  ECONNRESET: "the other side broke it off",
  EPIPE: "the other side had closed it",
  ETIMEDOUT: "the other side does not answer any more",
  EHOSTUNREACH: "there is no route to the host any more",
  ENETUNREACH: "there is no network any more",
};

/** What ended an open connection, in words. */
export function lossOf(error: unknown): string {
  return LOSSES[codeOf(error)] ?? messageOf(error);
}

/** Servers close with 1000 also after errors, and old ones without a word (1006): only other codes say something. */
export function closeReason(code: number, reason: string): Error | undefined {
  if (code === 1000 || code === 1005 || code === 1006) return undefined;
  const words = reason.replace(/[^\x20-\x7e]/g, "?");
  return new Error(`WebSocket close code ${code}${words && `, "${words}"`}`);
}

/** Node.js's code of an error; of several attempts (IPv6, IPv4), that of the first. */
export function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : "";
}

/** The error's own words, without the full stop that the sentence around them brings. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/\.$/, "") || "no reason given";
}
