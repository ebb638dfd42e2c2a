/** Packets from a server, across all losses of the connection: {@link subscribe}. */

import { Backoff, type BackoffOptions, sleep } from "../net/backoff.ts";
import { CommitWindow } from "../subscription/commit-window.ts";
import { PacketQueue } from "../subscription/packet-queue.ts";
import { formatAddress, parseAddress } from "./address.ts";
import { type Beginning, begin, checkJump, type Resumption } from "./begin.ts";
import { type ConnectOptions, openSession, type Session } from "./connect.ts";
import { deadlines } from "./failures.ts";
import { Feed, type Jump } from "./feed.ts";
import type { ServerIdentity } from "./protocol/capabilities.ts";
import { filter, type Pattern } from "./protocol/client-requests.ts";
import { DataLinkError, type DataLinkErrorCode } from "./protocol/errors.ts";
import type { Packet } from "./protocol/packet.ts";
import { type From, type Position, parseFrom, positionOf, type Start } from "./protocol/position.ts";
import { QUEUE_BYTES } from "./stream.ts";

export interface SubscribeOptions extends ConnectOptions {
  /** Which streams; default: all. */
  match?: Pattern | undefined;
  /** Which streams not. */
  reject?: Pattern | undefined;
  /** Where to begin. Default `"latest"`: with the packets to come. */
  from?: From | undefined;
  /** Where the position is kept: it is asked for it before the beginning, and goes before `from`. */
  checkpoint?: Checkpoint | undefined;
  /** How many packets may be handed out and not committed. Default: 1000 with a checkpoint, else no limit. */
  maxInFlight?: number | undefined;
  /** Called with what happens to the connection. */
  onEvent?: ((event: SubscriptionEvent) => void) | undefined;
  /** How long to wait between attempts to connect. */
  backoff?: BackoffOptions | undefined;
  /** Ends the subscription: its loop throws `ABORTED`. */
  signal?: AbortSignal | undefined;
}

/** A place for the position of a reader. */
export interface Checkpoint {
  /** The position that was saved last, if there is one. */
  load(): Promise<Position | undefined>;
  /** Takes the position of the last packet that is committed together with all before it. */
  save(position: Position): void;
  /** Resolves when what was saved is safe. */
  flush(): Promise<void>;
}

/** What happens to a subscription's connection. `server` is its address, without user name and password. */
export type SubscriptionEvent =
  | { type: "connected"; server: string; identity: ServerIdentity }
  /** The connection was lost, or did not come about. `retryIn` is in milliseconds; `attempt` counts the failures in a row. */
  | { type: "disconnected"; server: string; error: DataLinkError; retryIn: number; attempt: number }
  /** The server, or this side, does not want this connection as it is: credentials, permissions, filters, certificate. */
  | { type: "refused"; server: string; error: DataLinkError; retryIn: number; attempt: number }
  /** The stream has begun where `from` says. */
  | { type: "started"; server: string }
  /** The stream goes on: see {@link Resumption}. `position` is the last packet that was known. */
  | { type: "resumed"; server: string; how: Resumption; position: Position }
  /** The server has no packets of these ids any more, or never had. Only without match and reject. */
  | { type: "gap"; server: string; firstId: bigint; lastId: bigint };

const DEFAULT_IN_FLIGHT = 1000;

/** What no retry makes better as long as nobody changes something; it is tried again all the same. */
const REFUSALS: ReadonlySet<DataLinkErrorCode> = new Set([
  "NOT_PERMITTED",
  "SERVER_ERROR",
  "TOO_LARGE",
  "CERTIFICATE_REJECTED",
]);

/** What came from the server makes no sense. */
const UNREADABLE: ReadonlySet<DataLinkErrorCode> = new Set(["PROTOCOL", "TOO_LARGE"]);

/** A connection that has lasted so long was none that the server does not want. */
const LASTING_MS = 60_000;

/**
 * Subscribes to packets: connects, and whenever the connection is lost connects again and goes on behind the last packet.
 * A packet that the server still holds is delivered, once, in order.
 *
 * @throws DataLinkError `INVALID_ADDRESS`, `INVALID_ARGUMENT`
 */
export function subscribe(url: string, options: SubscribeOptions = {}): Subscription {
  return new Subscription(url, options);
}

/** A subscription, to be read with `for await`. Leaving the loop closes it. */
export class Subscription implements AsyncIterableIterator<Packet, undefined>, AsyncDisposable {
  /** The server's address, without user name and password. */
  readonly server: string;
  readonly #options: SubscribeOptions;
  readonly #address: ReturnType<typeof parseAddress>;
  readonly #queue: PacketQueue;
  readonly #feed: Feed;
  readonly #window: CommitWindow | undefined;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #start: Start;
  #session: Session | undefined;
  #committed: Position | undefined;
  /** Where what the server sent could not be read. */
  #unreadable: string | undefined;

  /** Use {@link subscribe}. */
  constructor(url: string, options: SubscribeOptions) {
    this.#address = parseAddress(url, options.tls !== undefined);
    this.server = formatAddress(this.#address);
    this.#options = options;
    this.#start = parseFrom(options.from ?? "latest");
    const inFlight = options.maxInFlight ?? (options.checkpoint ? DEFAULT_IN_FLIGHT : undefined);
    if (inFlight !== undefined && !(inFlight >= 1)) {
      throw new DataLinkError(
        "INVALID_ARGUMENT",
        `maxInFlight is a number of packets from 1, not ${inFlight}.`,
      );
    }
    this.#window = inFlight === undefined ? undefined : new CommitWindow(inFlight);
    this.#queue = new PacketQueue(QUEUE_BYTES, () => this.#session?.connection.updateReading());
    this.#feed = new Feed(this.#queue, {
      everyId: !options.match && !options.reject,
      onGap: (firstId, lastId) => this.#emit({ type: "gap", server: this.server, firstId, lastId }),
    });
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (options.signal?.aborted) this.#onAbort();
    this.#running = this.#run();
  }

  /** Who the server is, while there is a connection. */
  get identity(): ServerIdentity | undefined {
    return this.#session?.server;
  }

  /** The last packet that is committed together with all before it. */
  get position(): Position | undefined {
    return this.#committed;
  }

  /** Packets handed out that the position has not moved past. */
  get inFlight(): number {
    return this.#window?.length ?? 0;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next packet. While `maxInFlight` packets are not committed, it waits. */
  next(): Promise<IteratorResult<Packet, undefined>> {
    if (this.#window?.isFull) return this.#wait();
    const packet = this.#queue.take();
    if (packet === undefined) return this.#wait();
    this.#window?.add(packet);
    return Promise.resolve({ value: packet, done: false });
  }

  /**
   * Counts a packet, as it came out of the loop, as dealt with. The order does not matter: the position only moves past a
   * packet when all before it are committed too.
   */
  commit(packet: Packet): void {
    const reached = this.#window ? this.#window.commit(packet) : packet;
    if (reached === undefined) return;
    this.#committed = positionOf(reached);
    this.#options.checkpoint?.save(this.#committed);
  }

  /** Closes the connection; the loop ends. Resolves when the committed position is safe. */
  async return(): Promise<IteratorResult<Packet, undefined>> {
    this.#queue.end();
    this.#queue.clear();
    this.#stop.abort();
    this.#window?.wake();
    await this.#running;
    await this.#options.checkpoint?.flush();
    return { value: undefined, done: true };
  }

  /** The same as leaving the loop. */
  async close(): Promise<void> {
    await this.return();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #wait(): Promise<IteratorResult<Packet, undefined>> {
    while (this.#window?.isFull && !this.#stop.signal.aborted) await this.#window.room();
    const result = await this.#queue.next();
    if (!result.done) this.#window?.add(result.value);
    return result;
  }

  readonly #onAbort = () => {
    this.#queue.clear();
    this.#queue.fail(deadlines.aborted(`Subscribing to ${this.server}`, this.#options.signal));
    this.#stop.abort();
    this.#window?.wake();
  };

  /** Never rejects: what cannot be mended is thrown in the reader's loop. */
  async #run(): Promise<void> {
    try {
      await this.#loadCheckpoint();
      const backoff = new Backoff(this.#options.backoff);
      while (!this.#stop.signal.aborted) {
        const failure = await this.#connectAndFollow(backoff);
        if (this.#stop.signal.aborted) break;
        const retryIn = backoff.fail();
        const type = REFUSALS.has(failure.code) ? "refused" : "disconnected";
        this.#emit({ type, server: this.server, error: failure, retryIn, attempt: backoff.failures });
        await sleep(retryIn, this.#stop.signal);
      }
    } catch (error) {
      this.#queue.fail(error as Error);
    } finally {
      this.#options.signal?.removeEventListener("abort", this.#onAbort);
    }
  }

  async #loadCheckpoint(): Promise<void> {
    const position = await this.#options.checkpoint?.load();
    if (position) this.#start = { kind: "after", position };
  }

  /** Returns what ended the connection. */
  async #connectAndFollow(backoff: Backoff): Promise<DataLinkError> {
    const passed = this.#feed.passed;
    const begun = Date.now();
    try {
      const session = await openSession(this.#address, { ...this.#options, signal: this.#stop.signal });
      this.#session = session;
      this.#emit({ type: "connected", server: this.server, identity: session.server });
      return this.#located(await this.#follow(session));
    } catch (error) {
      if (error instanceof DataLinkError && error.code !== "INVALID_ARGUMENT") return this.#located(error);
      throw error;
    } finally {
      if (this.#feed.passed > passed || Date.now() - begun > LASTING_MS) backoff.succeed();
      await this.#session?.connection.close().catch(() => {});
      this.#session = undefined;
      this.#feed.discard();
    }
  }

  async #follow(session: Session): Promise<DataLinkError> {
    const { match, reject } = this.#options;
    const { connection, server } = session;
    const stop = () =>
      connection.abandon(deadlines.aborted(`Subscribing to ${this.server}`, this.#stop.signal));
    this.#stop.signal.addEventListener("abort", stop, { once: true });
    if (this.#stop.signal.aborted) stop();
    try {
      if (match) await connection.run(filter("MATCH", match, server));
      if (reject) await connection.run(filter("REJECT", reject, server));
      const it: Beginning = { session, feed: this.#feed, filtered: Boolean(match || reject) };
      let jumped = this.#nextJump();
      await this.#begin(it);
      for (;;) {
        const happened = await Promise.race([connection.closed, jumped]);
        if (happened instanceof DataLinkError) return happened;
        jumped = this.#nextJump();
        await checkJump(it, happened);
      }
    } finally {
      this.#stop.signal.removeEventListener("abort", stop);
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
    const how = await begin(it, start);
    if (start.kind !== "after" || how === undefined) {
      // From an empty ring, every packet is one to come.
      if (this.#feed.position === undefined && start.kind === "latest") this.#start = { kind: "earliest" };
      this.#emit({ type: "started", server: this.server });
      return;
    }
    this.#emit({ type: "resumed", server: this.server, how, position: start.position });
  }

  /**
   * Says where it is, if what the server sends there cannot be read, and could not the last time. It is asked for it again:
   * to leave packets out is not for this side to decide.
   */
  #located(failure: DataLinkError): DataLinkError {
    if (this.#session === undefined || !UNREADABLE.has(failure.code)) return failure;
    const last = this.#feed.position;
    const where = last ? `behind packet ${last.packetId}` : "first";
    const isSame = where === this.#unreadable;
    this.#unreadable = where;
    if (!isSame) return failure;
    const message =
      `${failure.message} What the server sends ${where} cannot be read, each time anew. If it stays so, ask the ` +
      "server's operator, or begin at a later packet or time.";
    return new DataLinkError(failure.code, message, { cause: failure });
  }

  #nextJump(): Promise<Jump> {
    return new Promise((resolve) => {
      this.#feed.onJump = resolve;
    });
  }

  /** What the caller's handler throws is thrown in the caller's loop. */
  #emit(event: SubscriptionEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch (error) {
      this.#queue.fail(error as Error);
      this.#stop.abort();
    }
  }
}
