/**
 * The server's door: sockets come in over TCP or TLS, and their first bytes say what they speak (first-bytes.ts): DataLink,
 * SeedLink, or HTTP and perhaps WebSocket, whose path says it then. Sockets of another HTTP server come in by `handleUpgrade`.
 */
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import {
  createServer as createTlsServer,
  TLSSocket,
  type TlsOptions,
  type Server as TlsServer,
} from "node:tls";
import { WebSocketServer } from "ws";
import { DataLinkError } from "../datalink/protocol/errors.ts";
import { ServerWebSocketTransport } from "../net/server-websocket.ts";
import { SocketTransport } from "../net/socket.ts";
import type { Transport } from "../net/transport.ts";
import type { Permissions } from "./access/access.ts";
import {
  type Admission,
  addressOf,
  hostsOfOrigins,
  isHostAllowed,
  isOriginAllowed,
  sourceOf,
  sourceOfRequest,
} from "./access/admission.ts";
import { protocolOf } from "./first-bytes.ts";
import { answerRequest, type FiguresSource, urlOf } from "./http.ts";

/** WebSocket and HTTP on the server's own port. */
export interface WebSocketOptions {
  /** Path of the WebSocket that speaks DataLink. Default `/datalink`. */
  path?: string | undefined;
  /** Path of the WebSocket that speaks SeedLink. Default `/seedlink`. */
  seedLinkPath?: string | undefined;
  /** Web pages of other origins that may use the server, such as `https://example.org`, or `*` for all. */
  origins?: string[] | undefined;
  /**
   * Names of the server, such as `data.example.org`, besides addresses, names without a dot, and those of a local network
   * (`.local`, `.lan`, `.home`, `.internal`); the hosts of `origins` are taken too.
   */
  hosts?: string[] | undefined;
}

export interface ListenerOptions {
  host: string;
  port: number;
  tls: TlsOptions | undefined;
  /** Whether SeedLink is spoken. */
  seedLink: boolean;
  /** `undefined`: the port speaks neither HTTP nor WebSocket. */
  webSocket: Required<WebSocketOptions> | undefined;
  /** Milliseconds for a first byte, a TLS handshake, an HTTP request. */
  ioTimeout: number;
  /** Largest WebSocket message, in bytes. */
  maxMessage: number;
}

/** What a client speaks that has come in. */
export type Protocol = "DataLink" | "SeedLink";

export interface Arrival {
  address: string;
  port: number;
}

/** What the door tells the server. */
export interface ListenerHost extends FiguresSource {
  /** A client is there that speaks a protocol of this server. */
  arrived(transport: Transport, peer: Arrival, permissions: Permissions, protocol: Protocol): void;
  refused(peer: Arrival, reason: string): void;
}

/** Milliseconds that an HTTP request and its answer may take, as a multiple of the timeout. */
const HTTP_PATIENCE = 6;

const MAX_HTTP_HEADER = 8192;

/** Bytes of answers to HTTP requests waiting for clients to take them beyond which no further one is begun. */
const MAX_UNSENT = 64 * 1024 * 1024;

/** Milliseconds that a client whose upgrade was refused has to take the answer. */
const LINGER = 2000;

/** Connections that wait to be accepted. */
const BACKLOG = 128;

/**
 * Sockets given to the HTTP server, and overdue ones sent away, in one turn of the event loop: a thousand that come, or
 * are overdue, at the same time must not hold up the others.
 */
const HANDOVERS = 20;
export const EVICTIONS = 100;

/** What is known of a socket that has come in and is not a connection of a client (yet). */
interface Visitor extends Guest {
  peer: Arrival;
  permissions: Permissions;
}

/** What is to be finished in time. */
interface Guest {
  /** Of the TCP connection, also where TLS is spoken over it. */
  socket: Duplex;
  /** When it is sent away, by the clock of `performance`. */
  until: number;
}

export class Listener {
  readonly #options: ListenerOptions;
  readonly #host: ListenerHost;
  readonly #admission: Admission;
  readonly #server: Server;
  readonly #tlsServer: TlsServer | undefined;
  readonly #httpServer: HttpServer;
  readonly #webSockets: Record<Protocol, WebSocketServer>;
  /** By both ends of the TCP connection, which are the same for the sockets that lie over it. */
  readonly #visitors = new Map<string, Visitor>();
  /** Clients of other HTTP servers, while they are answered. */
  readonly #guests = new Set<Guest>();
  /** Sockets that are to be given to the HTTP server. */
  readonly #forHttp = new Set<Socket>();
  #handover: NodeJS.Immediate | undefined;
  /** Bytes of answers to HTTP requests that their clients have not taken yet. */
  #unsent = 0;
  /** Answers to HTTP requests are worked out one after the other. */
  #answers: Promise<void> = Promise.resolve();

  /** @throws DataLinkError `INVALID_ARGUMENT` where certificate or key cannot be used. */
  constructor(options: ListenerOptions, admission: Admission, host: ListenerHost) {
    this.#options = options;
    this.#admission = admission;
    this.#host = host;
    this.#server = createServer({ noDelay: true, keepAlive: true, allowHalfOpen: true }, (socket) =>
      this.#accept(socket),
    );
    this.#tlsServer = options.tls && this.#createTlsServer(options.tls);
    this.#httpServer = createHttpServer({ maxHeaderSize: MAX_HTTP_HEADER }, (request, response) =>
      this.handleRequest(request, response),
    );
    this.#httpServer.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) =>
      this.#upgradeVisitor(request, socket, head),
    );
    const webSockets = (...subprotocols: string[]) => {
      const settings = {
        noServer: true,
        clientTracking: false,
        perMessageDeflate: false,
        maxPayload: options.maxMessage,
        // Its types do not know this one yet.
        closeTimeout: options.ioTimeout,
        handleProtocols: (asked: Set<string>) => chooseProtocol(asked, subprotocols),
      };
      return new WebSocketServer(settings);
    };
    this.#webSockets = {
      DataLink: webSockets("datalink1.1", "datalink1.0"),
      SeedLink: webSockets("seedlink4.0", "seedlink3.1"),
    };
  }

  /** The port it listens on. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address ? address.port : this.#options.port;
  }

  /** What the port speaks, as INFO STATUS says it. */
  get protocols(): string {
    const family = this.#options.host.includes(":") ? "IPv6" : "IPv4";
    const seedLink = this.#options.seedLink ? " SeedLink" : "";
    const http = this.#options.webSocket ? " HTTP" : "";
    return `${family}: DataLink${seedLink}${http}${this.#options.tls ? " over TLS" : ""}`;
  }

  /** @throws DataLinkError `ADDRESS_IN_USE`, `LISTEN_FAILED` */
  listen(): Promise<void> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException) => reject(listenError(error, host, port));
      this.#server.once("error", fail);
      this.#server.listen({ host, port, backlog: BACKLOG }, () => {
        this.#server.off("error", fail);
        // An accept that fails (too many open files) concerns that client only.
        this.#server.on("error", () => {});
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => {
      this.#server.close(resolve);
    });
    if (this.#handover) clearImmediate(this.#handover);
    for (const { socket } of [...this.#visitors.values(), ...this.#guests]) socket.destroy();
    await closed;
  }

  /** Sends away who takes too long, at most {@link EVICTIONS} of them; returns whether there are more. */
  sweep(now: number): boolean {
    let left = EVICTIONS;
    for (const { socket, until } of [...this.#visitors.values(), ...this.#guests]) {
      if (now <= until) continue;
      if (left === 0) return true;
      socket.destroy();
      left--;
    }
    return false;
  }

  /** Answers an HTTP request of this or another HTTP server with the figures that its path asks for. */
  handleRequest(request: IncomingMessage, response: ServerResponse, isAuthenticated = false): void {
    const { origin } = request.headers;
    const foreign = this.#reasonAgainst(request, isAuthenticated);
    if (foreign !== undefined) {
      response.writeHead(403, { Connection: "close" }).end(foreign);
      return;
    }
    if (origin !== undefined) response.setHeader("Access-Control-Allow-Origin", origin);
    const permissions = this.#permissionsOf(request, response, isAuthenticated);
    if (typeof permissions === "string") {
      response.writeHead(403, { Connection: "close" }).end(permissions);
      return;
    }
    this.#answers = this.#answers
      .then(() => this.#answer(permissions, request, response))
      .catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : undefined);
      });
  }

  async #answer(permissions: Permissions, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.socket.destroyed) return;
    if (this.#unsent > MAX_UNSENT) {
      response.writeHead(503, { Connection: "close", "Retry-After": "60" }).end(TOO_MUCH_UNSENT);
      return;
    }
    const bytes = await answerRequest(this.#host, permissions, request, response);
    if (response.closed) return;
    this.#unsent += bytes;
    response.once("close", () => {
      this.#unsent -= bytes;
    });
  }

  /** Makes a request of another HTTP server, to upgrade to WebSocket, a connection of this one. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, isAuthenticated = false): void {
    const source = sourceOfRequest(request, isAuthenticated);
    const peer = { address: source.address, port: request.socket.remotePort ?? 0 };
    const permissions = this.#admission.enter(source);
    if (typeof permissions === "string") {
      this.#refuseUpgrade(socket, peer, 403, permissions);
      return;
    }
    const guest = { socket, until: performance.now() + this.#options.ioTimeout };
    this.#guests.add(guest);
    socket.once("close", () => {
      if (this.#guests.delete(guest)) this.#admission.leave(peer.address);
    });
    const protocol = this.#protocolAsked(request);
    this.#upgrade(request, socket as Socket, head, peer, { permissions, isAuthenticated, protocol }, () =>
      this.#guests.delete(guest),
    );
  }

  #createTlsServer(options: TlsOptions): TlsServer {
    try {
      const server = createTlsServer({ ...options, handshakeTimeout: this.#options.ioTimeout }, (socket) =>
        this.#sniff(socket),
      );
      server.on("tlsClientError", (error, socket) => {
        this.#host.refused(
          { address: addressOf(socket), port: socket.remotePort ?? 0 },
          `TLS: ${error.message}`,
        );
      });
      return server;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new DataLinkError(
        "INVALID_ARGUMENT",
        `The server's certificate or key cannot be used (${reason}): both must be PEM and belong together.`,
        { cause: error },
      );
    }
  }

  #accept(socket: Socket): void {
    socket.on("error", ignore);
    const peer = { address: addressOf(socket), port: socket.remotePort ?? 0 };
    const permissions = this.#admission.enter(sourceOf(socket));
    if (typeof permissions === "string") {
      socket.destroy();
      this.#host.refused(peer, permissions);
      return;
    }
    const ends = endsOf(socket);
    const until = performance.now() + this.#options.ioTimeout;
    this.#visitors.set(ends, { socket, peer, permissions, until });
    // Whoever has become a connection is counted until that is told to be closed.
    socket.once("close", () => {
      if (this.#visitors.delete(ends)) this.#admission.leave(peer.address);
    });
    if (this.#tlsServer) this.#tlsServer.emit("connection", socket);
    else this.#sniff(socket);
  }

  /** Waits for the first bytes, as many as it takes to tell what they are. */
  #sniff(socket: Socket): void {
    // Of a TLS socket it is not the error of the socket below.
    socket.on("error", leave);
    socket.once("end", leave);
    let first: Buffer = Buffer.alloc(0);
    const look = (bytes: Buffer) => {
      first = first.length === 0 ? bytes : Buffer.concat([first, bytes]);
      const protocol = protocolOf(first);
      if (protocol === "undecided") return;
      socket.off("data", look);
      socket.off("end", leave);
      socket.pause();
      socket.unshift(first);
      this.#admit(socket, protocol);
    };
    socket.on("data", look);
  }

  /** Hands a socket over to whom it wants to speak with. */
  #admit(socket: Socket, protocol: Exclude<ReturnType<typeof protocolOf>, "undecided">): void {
    const ends = endsOf(socket);
    const visitor = this.#visitors.get(ends);
    if (!visitor) return;
    if (protocol === "HTTP" && this.#options.webSocket) {
      this.#forHttp.add(socket);
      this.#handover ??= setImmediate(this.#handOver);
    } else if (protocol === "DataLink" || (protocol === "SeedLink" && this.#options.seedLink)) {
      this.#visitors.delete(ends);
      const transport = new SocketTransport(socket, { isEncrypted: this.#tlsServer !== undefined });
      this.#host.arrived(transport, visitor.peer, visitor.permissions, protocol);
      socket.resume();
    } else {
      socket.destroy();
      this.#host.refused(visitor.peer, `it does not speak ${this.#languages}`);
    }
  }

  /** In words. */
  get #languages(): string {
    const { seedLink, webSocket } = this.#options;
    const all = ["DataLink", ...(seedLink ? ["SeedLink"] : []), ...(webSocket ? ["HTTP"] : [])];
    return all.length === 1 ? all[0]! : `${all.slice(0, -1).join(", ")} or ${all.at(-1)}`;
  }

  readonly #handOver = (): void => {
    let left = HANDOVERS;
    for (const socket of this.#forHttp) {
      this.#forHttp.delete(socket);
      if (socket.destroyed) continue;
      this.#httpServer.emit("connection", socket);
      socket.resume();
      left--;
      if (left === 0) break;
    }
    this.#handover = this.#forHttp.size > 0 ? setImmediate(this.#handOver) : undefined;
  };

  #upgradeVisitor(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const visitor = this.#visitors.get(endsOf(socket));
    if (!visitor) {
      socket.destroy();
      return;
    }
    const url = urlOf(request);
    if (!url) {
      this.#refuseUpgrade(socket, visitor.peer, 400, "the target of the request is not a path");
      return;
    }
    const protocol = this.#protocolAt(url.pathname);
    if (!protocol) {
      const { path = "", seedLinkPath = "" } = this.#options.webSocket ?? {};
      const paths = this.#options.seedLink ? `${path}, and of SeedLink at ${seedLinkPath}` : path;
      this.#refuseUpgrade(socket, visitor.peer, 404, `the WebSocket is at ${paths}`);
      return;
    }
    const permissions = this.#admission.permit(sourceOfRequest(request));
    if (typeof permissions === "string") {
      this.#refuseUpgrade(socket, visitor.peer, 403, permissions);
      return;
    }
    this.#upgrade(
      request,
      socket,
      head,
      visitor.peer,
      { permissions, isAuthenticated: false, protocol },
      () => this.#visitors.delete(endsOf(socket)),
    );
  }

  #protocolAt(path: string): Protocol | undefined {
    const { webSocket, seedLink } = this.#options;
    const isAt = (place: string | undefined) => path.toLowerCase() === place?.toLowerCase();
    if (isAt(webSocket?.path)) return "DataLink";
    return seedLink && isAt(webSocket?.seedLinkPath) ? "SeedLink" : undefined;
  }

  /** At the path of another server, the end of it tells, or what the client offers to speak. */
  #protocolAsked(request: IncomingMessage): Protocol {
    const asked = request.headers["sec-websocket-protocol"] ?? "";
    const isAtSeedLink = /\/seedlink\/?$/i.test(urlOf(request)?.pathname ?? "");
    const isSeedLink = isAtSeedLink || (/seedlink/i.test(asked) && !/datalink/i.test(asked));
    return this.#options.seedLink && isSeedLink ? "SeedLink" : "DataLink";
  }

  #upgrade(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    peer: Arrival,
    {
      permissions,
      isAuthenticated,
      protocol,
    }: { permissions: Permissions; isAuthenticated: boolean; protocol: Protocol },
    arrived: () => void,
  ): void {
    const foreign = this.#reasonAgainst(request, isAuthenticated);
    if (foreign !== undefined) {
      this.#refuseUpgrade(socket, peer, 403, foreign);
      return;
    }
    if (request.headers["sec-websocket-version"] !== "13" || request.httpVersion !== "1.1") {
      this.#refuseUpgrade(socket, peer, 400, "HTTP 1.1 and WebSocket version 13 are needed");
      return;
    }
    this.#webSockets[protocol].handleUpgrade(request, socket, head, (webSocket) => {
      arrived();
      const transport = new ServerWebSocketTransport(webSocket, socket, socket instanceof TLSSocket);
      this.#host.arrived(transport, peer, permissions, protocol);
    });
  }

  /** Why a request may not be answered that a browser could have sent for a page of a stranger. */
  #reasonAgainst(request: IncomingMessage, isAuthenticated: boolean): string | undefined {
    const { origins = [], hosts = [] } = this.#options.webSocket ?? {};
    if (!isOriginAllowed(request, origins)) return `${FOREIGN_PAGE} (${request.headers.origin})`;
    // No browser gives a password for one name to a page of another.
    if (isAuthenticated || isHostAllowed(request, [...hosts, ...hostsOfOrigins(origins)])) return undefined;
    return `${FOREIGN_HOST} (${request.headers.host})`;
  }

  #refuseUpgrade(socket: Duplex, peer: Arrival, status: number, reason: string): void {
    socket.on("error", ignore);
    // A client that neither reads nor closes must not keep its socket.
    const timer = setTimeout(() => socket.destroy(), Math.min(this.#options.ioTimeout, LINGER));
    socket.once("close", () => clearTimeout(timer));
    // The answer reaches a client that is still sending only if that is taken: otherwise it meets a reset first.
    socket.resume();
    socket.end(
      `HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Type: text/plain\r\n` +
        `Content-Length: ${Buffer.byteLength(reason)}\r\n\r\n${reason}`,
    );
    this.#host.refused(peer, reason);
  }

  /** Of a visitor of this door, or of another HTTP server's client, who is counted while it is answered. */
  #permissionsOf(
    request: IncomingMessage,
    response: ServerResponse,
    isAuthenticated: boolean,
  ): Permissions | string {
    const source = sourceOfRequest(request, isAuthenticated);
    const until = performance.now() + HTTP_PATIENCE * this.#options.ioTimeout;
    const visitor = this.#visitors.get(endsOf(request.socket));
    if (visitor) {
      visitor.until = until;
      return this.#admission.permit(source);
    }
    const permissions = this.#admission.enter(source);
    if (typeof permissions === "string") return permissions;
    const guest = { socket: request.socket, until };
    this.#guests.add(guest);
    response.once("close", () => {
      this.#guests.delete(guest);
      this.#admission.leave(source.address);
    });
    return permissions;
  }
}

const FOREIGN_PAGE = "pages of this origin are not allowed: name it in the setting webSocket.origins";
const TOO_MUCH_UNSENT = "too many answers wait for their clients to take them: try again in a minute";
const FOREIGN_HOST =
  "this is not known as a name of the server: name it in the setting webSocket.hosts, or among the web origins";

function ignore(): void {}

function leave(this: Socket): void {
  this.destroy();
}

function endsOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localPort}`;
}

/** The first of those known that is asked for, spelled as it was asked for: browsers insist on that. */
function chooseProtocol(asked: Set<string>, subprotocols: readonly string[]): string | false {
  for (const known of subprotocols) {
    for (const name of asked) if (name.toLowerCase() === known) return name;
  }
  return false;
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): DataLinkError {
  if (error.code === "EADDRINUSE") {
    return new DataLinkError(
      "ADDRESS_IN_USE",
      `Port ${port} on ${host} is taken, perhaps by another DataLink server: stop that one or choose another port.`,
      { cause: error },
    );
  }
  const hint =
    error.code === "EACCES"
      ? "ports below 1024 need permission: choose a higher one"
      : error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND"
        ? "this machine has no such address: 127.0.0.1 is this machine only, 0.0.0.0 all its addresses"
        : error.message;
  return new DataLinkError("LISTEN_FAILED", `Cannot listen on ${host}, port ${port}: ${hint}.`, {
    cause: error,
  });
}
