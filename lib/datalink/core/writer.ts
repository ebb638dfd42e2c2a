/** Packets to a server, across all losses of the connection: {@link ResumingWriter}. */

import { byteLength } from "../../bytes.ts";
import { Backoff, type BackoffOptions, sleep } from "../../net/backoff.ts";
import type { Settlers } from "../../net/deadline.ts";
import { type Address, formatAddress, parseAddress } from "../address.ts";
import type { ServerIdentity } from "../protocol/capabilities.ts";
import { write, writeNotPermitted } from "../protocol/client-requests.ts";
import { DataLinkError, type DataLinkErrorCode } from "../protocol/errors.ts";
import type { PacketInput } from "../protocol/packet.ts";
import { deadlines, warn } from "./failures.ts";
import { Outbox, type Outgoing, STRIKES_OUT } from "./outbox.ts";
import { type ClientSession, type ConnectOptions, openSession, type Platform } from "./session.ts";

/** How a writer connects, and how much may wait to be acknowledged. */
export interface PacketWriterOptions extends Omit<ConnectOptions, "signal"> {
  /** How many packets may be sent and not acknowledged. Default 100. */
  maxInFlight?: number | undefined;
  /** How many bytes of packets may wait, sent or not: `write` fails beyond that. Default 64 MiB. */
  maxWaitingBytes?: number | undefined;
  /** Called with what happens to the connection. */
  onEvent?: ((event: WriterEvent) => void) | undefined;
  /** How long to wait between attempts to connect. */
  backoff?: BackoffOptions | undefined;
}

/** What happens to a writer. `server` is its address, without user name and password. */
export type WriterEvent =
  | { type: "connected"; server: string; identity: ServerIdentity }
  /** The connection was lost, or did not come about. `retryIn` is in milliseconds; `attempt` counts the failures in a row. */
  | { type: "disconnected"; server: string; error: DataLinkError; retryIn: number; attempt: number }
  /** The server does not let this client in, or not write: what waited has failed with this error. */
  | { type: "refused"; server: string; error: DataLinkError; retryIn: number; attempt: number }
  /** The server did not take a packet that was written with `ack: false`. */
  | { type: "packet-refused"; server: string; streamId: string; error: DataLinkError };

/** What one write waits for. */
export interface WriteOptions {
  /** Resolve with the packet's id when the server has acknowledged it (default), or when the packet has been sent. */
  ack?: boolean | undefined;
  /** Stops waiting. A packet that has not been sent is then not sent. */
  signal?: AbortSignal | undefined;
}

interface Entry extends Outgoing, Settlers<bigint | undefined> {
  readonly packet: PacketInput;
  readonly bytes: number;
  readonly ack: boolean;
  /** Its caller waits no more: it is not to be sent, or not again. */
  abandoned: boolean;
}

const MAX_IN_FLIGHT = 100;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const CLOSE_TIMEOUT_MS = 5000;
/** Memory that a waiting packet takes besides its payload, roughly. */
const OVERHEAD = 256;

/** Failures of logging in: what waits would wait in vain. */
const REFUSALS: ReadonlySet<DataLinkErrorCode> = new Set([
  "NOT_PERMITTED",
  "SERVER_ERROR",
  "INVALID_ARGUMENT",
]);

/**
 * Writes packets to a server, in order, and acknowledged: connects, and whenever the connection is lost connects again and
 * sends what has not been acknowledged. A packet whose acknowledgement was lost may then be in the ring twice. One at which
 * the server closes the connection time and again, while it takes others, is given up: see {@link Outbox}.
 */
export class ResumingWriter implements AsyncDisposable {
  /** The server's address, without user name and password. */
  readonly server: string;
  readonly #platform: Platform;
  readonly #address: Address;
  readonly #options: PacketWriterOptions;
  readonly #maxInFlight: number;
  readonly #maxWaitingBytes: number;
  readonly #backoff: Backoff;
  readonly #stop = new AbortController();
  readonly #outbox: Outbox<Entry>;
  #bytes = 0;
  #session: ClientSession | undefined;
  readonly #running: Promise<void>;
  /** To be called when packets have been acknowledged, or the writer is closed. */
  #onProgress: (() => void)[] = [];
  #closed = false;

  /**
   * @throws DataLinkError `INVALID_ADDRESS`, `INVALID_ARGUMENT`
   * @internal
   */
  constructor(platform: Platform, url: string, options: PacketWriterOptions) {
    this.#platform = platform;
    this.#address = parseAddress(url, options.tls !== undefined);
    this.server = formatAddress(this.#address);
    this.#options = options;
    this.#maxInFlight = atLeastOne(options.maxInFlight, MAX_IN_FLIGHT, "maxInFlight");
    this.#maxWaitingBytes = atLeastOne(options.maxWaitingBytes, MAX_WAITING_BYTES, "maxWaitingBytes");
    this.#outbox = new Outbox(this.#maxInFlight);
    this.#backoff = new Backoff(options.backoff);
    this.#running = this.#run();
  }

  /** Who the server is, while there is a connection. */
  get identity(): ServerIdentity | undefined {
    return this.#session?.server;
  }

  /** Packets that have not been acknowledged, sent or not. */
  get pending(): number {
    return this.#outbox.length;
  }

  /**
   * Resolves when there is room in the window of unacknowledged packets: a source that awaits it before each `write` is as
   * fast as the server, and no faster.
   *
   * @throws DataLinkError `CLOSED`
   */
  async ready(): Promise<void> {
    while (!this.#closed && this.pending >= this.#maxInFlight) await this.#progress();
    this.#throwIfClosed();
  }

  /**
   * Writes a packet; resolves with its id in the server's ring. While there is no connection it waits for one.
   *
   * @throws DataLinkError what the server answers: `NOT_PERMITTED`, `TOO_LARGE`, `SERVER_ERROR`; `INVALID_ARGUMENT`;
   * `PACKET_REJECTED` when the server closes the connection at this packet time and again, and takes others; `QUEUE_FULL`
   * when too many bytes wait; `CLOSED`; `ABORTED`
   */
  write(packet: PacketInput, options: WriteOptions & { ack: false }): Promise<undefined>;
  write(packet: PacketInput, options?: WriteOptions & { ack?: true }): Promise<bigint>;
  write(packet: PacketInput, options?: WriteOptions): Promise<bigint | undefined>;
  write(packet: PacketInput, { ack = true, signal }: WriteOptions = {}): Promise<bigint | undefined> {
    // What is thrown in here rejects it.
    return new Promise((resolve, reject) => {
      const what = signal && `Writing ${packet.streamId} to ${this.server}`;
      if (what) deadlines.throwIfAborted(signal, what);
      this.#throwIfClosed();
      const bytes = payloadBytes(packet) + OVERHEAD;
      if (this.#bytes + bytes > this.#maxWaitingBytes) throw this.#queueFull();
      const entry: Entry = { packet, bytes, ack, resolve, reject, abandoned: false, strikes: 0 };
      if (what) {
        deadlines.rejectOnAbort(entry, signal, what, () => {
          entry.abandoned = true;
        });
      }
      this.#bytes += bytes;
      this.#outbox.add(entry);
      this.#pump();
    });
  }

  /**
   * Waits until everything has been acknowledged, then closes the connection. What is not acknowledged within `timeout`
   * milliseconds (default 5 s) fails with `CLOSED`.
   */
  async close({ timeout = CLOSE_TIMEOUT_MS }: { timeout?: number } = {}): Promise<void> {
    this.#closed = true;
    const timer = setTimeout(() => this.#stop.abort(), timeout);
    this.#tellProgress();
    while (this.pending > 0 && !this.#stop.signal.aborted) await this.#progress();
    clearTimeout(timer);
    this.#stop.abort();
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Until this writer is closed. Never rejects. */
  async #run(): Promise<void> {
    const stopped = () =>
      this.#failAll(
        new DataLinkError(
          "CLOSED",
          `The writer to ${this.server} was closed before the server had this packet.`,
        ),
      );
    this.#stop.signal.addEventListener("abort", stopped, { once: true });
    while (!this.#stop.signal.aborted) {
      const error = await this.#connectAndWrite();
      if (this.#stop.signal.aborted) return;
      const type = REFUSALS.has(error.code) ? "refused" : "disconnected";
      if (type === "refused") this.#failAll(error);
      const retryIn = this.#backoff.fail();
      this.#emit({ type, server: this.server, error, retryIn, attempt: this.#backoff.failures });
      await sleep(retryIn, this.#stop.signal);
    }
  }

  /** Returns what ended the connection. */
  async #connectAndWrite(): Promise<DataLinkError> {
    const failure = await this.#writeUntilLost();
    this.#session = undefined;
    const suspect = this.#outbox.lost(failure.code === "CONNECTION_LOST");
    if (suspect === undefined) return failure;
    const { item: entry, isGuilty } = suspect;
    if (isGuilty) {
      this.#done(entry);
      this.#fail(entry, rejected(this.server, entry.packet, failure));
    }
    return lostAt(entry.packet, failure);
  }

  async #writeUntilLost(): Promise<DataLinkError> {
    const stop = () => void this.#session?.connection.close().catch(() => {});
    this.#stop.signal.addEventListener("abort", stop, { once: true });
    try {
      const session = await openSession(this.#platform, this.#address, {
        ...this.#options,
        signal: this.#stop.signal,
      });
      this.#session = session;
      if (this.#stop.signal.aborted || !session.server.write) {
        stop();
        return writeNotPermitted(this.server);
      }
      this.#emit({ type: "connected", server: this.server, identity: session.server });
      this.#pump();
      return await session.connection.closed;
    } catch (error) {
      return error as DataLinkError;
    } finally {
      this.#stop.signal.removeEventListener("abort", stop);
    }
  }

  /** Sends what waits, as long as there is room in the window. */
  #pump(): void {
    while (this.#session?.connection.isOpen) {
      const entry = this.#outbox.take();
      if (entry === undefined) return;
      if (entry.abandoned) this.#done(entry);
      else this.#send(this.#session, entry);
    }
  }

  #send({ connection, server }: ClientSession, entry: Entry): void {
    try {
      // Always with acknowledgement: else nobody knew what to send again, nor which packet was refused.
      connection.request(write(entry.packet, true, server), {
        resolve: (packetId) => {
          this.#backoff.succeed();
          this.#answered(entry, true);
          entry.resolve(packetId);
        },
        reject: (error) => {
          // Lost with the connection: it is sent again on the next one.
          if (error === connection.failure) return;
          this.#answered(entry, false);
          this.#fail(entry, error as DataLinkError);
        },
      });
    } catch (error) {
      this.#done(entry);
      this.#fail(entry, error as DataLinkError);
      return;
    }
    this.#outbox.sent(entry);
    if (!entry.ack) entry.resolve(undefined);
  }

  #answered(entry: Entry, isTaken: boolean): void {
    if (!this.#outbox.answered(entry, isTaken)) return;
    this.#done(entry);
    this.#pump();
  }

  #failAll(error: DataLinkError): void {
    for (const entry of this.#outbox.clear()) {
      this.#done(entry);
      this.#fail(entry, error);
    }
  }

  #fail(entry: Entry, error: DataLinkError): void {
    entry.reject(error);
    if (entry.ack) return;
    this.#emit({ type: "packet-refused", server: this.server, streamId: entry.packet.streamId, error });
  }

  #done(entry: Entry): void {
    this.#bytes -= entry.bytes;
    this.#tellProgress();
  }

  #progress(): Promise<void> {
    return new Promise((resolve) => this.#onProgress.push(resolve));
  }

  #tellProgress(): void {
    if (this.#onProgress.length === 0) return;
    const told = this.#onProgress;
    this.#onProgress = [];
    for (const resolve of told) resolve();
  }

  #throwIfClosed(): void {
    if (this.#closed) throw new DataLinkError("CLOSED", `The writer to ${this.server} is closed.`);
  }

  #queueFull(): DataLinkError {
    return new DataLinkError(
      "QUEUE_FULL",
      `${this.pending} packets already wait for ${this.server} to take them, more than ${this.#maxWaitingBytes} bytes with ` +
        "this one: it was not taken. Check the connection, or write less.",
    );
  }

  /** What the caller's handler throws must not stop the packets. */
  #emit(event: WriterEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch (error) {
      warn(error);
    }
  }
}

function payloadBytes({ payload }: PacketInput): number {
  return typeof payload === "string" ? byteLength(payload) : payload.length;
}

function atLeastOne(value: number | undefined, standard: number, what: string): number {
  if (value === undefined) return standard;
  if (value >= 1) return value;
  throw new DataLinkError("INVALID_ARGUMENT", `${what} is a number from 1, not ${value}.`);
}

/** Only a guess yet: it may be the server that does not take anything. */
function lostAt(packet: PacketInput, failure: DataLinkError): DataLinkError {
  const message =
    `${failure.message} It was lost each time right after a packet of ${packet.streamId} (${payloadBytes(packet)} bytes) was ` +
    "sent: the server does not take this one, or none.";
  return new DataLinkError(failure.code, message, { cause: failure });
}

function rejected(server: string, packet: PacketInput, failure: DataLinkError): DataLinkError {
  return new DataLinkError(
    "PACKET_REJECTED",
    `${server} closed the connection each time it was sent this packet of ${packet.streamId} (${payloadBytes(packet)} bytes), ` +
      `and took others in between: it was given up, after ${STRIKES_OUT} times. Look in the server's log, and compare the ` +
      "packet's stream id, times and size with those of packets that it takes.",
    { cause: failure },
  );
}
