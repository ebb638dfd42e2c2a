/**
 * jetstream connection: the servers of a NATS cluster and how to log in there, for the nodes that use it. They share one
 * connection, which is open while there is one of them.
 */
import type { NodeAPI } from "node-red";
import {
  type JetStreamAuth,
  JetStreamConnection,
  type JetStreamSettings,
} from "../lib/jetstream/connection.ts";
import { ConnectionType, type LoginOptions, type ServerSettings } from "./runtime/connection-type.ts";

/** What the library needs besides the addresses. */
export interface JetStreamLogin extends LoginOptions {
  timeout: number;
  clientName: string;
}

export const JETSTREAM = new ConnectionType<JetStreamLogin>({
  type: "jetstream-connection",
  usualAddress: "localhost:4222",
  logins: ["none", "password", "token", "creds"],
  place: (text) => {
    const shown = new JetStreamConnection({ servers: text }).server;
    // The options alone say whether there is TLS; a scheme that asks for it does so in what is shown.
    return { shown, isSecure: false, identity: shown };
  },
  options: (login, clientName) => ({ ...login, clientName: clientName || "node-red-datalink" }),
});

export default function register(RED: NodeAPI): void {
  JETSTREAM.register(RED);
}

/** As the library takes it. */
export function jetStreamSettings({ url, options }: ServerSettings<JetStreamLogin>): JetStreamSettings {
  const { auth, tls, timeout, clientName } = options;
  return { servers: url, auth: authOf(auth), tls, timeout, name: clientName };
}

function authOf(auth: JetStreamLogin["auth"]): JetStreamAuth | undefined {
  return auth && "jwt" in auth ? { token: auth.jwt } : auth;
}

/** A connection that several nodes share. */
export interface SharedConnection {
  readonly connection: JetStreamConnection;
  /** The node does without it from now on; the last one that does closes it. */
  release(): Promise<void>;
}

/** By their configuration nodes, which a deploy makes anew. */
const SHARED = new WeakMap<object, { connection: JetStreamConnection; users: number }>();

/**
 * The connection of the configuration node that a node has chosen, opened by the first that needs it.
 * @throws SettingError where none is chosen, and what is wrong with the one that is.
 */
export function shareConnection(RED: NodeAPI, id: string): SharedConnection {
  const settings = jetStreamSettings(JETSTREAM.chosen(RED, id));
  const node = JETSTREAM.deployed(RED, id) as object;
  const shared = SHARED.get(node) ?? { connection: new JetStreamConnection(settings), users: 0 };
  SHARED.set(node, shared);
  shared.users++;
  return {
    connection: shared.connection,
    release: async () => {
      shared.users--;
      if (shared.users > 0) return;
      if (SHARED.get(node) === shared) SHARED.delete(node);
      await shared.connection.close();
    },
  };
}
