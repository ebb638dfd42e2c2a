/** datalink connection: a server's address and how to log in there, for the nodes that use it. It opens nothing itself. */
import type { Node, NodeAPI, NodeDef } from "node-red";
import { formatAddress, parseAddress, usesTls } from "../lib/datalink/address.ts";
import { type ConnectOptions, generateClientId } from "../lib/datalink/connect.ts";
import type { Credentials } from "../lib/datalink/protocol/client-requests.ts";
import { SettingError, Settings } from "./runtime/settings.ts";
import { tlsOptions } from "./runtime/tls.ts";

/** The settings, as the dialog saves them. */
export interface ConnectionDef {
  address: string;
  tls: string;
  auth: string;
  timeout: string;
  clientName: string;
}

interface DataLinkConnectionDef extends NodeDef, ConnectionDef {
  version: number;
}

export interface Secrets {
  user?: string;
  password?: string;
  token?: string;
}

/** What the library needs to reach a server. */
export interface ServerSettings {
  url: string;
  /** The address as people may see it. */
  address: string;
  options: ConnectOptions;
}

interface DataLinkConnectionNode extends Node<Secrets> {
  /** @throws SettingError or DataLinkError `INVALID_ADDRESS`: so that the nodes that use it can say what is wrong. */
  server(): ServerSettings;
}

export default function register(RED: NodeAPI): void {
  function DataLinkConnection(this: DataLinkConnectionNode, def: DataLinkConnectionDef): void {
    RED.nodes.createNode(this, def);
    this.server = () => serverSettings(RED, new Settings(RED, this), def, this.credentials);
  }
  RED.nodes.registerType<DataLinkConnectionNode, DataLinkConnectionDef, object, Secrets>(
    "datalink-connection",
    DataLinkConnection,
    { credentials: { user: { type: "text" }, password: { type: "password" }, token: { type: "password" } } },
  );
}

/** The connection of this id, if there is one that runs. */
export function deployedConnection(RED: NodeAPI, id: string): DataLinkConnectionNode | undefined {
  const node = id ? (RED.nodes.getNode(id) as DataLinkConnectionNode | null) : null;
  return node?.type === "datalink-connection" ? node : undefined;
}

/**
 * The server that a node has chosen in its settings.
 * @throws SettingError where none is chosen, and what is wrong with the one that is.
 */
export function chosenServer(RED: NodeAPI, id: string): ServerSettings {
  const node = deployedConnection(RED, id);
  if (node) return node.server();
  throw new SettingError("INVALID_SETTING", "No server is chosen: choose one in the node's settings.");
}

/** @throws SettingError, DataLinkError `INVALID_ADDRESS` */
export function serverSettings(
  RED: NodeAPI,
  settings: Settings,
  def: Partial<Record<keyof ConnectionDef, string | undefined>>,
  secrets: Secrets,
): ServerSettings {
  const tls = tlsOptions(RED, def.tls);
  const url = urlOf(settings.text(def.address, "localhost:16000"), tls !== undefined);
  const seconds = settings.number("Time limit", def.timeout, { min: 0.1, max: 600, fallback: 10 });
  return {
    url,
    address: formatAddress(parseAddress(url)),
    options: {
      clientId: generateClientId(settings.text(def.clientName, "node-red")),
      auth: credentialsOf(settings, def.auth, secrets),
      timeout: seconds * 1000,
      ...(tls && { tls }),
    },
  };
}

/** A TLS configuration says that a short address means TLS; where the address itself says otherwise, one of them is wrong. */
function urlOf(address: string, hasTls: boolean): string {
  if (!hasTls || usesTls(parseAddress(address))) return address;
  if (!address.includes("://")) return `datalinks://${address.replace("@", ":")}`;
  throw new SettingError(
    "INVALID_SETTING",
    "The address is of a connection without TLS, but a TLS configuration is chosen: use datalinks:// or wss://, or take the TLS configuration out.",
  );
}

function credentialsOf(
  settings: Settings,
  auth: string | undefined,
  secrets: Secrets,
): Credentials | undefined {
  switch (settings.choice("Log in", auth, ["none", "password", "token"])) {
    case "none":
      return undefined;
    case "password":
      return { user: settings.text(secrets.user), password: settings.secret(secrets.password) };
    case "token":
      return { jwt: settings.text(secrets.token) };
  }
}
