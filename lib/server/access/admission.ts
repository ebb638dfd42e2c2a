/** Who gets in: by address, and as long as there are not too many already, in all or from that address. */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { Access, Permissions } from "./access.ts";

export interface AdmissionLimits {
  maxClients: number;
  maxClientsPerAddress?: number | undefined;
}

/** Where a client comes from. */
export interface Source {
  /** The address by which it is counted, and told of. */
  address: string;
  /** Behind a proxy, all the addresses that it may have: it may do what each of them may. Otherwise just the one. */
  addresses: readonly string[];
  /** Whether another HTTP server, which has passed it on, has checked who it is. */
  isAuthenticated: boolean;
}

export class Admission {
  readonly #access: Access;
  readonly #limits: AdmissionLimits;
  readonly #clientsByAddress = new Map<string, number>();
  #clients = 0;
  #onEmpty: (() => void) | undefined;

  constructor(access: Access, limits: AdmissionLimits) {
    this.#access = access;
    this.#limits = limits;
  }

  /** How many are in. */
  get clients(): number {
    return this.#clients;
  }

  /** What a client may do, or why it may not come in. Whoever is let in must {@link leave} once. */
  enter(source: Source): Permissions | string {
    const { address } = source;
    const { maxClients, maxClientsPerAddress } = this.#limits;
    const fromHere = this.#clientsByAddress.get(address) ?? 0;
    if (this.#clients >= maxClients) {
      return `${maxClients} clients are connected already: the limit is the setting maxClients`;
    }
    if (maxClientsPerAddress !== undefined && fromHere >= maxClientsPerAddress) {
      return `${fromHere} clients are connected from ${address} already: the limit is the setting maxClientsPerAddress`;
    }
    const permissions = this.permit(source);
    if (typeof permissions === "string") return permissions;
    this.#clients++;
    this.#clientsByAddress.set(address, fromHere + 1);
    return permissions;
  }

  /** What a client may do, who is counted already, or why it may not come in. */
  permit({ address, addresses, isAuthenticated }: Source): Permissions | string {
    const permissions = this.#access.ofAddresses(addresses, isAuthenticated);
    if (permissions) return permissions;
    return address === UNKNOWN
      ? "it comes through a proxy that names no address for it (X-Forwarded-For): only a rule for all addresses lets it in"
      : `no access rule lets ${address} in`;
  }

  leave(address: string): void {
    this.#clients--;
    const left = (this.#clientsByAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#clientsByAddress.set(address, left);
    else this.#clientsByAddress.delete(address);
    if (this.#clients === 0) this.#onEmpty?.();
  }

  /** Resolves when all who were let in have left: sockets say that they are closed a little after they are. */
  async whenEmpty(): Promise<void> {
    if (this.#clients === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }
}

/** The address of a socket's peer; an IPv4 client of an IPv6 socket is known by its IPv4 address. */
export function addressOf(socket: { remoteAddress?: string | undefined }): string {
  const address = socket.remoteAddress ?? "";
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}

/** The source of a socket that speaks for itself. */
export function sourceOf(socket: { remoteAddress?: string | undefined }): Source {
  const address = addressOf(socket);
  return { address, addresses: [address], isAuthenticated: false };
}

/** Stands for a client of which nothing is known: only a rule for all addresses has it. */
const UNKNOWN = "0.0.0.0";

/** Headers that only come with a request that a proxy has passed on. */
const PROXY_HEADERS = [
  "x-forwarded-for",
  "forwarded",
  "x-real-ip",
  "x-forwarded-host",
  "x-forwarded-proto",
  "via",
];

/** Whether a request comes from its socket's own address. */
function isDirect({ headers }: IncomingMessage): boolean {
  return PROXY_HEADERS.every((name) => headers[name] === undefined);
}

/**
 * Where an HTTP request comes from. A proxy makes all the world look as if it came from its own machine, so that what
 * counts is the address that it names, the last one of the list: those before it the client may have invented. So may it
 * have those in a header that its proxy does not know, and where they differ, none of them gives more than the others. A
 * proxy does not speak for this machine: who is behind it is never taken for a program on this one.
 */
export function sourceOfRequest(request: IncomingMessage, isAuthenticated = false): Source {
  const direct = sourceOf(request.socket);
  if (isDirect(request)) return { ...direct, isAuthenticated };
  const { forwarded, ...headers } = request.headers;
  const named = [headers["x-forwarded-for"], headers["x-real-ip"], forwarded && forOf(lastOf(forwarded))]
    .filter((header) => header !== undefined)
    .map((header) => behindProxy(lastOf([header].flat().join(","))));
  if (!isLoopback(direct.address)) named.push(direct.address);
  const addresses = named.length > 0 ? named : [UNKNOWN];
  return { address: addresses[0]!, addresses, isAuthenticated };
}

/** Of a list. */
function lastOf(list: string): string {
  return list.slice(list.lastIndexOf(",") + 1);
}

/** The address of an element of the header Forwarded; the whole of one that names none. */
function forOf(element: string): string {
  return [...element.matchAll(/\bfor=([^;]*)/gi)].at(-1)?.[1] ?? element;
}

/** `"[2001:db8::1]:4711"` and `192.0.2.7:4711` are addresses with a port. */
function behindProxy(text: string): string {
  const bare = text.trim().replace(/^"(.*)"$/, "$1");
  const host = /^\[(.*)\](?::\d+)?$/.exec(bare)?.[1] ?? /^([\d.]+):\d+$/.exec(bare)?.[1] ?? bare;
  const address = addressOf({ remoteAddress: host });
  return isIP(address) === 0 || isLoopback(address) ? UNKNOWN : address;
}

function isLoopback(address: string): boolean {
  return /^(127\.|::1$)/.test(address);
}

/** Hosts that are on this machine or its network by their very name, so that no stranger's page can have them. */
const LOCAL_HOST = /^(localhost|[\d.]+|\[[\da-f:]+\]|[^.]+|.+\.(local|lan|home|internal))$/;

/**
 * Whether a request is for a name that is the server's. A page of a stranger's name that points to this machine (DNS
 * rebinding) is of the same origin as the server for the browser, which then sends no `Origin`; but its name it sends.
 */
export function isHostAllowed(request: IncomingMessage, allowed: readonly string[]): boolean {
  const { host } = request.headers;
  if (host === undefined || allowed.includes("*")) return true;
  const url = `http://${host}`;
  if (!URL.canParse(url)) return false;
  const name = new URL(url).hostname.replace(/\.$/, "");
  return LOCAL_HOST.test(name) || allowed.some((other) => other.toLowerCase() === name);
}

/** The host names of origins, such as `https://example.org`; `*` stays. */
export function hostsOfOrigins(origins: readonly string[]): string[] {
  return origins
    .map((origin) => (URL.canParse(origin) ? new URL(origin).hostname : origin))
    .filter((host) => host !== "");
}

/**
 * Whether a page of this origin may use the server. Programs send no origin. A page may come from the same host as the
 * server, from this machine if the client is on it, or from an origin that the settings name; a page of anybody
 * else in somebody's browser would speak with that somebody's permissions.
 */
export function isOriginAllowed(request: IncomingMessage, allowed: readonly string[]): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined || allowed.includes("*") || allowed.includes(origin)) return true;
  const page = URL.canParse(origin) ? new URL(origin) : undefined;
  if (page === undefined || !LOCAL_HOST.test(page.hostname)) return false;
  const isLocalPage = /^(localhost|127\.[\d.]+|\[::1\])$/.test(page.hostname);
  return page.host === host || (isLocalPage && isDirect(request) && isLoopback(addressOf(request.socket)));
}
