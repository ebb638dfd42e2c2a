/** What one connection to a SeedLink server can do, wherever it runs: {@link SeedLinkCommandClient}. */
import type { OpenTransport } from "../net/transport.ts";
import type { PacketQueue } from "../subscription/packet-queue.ts";
import { nowMicroseconds, type TimeInput, toMicroseconds } from "../time.ts";
import { parseAddress } from "./address.ts";
import { Arrivals } from "./arrivals.ts";
import { deadlines } from "./failures.ts";
import { listStations, type RefusedStation, requestStations } from "./handshake.ts";
import { type Begin, END, END_FETCH, type InfoItem } from "./protocol/commands.ts";
import { SeedLinkError, shown } from "./protocol/errors.ts";
import type { SeedLinkInfo } from "./protocol/info.ts";
import type { SeedLinkPacket } from "./protocol/packet.ts";
import { parseStreams } from "./protocol/selectors.ts";
import { type Plan, planResume } from "./resume.ts";
import {
  openSession,
  type SeedLinkConnectOptions,
  type SeedLinkServer,
  type SeedLinkSession,
} from "./session.ts";
import { SeedLinkStream } from "./stream.ts";
import { parseStart } from "./subscription.ts";

/** Which packets a stream brings. */
export interface SeedLinkStreamOptions {
  /** Which streams, for example `CO_*:HHZ, GE_WLF`; default: all. */
  streams?: string | undefined;
  /** Where to begin: `"earliest"`, `"latest"` or a time. Default `"latest"`. */
  from?: TimeInput | undefined;
  /** The end of a time window, which `from` begins; behind it the loop ends. */
  to?: TimeInput | undefined;
  /** Ends the loop with what the server has now. Protocol 4, and ringserver 4. */
  dialUp?: boolean | undefined;
  /** Hears of stations that the server refuses; the others are read. */
  onRefused?: ((refused: RefusedStation) => void) | undefined;
  /** Ends the stream: its loop throws `ABORTED`. */
  signal?: AbortSignal | undefined;
}

/** A connection to a SeedLink server: it is asked about itself, and sends one stream. */
export class SeedLinkCommandClient implements AsyncDisposable {
  readonly #session: SeedLinkSession;

  /** @internal */
  protected constructor(session: SeedLinkSession) {
    this.#session = session;
  }

  /**
   * Connects, settles the protocol and, if credentials are given, logs in.
   *
   * @internal
   */
  protected static async open(
    open: OpenTransport,
    url: string,
    options: SeedLinkConnectOptions,
  ): Promise<SeedLinkSession> {
    return await openSession(open, parseAddress(url, options.tls !== undefined), options);
  }

  /** Who the server is, and which protocol is spoken. */
  get server(): SeedLinkServer {
    return this.#session.server;
  }

  /** Resolves, with the reason, when the connection is over. */
  get closed(): Promise<SeedLinkError> {
    return this.#session.connection.closed;
  }

  /**
   * Asks the server about itself. While packets flow on this connection, `ID` only. In protocol 3 the patterns `station`
   * and `stream` are not said to the server, which would not know them.
   *
   * @throws SeedLinkError `INVALID_ARGUMENT`, `SERVER_ERROR`, `NOT_PERMITTED`, `ABORTED`; what ended the connection
   */
  async info(
    item: InfoItem,
    { station, stream, signal }: { station?: string; stream?: string; signal?: AbortSignal } = {},
  ): Promise<SeedLinkInfo> {
    const { connection, protocol } = this.#session;
    if (connection.isStreaming && item !== "ID") {
      throw new SeedLinkError(
        "INVALID_ARGUMENT",
        `While packets flow, INFO ID may be asked for only, not ${shown(item)}.`,
      );
    }
    return protocol === 4
      ? await connection.info(item, station, stream, signal)
      : await connection.info(item, undefined, undefined, signal);
  }

  /**
   * Streams packets. SeedLink cannot end a stream and go on: leaving the loop closes the connection.
   *
   * @throws SeedLinkError `INVALID_ARGUMENT`, `SERVER_ERROR`, `NOT_PERMITTED`, `NOT_SUPPORTED`, `ABORTED`; what ended the
   * connection
   */
  stream(options: SeedLinkStreamOptions = {}): SeedLinkStream {
    return new SeedLinkStream(this.#session.connection, (queue) => this.#begin(queue, options));
  }

  async #begin(queue: PacketQueue<SeedLinkPacket>, options: SeedLinkStreamOptions): Promise<void> {
    const { connection, protocol } = this.#session;
    const { signal } = options;
    const abort = () => connection.abandon(deadlines.aborted("Streaming", signal));
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted) abort();
    void connection.closed.then((error) => {
      signal?.removeEventListener("abort", abort);
      queue.fail(error);
    });
    const requests = parseStreams(options.streams ?? "");
    const plan = await this.#plan(options);
    for (const each of await requestStations(this.#session, plan.stations)) options.onRefused?.(each);
    const arrivals = new Arrivals({ ...plan, span: undefined }, requests, protocol);
    connection.startStream(options.dialUp ? END_FETCH : END, {
      frame: (frame) => {
        const verdict = arrivals.judge(frame, nowMicroseconds());
        if (verdict.kind === "deliver") queue.packet(verdict.packet);
      },
      end: () => queue.end(),
      get full() {
        return queue.full;
      },
    });
  }

  async #plan(options: SeedLinkStreamOptions): Promise<Plan> {
    const { hello, protocol } = this.#session;
    const requests = parseStreams(options.streams ?? "");
    const start = parseStart(options.from);
    const end = options.to === undefined ? undefined : toMicroseconds(options.to);
    if (options.to !== undefined && (end === undefined || typeof start !== "number" || end < start)) {
      throw new SeedLinkError(
        "INVALID_ARGUMENT",
        "`to` is a time that is not before `from`, which is a time too.",
      );
    }
    const stations = await listStations(this.#session);
    const plan = planResume({ hello, protocol, requests, start, position: undefined, stations });
    if (end === undefined) return plan;
    const begin: Begin = { at: "time", start: start as number, end };
    return { ...plan, stations: plan.stations.map((each) => ({ ...each, begin })) };
  }

  /** Says good-bye and closes the connection. */
  async close(): Promise<void> {
    await this.#session.connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
