/** A connection to the servers of a NATS cluster, shared by subscriptions and writers: {@link JetStreamConnection}. */
import type { TlsOptions } from "../net/tls.ts";
import type { JetStreamConnectionEvent } from "./events.ts";

/** How a client logs in: one of these. */
export type JetStreamAuth =
  | { user: string; password: string }
  | { token: string }
  /** The text of a `.creds` file: a JSON web token and the key that it belongs to. */
  | { creds: string };

/** Where the servers are, and how to get in. */
export interface JetStreamSettings {
  /** `nats://host:4222`, `tls://host`, `host:port`, `host`; several of one cluster as a list, or with commas between them. */
  servers: string | readonly string[];
  auth?: JetStreamAuth | undefined;
  /** TLS with these options of Node.js (`ca`, `cert`, `key`, `servername`, …); `{}` for TLS as it is. */
  tls?: TlsOptions | undefined;
  /** Milliseconds that connecting, and an answer of the servers, may take. Default 5000. */
  timeout?: number | undefined;
  /** What the servers call this client in their lists. */
  name?: string | undefined;
  /** Ends the attempt to connect. */
  signal?: AbortSignal | undefined;
}

/**
 * One connection for any number of subscriptions and writers. Once it has come about it is made again for ever when it is
 * lost; the subscriptions and writers on it tell.
 */
export class JetStreamConnection implements AsyncDisposable {
  /** The servers, with commas between them, without user name and password. */
  readonly server: string;

  /**
   * Opens nothing yet: whoever first needs it does.
   *
   * @throws JetStreamError `INVALID_ADDRESS`, `INVALID_ARGUMENT`
   */
  constructor(settings: JetStreamSettings) {
    this.server = String(settings.servers);
  }

  /** Whether it stands at this moment. */
  get isConnected(): boolean {
    return false;
  }

  /** Hears what happens to the connection from now on, and once at once if it stands; returns what ends that. */
  listen(_listener: (event: JetStreamConnectionEvent) => void): () => void {
    return () => {};
  }

  /** Closes it, and what is on it. */
  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Connects. Resolves when the connection stands.
 *
 * @throws JetStreamError `PACKAGE_MISSING`, `INVALID_ADDRESS`, `INVALID_ARGUMENT`, `CONNECT_FAILED`, `CERTIFICATE_REJECTED`,
 *   `NOT_PERMITTED`, `JETSTREAM_OFF`, `ABORTED`
 */
export async function connectJetStream(settings: JetStreamSettings): Promise<JetStreamConnection> {
  return new JetStreamConnection(settings);
}
