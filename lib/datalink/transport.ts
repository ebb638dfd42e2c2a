/**
 * What a connection needs of a transport (TCP, TLS, WebSocket), and what all of them share: the words for a
 * connection that does not come about.
 */
import { type Address, formatAddress } from "./address.ts";
import { DataLinkError, type DataLinkErrorCode } from "./errors.ts";

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

/** Opens a transport; rejects with `signal.reason` when the signal fires first. */
export type OpenTransport = (address: Address, signal: AbortSignal) => Promise<Transport>;

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

/** Turns the error of a connection attempt into a sentence about this server. */
export function connectError(address: Address, error: unknown): DataLinkError {
  if (error instanceof DataLinkError) return error;
  const code = codeOf(error);
  const [kind, advice] = CAUSES[code] ?? ["CONNECT_FAILED", messageOf(error)];
  return new DataLinkError(kind, `Cannot connect to ${formatAddress(address)}: ${advice}.`, { cause: error });
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
