/**
 * The embedded DataLink server: it listens, and gives every connection its turn. Thin: what is said is in session.ts,
 * what is kept in ring.ts.
 */
import { createServer, type Server, type Socket } from "node:net";
import { DataLinkError } from "../datalink/errors.ts";
import type { PacketInput } from "../datalink/packet.ts";
import { toMicroseconds } from "../time.ts";
import { Connection, type ConnectionHost } from "./connection.ts";
import type { ConnectionFigures, ServerFigures } from "./info-xml.ts";
import { largestFrame, Ring } from "./ring.ts";
import type { Permissions } from "./session.ts";
import { Traffic } from "./traffic.ts";
import { SlowLane, Turn } from "./turn.ts";

export interface DataLinkServerOptions {
  /** Address to listen on. Default 127.0.0.1: only this machine. */
  host?: string | undefined;
  /** Default 16000; 0 for any free port. */
  port?: number | undefined;
  /** Bytes that the ring holds. Default 64 MiB. */
  ringBytes?: number | undefined;
  /** Largest payload of a packet, in bytes. Default 512. */
  packetSize?: number | undefined;
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
 * was refused something, was overtaken by the ring and has missed packets, or is gone.
 */
export type DataLinkServerEvent =
  | { type: "connected"; client: ServerClient }
  | { type: "identified"; client: ServerClient }
  | { type: "stream"; client: ServerClient | undefined; streamId: string }
  | { type: "refused"; client: ServerClient; reason: string }
  | { type: "lapped"; client: ServerClient; missed: number }
  | { type: "closed"; client: ServerClient; reason: string };

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

/** Fewest packets of the largest size that a ring must have room for. */
const FEWEST_PACKETS = 4;

/** One Buffer of Node 20 holds no more. */
const MAX_RING_BYTES = 4096 * MIB - 1;

/** A DataLink server with its ring. Made by {@link DataLinkServer.listen}. */
export class DataLinkServer {
  readonly #options: typeof DEFAULTS & DataLinkServerOptions;
  readonly #ring: Ring;
  readonly #listener: Server;
  readonly #connections = new Set<Connection>();
  readonly #clientsByAddress = new Map<string, number>();
  readonly #scheduled = new Set<Connection>();
  readonly #startTime = Math.floor(Date.now() / 1000) * 1e6;
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
  #immediate: NodeJS.Immediate | undefined;
  #sweepTimer: NodeJS.Timeout | undefined;
  #lastSweep = Date.now();
  #closed: Promise<void> | undefined;

  /**
   * Starts a server; it is ready when the promise resolves.
   *
   * @throws DataLinkError `INVALID_ARGUMENT` for options that make no sense, `ADDRESS_IN_USE` where the port is taken,
   * `LISTEN_FAILED` where the server cannot listen for another reason.
   */
  static async listen(options: DataLinkServerOptions = {}): Promise<DataLinkServer> {
    const server = new DataLinkServer(options);
    await server.#listen();
    return server;
  }

  private constructor(options: DataLinkServerOptions) {
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    this.#options = { ...DEFAULTS, ...Object.fromEntries(given) };
    checkSizes(this.#options);
    this.#ring = new Ring(this.#options);
    this.#versionText = `DataLink v1.1 (${this.#options.software}) :: DLPROTO:1.1`;
    this.#host = this.#connectionHost();
    this.#listener = createServer({ noDelay: true, keepAlive: true }, (socket) => this.#accept(socket));
  }

  /** The port it listens on. */
  get port(): number {
    const address = this.#listener.address();
    return typeof address === "object" && address ? address.port : this.#options.port;
  }

  /** For clients on this machine, for example `datalink://127.0.0.1:16000`. */
  get url(): string {
    const { host } = this.#options;
    const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
    return `datalink://${reachable.includes(":") ? `[${reachable}]` : reachable}:${this.port}`;
  }

  get status(): DataLinkServerStatus {
    const ring = this.#ring;
    const summary = (sequence: number): NewestPacket | undefined => {
      if (ring.packets === 0) return undefined;
      const { payload: _, ...packet } = ring.packetAt(sequence);
      return packet;
    };
    return {
      clients: this.#connections.size,
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
    return [...this.#connections]
      .reverse()
      .filter((connection) => connection.hasSpoken)
      .map((connection) => connection.figures());
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

  /** Disconnects all clients and stops listening. The ring is gone after that. */
  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #listen(): Promise<void> {
    const { host, port, ioTimeout } = this.#options;
    return new Promise((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException) => reject(listenError(error, host, port));
      this.#listener.once("error", fail);
      this.#listener.listen({ host, port }, () => {
        this.#listener.off("error", fail);
        // An accept that fails (too many open files) concerns that client only.
        this.#listener.on("error", () => {});
        this.#sweepTimer = setInterval(() => this.#sweep(), Math.min(SWEEP, ioTimeout / 4));
        resolve();
      });
    });
  }

  async #shutDown(): Promise<void> {
    clearInterval(this.#sweepTimer);
    if (this.#immediate) clearImmediate(this.#immediate);
    const closed = new Promise((resolve) => this.#listener.close(resolve));
    for (const connection of this.#connections) connection.destroy("the server was closed");
    await closed;
  }

  #connectionHost(): ConnectionHost {
    return {
      ring: this.#ring,
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
        this.#forget(connection);
        this.#emit({ type: "closed", client: clientOf(connection), reason });
      },
      turn: this.#turn,
      slowLane: this.#slowLane,
      schedule: (connection) => this.#schedule(connection),
      written: () => this.#wake(),
    };
  }

  #accept(socket: Socket): void {
    const reason = this.#reasonToRefuse(socket.remoteAddress ?? "");
    if (reason !== undefined) {
      socket.on("error", () => {});
      socket.destroy();
      const client = { address: socket.remoteAddress ?? "", port: socket.remotePort ?? 0, clientId: "" };
      this.#emit({ type: "refused", client, reason });
      return;
    }
    const connection = new Connection(this.#host, socket, permissionsOf(socket.remoteAddress ?? ""));
    this.#connections.add(connection);
    const { address } = connection;
    this.#clientsByAddress.set(address, (this.#clientsByAddress.get(address) ?? 0) + 1);
    this.#emit({ type: "connected", client: clientOf(connection) });
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection);
    this.#scheduled.delete(connection);
    const { address } = connection;
    const left = (this.#clientsByAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#clientsByAddress.set(address, left);
    else this.#clientsByAddress.delete(address);
  }

  #reasonToRefuse(address: string): string | undefined {
    const { maxClients, maxClientsPerAddress = maxClients } = this.#options;
    if (this.#connections.size >= maxClients) return `${maxClients} clients are connected already`;
    if ((this.#clientsByAddress.get(address) ?? 0) < maxClientsPerAddress) return undefined;
    return `${maxClientsPerAddress} clients are connected from ${address} already`;
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
    const now = Date.now();
    const seconds = Math.max(0.001, (now - this.#lastSweep) / 1000);
    this.#lastSweep = now;
    this.#sent.tick(seconds);
    this.#received.tick(seconds);
    for (const connection of this.#connections) {
      connection.session.sent.tick(seconds);
      connection.session.received.tick(seconds);
      connection.sweep(now);
    }
    this.#slowLane.wakeNext();
  }

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
      volatile: true,
      connections: this.#connections.size,
      sent: this.#sent,
      received: this.#received,
      listeners: [{ type: "IPv4: DataLink", port: this.port }],
    };
  }

  #emit(event: DataLinkServerEvent): void {
    this.#options.onEvent?.(event);
  }
}

function clientOf(connection: Connection): ServerClient {
  return { address: connection.address, port: connection.port, clientId: connection.session.clientId };
}

/** This machine may do everything; others may read. */
function permissionsOf(address: string): Permissions {
  const local = /^(::ffff:)?127\.|^::1$/.test(address);
  return { write: local && (() => true), read: undefined, trusted: local };
}

function checkSizes({ ringBytes, packetSize }: { ringBytes: number; packetSize: number }): void {
  const smallest = FEWEST_PACKETS * largestFrame(packetSize);
  const sound = Number.isSafeInteger(packetSize) && packetSize > 0 && Number.isSafeInteger(ringBytes);
  if (sound && ringBytes >= smallest && ringBytes <= MAX_RING_BYTES) return;
  throw new DataLinkError(
    "INVALID_ARGUMENT",
    `A ring of ${ringBytes} bytes for packets of ${packetSize} bytes cannot be made: both must be whole numbers, the ring ` +
      `at least ${FEWEST_PACKETS} packets large and under 4 GiB.`,
  );
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
