/** Who gets in: by address, and as long as there are not too many already, in all or from that address. */
import type { IncomingMessage } from "node:http";
import type { Access, Permissions } from "./access.ts";

export interface GateLimits {
  maxClients: number;
  maxClientsPerAddress?: number | undefined;
}

export class Gate {
  readonly #access: Access;
  readonly #limits: GateLimits;
  readonly #clientsByAddress = new Map<string, number>();
  #clients = 0;

  constructor(access: Access, limits: GateLimits) {
    this.#access = access;
    this.#limits = limits;
  }

  /** How many are in. */
  get clients(): number {
    return this.#clients;
  }

  /** What a client of this address may do, or why it may not come in. Whoever is let in must {@link leave} once. */
  enter(address: string): Permissions | string {
    const { maxClients, maxClientsPerAddress } = this.#limits;
    const fromHere = this.#clientsByAddress.get(address) ?? 0;
    if (this.#clients >= maxClients) {
      return `${maxClients} clients are connected already: the limit is the setting maxClients`;
    }
    if (maxClientsPerAddress !== undefined && fromHere >= maxClientsPerAddress) {
      return `${fromHere} clients are connected from ${address} already: the limit is the setting maxClientsPerAddress`;
    }
    const permissions = this.#access.ofAddress(address);
    if (!permissions) return `no access rule lets ${address} in`;
    this.#clients++;
    this.#clientsByAddress.set(address, fromHere + 1);
    return permissions;
  }

  leave(address: string): void {
    this.#clients--;
    const left = (this.#clientsByAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#clientsByAddress.set(address, left);
    else this.#clientsByAddress.delete(address);
  }
}

/** The address of a socket's peer; an IPv4 client of an IPv6 socket is known by its IPv4 address. */
export function addressOf(socket: { remoteAddress?: string | undefined }): string {
  const address = socket.remoteAddress ?? "";
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}

/**
 * Where an HTTP request comes from. A proxy on this machine makes all the world look local: then what counts is the
 * address that the proxy names, the last one in `X-Forwarded-For`; those before it the client may have invented.
 */
export function addressOfRequest(request: IncomingMessage): string {
  const address = addressOf(request.socket);
  const forwarded = request.headers["x-forwarded-for"];
  if (forwarded === undefined || !/^(127\.|::1$)/.test(address)) return address;
  return [forwarded].flat().join(",").split(",").at(-1)!.trim();
}

/** Hosts that are on this machine or its network by their very name, so that no stranger's page can have them. */
const LOCAL_HOST = /^(localhost|[\d.]+|\[[\da-f:]+\]|[^.]+|.+\.(local|lan|home|internal))$/;

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
  return page.host === host || (isLocalPage && /^(127\.|::1$)/.test(addressOfRequest(request)));
}
