/** What a connection speaks through, on both of its ends: a socket, or a WebSocket. */
import type tls from "node:tls";
import type { Address } from "./address.ts";
import type { Speech } from "./other-server/speech.ts";

/** An open connection that carries whole messages of a protocol. What comes in may be cut in any way. */
export interface Transport {
  readonly isWebSocket: boolean;
  readonly isEncrypted: boolean;
  /** Bytes that the peer has not taken yet. */
  readonly unsent: number;
  /**
   * What the sender puts before a message of so many bytes, and may then send many of them in one piece; `undefined` where
   * messages simply follow each other, or are to be sent one by one.
   */
  readonly prefix: ((length: number) => Buffer) | undefined;
  /** From now on, bytes and the end are told to `listener`. Call it once, and at once. */
  listen(listener: TransportListener): void;
  /**
   * Sends a whole message, or several, each behind its prefix. `sent` is called when the system has taken it. False means:
   * enough for now, wait for `onDrain` before sending more.
   */
  send(message: Buffer, sent?: () => void): boolean;
  /** Stops reading, so that the peer has to wait. */
  pause(): void;
  resume(): void;
  /**
   * For a client's stream, until it is taken back: where reads follow one another without a pause, gathers them, so that each
   * brings more; nothing waits for longer than a millisecond. Without it, reads are as they come.
   */
  gatherReads?(isOn: boolean): void;
  /** Sends what is still to be sent, then closes; what still arrives is read. `onClose` follows. */
  end(): void;
  /** Closes at once. `onClose` follows. */
  destroy(): void;
}

export interface TransportListener {
  onBytes(piece: Buffer): void;
  onDrain?(): void;
  /** The peer has closed its side and may still read; without it, this side is closed too. */
  onEnd?(): void;
  /** Called once, with the reason where there is one. */
  onClose(error: Error | undefined): void;
}

/** What of Node.js's TLS options counts here; Node-RED's tls-config node gives the same. Certificates and keys as PEM. */
export type TlsOptions = Pick<
  tls.ConnectionOptions,
  | "ALPNProtocols"
  | "ca"
  | "cert"
  | "checkServerIdentity"
  | "ciphers"
  | "key"
  | "maxVersion"
  | "minVersion"
  | "passphrase"
  | "pfx"
  | "rejectUnauthorized"
  | "secureContext"
  | "servername"
>;

/** What is asked of a new connection. */
export interface TransportOptions {
  readonly tls: TlsOptions;
  /** For WebSocket: headers of the HTTP request. */
  readonly headers: Readonly<Record<string, string>>;
  /** For WebSocket: the subprotocols to offer. A server that refuses them all is asked again without. */
  readonly subprotocols: readonly string[];
  /** For WebSocket: the largest message that the server may send, in bytes. */
  readonly maxMessage: number;
}

/**
 * Opens a connection to a client's server. Rejects with a `NetError`, or with the signal's reason.
 * Which one a program has depends on where it runs: sockets in Node.js, the page's WebSocket in a browser.
 */
export interface OpenTransport {
  (address: Address, options: TransportOptions, signal: AbortSignal): Promise<Transport>;
  /** What the port speaks on which a protocol got no answer; a page cannot find that out. */
  readonly whoAnswers?: (
    address: Address,
    patience: number,
    signal?: AbortSignal,
  ) => Promise<Speech | undefined>;
}
