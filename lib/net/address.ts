/**
 * Server addresses: `scheme://host:port`, with TLS `schemes://`, `ws://` and `wss://` (WebSocket), and the short forms
 * `host`, `host:port`, `host@port`, `[v6]:port`. A user name and a password in a URL are taken out of it for logging in;
 * what is shown to people never has them. Each protocol has its own schemes and ports.
 */

/** What a protocol's addresses look like. */
export interface AddressForm {
  /** Its schemes, plain and over TLS, for example `datalink` and `datalinks`. */
  readonly schemes: readonly [plain: string, secure: string];
  /** Their customary ports. */
  readonly ports: readonly [plain: number, secure: number];
  /** Where servers have it on WebSocket, for example `/datalink`. */
  readonly webSocketPath: string;
}

/** A server's address, taken apart. */
export interface Address {
  /** A scheme of the protocol, `ws` or `wss`. */
  readonly scheme: string;
  /** Host name or IP address, an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
  /** Path and query of a WebSocket URL; empty for the others. */
  readonly path: string;
  /** Whether the connection is encrypted. */
  readonly isSecure: boolean;
  /** Whether the protocol travels in WebSocket messages. */
  readonly isWebSocket: boolean;
  /** The path that servers have usually. */
  readonly usualPath: string;
  /** User name and password of the URL. */
  readonly credentials?: { readonly user: string; readonly password: string };
}

/** Text that is not an address: says why, and what to give. The protocol makes an error of its own of it. */
export class AddressError extends Error {}

const URL_FORM = /^([a-z][a-z0-9+.-]*):\/\/(?:([^/?#]*)@)?([^/?#]*)([/?][^#]*)?(?:#.*)?$/i;
/** Host and port, the host in brackets where it is an IPv6 address. */
const HOST_PORT = /^(?:\[([^\]]*)\]|([^\s:@[\]/\\?#%]+))(?:[:@](\d{1,5}))?$/i;

/**
 * Takes an address apart. Without a scheme it means the plain one, or TLS on the port of that; without a port the scheme's
 * own. `secure` asks for TLS whatever the scheme says.
 *
 * @throws AddressError
 */
export function parseAddress(text: string, form: AddressForm, secure = false): Address {
  const trimmed = String(text).trim();
  const url = URL_FORM.exec(trimmed);
  if (!url) return withoutScheme(trimmed, form, secure);
  const schemes = [...form.schemes, "ws", "wss"];
  const index = schemes.indexOf(url[1]!.toLowerCase());
  if (index < 0) {
    const known = schemes.map((scheme) => `${scheme}://`);
    throw invalid(trimmed, `use ${known.slice(0, -1).join(", ")} or ${known.at(-1)}`);
  }
  const isSecure = secure || index % 2 === 1;
  const isWebSocket = index >= 2;
  const { host, port } = hostAndPort(url[3]!, trimmed, form);
  const path = url[4] ?? "";
  if (!isWebSocket && path !== "" && path !== "/")
    throw invalid(trimmed, "only WebSocket addresses have a path");
  // More likely the rest of a password than a path: it must neither be sent nor shown.
  if (path.includes("@")) throw invalid(trimmed, "in a password, / is written %2F, ? is %3F and # is %23");
  const credentials = credentialsOf(url[2], trimmed);
  const [plainPort, securePort] = isWebSocket ? [80, 443] : form.ports;
  return {
    scheme: schemes[index - (index % 2) + Number(isSecure)]!,
    host,
    port: port ?? (isSecure ? securePort : plainPort),
    path: isWebSocket ? webSocketPath(path, form) : "",
    isSecure,
    isWebSocket,
    usualPath: form.webSocketPath,
    ...(credentials && { credentials }),
  };
}

/** The address as people may see it: without user name and password, and without the query of a WebSocket URL. */
export function formatAddress(address: Address): string {
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${address.scheme}://${host}:${address.port}${address.path.replace(/\?.*$/s, "")}`;
}

/** The URL that a WebSocket of this address is opened with. */
export function webSocketUrl({ scheme, host, port, path }: Address): string {
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}${path}`;
}

function withoutScheme(text: string, form: AddressForm, secure: boolean): Address {
  const [plainPort, securePort] = form.ports;
  const { host, port } = isIPv6(text) ? { host: text.toLowerCase() } : hostAndPort(text, text, form);
  const isSecure = secure || port === securePort;
  return {
    scheme: form.schemes[isSecure ? 1 : 0],
    host,
    port: port ?? (isSecure ? securePort : plainPort),
    path: "",
    isSecure,
    isWebSocket: false,
    usualPath: form.webSocketPath,
  };
}

/** An IPv6 address, perhaps with a zone. */
const IPV6 = /^([\da-f:.]+)(?:%[\w.~-]+)?$/i;

/** By the URL parser, which browsers have too; zones it does not know. */
function isIPv6(text: string): boolean {
  const address = IPV6.exec(text)?.[1];
  if (address === undefined) return false;
  try {
    return new URL(`http://[${address}]`).hostname !== "";
  } catch {
    return false;
  }
}

function hostAndPort(
  text: string,
  whole: string,
  form: AddressForm,
): { host: string; port?: number | undefined } {
  const parts = HOST_PORT.exec(text);
  if (!parts || (parts[1] !== undefined && !isIPv6(parts[1])))
    throw invalid(
      whole,
      `it needs a host, such as "host", "host:${form.ports[0]}" or "[::1]:${form.ports[0]}"`,
    );
  const host = (parts[1] ?? parts[2]!).toLowerCase();
  if (parts[3] === undefined) return { host };
  const port = Number(parts[3]);
  if (port < 1 || port > 65535) throw invalid(whole, "a port is a number from 1 to 65535");
  return { host, port };
}

function webSocketPath(path: string, form: AddressForm): string {
  if (path === "" || path === "/") return form.webSocketPath;
  return path.startsWith("?") ? form.webSocketPath + path : path;
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

function invalid(text: string, advice: string): AddressError {
  return new AddressError(`"${withoutSecrets(text)}" is not a server address: ${advice}.`);
}

/** Whatever may be a secret is left out, also of text that is not an address: all before an `@`, and a query. */
function withoutSecrets(text: string): string {
  return text
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, "$1")
    .replace(/[?#].*$/s, "")
    .slice(0, 100);
}
