/**
 * Packets from a server, across all losses of the connection: the loop that connects, waits and connects again, hands
 * packets out, and keeps the position of what is committed. How a connection begins where the last one ended is the
 * protocol's, behind {@link ReaderProtocol}; it may have one position or one for each of several streams.
 */
import { Backoff, type BackoffOptions, sleep } from "../net/backoff.ts";
import { type Checkpoint, PositionError } from "./checkpoint.ts";
import { CommitWindow, type WindowLimits } from "./commit-window.ts";
import { type Carrier, PacketQueue } from "./packet-queue.ts";

/** What a protocol does for its reader. `Session` is one open connection, logged in. */
export interface ReaderProtocol<Packet, Position, Session, Failure extends Error> {
  /** The server's address, without user name and password. */
  readonly server: string;
  /** How many packets have come so far: a connection that brought some was a good one. */
  readonly passed: number;
  /**
   * Takes the position to go on behind, before the first connection.
   *
   * @throws PositionError where it is not one that a reader can be at: told, and reading begins as if there were none.
   */
  resumeAt(position: Position): void;
  /** The position of a reader that was at `position` and has dealt with `packet` too. */
  advance(position: Position | undefined, packet: Packet): Position | undefined;
  /** Opens a connection. */
  connect(signal: AbortSignal): Promise<Session>;
  /**
   * Begins the stream where it has to begin, and puts its packets into the queue until the connection is over. Returns what
   * ended it, or throws that.
   */
  follow(session: Session): Promise<Failure>;
  /** The queue has room again. */
  updateReading(session: Session): void;
  /** Ends the connection at once: `follow` then returns. */
  abandon(session: Session): void;
  /** Closes what is left of a connection; also called where none came about. Never rejects. */
  close(session: Session | undefined): Promise<void>;
  /**
   * What a failure means: the connection was `lost` or did not come about, this client is `refused` (both are tried again),
   * or it is `fatal`, because it is the caller's. Only a `Failure` is not fatal.
   */
  judge(failure: unknown): "lost" | "refused" | "fatal";
  /** The error of a reader that the caller's signal has stopped. */
  aborted(signal: AbortSignal | undefined): Failure;
}

/** What every reader tells. */
export type ReaderEvent<Failure extends Error> =
  /** The connection was lost, or did not come about. `retryIn` is in milliseconds; `attempt` counts the failures in a row. */
  | { type: "disconnected"; server: string; error: Failure; retryIn: number; attempt: number }
  /** The server, or this side, does not want this connection as it is: credentials, permissions, filters, certificate. */
  | { type: "refused"; server: string; error: Failure; retryIn: number; attempt: number }
  /** The position that was kept cannot be used: reading begins as if there were none. */
  | { type: "position-damaged"; server: string; error: PositionError };

export interface ReaderOptions<Position> {
  checkpoint?: Checkpoint<Position> | undefined;
  /** How much may be handed out and not committed; `undefined`: no limit. */
  window: WindowLimits | undefined;
  backoff?: BackoffOptions | undefined;
  signal?: AbortSignal | undefined;
}

/** What the reader gives its protocol. */
export interface ReaderHost<Packet extends Carrier, Event> {
  /** Where the packets go. */
  readonly queue: PacketQueue<Packet>;
  /** Tells the caller. */
  readonly emit: (event: Event) => void;
}

/** How many bytes of packets wait for a slow reader before the socket is no longer read. */
export const QUEUE_BYTES = 256 * 1024;

/** A connection that has lasted so long was not one that the server refuses. */
const LASTING_MS = 60_000;

/** A subscription, to be read with `for await`. Leaving the loop closes it. */
export class ResumingReader<Packet extends Carrier, Position, Failure extends Error, Event>
  implements AsyncIterableIterator<Packet, undefined>, AsyncDisposable
{
  /** The server's address, without user name and password. */
  readonly server: string;
  readonly #options: ReaderOptions<Position>;
  readonly #protocol: ReaderProtocol<Packet, Position, unknown, Failure>;
  readonly #onEvent: ((event: Event | ReaderEvent<Failure>) => void) | undefined;
  readonly #queue: PacketQueue<Packet>;
  readonly #window: CommitWindow<Packet> | undefined;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #session: unknown;
  #committed: Position | undefined;

  /**
   * Begins to connect at once.
   *
   * @internal
   */
  constructor(
    options: ReaderOptions<Position>,
    onEvent: ((event: Event | ReaderEvent<Failure>) => void) | undefined,
    protocolFor: (host: ReaderHost<Packet, Event>) => ReaderProtocol<Packet, Position, unknown, Failure>,
  ) {
    this.#options = options;
    this.#onEvent = onEvent;
    this.#queue = new PacketQueue<Packet>(QUEUE_BYTES, () => {
      if (this.#session !== undefined) this.#protocol.updateReading(this.#session);
    });
    this.#window = options.window && new CommitWindow(options.window);
    this.#protocol = protocolFor({ queue: this.#queue, emit: (event) => this.#emit(event) });
    this.server = this.#protocol.server;
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (options.signal?.aborted) this.#onAbort();
    this.#running = this.#run();
  }

  /** The position of the last packet that is committed together with all before it. */
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

  /** The next packet. While as many packets as may be in flight are not committed, it waits. */
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
    if (this.#window) {
      if (!this.#window.commit(packet, this.#pass)) return;
    } else this.#pass(packet);
    if (this.#committed !== undefined) this.#options.checkpoint?.save(this.#committed);
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

  readonly #pass = (packet: Packet): void => {
    this.#committed = this.#protocol.advance(this.#committed, packet);
  };

  readonly #onAbort = () => {
    this.#queue.clear();
    this.#queue.fail(this.#protocol.aborted(this.#options.signal));
    this.#stop.abort();
    this.#window?.wake();
  };

  /** Never rejects: what cannot be mended is thrown in the reader's loop. */
  async #run(): Promise<void> {
    const { signal } = this.#stop;
    try {
      await this.#loadCheckpoint();
      const backoff = new Backoff(this.#options.backoff);
      while (!signal.aborted) {
        const error = await this.#connectAndFollow(backoff);
        if (signal.aborted) break;
        const type = this.#protocol.judge(error) === "refused" ? "refused" : "disconnected";
        const retryIn = backoff.fail();
        this.#emit({ type, server: this.server, error, retryIn, attempt: backoff.failures });
        await sleep(retryIn, signal);
      }
    } catch (error) {
      this.#queue.fail(error as Error);
    } finally {
      this.#options.signal?.removeEventListener("abort", this.#onAbort);
    }
  }

  async #loadCheckpoint(): Promise<void> {
    try {
      const position = await this.#options.checkpoint?.load();
      if (position !== undefined) this.#protocol.resumeAt(position);
    } catch (error) {
      if (!(error instanceof PositionError)) throw error;
      this.#emit({ type: "position-damaged", server: this.server, error });
    }
  }

  /** Returns what ended the connection. */
  async #connectAndFollow(backoff: Backoff): Promise<Failure> {
    const protocol = this.#protocol;
    const { passed } = protocol;
    const begun = performance.now();
    const stop = () => {
      if (this.#session !== undefined) protocol.abandon(this.#session);
    };
    this.#stop.signal.addEventListener("abort", stop, { once: true });
    try {
      this.#session = await protocol.connect(this.#stop.signal);
      if (this.#stop.signal.aborted) stop();
      return await protocol.follow(this.#session);
    } catch (error) {
      if (protocol.judge(error) !== "fatal") return error as Failure;
      throw error;
    } finally {
      this.#stop.signal.removeEventListener("abort", stop);
      if (protocol.passed > passed || performance.now() - begun > LASTING_MS) backoff.succeed();
      const session = this.#session;
      await protocol.close(session);
      this.#session = undefined;
    }
  }

  /** What the caller's handler throws is thrown in the caller's loop. */
  #emit(event: Event | ReaderEvent<Failure>): void {
    try {
      this.#onEvent?.(event);
    } catch (error) {
      this.#queue.fail(error as Error);
      this.#stop.abort();
    }
  }
}
