/**
 * The embedded DataLink server: it listens, and gives every connection its turn. Thin: what is said is in session.ts,
 * what is kept in ring.ts.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { TlsOptions } from "node:tls";
import { DataLinkError } from "../datalink/protocol/errors.ts";
import type { PacketInput } from "../datalink/protocol/packet.ts";
import type { Transport } from "../net/transport.ts";
import { toMicroseconds } from "../time.ts";
import { Access, type AccessOptions, type Permissions } from "./access/access.ts";
import { Gate } from "./access/admission.ts";
import { LoginLimiter } from "./access/login-limiter.ts";
import { Connection, type ConnectionHost } from "./client-connection.ts";
import type { ConnectionFigures, ServerFigures } from "./info-xml.ts";
import { type Arrival, EVICTIONS, Listener, type WebSocketOptions } from "./listener.ts";
import { largestFrame, MAX_PACKET_SIZE, Ring } from "./ring/ring.ts";
import { Journal } from "./ring/storage.ts";
import { SlowLane, Turn } from "./scheduler.ts";
import { Traffic } from "./traffic.ts";

/** Where a server listens, what it holds, and whom it lets in. */
export interface DataLinkServerOptions {
  /** Address to listen on. Default 127.0.0.1: only this machine. */
  host?: string | undefined;
  /** Default 16000; 0 for any free port. */
  port?: number | undefined;
  /** Bytes that the ring holds. Default 64 MiB. */
  ringBytes?: number | undefined;
  /** Largest payload of a packet, in bytes. Default 512. */
  packetSize?: number | undefined;
  /** Certificate, key and the like: the port speaks TLS, and nothing else. Default: no TLS. */
  tls?: TlsOptions | undefined;
  /** WebSocket and the figures as JSON on the same port, told from DataLink by the first byte. Default: yes. */
  webSocket?: boolean | WebSocketOptions | undefined;
  /** Who may do what. Default: this machine may do everything, and others may not even connect. */
  access?: AccessOptions | undefined;
  /**
   * Folder in which the ring outlives the server; it is made if it is not there. What was acknowledged, or sent to a
   * reader, is still in the ring when the server comes back, however it ended. Default: none, the ring starts empty.
   */
  directory?: string | undefined;
  /** The server's name in INFO, for people. */
  serverId?: string | undefined;
  /** Program and version that the server gives as its own in ID and INFO. Default: this package's. */
  software?: string | undefined;
  /** Most streams that the ring may hold at once. Default 10,000. */
  maxStreams?: number | undefined;
  /** Most clients at once. Default 600. */
  maxClients?: number | undefined;
  /** Most clients at once from one address. Default: as many as there may be at all. */
  maxClientsPerAddress?: number | undefined;
  /** Milliseconds for a command to arrive whole, for the first one, and for a client to take what it is sent. Default 10 s. */
  ioTimeout?: number | undefined;
  /** Milliseconds without a word after which a client is disconnected; 0 for never. Default 1 h. */
  idleTimeout?: number | undefined;
  onEvent?: ((event: DataLinkServerEvent) => void) | undefined;
}

/** Who an event is about. */
export interface ServerClient {
  address: string;
  port: number;
  /** What the client has called itself, empty until it has. */
  clientId: string;
}

/**
 * What happens: a client connected, told its name, wrote the first packet of a stream that the ring did not hold,
 * was refused something, was overtaken by the ring and has missed packets, or is gone; the ring was found in its folder
 * again, with bytes dropped that a sudden end had left half written; the folder cannot be written (the message says why), or
 * can again (no message).
 */
export type DataLinkServerEvent =
  | { type: "connected"; client: ServerClient }
  | { type: "identified"; client: ServerClient }
  | { type: "stream"; client: ServerClient | undefined; streamId: string }
  | { type: "refused"; client: ServerClient; reason: string }
  | { type: "lapped"; client: ServerClient; missed: number }
  | { type: "closed"; client: ServerClient; reason: string }
  | { type: "recovered"; client: undefined; packets: number; droppedBytes: number }
  | { type: "storage"; client: undefined; message: string | undefined };

/** Figures for a status line or a dashboard. Rates are per second, over the last seconds. */
export interface DataLinkServerStatus {
  clients: number;
  streams: number;
  /** Packets in the ring. */
  packets: number;
  earliest: NewestPacket | undefined;
  newest: NewestPacket | undefined;
  packetsIn: number;
  packetsOut: number;
  packetRateIn: number;
  packetRateOut: number;
  byteRateIn: number;
  byteRateOut: number;
}

/** A packet of the ring without its payload; times in microseconds since 1970. */
export interface NewestPacket {
  streamId: string;
  packetId: bigint;
  packetTime: number;
  dataStart: number;
  dataEnd: number;
}

const MIB = 1024 * 1024;
const DEFAULTS = {
  host: "127.0.0.1",
  port: 16000,
  ringBytes: 64 * MIB,
  packetSize: 512,
  serverId: "Node-RED DataLink",
  software: "SeisFlow/0.1.0",
  maxStreams: 10_000,
  maxClients: 600,
  ioTimeout: 10_000,
  idleTimeout: 3_600_000,
};

/** Milliseconds between looks at what has been waiting too long, unless a timeout asks for more. */
const SWEEP = 1000;

/** Long answers under way at a time. */
const SLOW_ANSWERS = 2;

/** Bytes of answers waiting for clients to take them beyond which no further long one is begun. */
const MAX_UNSENT = 64 * MIB;

/** Bytes that a WebSocket message may have, if packets are not larger still. */
const MAX_MESSAGE = 64 * 1024;

/** Fewest packets of the largest size that a ring must have room for. */
const FEWEST_PACKETS = 4;

/** One Buffer of Node 20 holds no more. */
const MAX_RING_BYTES = 4096 * MIB - 1;

/** A DataLink server with its ring. Made by {@link DataLinkServer.listen}. */
export class DataLinkServer {
  readonly #options: typeof DEFAULTS & Given<DataLinkServerOptions>;
  readonly #ring: Ring;
  readonly #gate: Gate;
  readonly #listener: Listener;
  readonly #connections = new Set<Connection>();
  readonly #scheduled = new Set<Connection>();
  readonly #awaitingDurable = new Set<Connection>();
  readonly #startTime = Math.floor(Date.now() / 1000) * 1e6;
  readonly #logins = new LoginLimiter();
  readonly #sent = new Traffic();
  readonly #received = new Traffic();
  readonly #versionText: string;
  readonly #host: ConnectionHost;
  readonly #turn = new Turn(() => this.#runSoon());
  readonly #slowLane = new SlowLane<Connection>(
    SLOW_ANSWERS,
    () => this.#unsent() > MAX_UNSENT,
    (connection) => this.#schedule(connection),
  );
  /** Packets were written that waiting readers have not been told of. */
  #news = false;
  #journal: Journal | undefined;
  #immediate: NodeJS.Immediate | undefined;
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
    this.#options = { ...DEFAULTS, ...given(options) };
    checkSizes(this.#options);
    const access = new Access(options.access);
    this.#ring = new Ring(this.#options);
    this.#versionText = `DataLink v1.1 (${this.#options.software}) :: DLPROTO:1.1`;
    this.#host = this.#connectionHost(access);
    this.#gate = new Gate(access, this.#options);
    this.#listener = this.#makeListener();
  }

  /** The port it listens on. */
  get port(): number {
    return this.#listener.port;
  }

  /** For clients on this machine, for example `datalink://127.0.0.1:16000`. */
  get url(): string {
    const { host } = this.#options;
    const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
    const scheme = this.#options.tls ? "datalinks" : "datalink";
    return `${scheme}://${reachable.includes(":") ? `[${reachable}]` : reachable}:${this.port}`;
  }

  get status(): DataLinkServerStatus {
    const ring = this.#ring;
    const summary = (sequence: number): NewestPacket | undefined => {
      if (ring.packets === 0) return undefined;
      const { payload: _, ...packet } = ring.packetAt(sequence);
      return packet;
    };
    return {
      clients: this.#gate.clients,
      streams: ring.streams.size,
      packets: ring.packets,
      earliest: summary(ring.first),
      newest: summary(ring.end - 1),
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
    if (isNew) this.#emit({ type: "stream", client: undefined, streamId: packet.streamId });
    this.#wake();
    return id;
  }

  /** Disconnects all clients and stops listening. A ring without a folder is gone after that. */
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
    if (directory !== undefined) await this.#openJournal(directory);
    try {
      await this.#listener.listen();
    } catch (error) {
      await this.#journal?.close();
      throw error;
    }
    this.#sweepTimer = setInterval(() => this.#sweep(), Math.min(SWEEP, this.#options.ioTimeout / 4));
  }

  async #openJournal(directory: string): Promise<void> {
    const { journal, recovered } = await Journal.open(directory, this.#ring, {
      progressed: () => this.#announce(),
      failed: (error) => this.#emit({ type: "storage", client: undefined, message: error.message }),
      restored: () => this.#emit({ type: "storage", client: undefined, message: undefined }),
    });
    this.#journal = journal;
    this.#emit({ type: "recovered", client: undefined, ...recovered });
  }

  /** More packets may be read, and more acknowledgements sent. */
  #announce(): void {
    for (const connection of this.#awaitingDurable) this.#scheduled.add(connection);
    this.#awaitingDurable.clear();
    this.#news = true;
    this.#runSoon();
  }

  #makeListener(): Listener {
    const { host, port, ioTimeout, packetSize, tls, webSocket } = this.#options;
    return new Listener(
      {
        host,
        port,
        tls,
        webSocket:
          webSocket === false
            ? undefined
            : { path: "/datalink", origins: [], hosts: [host], ...given(webSocket) },
        ioTimeout,
        maxMessage: Math.max(MAX_MESSAGE, FEWEST_PACKETS * largestFrame(packetSize)),
      },
      this.#gate,
      {
        ring: this.#ring,
        figures: () => this.#figures(),
        connections: () => this.connections,
        arrived: (wire, peer, permissions) => this.#welcome(wire, peer, permissions),
        refused: (peer, reason) => this.#emit({ type: "refused", client: { ...peer, clientId: "" }, reason }),
      },
    );
  }

  async #shutDown(): Promise<void> {
    clearInterval(this.#sweepTimer);
    for (const immediate of [this.#immediate, this.#eviction]) if (immediate) clearImmediate(immediate);
    const closed = this.#listener.close();
    this.#logins.close();
    await Promise.all([...this.#connections].map((connection) => connection.drain()));
    for (const connection of this.#connections) connection.destroy("the server was closed");
    await closed;
    await this.#journal?.close();
  }

  #connectionHost(access: Access): ConnectionHost {
    const durable = () => this.#journal?.durable ?? Number.POSITIVE_INFINITY;
    return {
      get durable() {
        return durable();
      },
      awaitDurable: (connection) => this.#awaitingDurable.add(connection),
      ring: this.#ring,
      access,
      logins: this.#logins,
      versionText: this.#versionText,
      timeouts: this.#options,
      sent: this.#sent,
      received: this.#received,
      figures: () => this.#figures(),
      connections: () => this.connections,
      identified: (connection) => this.#emit({ type: "identified", client: clientOf(connection) }),
      streamStarted: (connection, streamId) =>
        this.#emit({ type: "stream", client: clientOf(connection), streamId }),
      refused: (connection, reason) => this.#emit({ type: "refused", client: clientOf(connection), reason }),
      lapped: (connection, missed) => this.#emit({ type: "lapped", client: clientOf(connection), missed }),
      closed: (connection, reason) => {
        this.#connections.delete(connection);
        this.#scheduled.delete(connection);
        this.#awaitingDurable.delete(connection);
        this.#gate.leave(connection.address);
        this.#emit({ type: "closed", client: clientOf(connection), reason });
      },
      turn: this.#turn,
      slowLane: this.#slowLane,
      schedule: (connection) => this.#schedule(connection),
      written: () => this.#wake(),
    };
  }

  #welcome(wire: Transport, peer: Arrival, permissions: Permissions): void {
    const connection = new Connection(this.#host, wire, peer, permissions);
    this.#connections.add(connection);
    this.#emit({ type: "connected", client: clientOf(connection) });
  }

  #schedule(connection: Connection): void {
    this.#scheduled.add(connection);
    this.#runSoon();
  }

  /** Everything written in one turn of the event loop is sent in the same turn, each reader's share in one write. */
  #wake(): void {
    this.#news = true;
    this.#runSoon();
  }

  #runSoon(): void {
    this.#immediate ??= setImmediate(this.#runScheduled);
  }

  readonly #runScheduled = (): void => {
    this.#immediate = undefined;
    if (this.#news) {
      this.#news = false;
      this.#journal?.wake();
      for (const connection of this.#connections) {
        if (connection.waitsForPackets) this.#scheduled.add(connection);
      }
    }
    this.#turn.begin();
    // Whoever schedules itself again, or comes too late for this turn, goes to the end of the line.
    for (const connection of [...this.#scheduled]) {
      this.#scheduled.delete(connection);
      connection.run();
    }
    this.#turn.end();
  };

  #sweep(): void {
    this.#sent.tick();
    this.#received.tick();
    for (const connection of this.#connections) {
      connection.session.sent.tick();
      connection.session.received.tick();
    }
    this.#evict();
    this.#slowLane.wakeNext();
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

  #unsent(): number {
    let bytes = 0;
    for (const connection of this.#connections) bytes += connection.unsent;
    return bytes;
  }

  #figures(): ServerFigures {
    return {
      version: this.#versionText,
      serverId: this.#options.serverId,
      startTime: this.#startTime,
      now: Date.now() * 1000,
      volatile: this.#journal === undefined,
      connections: this.#gate.clients,
      sent: this.#sent,
      received: this.#received,
      listeners: [{ type: this.#listener.protocols, port: this.port }],
    };
  }

  #emit(event: DataLinkServerEvent): void {
    this.#options.onEvent?.(event);
  }
}

/** Options without those that are there but `undefined`, which would hide a default. */
function given<Options extends object>(options: Options | boolean | undefined): Given<Options> {
  const entries = Object.entries(options ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Given<Options>;
}

type Given<Options> = { [Name in keyof Options]?: Exclude<Options[Name], undefined> };

function clientOf(connection: Connection): ServerClient {
  return { address: connection.address, port: connection.port, clientId: connection.session.clientId };
}

function checkSizes({ ringBytes, packetSize }: { ringBytes: number; packetSize: number }): void {
  const smallest = FEWEST_PACKETS * largestFrame(packetSize);
  const sound =
    Number.isSafeInteger(packetSize) &&
    packetSize > 0 &&
    packetSize <= MAX_PACKET_SIZE &&
    Number.isSafeInteger(ringBytes);
  if (sound && ringBytes >= smallest && ringBytes <= MAX_RING_BYTES) return;
  throw new DataLinkError(
    "INVALID_ARGUMENT",
    `A ring of ${ringBytes} bytes for packets of ${packetSize} bytes cannot be made: both must be whole numbers, the ring ` +
      `at least ${FEWEST_PACKETS} packets large and under 4 GiB.`,
  );
}
