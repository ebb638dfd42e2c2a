/** From an address to a connection on which the protocol is settled and, where credentials are given, logged in. */
import { openConnection, type ReachOptions } from "../net/connect.ts";
import type { OpenTransport } from "../net/transport.ts";
import { type Address, formatAddress } from "./address.ts";
import { SeedLinkConnection } from "./connection.ts";
import { deadlines } from "./failures.ts";
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
export interface SeedLinkConnectOptions extends ReachOptions {
  /** Logs in after connecting. Default: the user name and password of the address, if it has them. */
  auth?: Credentials | undefined;
  /** Lets credentials go out without TLS to other machines than this one. Default false. */
  allowPlainAuth?: boolean | undefined;
  /** Version of the protocol. Default: 4.0 where the server offers it, else 3. */
  protocol?: "auto" | "4.0" | "3.1" | 3 | 4 | undefined;
  /** What the server is told of this program (protocol 4): `name/version`. */
  userAgent?: string | undefined;
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
const USER_AGENT = "node-red-datalink";
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|::1)$/;

/** Opens a connection, settles the protocol, and logs in if credentials are given. */
export function openSession(
  open: OpenTransport,
  address: Address,
  options: SeedLinkConnectOptions,
): Promise<SeedLinkSession> {
  const wanted = wantedProtocol(options.protocol);
  checkPlainAuth(address, options);
  return openConnection(address, options, {
    speech: "seedlink",
    open,
    deadlines,
    subprotocols: SUBPROTOCOLS,
    maxMessage: MAX_MESSAGE,
    attach: (transport, waits) => new SeedLinkConnection(transport, waits),
    settle: (connection, signal) => settle(connection, address, options, wanted, signal),
    wrongServer: (why) => new SeedLinkError("WRONG_SERVER", why.message, { cause: why }),
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
