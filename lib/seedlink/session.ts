/** From an address to a connection on which the protocol is settled and, where credentials are given, logged in. */
import { MAX_DELAY } from "../net/deadline.ts";
import { mayBeWrongServer, whyNoAnswer } from "../net/other-server/wrong-server.ts";
import type { OpenTransport, TlsOptions, Transport } from "../net/transport.ts";
import { type Address, formatAddress } from "./address.ts";
import { SeedLinkConnection } from "./connection.ts";
import { deadlines, ownError } from "./failures.ts";
import {
  authenticate,
  type Credentials,
  EXTENDED_REPLIES,
  HELLO,
  SLPROTO_4,
  userAgent,
} from "./protocol/commands.ts";
import { SeedLinkError, shown } from "./protocol/errors.ts";
import { explainsRefusals, hasOneNumberForAll, offersProtocol4, type ServerHello } from "./protocol/hello.ts";

/** How to connect, as whom, and by which protocol. */
export interface SeedLinkConnectOptions {
  /** Logs in after connecting. Default: the user name and password of the address, if it has them. */
  auth?: Credentials | undefined;
  /** Lets credentials go out without TLS to other machines than this one. Default false. */
  allowPlainAuth?: boolean | undefined;
  /** TLS: own authority, client certificate, name. `{}` for none of them. Whoever gives it wants TLS, whatever the scheme. */
  tls?: TlsOptions | undefined;
  /** For `ws://` and `wss://`: headers of the HTTP request. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds, for everything that waits or for each: until connected (10 s), until a command is answered (30 s). */
  timeout?: number | { connect?: number | undefined; command?: number | undefined } | undefined;
  /** After how many silent milliseconds the server is asked whether it is still there (INFO ID); 0: never. Default 30 s. */
  keepAlive?: number | undefined;
  /** Version of the protocol. Default: 4.0 where the server offers it, else 3. */
  protocol?: "auto" | "4.0" | "3.1" | 3 | 4 | undefined;
  /** What the server is told of this program (protocol 4): `name/version`. */
  userAgent?: string | undefined;
  /** Gives up connecting. */
  signal?: AbortSignal | undefined;
}

/** A server, as it is spoken with. */
export interface SeedLinkServer {
  /** Name and version of the program, for example `RingServer/4.5.3`. */
  readonly software: string;
  /** Whose server it is. */
  readonly organization: string;
  /** The versions of the protocol that it says it speaks; empty where it says none. */
  readonly protocols: readonly string[];
  /** What else it says it can do. */
  readonly capabilities: readonly string[];
  /** The version that is spoken: `4.0`, or `3.1` (`3.0` where the server names none). */
  readonly protocol: string;
}

/** An open connection, and what the server has said of itself. */
export interface SeedLinkSession {
  readonly connection: SeedLinkConnection;
  readonly hello: ServerHello;
  readonly protocol: 3 | 4;
  readonly server: SeedLinkServer;
}

const SUBPROTOCOLS = ["SeedLink4.0", "SeedLink3.1"];
const MAX_MESSAGE = 128 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 10_000;
const COMMAND_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 30_000;
const USER_AGENT = "node-red-datalink";
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|::1)$/;

/** Opens a connection, settles the protocol, and logs in if credentials are given. */
export function openSession(
  openTransport: OpenTransport,
  address: Address,
  options: SeedLinkConnectOptions,
): Promise<SeedLinkSession> {
  const name = formatAddress(address);
  const { timeout } = options;
  const timeouts = typeof timeout === "object" ? timeout : { connect: timeout, command: timeout };
  const connectTimeout = duration(timeouts.connect, CONNECT_TIMEOUT_MS, "timeout.connect");
  const commandTimeout = duration(timeouts.command, COMMAND_TIMEOUT_MS, "timeout.command");
  const keepAlive = options.keepAlive === 0 ? 0 : duration(options.keepAlive, KEEP_ALIVE_MS, "keepAlive");
  const wanted = wantedProtocol(options.protocol);
  checkPlainAuth(address, options);
  let connection: SeedLinkConnection | undefined;
  const opening = deadlines.run(`Connecting to ${name}`, connectTimeout, options.signal, async (signal) => {
    const transport = await open(openTransport, address, options, signal);
    connection = new SeedLinkConnection(transport, { name, commandTimeout, keepAlive });
    try {
      return await settle(connection, address, options, wanted, signal);
    } catch (error) {
      const reason = signal.aborted ? (signal.reason as SeedLinkError) : (error as SeedLinkError);
      connection.abandon(reason);
      throw reason;
    }
  });
  return opening.catch(async (error: Error) => {
    if (connection?.hasAnswered || !mayBeWrongServer(error)) throw error;
    const why = await whyNoAnswer(
      openTransport,
      address,
      "seedlink",
      connection?.firstBytes,
      connectTimeout,
      options.signal,
    );
    throw why ? new SeedLinkError("WRONG_SERVER", why.message, { cause: why }) : error;
  });
}

async function settle(
  connection: SeedLinkConnection,
  address: Address,
  options: SeedLinkConnectOptions,
  wanted: 3 | 4 | undefined,
  signal: AbortSignal,
): Promise<SeedLinkSession> {
  const hello = await connection.hello(HELLO, signal);
  const protocol = await settleProtocol(connection, hello, wanted, signal);
  if (protocol === 4) await connection.ask(userAgent(options.userAgent ?? USER_AGENT), signal);
  else if (explainsRefusals(hello)) await connection.ask(EXTENDED_REPLIES, signal);
  const credentials = options.auth ?? address.credentials;
  if (credentials) await login(connection, hello, protocol, credentials, signal);
  const { software, organization, protocols, capabilities } = hello;
  const version = protocol === 4 ? "4.0" : protocols.includes("3.1") ? "3.1" : "3.0";
  return {
    connection,
    hello,
    protocol,
    server: { software, organization, protocols, capabilities, protocol: version },
  };
}

/** Asks for 4 only where it is offered, and right behind HELLO. */
async function settleProtocol(
  connection: SeedLinkConnection,
  hello: ServerHello,
  wanted: 3 | 4 | undefined,
  signal: AbortSignal,
): Promise<3 | 4> {
  if (wanted === 3) return 3;
  if (offersProtocol4(hello) && (await connection.ask(SLPROTO_4, signal)).ok) return 4;
  if (wanted === undefined) return 3;
  throw new SeedLinkError(
    "NOT_SUPPORTED",
    `${connection.name} does not speak protocol 4: leave the protocol to it.`,
  );
}

async function login(
  connection: SeedLinkConnection,
  hello: ServerHello,
  protocol: 3 | 4,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<void> {
  if (protocol === 3 && !hasOneNumberForAll(hello)) {
    throw new SeedLinkError(
      "NOT_SUPPORTED",
      `${connection.name} speaks protocol 3, in which one cannot log in: leave the credentials out.`,
    );
  }
  await connection.run(authenticate(credentials), signal);
}

/** A password is not to be read on its way. */
function checkPlainAuth(
  address: Address,
  { auth = address.credentials, allowPlainAuth }: SeedLinkConnectOptions,
): void {
  if (auth === undefined || address.isSecure || allowPlainAuth || LOOPBACK.test(address.host)) return;
  throw new SeedLinkError(
    "INVALID_ARGUMENT",
    `Credentials would go to ${formatAddress(address)} for all to read: use TLS (seedlinks:// or wss://), or allowPlainAuth.`,
  );
}

function wantedProtocol(protocol: SeedLinkConnectOptions["protocol"]): 3 | 4 | undefined {
  if (protocol === undefined || protocol === "auto") return undefined;
  const version = Number.parseFloat(String(protocol));
  if (version >= 3 && version < 5) return version < 4 ? 3 : 4;
  throw new SeedLinkError(
    "INVALID_ARGUMENT",
    `The protocol is "auto", "4.0" or "3.1", not ${shown(protocol)}.`,
  );
}

async function open(
  openTransport: OpenTransport,
  address: Address,
  { tls = {}, headers = {} }: SeedLinkConnectOptions,
  signal: AbortSignal,
): Promise<Transport> {
  try {
    return await openTransport(
      address,
      { tls, headers, subprotocols: SUBPROTOCOLS, maxMessage: MAX_MESSAGE },
      signal,
    );
  } catch (error) {
    throw ownError(error);
  }
}

function duration(value: number | undefined, standard: number, what: string): number {
  if (value === undefined) return standard;
  if (typeof value === "number" && value > 0) return Math.min(value, MAX_DELAY);
  throw new SeedLinkError(
    "INVALID_ARGUMENT",
    `${what} is a number of milliseconds above 0, not ${shown(value)}.`,
  );
}
