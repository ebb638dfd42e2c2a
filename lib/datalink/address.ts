/**
 * Server addresses: `datalink://host:port`, `datalinks://` (TLS), `ws://` and `wss://` (WebSocket), and the short
 * forms `host`, `host:port`, `host@port`, `[v6]:port`. A user name and a password in a URL are taken out of it for
 * AUTH; what is shown to people never has them.
 */
import { isIPv6 } from "node:net";
import { DataLinkError } from "./protocol/errors.ts";

/** DataLink's customary ports: plain, and TLS. */
export const DEFAULT_PORT = 16000;
export const DEFAULT_TLS_PORT = 16500;

/** Where ringserver serves DataLink over WebSocket. */
const WEBSOCKET_PATH = "/datalink";

const DEFAULT_PORTS = {
  datalink: DEFAULT_PORT,
  datalinks: DEFAULT_TLS_PORT,
  ws: 80,
  wss: 443,
} as const;

export type Scheme = keyof typeof DEFAULT_PORTS;

const SECURE = { datalink: "datalinks", datalinks: "datalinks", ws: "wss", wss: "wss" } as const;

/** A server's address, taken apart. */
export interface Address {
  readonly scheme: Scheme;
  /** Host name or IP address, an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
  /** Path and query of a WebSocket URL; empty for the others. */
  readonly path: string;
  /** User name and password of the URL. */
  readonly credentials?: { readonly user: string; readonly password: string };
}

const URL_FORM = /^([a-z][a-z0-9+.-]*):\/\/(?:([^/?#]*)@)?([^/?#]*)([/?][^#]*)?(?:#.*)?$/i;
/** Host and port, the host in brackets where it is an IPv6 address. */
const HOST_PORT = /^(?:\[([^\]]*)\]|([^\s:@[\]/\\?#%]+))(?:[:@](\d{1,5}))?$/i;

/**
 * Takes an address apart. Without a scheme it means `datalink://`, or `datalinks://` on port 16500; without a port
 * 16000, or the scheme's own. `secure` asks for TLS whatever the scheme says.
 *
 * @throws DataLinkError `INVALID_ADDRESS`
 */
export function parseAddress(text: string, secure = false): Address {
  const trimmed = String(text).trim();
  const url = URL_FORM.exec(trimmed);
  if (!url) return withoutScheme(trimmed, secure);
  const given = url[1]!.toLowerCase();
  if (!isScheme(given)) throw invalid(trimmed, "use datalink://, datalinks://, ws:// or wss://");
  const scheme = secure ? SECURE[given] : given;
  const { host, port } = hostAndPort(url[3]!, trimmed);
  const path = url[4] ?? "";
  const webSocket = scheme === "ws" || scheme === "wss";
  if (!webSocket && path !== "" && path !== "/")
    throw invalid(trimmed, "only WebSocket addresses have a path");
  // More likely the rest of a password than a path: it must neither be sent nor shown.
  if (path.includes("@")) throw invalid(trimmed, "in a password, / is written %2F, ? is %3F and # is %23");
  const credentials = credentialsOf(url[2], trimmed);
  return {
    scheme,
    host,
    port: port ?? DEFAULT_PORTS[scheme],
    path: webSocket ? webSocketPath(path) : "",
    ...(credentials && { credentials }),
  };
}

/** The address as people may see it: without user name and password, and without the query of a WebSocket URL. */
export function formatAddress(address: Address): string {
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${address.scheme}://${host}:${address.port}${address.path.replace(/\?.*$/s, "")}`;
}

/** Whether the connection is encrypted. */
export function usesTls(address: Address): boolean {
  return address.scheme === "datalinks" || address.scheme === "wss";
}

/** Whether DataLink travels in WebSocket messages. */
export function usesWebSocket(address: Address): boolean {
  return address.scheme === "ws" || address.scheme === "wss";
}

function withoutScheme(text: string, secure: boolean): Address {
  const { host, port } = isIPv6(text) ? { host: text.toLowerCase() } : hostAndPort(text, text);
  const scheme = secure || port === DEFAULT_TLS_PORT ? "datalinks" : "datalink";
  return { scheme, host, port: port ?? DEFAULT_PORTS[scheme], path: "" };
}

function hostAndPort(text: string, whole: string): { host: string; port?: number | undefined } {
  const parts = HOST_PORT.exec(text);
  if (!parts || (parts[1] !== undefined && !isIPv6(parts[1])))
    throw invalid(whole, 'it needs a host, such as "host", "host:16000" or "[::1]:16000"');
  const host = (parts[1] ?? parts[2]!).toLowerCase();
  if (parts[3] === undefined) return { host };
  const port = Number(parts[3]);
  if (port < 1 || port > 65535) throw invalid(whole, "a port is a number from 1 to 65535");
  return { host, port };
}

function webSocketPath(path: string): string {
  if (path === "" || path === "/") return WEBSOCKET_PATH;
  return path.startsWith("?") ? WEBSOCKET_PATH + path : path;
}

function credentialsOf(text: string | undefined, whole: string): Address["credentials"] {
  if (text === undefined || text === "") return undefined;
  const colon = text.indexOf(":");
  const [user, password] = colon < 0 ? [text, ""] : [text.slice(0, colon), text.slice(colon + 1)];
  try {
    return { user: decodeURIComponent(user), password: decodeURIComponent(password) };
  } catch {
    throw invalid(whole, "user name and password have a % that is not followed by two hexadecimal digits");
  }
}

function isScheme(text: string): text is Scheme {
  return Object.hasOwn(DEFAULT_PORTS, text);
}

function invalid(text: string, advice: string): DataLinkError {
  return new DataLinkError("INVALID_ADDRESS", `"${withoutSecrets(text)}" is no server address: ${advice}.`);
}

/** Whatever may be a secret is left out, also of text that is no address: all before an `@`, and a query. */
function withoutSecrets(text: string): string {
  return text
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, "$1")
    .replace(/[?#].*$/s, "")
    .slice(0, 100);
}
