/** Packets into a stream, each once, in order per stream id, across all losses of the connection: {@link JetStreamWriter}. */
import type { BackoffOptions } from "../net/backoff.ts";
import type { JetStreamConnection, JetStreamSettings } from "./connection.ts";
import { JetStreamError } from "./errors.ts";
import type { JetStreamWriterEvent } from "./events.ts";
import type { PacketStore, SourcePacket, Stored } from "./packet.ts";

/** Where a writer writes, and how much may wait to be acknowledged. */
export interface JetStreamWriterOptions {
  /** The stream's name. */
  stream: string;
  /** How many packets may be sent and not acknowledged. Default 512. */
  maxInFlight?: number | undefined;
  /** How many bytes of packets may wait, sent or not: `publish` fails beyond that. Default 64 MiB. */
  maxWaitingBytes?: number | undefined;
  /** Milliseconds without an acknowledgement after which a packet is sent again, under the same id. Default 5000. */
  ackTimeout?: number | undefined;
  /** Called with what happens. */
  onEvent?: ((event: JetStreamWriterEvent) => void) | undefined;
  /** How long to wait between attempts. */
  backoff?: BackoffOptions | undefined;
}

/**
 * Writes packets to a stream. At most one packet of a stream id is unacknowledged at a time, so that their order is kept
 * whatever happens; those of others go in parallel. What is not acknowledged is sent again under the same id.
 */
export class JetStreamWriter implements PacketStore, AsyncDisposable {
  /** The servers, without user name and password. */
  readonly server: string;
  readonly stream: string;

  /**
   * Begins to connect at once.
   *
   * @param connection one that is shared, which stays open afterwards; or settings, for one of its own
   * @throws JetStreamError `INVALID_ADDRESS`, `INVALID_ARGUMENT`
   */
  constructor(_connection: JetStreamConnection | JetStreamSettings, options: JetStreamWriterOptions) {
    this.server = "";
    this.stream = options.stream;
  }

  /** Packets that have not been acknowledged, sent or not. */
  get pending(): number {
    return 0;
  }

  /** The highest number that the stream has acknowledged to this writer. */
  get highestSequence(): number {
    return 0;
  }

  /**
   * Resolves when there is room in the window: a source that awaits it before each `publish` is as fast as the stream.
   *
   * @throws JetStreamError `CLOSED`
   */
  async ready(): Promise<void> {}

  /**
   * Resolves when the stream has the packet. While there is no connection, no majority or no room it waits.
   *
   * @throws JetStreamError `INVALID_ARGUMENT`, `TOO_LARGE`, `PACKET_REFUSED`, `QUEUE_FULL`, `CLOSED`
   */
  publish(_packet: SourcePacket): Promise<Stored> {
    return Promise.reject(new JetStreamError("CLOSED", "Not there yet."));
  }

  /** Waits until everything is acknowledged; what is not within `timeout` milliseconds (default 5 s) fails with `CLOSED`. */
  async close(_options: { timeout?: number } = {}): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
