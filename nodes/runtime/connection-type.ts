/**
 * What the configuration nodes of servers have in common: an address, and how to log in there, for the nodes that use them.
 * They open nothing themselves.
 */
import type { Node, NodeAPI, NodeDef } from "node-red";
import type { Address } from "../../lib/net/address.ts";
import { formatAddress } from "../../lib/net/address.ts";
import type { TlsOptions } from "../../lib/net/tls.ts";
import { SettingError, Settings } from "./settings.ts";
import { tlsOptions } from "./tls.ts";

/** The settings, as a dialog saves them. */
export interface ConnectionDef {
  address: string;
  tls: string;
  auth: string;
  timeout: string;
  clientName: string;
  /** SeedLink only: which version is spoken. */
  protocol: string;
  /** SeedLink only: whether one logs in without TLS too; `true` or `false`, also as text. */
  plainAuth: string | boolean;
}

/** The settings of a dialog, of which some may not be there. */
export type ConnectionFields = { [Name in keyof ConnectionDef]?: ConnectionDef[Name] | undefined };

export interface Secrets {
  user?: string;
  password?: string;
  token?: string;
  /** JetStream only: the text of a credentials file. */
  creds?: string;
}

export type Credentials =
  | { readonly user: string; readonly password: string }
  | { readonly jwt: string }
  | { readonly creds: string };

/** How one logs in: a word for each of {@link Credentials}, and for none. */
type Login = "none" | "password" | "token" | "creds";

/** Where an address leads. */
export interface Place {
  /** As people may see it. */
  readonly shown: string;
  /** Whether the address asks for TLS. */
  readonly isSecure: boolean;
  /** Equal for two that are the same place. */
  readonly identity: unknown;
}

/** The place of an address of one server. */
export function placeOf(address: Address): Place {
  return { shown: formatAddress(address), isSecure: address.isSecure, identity: address };
}

/** What every protocol needs to connect. */
export interface LoginOptions {
  auth?: Credentials | undefined;
  tls?: TlsOptions | undefined;
}

/** What the library needs to reach a server. */
export interface ServerSettings<Options extends LoginOptions> {
  url: string;
  /** The address as people may see it. */
  address: string;
  options: Options;
}

/** What is different between protocols. */
interface Protocol<Options extends LoginOptions> {
  /** Of the node, such as `datalink-connection`. */
  readonly type: string;
  /** What stands before a short address where a TLS configuration is chosen; none where the TLS options alone say it. */
  readonly secureScheme?: string;
  readonly usualAddress: string;
  /** How one can log in there, the usual way first. */
  readonly logins: readonly [Login, ...Login[]];
  /** @throws an error with the code `INVALID_ADDRESS` */
  place(text: string): Place;
  /** @param clientName as it was typed */
  options(
    login: { auth: Options["auth"]; timeout: number; tls?: TlsOptions },
    clientName: string,
    settings: Settings,
    def: ConnectionFields,
  ): Options;
}

export interface ConnectionNode<Options extends LoginOptions> extends Node<Secrets> {
  /** @throws SettingError, or an error `INVALID_ADDRESS`: so that the nodes that use it can say what is wrong. */
  server(): ServerSettings<Options>;
}

/** One protocol's type of configuration node. */
export class ConnectionType<Options extends LoginOptions> {
  readonly #protocol: Protocol<Options>;

  constructor(protocol: Protocol<Options>) {
    this.#protocol = protocol;
  }

  register(RED: NodeAPI): void {
    const server = this.server.bind(this);
    function Connection(this: ConnectionNode<Options>, def: NodeDef & ConnectionDef): void {
      RED.nodes.createNode(this, def);
      this.server = () => server(RED, new Settings(RED, this), def, this.credentials);
    }
    RED.nodes.registerType<ConnectionNode<Options>, NodeDef & ConnectionDef, object, Secrets>(
      this.#protocol.type,
      Connection,
      {
        credentials: {
          user: { type: "text" },
          password: { type: "password" },
          token: { type: "password" },
          ...(this.#protocol.logins.includes("creds") && { creds: { type: "password" } }),
        },
      },
    );
  }

  place(text: string): Place {
    return this.#protocol.place(text);
  }

  /** The connection of this id, if there is one that runs. */
  deployed(RED: NodeAPI, id: string): ConnectionNode<Options> | undefined {
    const node = id ? (RED.nodes.getNode(id) as ConnectionNode<Options> | null) : null;
    return node?.type === this.#protocol.type ? node : undefined;
  }

  /**
   * The server that a node has chosen in its settings.
   * @throws SettingError where none is chosen, and what is wrong with the one that is.
   */
  chosen(RED: NodeAPI, id: string): ServerSettings<Options> {
    const node = this.deployed(RED, id);
    if (node) return node.server();
    throw new SettingError("INVALID_SETTING", "No server is chosen: choose one in the node's settings.");
  }

  /** @throws SettingError, or an error `INVALID_ADDRESS` */
  server(RED: NodeAPI, settings: Settings, def: ConnectionFields, secrets: Secrets): ServerSettings<Options> {
    const tls = tlsOptions(RED, def.tls);
    const url = this.#url(settings.text(def.address, this.#protocol.usualAddress), tls !== undefined);
    const seconds = settings.number("Time limit", def.timeout, { min: 0.1, max: 600, fallback: 10 });
    // A protocol's own list of logins has those only that its options take.
    const auth = credentialsOf(settings, def.auth, this.#protocol.logins, secrets) as Options["auth"];
    const login = { auth, timeout: seconds * 1000, ...(tls && { tls }) };
    return {
      url,
      address: this.#protocol.place(url).shown,
      options: this.#protocol.options(login, settings.text(def.clientName), settings, def),
    };
  }

  /** A TLS configuration says that a short address means TLS; where the address itself says otherwise, one of them is wrong. */
  #url(address: string, hasTls: boolean): string {
    const { secureScheme } = this.#protocol;
    if (!hasTls || secureScheme === undefined || this.place(address).isSecure) return address;
    if (!address.includes("://")) return `${secureScheme}://${address.replace("@", ":")}`;
    throw new SettingError(
      "INVALID_SETTING",
      `The address is of a connection without TLS, but a TLS configuration is chosen: use ${secureScheme}:// or wss://, or take the TLS configuration out.`,
    );
  }
}

function credentialsOf(
  settings: Settings,
  auth: string | undefined,
  logins: readonly [Login, ...Login[]],
  secrets: Secrets,
): Credentials | undefined {
  switch (settings.choice("Log in", auth, logins)) {
    case "none":
      return undefined;
    case "password":
      return { user: settings.text(secrets.user), password: settings.secret(secrets.password) };
    case "token":
      return { jwt: settings.text(secrets.token) };
    case "creds":
      return { creds: settings.text(secrets.creds) };
  }
}
