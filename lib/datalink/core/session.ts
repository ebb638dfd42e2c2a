/** From an address to a connection that is identified and, where credentials are given, logged in. */
import { MAX_PAYLOAD_BYTES } from "../../limits.ts";
import { MAX_DELAY } from "../../net/deadline.ts";
import { mayBeWrongServer, whyNoAnswer } from "../../net/other-server/wrong-server.ts";
import type { OpenTransport, TlsOptions, Transport } from "../../net/transport.ts";
import { type Address, formatAddress } from "../address.ts";
import type { ServerIdentity } from "../protocol/capabilities.ts";
import { authenticate, type Credentials, identify } from "../protocol/client-requests.ts";
import { DataLinkError } from "../protocol/errors.ts";
import { DataLinkConnection } from "./connection.ts";
import { deadlines, ownError } from "./failures.ts";

/** What the client needs of where it runs: Node.js, or a page in a browser. */
export interface Platform {
  readonly open: OpenTransport;
  /** How this program calls itself where its caller does not say. */
  readonly clientId: () => string;
}

/** How to connect, and as whom. */
export interface ConnectOptions {
  /** Who this client is, for the server's logs. Default: a name made by `generateClientId`. */
  clientId?: string | undefined;
  /** Logs in after connecting. Default: the user name and password of the address, if it has them. */
  auth?: Credentials | undefined;
  /** TLS: own authority, client certificate, name. `{}` for none of them. Whoever gives it wants TLS, whatever the scheme. */
  tls?: TlsOptions | undefined;
  /** For `ws://` and `wss://`: headers of the HTTP request. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds, for everything that waits or for each. */
  timeout?: number | Timeouts | undefined;
  /** After how many idle milliseconds the server is asked whether it is still there (ID); 0: never. Default 30 s. */
  keepAlive?: number | undefined;
  /** Gives up connecting. */
  signal?: AbortSignal | undefined;
}

/** How long to wait, in milliseconds. */
export interface Timeouts {
  /** Until the connection is open and the server has answered ID. Default 10 s. */
  connect?: number | undefined;
  /** Until a command is answered. Default 30 s. */
  command?: number | undefined;
}

/** An open connection, and what the server has said of itself. */
export interface ClientSession {
  /** @internal */
  connection: DataLinkConnection;
  server: ServerIdentity;
  clientId: string;
}

/** Both are offered, because servers of protocol 1.0 know only theirs. */
const SUBPROTOCOLS = ["DataLink1.1", "DataLink1.0"];

const CONNECT_TIMEOUT_MS = 10_000;
const COMMAND_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 30_000;

/** Opens a connection, identifies this client, and logs in if credentials are given. */
export function openSession(
  platform: Platform,
  address: Address,
  options: ConnectOptions,
): Promise<ClientSession> {
  const clientId = options.clientId ?? platform.clientId();
  const ping = identify(clientId);
  const name = formatAddress(address);
  const { timeout } = options;
  const timeouts = typeof timeout === "object" ? timeout : { connect: timeout, command: timeout };
  const connectTimeout = duration(timeouts.connect, CONNECT_TIMEOUT_MS, "timeout.connect");
  const commandTimeout = duration(timeouts.command, COMMAND_TIMEOUT_MS, "timeout.command");
  const keepAlive = options.keepAlive === 0 ? 0 : duration(options.keepAlive, KEEP_ALIVE_MS, "keepAlive");
  const credentials = options.auth ?? address.credentials;
  const login = credentials && authenticate(credentials);

  let connection: DataLinkConnection | undefined;
  const opening = deadlines.run(`Connecting to ${name}`, connectTimeout, options.signal, async (signal) => {
    const transport = await open(platform, address, options, signal);
    connection = new DataLinkConnection(transport, { name, commandTimeout, keepAlive, ping });
    try {
      let server = await connection.run(ping, signal);
      if (login) {
        await connection.run(login, signal);
        // What a client may do can differ before and after.
        server = await connection.run(ping, signal);
      }
      return { connection, server, clientId };
    } catch (error) {
      const reason = signal.aborted ? (signal.reason as DataLinkError) : (error as DataLinkError);
      connection.abandon(reason);
      throw reason;
    }
  });
  return opening.catch(async (error: Error) => {
    if (connection?.hasAnswered || !mayBeWrongServer(error)) throw error;
    const why = await whyNoAnswer(
      platform.open,
      address,
      "datalink",
      connection?.firstBytes,
      connectTimeout,
      options.signal,
    );
    throw why ? new DataLinkError("WRONG_SERVER", why.message, { cause: why }) : error;
  });
}

/** A client id of these parts: `program:user:pid:architecture`. */
export function clientIdOf(parts: readonly (string | number)[]): string {
  return parts
    .map((part) => String(part).replace(/[^!-9;-~]/g, "_"))
    .join(":")
    .slice(0, 200);
}

async function open(
  platform: Platform,
  address: Address,
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<Transport> {
  const { tls = {}, headers = {} } = options;
  const maxMessage = MAX_PAYLOAD_BYTES;
  try {
    return await platform.open(address, { tls, headers, subprotocols: SUBPROTOCOLS, maxMessage }, signal);
  } catch (error) {
    throw ownError(error);
  }
}

function duration(value: number | undefined, standard: number, what: string): number {
  if (value === undefined) return standard;
  if (typeof value === "number" && value > 0) return Math.min(value, MAX_DELAY);
  throw new DataLinkError(
    "INVALID_ARGUMENT",
    `${what} is a number of milliseconds above 0, not ${String(value)}.`,
  );
}
