/** From an address to a connection that is identified and, where credentials are given, logged in. */
import { MAX_PAYLOAD_BYTES } from "../../limits.ts";
import { openConnection, type ReachOptions, type Timeouts } from "../../net/connect.ts";
import type { OpenTransport } from "../../net/transport.ts";
import type { Address } from "../address.ts";
import type { ServerIdentity } from "../protocol/capabilities.ts";
import { authenticate, type Credentials, identify } from "../protocol/client-requests.ts";
import { DataLinkError } from "../protocol/errors.ts";
import { DataLinkConnection } from "./connection.ts";
import { deadlines } from "./failures.ts";

export type { ReachOptions, Timeouts };

/** What the client needs of where it runs: Node.js, or a page in a browser. */
export interface Platform {
  readonly open: OpenTransport;
  /** How this program calls itself where its caller does not say. */
  readonly clientId: () => string;
}

/** How to connect, and as whom. */
export interface ConnectOptions extends ReachOptions {
  /** Who this client is, for the server's logs. Default: a name made by `generateClientId`. */
  clientId?: string | undefined;
  /** Logs in after connecting. Default: the user name and password of the address, if it has them. */
  auth?: Credentials | undefined;
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

/** Opens a connection, identifies this client, and logs in if credentials are given. */
export function openSession(
  platform: Platform,
  address: Address,
  options: ConnectOptions,
): Promise<ClientSession> {
  const clientId = options.clientId ?? platform.clientId();
  const ping = identify(clientId);
  const credentials = options.auth ?? address.credentials;
  const login = credentials && authenticate(credentials);
  return openConnection(address, options, {
    speech: "datalink",
    open: platform.open,
    deadlines,
    subprotocols: SUBPROTOCOLS,
    maxMessage: MAX_PAYLOAD_BYTES,
    attach: (transport, waits) => new DataLinkConnection(transport, { ...waits, ping }),
    async settle(connection, signal) {
      let server = await connection.run(ping, signal);
      if (login) {
        await connection.run(login, signal);
        // What a client may do can differ before and after.
        server = await connection.run(ping, signal);
      }
      return { connection, server, clientId };
    },
    wrongServer: (why) => new DataLinkError("WRONG_SERVER", why.message, { cause: why }),
  });
}

/** A client id of these parts: `program:user:pid:architecture`. */
export function clientIdOf(parts: readonly (string | number)[]): string {
  return parts
    .map((part) => String(part).replace(/[^!-9;-~]/g, "_"))
    .join(":")
    .slice(0, 200);
}
