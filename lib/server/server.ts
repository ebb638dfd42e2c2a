/**
 * The embedded DataLink server: what it is made of, and what a program does with it. What is said is in
 * datalink-session.ts and seedlink/, what is kept in ring/, who comes in by listener.ts, whose turn it is in scheduler.ts.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { DataLinkError } from "../datalink/protocol/errors.ts";
import type { PacketInput } from "../datalink/protocol/packet.ts";
import type { Transport } from "../net/transport.ts";
import { toMicroseconds } from "../time.ts";
import { Access, type Permissions } from "./access/access.ts";
import { Admission } from "./access/admission.ts";
import { LoginLimiter } from "./access/login-limiter.ts";
import { ClientConnection } from "./client-connection.ts";
import type { ServerContext } from "./context.ts";
import { DataLinkSession } from "./datalink-session.ts";
import type { DataLinkServerEvent } from "./events.ts";
import { type ConnectionFigures, type PacketFigures, packetFigures, type StatusFigures } from "./figures.ts";
import { type Arrival, EVICTIONS, Listener, type Protocol } from "./listener.ts";
import {
  type CompleteOptions,
  completeOptions,
  type DataLinkServerOptions,
  FEWEST_PACKETS,
  given,
  protocol3Records,
} from "./options.ts";
import { largestFrame, Ring } from "./ring/ring.ts";
import { RingStorage } from "./ring/storage.ts";
import { WriteBuffers } from "./ring/write-buffers.ts";
import { type Scheduled, Scheduler } from "./scheduler.ts";
import { Conversions } from "./seedlink/conversions.ts";
import { SeedLinkSession } from "./seedlink/session.ts";
import type { Send } from "./session.ts";
import { Traffic } from "./traffic.ts";

export type { DataLinkServerEvent, ServerClient } from "./events.ts";
export type { ConnectionFigures, PacketFigures } from "./figures.ts";
export type { DataLinkServerOptions, SeedLinkServerOptions } from "./options.ts";
export type { Protocol3Records } from "./seedlink/conversions.ts";

/** Figures for a status line or a dashboard. Rates are per second, over the last seconds. */
export interface DataLinkServerStatus {
  clients: number;
  streams: number;
  /** Packets in the ring. */
  packets: number;
  earliest: PacketFigures | undefined;
  newest: PacketFigures | undefined;
  packetsIn: number;
  packetsOut: number;
  packetRateIn: number;
  packetRateOut: number;
  byteRateIn: number;
  byteRateOut: number;
}

/** Milliseconds between looks at what has been waiting too long, unless a timeout asks for more. */
const SWEEP = 1000;

/** Bytes that a WebSocket message may have, if packets are not larger still. */
const MAX_MESSAGE = 64 * 1024;

/** A DataLink server with its ring. Made by {@link DataLinkServer.listen}. */
export class DataLinkServer {
  readonly #options: CompleteOptions;
  readonly #ring: Ring;
  readonly #admission: Admission;
  readonly #listener: Listener;
  readonly #context: ServerContext;
  readonly #connections = new Set<ClientConnection>();
  readonly #awaitingDurable = new Set<Scheduled>();
  readonly #scheduler = new Scheduler(this.#connections, () => this.#storage?.wake());
  readonly #logins = new LoginLimiter();
  readonly #startTime = Math.floor(Date.now() / 1000) * 1e6;
  readonly #sent = new Traffic();
  readonly #received = new Traffic();
  #storage: RingStorage | undefined;
  #sweepTimer: NodeJS.Timeout | undefined;
  #eviction: NodeJS.Immediate | undefined;
  #closed: Promise<void> | undefined;

  /**
   * Starts a server; it is ready when the promise resolves.
   *
   * @throws DataLinkError `INVALID_ARGUMENT` for options that make no sense, `ADDRESS_IN_USE` where the port is taken,
   * `LISTEN_FAILED` where the server cannot listen for another reason.
   */
  static async listen(options: DataLinkServerOptions = {}): Promise<DataLinkServer> {
    const server = new DataLinkServer(options);
    await server.#start();
    return server;
  }

  private constructor(options: DataLinkServerOptions) {
    this.#options = completeOptions(options);
    const access = new Access(options.access);
    this.#ring = new Ring(this.#options);
    this.#context = this.#makeContext(access);
    this.#admission = new Admission(access, this.#options);
    this.#listener = this.#makeListener();
  }

  /** The port it listens on. */
  get port(): number {
    return this.#listener.port;
  }

  /** For clients on this machine, for example `datalink://127.0.0.1:16000`. */
  get url(): string {
    return this.#urlOf("datalink");
  }

  /** The same for those that speak SeedLink, for example `seedlink://127.0.0.1:16000`; `undefined` where the server does not. */
  get seedLinkUrl(): string | undefined {
    return this.#options.seedLink === false ? undefined : this.#urlOf("seedlink");
  }

  #urlOf(scheme: string): string {
    const { host, tls } = this.#options;
    const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
    const name = reachable.includes(":") ? `[${reachable}]` : reachable;
    return `${scheme}${tls ? "s" : ""}://${name}:${this.port}`;
  }

  /** Plain figures, as they are now. */
  get status(): DataLinkServerStatus {
    const ring = this.#ring;
    return {
      clients: this.#admission.clients,
      streams: ring.streams.size,
      packets: ring.packets,
      earliest: packetFigures(ring, ring.first),
      newest: packetFigures(ring, ring.end - 1),
      packetsIn: this.#received.packets,
      packetsOut: this.#sent.packets,
      packetRateIn: this.#received.packetRate,
      packetRateOut: this.#sent.packetRate,
      byteRateIn: this.#received.byteRate,
      byteRateOut: this.#sent.byteRate,
    };
  }

  /** What is known of each connection, newest first. */
  get connections(): ConnectionFigures[] {
    return [...this.#connections].reverse().map((connection) => connection.figures());
  }

  /**
   * Writes a packet from within this process and returns its id.
   *
   * @throws DataLinkError `INVALID_ARGUMENT` where the packet cannot be taken.
   */
  write(packet: PacketInput): bigint {
    const dataStart = toMicroseconds(packet.dataStart);
    const dataEnd = packet.dataEnd === undefined ? dataStart : toMicroseconds(packet.dataEnd);
    if (dataStart === undefined || dataEnd === undefined) {
      throw new DataLinkError(
        "INVALID_ARGUMENT",
        `A packet of ${packet.streamId} has no usable time: give dataStart and dataEnd as Date, ISO text or microseconds.`,
      );
    }
    const payload = typeof packet.payload === "string" ? Buffer.from(packet.payload) : packet.payload;
    const isNew = !this.#ring.streams.has(packet.streamId);
    const id = this.#ring.append(packet.streamId, dataStart, dataEnd, payload, packet.packetId);
    this.#received.count(1, payload.length);
    if (isNew) this.#tell({ type: "stream", client: undefined, streamId: packet.streamId });
    this.#scheduler.wake();
    return id;
  }

  /**
   * Disconnects all clients and stops listening; what they have sent until then is handled. A ring without a folder is gone
   * after that.
   */
  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Answers an HTTP request that another server (such as Node-RED's own) has taken, with the figures as JSON that the last
   * part of its path asks for: id, status, streams, streamids or connections.
   *
   * A request that a proxy has passed on (`X-Forwarded-For`, `Forwarded` and their like) is never taken for one of this
   * machine: an access rule has to speak of the address that the proxy names, or of all. With `isAuthenticated`, which says
   * that the other server has checked who asks, it may at least read.
   */
  handleRequest(request: IncomingMessage, response: ServerResponse, isAuthenticated = false): void {
    this.#listener.handleRequest(request, response, isAuthenticated);
  }

  /**
   * Takes over a WebSocket that another HTTP server has been asked for; for its `upgrade` event. What is said of proxies at
   * {@link handleRequest} holds here too.
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, isAuthenticated = false): void {
    this.#listener.handleUpgrade(request, socket, head, isAuthenticated);
  }

  async #start(): Promise<void> {
    const { directory } = this.#options;
    if (directory !== undefined) await this.#openStorage(directory);
    try {
      await this.#listener.listen();
    } catch (error) {
      await this.#storage?.close();
      throw error;
    }
    this.#sweepTimer = setInterval(() => this.#sweep(), Math.min(SWEEP, this.#options.ioTimeout / 4));
  }

  async #openStorage(directory: string): Promise<void> {
    const { storage, recovered } = await RingStorage.open(directory, this.#ring, {
      progressed: () => this.#announce(),
      failed: (error) => this.#tell({ type: "storage", client: undefined, message: error.message }),
      restored: () => this.#tell({ type: "storage", client: undefined, message: undefined }),
    });
    this.#storage = storage;
    this.#tell({ type: "recovered", client: undefined, ...recovered });
  }

  /** More packets may be read, and more acknowledgements sent. */
  #announce(): void {
    for (const connection of this.#awaitingDurable) this.#scheduler.schedule(connection);
    this.#awaitingDurable.clear();
    this.#scheduler.wake();
  }

  async #shutDown(): Promise<void> {
    clearInterval(this.#sweepTimer);
    if (this.#eviction) clearImmediate(this.#eviction);
    this.#scheduler.stop();
    const closed = this.#listener.close();
    this.#logins.close();
    await Promise.all([...this.#connections].map((connection) => connection.drain()));
    for (const connection of this.#connections) connection.destroy("the server was closed");
    await closed;
    await this.#admission.whenEmpty();
    await this.#storage?.close();
  }

  #makeContext(access: Access): ServerContext {
    const durable = () => this.#storage?.durable ?? Number.POSITIVE_INFINITY;
    return {
      ring: this.#ring,
      access,
      logins: this.#logins,
      scheduler: this.#scheduler,
      writeBuffers: new WriteBuffers(),
      version: `DataLink v1.1 (${this.#options.software})`,
      seedLink: {
        version: `SeedLink v4.0 (${this.#options.software})`,
        organization: this.#options.serverId.replace(/[^\x20-\x7e\u00a0-\uffff]/g, " "),
        protocol3: protocol3Records(this.#options.seedLink),
        conversions: new Conversions(this.#ring, (event) => this.#tell(event)),
      },
      timeouts: this.#options,
      sent: this.#sent,
      received: this.#received,
      get durable() {
        return durable();
      },
      awaitDurable: (connection) => this.#awaitingDurable.add(connection),
      status: () => this.#figures(),
      clients: () => this.connections,
      tell: (event) => this.#tell(event),
    };
  }

  #makeListener(): Listener {
    const { host, port, ioTimeout, packetSize, tls, webSocket, seedLink = true } = this.#options;
    const webDefaults = { path: "/datalink", seedLinkPath: "/seedlink", origins: [], hosts: [host] };
    return new Listener(
      {
        host,
        port,
        tls,
        seedLink: seedLink !== false,
        webSocket: webSocket === false ? undefined : { ...webDefaults, ...given(webSocket) },
        ioTimeout,
        maxMessage: Math.max(MAX_MESSAGE, FEWEST_PACKETS * largestFrame(packetSize)),
      },
      this.#admission,
      {
        ring: this.#ring,
        status: () => this.#figures(),
        clients: () => this.connections,
        arrived: (...visitor) => this.#welcome(...visitor),
        refused: (peer, reason) => this.#tell({ type: "refused", client: { ...peer, clientId: "" }, reason }),
      },
    );
  }

  #welcome(transport: Transport, peer: Arrival, permissions: Permissions, protocol: Protocol): void {
    const context = this.#context;
    const makeSession = (send: Send) =>
      protocol === "SeedLink"
        ? new SeedLinkSession(context, peer, permissions, send, transport.isWebSocket)
        : new DataLinkSession(context, peer, permissions, send);
    const connection = new ClientConnection(context, transport, peer, makeSession, this.#forget);
    this.#connections.add(connection);
    this.#tell({ type: "connected", client: connection.session.client });
  }

  readonly #forget = (connection: ClientConnection): void => {
    this.#connections.delete(connection);
    this.#awaitingDurable.delete(connection);
    this.#scheduler.remove(connection);
    this.#admission.leave(connection.address);
  };

  #sweep(): void {
    this.#sent.tick();
    this.#received.tick();
    for (const connection of this.#connections) {
      connection.session.sent.tick();
      connection.session.received.tick();
    }
    this.#evict();
    this.#scheduler.slowLane.wakeNext();
  }

  /** Sends away who takes too long: some in one turn of the event loop, the rest in the next ones. */
  readonly #evict = (): void => {
    this.#eviction = undefined;
    const now = performance.now();
    let evictions = 0;
    for (const connection of this.#connections) {
      if (evictions < EVICTIONS && connection.sweep(now)) evictions++;
    }
    if (this.#listener.sweep(now) || evictions === EVICTIONS) this.#eviction ??= setImmediate(this.#evict);
  };

  #figures(): StatusFigures {
    const ring = this.#ring;
    return {
      version: this.#context.version,
      serverId: this.#options.serverId,
      startTime: this.#startTime,
      now: Date.now() * 1000,
      isVolatile: this.#storage === undefined,
      ringBytes: ring.ringBytes,
      packetSize: ring.packetSize,
      clients: this.#admission.clients,
      streams: ring.streams.size,
      packets: ring.packets,
      earliest: packetFigures(ring, ring.first),
      latest: packetFigures(ring, ring.end - 1),
      sent: this.#sent.figures,
      received: this.#received.figures,
      listeners: [{ type: this.#listener.protocols, port: this.port }],
    };
  }

  /** What a listener throws is its own affair, and must not end a socket's handler half-way. */
  #tell(event: DataLinkServerEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  }
}
