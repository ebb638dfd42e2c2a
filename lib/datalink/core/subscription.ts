/** Packets from a server, across all losses of the connection: DataLink's part of {@link ResumingReader}. */

import { PositionError } from "../../subscription/checkpoint.ts";
import { type ReadingOptions, readerOptions } from "../../subscription/reading-options.ts";
import {
  type ReaderEvent,
  type ReaderHost,
  type ReaderProtocol,
  ResumingReader,
} from "../../subscription/resuming-reader.ts";
import { UnreadablePlace } from "../../subscription/unreadable.ts";
import { type Address, formatAddress, parseAddress } from "../address.ts";
import type { ServerIdentity } from "../protocol/capabilities.ts";
import { filter, type Pattern } from "../protocol/client-requests.ts";
import { DataLinkError, type DataLinkErrorCode } from "../protocol/errors.ts";
import { isPacketId, type Packet } from "../protocol/packet.ts";
import {
  type From,
  isPosition,
  type Position,
  parseFrom,
  positionOf,
  type Start,
} from "../protocol/position.ts";
import { type Beginning, begin, checkJump, type Resumption } from "./begin.ts";
import { deadlines } from "./failures.ts";
import { Feed, type Jump } from "./feed.ts";
import { type ClientSession, type ConnectOptions, openSession, type Platform } from "./session.ts";

/** Which packets to read, from where on, and what happens when they are not read as fast as they come. */
export interface SubscribeOptions extends ConnectOptions, ReadingOptions<Position, SubscriptionEvent> {
  /** Ends the subscription: its loop throws `ABORTED`. */
  signal?: AbortSignal | undefined;
  /** Which streams; default: all. */
  match?: Pattern | undefined;
  /** Which streams not. */
  reject?: Pattern | undefined;
  /** Where to begin. Default `"latest"`: with the packets to come. */
  from?: From | undefined;
}

/** What happens to a subscription's connection. `server` is its address, without user name and password. */
export type SubscriptionEvent =
  | { type: "connected"; server: string; identity: ServerIdentity }
  | ReaderEvent<DataLinkError>
  /** The stream has begun where `from` says. */
  | { type: "started"; server: string }
  /**
   * The stream goes on: see {@link Resumption}. `position` is the last packet that was known. With `earliest`, `first` is the
   * earliest packet that the server has, and `idsBetween` how many packets there were between the two, of all streams:
   * with match and reject, so many of those asked for are lost at most.
   */
  | {
      type: "resumed";
      server: string;
      how: Resumption;
      position: Position;
      first?: Position;
      idsBetween?: bigint;
    }
  /** The server has no packets of these ids any more, or never had. Only without match and reject. */
  | { type: "gap"; server: string; firstId: bigint; lastId: bigint }
  /**
   * A packet has times or an id that cannot be told exactly, such as a time after the year 2255. It is delivered with the
   * nearest ones. `header` is what the server sent. Told once for a stream.
   */
  | { type: "inexact"; server: string; streamId: string; packetId: bigint; header: string };

/** What no retry makes better as long as nobody changes something; it is tried again all the same. */
const REFUSALS: ReadonlySet<DataLinkErrorCode> = new Set([
  "NOT_PERMITTED",
  "SERVER_ERROR",
  "TOO_LARGE",
  "CERTIFICATE_REJECTED",
  "WRONG_SERVER",
]);

/** What came from the server makes no sense. */
const UNREADABLE: ReadonlySet<DataLinkErrorCode> = new Set(["PROTOCOL", "TOO_LARGE"]);

/** Streams for which inexact packets are told, at most. */
const MAX_INEXACT = 1000;

/** A subscription, to be read with `for await`. Leaving the loop closes it. */
export class Subscription extends ResumingReader<Packet, Position, DataLinkError, SubscriptionEvent> {
  readonly #reading: PacketReading;

  /**
   * Use `subscribe`.
   *
   * @internal
   */
  constructor(platform: Platform, url: string, options: SubscribeOptions) {
    let reading!: PacketReading;
    super(readerOptions(options, deadlines.invalid), options.onEvent, (host) => {
      reading = new PacketReading(platform, url, options, host);
      return reading;
    });
    this.#reading = reading;
  }

  /** How many streams match and reject select, as the server has last said; `undefined` without them, or before it has. */
  get selectedStreams(): number | undefined {
    return this.#reading.selectedStreams;
  }

  /** Who the server is, while there is a connection. */
  get identity(): ServerIdentity | undefined {
    return this.#reading.identity;
  }
}

/** How DataLink's packets are read: filters, where to begin, and what the server does not tell of itself. */
class PacketReading implements ReaderProtocol<Packet, Position, ClientSession, DataLinkError> {
  readonly server: string;
  selectedStreams: number | undefined;
  readonly #platform: Platform;
  readonly #options: SubscribeOptions;
  readonly #address: Address;
  readonly #emit: (event: SubscriptionEvent) => void;
  readonly #feed: Feed;
  #start: Start;
  #session: ClientSession | undefined;
  /** Streams of which it has been told that they have inexact packets. */
  readonly #inexact = new Set<string>();
  readonly #unreadable = new UnreadablePlace<DataLinkError>(
    (cause, message) => new DataLinkError(cause.code, message, { cause }),
  );

  constructor(
    platform: Platform,
    url: string,
    options: SubscribeOptions,
    host: ReaderHost<Packet, SubscriptionEvent>,
  ) {
    this.#platform = platform;
    this.#options = options;
    this.#address = parseAddress(url, options.tls !== undefined);
    this.server = formatAddress(this.#address);
    this.#start = parseFrom(options.from ?? "latest");
    this.#emit = host.emit;
    this.#feed = new Feed(host.queue, {
      everyId: !options.match && !options.reject,
      onGap: (firstId, lastId) => this.#emit({ type: "gap", server: this.server, firstId, lastId }),
      onFlaw: (packet, header) => this.#tellInexact(packet, header),
    });
  }

  get identity(): ServerIdentity | undefined {
    return this.#session?.server;
  }

  get passed(): number {
    return this.#feed.passed;
  }

  resumeAt(position: Position): void {
    if (!isPosition(position)) {
      throw new PositionError(
        "DAMAGED_POSITION",
        `The position that was kept for ${this.server} is not one that a server can have: reading begins as if there were none.`,
      );
    }
    this.#start = { kind: "after", position };
  }

  advance(position: Position | undefined, packet: Packet): Position | undefined {
    return isPacketId(packet.packetId) ? positionOf(packet) : position;
  }

  connect(signal: AbortSignal): Promise<ClientSession> {
    return openSession(this.#platform, this.#address, { ...this.#options, signal });
  }

  updateReading({ connection }: ClientSession): void {
    connection.updateReading();
  }

  abandon({ connection }: ClientSession): void {
    connection.abandon(this.aborted(undefined));
  }

  async close(session: ClientSession | undefined): Promise<void> {
    await session?.connection.close().catch(() => {});
    this.#session = undefined;
    this.#feed.discard();
  }

  aborted(signal: AbortSignal | undefined): DataLinkError {
    return deadlines.aborted(`Subscribing to ${this.server}`, signal);
  }

  judge(failure: unknown): "lost" | "refused" | "fatal" {
    if (!(failure instanceof DataLinkError) || failure.code === "INVALID_ARGUMENT") return "fatal";
    return REFUSALS.has(failure.code) ? "refused" : "lost";
  }

  async follow(session: ClientSession): Promise<DataLinkError> {
    this.#session = session;
    this.#emit({ type: "connected", server: this.server, identity: session.server });
    try {
      return this.#located(await this.#follow(session));
    } catch (error) {
      throw error instanceof DataLinkError ? this.#located(error) : error;
    }
  }

  async #follow(session: ClientSession): Promise<DataLinkError> {
    const { match, reject } = this.#options;
    const { connection, server } = session;
    // Both replies count what is selected by then.
    if (match) this.selectedStreams = await connection.run(filter("MATCH", match, server));
    if (reject) this.selectedStreams = await connection.run(filter("REJECT", reject, server));
    const it: Beginning = {
      session,
      feed: this.#feed,
      filtered: Boolean(match || reject),
      onEarliest: (first, last) => this.#tellEarliest(first, last),
    };
    let jumped = this.#nextJump();
    await this.#begin(it);
    for (;;) {
      const happened = await Promise.race([connection.closed, jumped]);
      if (happened instanceof DataLinkError) return happened;
      jumped = this.#nextJump();
      await checkJump(it, happened);
    }
  }

  async #begin(it: Beginning): Promise<void> {
    const known = this.#feed.position;
    const start: Start = known ? { kind: "after", position: known } : this.#start;
    if (start.kind === "after") {
      // Kept until there is a packet: the feed forgets it where the server does not know it any more.
      this.#start = start;
      this.#feed.beginAfter(start.position);
    }
    this.#feed.suspiciousJump = undefined;
    let isTold = false;
    const onEarliest = (first: Packet, last: Position) => {
      isTold = true;
      it.onEarliest(first, last);
    };
    const how = await begin({ ...it, onEarliest }, start);
    if (start.kind !== "after" || how === undefined) {
      // From an empty ring, every packet is one to come.
      if (this.#feed.position === undefined && start.kind === "latest") this.#start = { kind: "earliest" };
      this.#emit({ type: "started", server: this.server });
      return;
    }
    if (!isTold) this.#emit({ type: "resumed", server: this.server, how, position: start.position });
  }

  #tellEarliest(packet: Packet, position: Position): void {
    const first = positionOf(packet);
    const between = first.packetId - position.packetId - 1n;
    // Ids of old servers begin anew after a while.
    const ids = between >= 0n ? { idsBetween: between } : {};
    this.#emit({ type: "resumed", server: this.server, how: "earliest", position, first, ...ids });
  }

  /** Says where it is, if what the server sends there cannot be read, and could not the last time. */
  #located(failure: DataLinkError): DataLinkError {
    if (!UNREADABLE.has(failure.code)) return failure;
    const last = this.#feed.position;
    return this.#unreadable.locate(failure, last ? `behind packet ${last.packetId}` : "first");
  }

  #tellInexact({ streamId, packetId }: Packet, header: string): void {
    if (this.#inexact.has(streamId) || this.#inexact.size >= MAX_INEXACT) return;
    this.#inexact.add(streamId);
    this.#emit({ type: "inexact", server: this.server, streamId, packetId, header });
  }

  #nextJump(): Promise<Jump> {
    return new Promise((resolve) => {
      this.#feed.onJump = resolve;
    });
  }
}
