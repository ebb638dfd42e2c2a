/**
 * What a connection needs of a transport (TCP, TLS, WebSocket), and what all of them share: the words for a
 * connection that does not come about.
 */
import { type Address, formatAddress } from "../datalink/address.ts";
import { DataLinkError, type DataLinkErrorCode } from "../datalink/protocol/errors.ts";

/** An open connection that carries whole DataLink frames one way and bytes the other way. */
export interface Transport {
  /** From now on, bytes and the end are told to `listener`. Call it once, and at once. */
  listen(listener: TransportListener): void;
  /** Sends one whole frame. False means: enough for now, wait for `onDrain` before sending more. */
  send(frame: Buffer): boolean;
  /** Stops reading, so that the peer has to wait. */
  pause(): void;
  resume(): void;
  /** Sends what is still to be sent, then closes. `onClose` follows. */
  end(): void;
  /** Closes at once. `onClose` follows. */
  destroy(): void;
}

export interface TransportListener {
  onBytes(piece: Buffer): void;
  onDrain(): void;
  /** Called once, with the reason where there is one. */
  onClose(error: Error | undefined): void;
}

/** Largest payload that a server may announce, in bytes: INFO of a large server has many megabytes. */
export const MAX_PAYLOAD = 256 * 1024 * 1024;

/** What is wrong, and what to do, by the code that Node.js gives. */
const CAUSES: Record<string, readonly [DataLinkErrorCode, string]> = {
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
export function connectError(address: Address, error: unknown): DataLinkError {
  if (error instanceof DataLinkError) return error;
  const [kind, advice] = causeOf(codeOf(error), messageOf(error));
  return new DataLinkError(kind, `Cannot connect to ${formatAddress(address)}: ${advice}.`, { cause: error });
}

function causeOf(code: string, message: string): readonly [DataLinkErrorCode, string] {
  if (CERTIFICATE.test(code)) {
    const advice =
      "give the certificate of its authority (ca), or the name that it is for (servername), or ask its operator for a valid one";
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
    return ["CONNECT_FAILED", `the web server answers ${status}; check the path, which usually is /datalink`];
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
