/** From an address to an open connection, in time: what the clients of all protocols do alike. */
import { type Address, formatAddress } from "./address.ts";
import { type Deadlines, MAX_DELAY } from "./deadline.ts";
import {
  mayBeWrongServer,
  type OwnSpeech,
  type WrongServer,
  whyNoAnswer,
} from "./other-server/wrong-server.ts";
import type { OpenTransport, TlsOptions, Transport } from "./transport.ts";

/** How to reach a server, and how long to wait for it. */
export interface ReachOptions {
  /** TLS: own authority, client certificate, name. `{}` for none of them. Whoever gives it wants TLS, whatever the scheme. */
  tls?: TlsOptions | undefined;
  /** For `ws://` and `wss://`: headers of the HTTP request. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds, for everything that waits or for each. */
  timeout?: number | Timeouts | undefined;
  /** After how many silent milliseconds the server is asked whether it is still there (ID); 0: never. Default 30 s. */
  keepAlive?: number | undefined;
  /** Gives up connecting. */
  signal?: AbortSignal | undefined;
}

/** How long to wait, in milliseconds. */
export interface Timeouts {
  /** Until the connection is open and the server has said who it is. Default 10 s. */
  connect?: number | undefined;
  /** Until a command is answered. Default 30 s. */
  command?: number | undefined;
}

/** What a connection has to know of its waiting. */
export interface Waits {
  /** The server in sentences, for example `datalink://host:16000`. */
  readonly name: string;
  /** How long an answer may take, in milliseconds. */
  readonly commandTimeout: number;
  /** After how many silent milliseconds the server is asked whether it is still there; 0: never. */
  readonly keepAlive: number;
}

/** What opening a connection has to know of it. */
interface Opened {
  /** What the server has sent first, until it has answered. */
  readonly firstBytes: Uint8Array | undefined;
  /** Whether an answer has come: then it is the right server. */
  readonly hasAnswered: boolean;
  abandon(reason: Error): void;
}

/** What a protocol brings to opening a connection. */
export interface Opening<Connection extends Opened, Session, Failure extends Error> {
  readonly speech: OwnSpeech;
  readonly open: OpenTransport;
  readonly deadlines: Deadlines<Failure>;
  readonly subprotocols: readonly string[];
  /** Largest WebSocket message that the server may send, in bytes. */
  readonly maxMessage: number;
  attach(transport: Transport, waits: Waits): Connection;
  /** Says who this is, and hears who the server is. */
  settle(connection: Connection, signal: AbortSignal): Promise<Session>;
  /** The protocol's own error for a server that is another one. */
  wrongServer(why: WrongServer): Failure;
}

const CONNECT_TIMEOUT_MS = 10_000;
const COMMAND_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 30_000;

/**
 * Opens a connection. Fails with the protocol's own errors, and says where another server is the reason; a connection that is
 * not settled is closed.
 */
export function openConnection<Connection extends Opened, Session, Failure extends Error>(
  address: Address,
  options: ReachOptions,
  opening: Opening<Connection, Session, Failure>,
): Promise<Session> {
  const { open, deadlines, subprotocols, maxMessage, speech } = opening;
  const name = formatAddress(address);
  const { timeout, tls = {}, headers = {} } = options;
  const timeouts = typeof timeout === "object" ? timeout : { connect: timeout, command: timeout };
  const duration = (value: number | undefined, standard: number, what: string): number => {
    if (value === undefined) return standard;
    if (typeof value === "number" && value > 0) return Math.min(value, MAX_DELAY);
    throw deadlines.invalid(`${what} is a number of milliseconds above 0, not ${String(value)}.`);
  };
  const connectTimeout = duration(timeouts.connect, CONNECT_TIMEOUT_MS, "timeout.connect");
  const commandTimeout = duration(timeouts.command, COMMAND_TIMEOUT_MS, "timeout.command");
  const keepAlive = options.keepAlive === 0 ? 0 : duration(options.keepAlive, KEEP_ALIVE_MS, "keepAlive");

  let connection: Connection | undefined;
  const session = deadlines.run(`Connecting to ${name}`, connectTimeout, options.signal, async (signal) => {
    const asked = { tls, headers, subprotocols, maxMessage };
    const transport = await open(address, asked, signal).catch((error: unknown) => {
      throw deadlines.own(error);
    });
    connection = opening.attach(transport, { name, commandTimeout, keepAlive });
    try {
      return await opening.settle(connection, signal);
    } catch (error) {
      const reason = (signal.aborted ? signal.reason : error) as Error;
      connection.abandon(reason);
      throw reason;
    }
  });
  return session.catch(async (error: Error) => {
    if (connection?.hasAnswered || !mayBeWrongServer(error)) throw error;
    const why = await whyNoAnswer(
      open,
      address,
      speech,
      connection?.firstBytes,
      connectTimeout,
      options.signal,
    );
    throw why ? opening.wrongServer(why) : error;
  });
}
