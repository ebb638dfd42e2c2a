/** Packets from a server, across all losses of the connection: SeedLink's part of {@link ResumingReader}. */
import type { OpenTransport } from "../net/transport.ts";
import { type ReadingOptions, readerOptions } from "../subscription/reading-options.ts";
import {
  type ReaderEvent,
  type ReaderHost,
  type ReaderProtocol,
  ResumingReader,
} from "../subscription/resuming-reader.ts";
import { UnreadablePlace } from "../subscription/unreadable.ts";
import { nowMicroseconds, type TimeInput, toMicroseconds } from "../time.ts";
import { type Address, formatAddress, parseAddress } from "./address.ts";
import { Arrivals } from "./arrivals.ts";
import { deadlines } from "./failures.ts";
import { listStations, requestStations } from "./handshake.ts";
import { advance, copyPosition, emptyPosition, type SeedLinkPosition } from "./position.ts";
import { END } from "./protocol/commands.ts";
import { SeedLinkError, type SeedLinkErrorCode, shown } from "./protocol/errors.ts";
import type { DataFrame } from "./protocol/frame.ts";
import type { InfoStation } from "./protocol/info.ts";
import type { SeedLinkPacket } from "./protocol/packet.ts";
import { parseStreams, type StationRequest } from "./protocol/selectors.ts";
import { type How, type Plan, planResume, type Start } from "./resume.ts";
import {
  openSession,
  type SeedLinkConnectOptions,
  type SeedLinkServer,
  type SeedLinkSession,
} from "./session.ts";

/** Which packets to read, from where on, and what happens when they are not read as fast as they come. */
export interface SeedLinkSubscribeOptions
  extends SeedLinkConnectOptions,
    ReadingOptions<SeedLinkPosition, SeedLinkEvent> {
  /** Ends the subscription: its loop throws `ABORTED`. */
  signal?: AbortSignal | undefined;
  /** Which streams, for example `CO_*:HHZ, GE_WLF`; default: all. */
  streams?: string | undefined;
  /** Where to begin: `"earliest"`, `"latest"` (with the packets to come) or a time. Default `"latest"`. */
  from?: TimeInput | undefined;
}

/** What happens to a subscription's connection. `server` is its address, without user name and password. */
export type SeedLinkEvent =
  | { type: "connected"; server: string; identity: SeedLinkServer }
  | ReaderEvent<SeedLinkError>
  /** The stream has begun where `from` says. */
  | { type: "started"; server: string }
  /** The stream goes on. `stations`: those that go on so; empty where all stations have one number. */
  | { type: "resumed"; server: string; how: Exclude<How, "new">; stations: string[] }
  /** The server does not have these packets any more; `station` is `*` where all stations have one number. */
  | { type: "gap"; server: string; station: string; firstSequence: bigint; lastSequence: bigint }
  /** Stations that the server does not know, or refuses; they are asked for again with each connection. */
  | { type: "missing"; server: string; stations: string[]; error?: SeedLinkError };

/** After so many attempts a first packet that may have been skipped to is taken: nothing else may have come. */
const MAX_OVERTAKEN = 3;

/** What no retry makes better as long as nobody changes something; it is tried again all the same. */
const REFUSALS: ReadonlySet<SeedLinkErrorCode> = new Set([
  "NOT_PERMITTED",
  "NOT_SUPPORTED",
  "SERVER_ERROR",
  "TOO_LARGE",
  "CERTIFICATE_REJECTED",
  "WRONG_SERVER",
]);

/** After so many silences in a row the server is not asked for its stations any more. */
const MAX_SILENCES = 2;

/** What came from the server makes no sense. */
const UNREADABLE: ReadonlySet<SeedLinkErrorCode> = new Set(["PROTOCOL", "TOO_LARGE"]);

/** A subscription, to be read with `for await`. Leaving the loop closes it. */
export class SeedLinkSubscription extends ResumingReader<
  SeedLinkPacket,
  SeedLinkPosition,
  SeedLinkError,
  SeedLinkEvent
> {
  readonly #reading: PacketReading;

  /**
   * Use `subscribeSeedLink`.
   *
   * @internal
   */
  constructor(open: OpenTransport, url: string, options: SeedLinkSubscribeOptions) {
    let reading!: PacketReading;
    super(readerOptions(options, deadlines.invalid), options.onEvent, (host) => {
      reading = new PacketReading(open, url, options, host);
      return reading;
    });
    this.#reading = reading;
  }

  /** Who the server is, while there is a connection. */
  get identity(): SeedLinkServer | undefined {
    return this.#reading.identity;
  }
}

/**
 * Where to begin, as a caller gives it.
 *
 * @throws SeedLinkError `INVALID_ARGUMENT`
 */
export function parseStart(from: SeedLinkSubscribeOptions["from"]): Start {
  if (from === undefined || from === "latest" || from === "earliest") return from ?? "latest";
  const time = toMicroseconds(from);
  if (time !== undefined) return time;
  throw new SeedLinkError("INVALID_ARGUMENT", `from is "earliest", "latest" or a time, not ${shown(from)}.`);
}

/** How SeedLink's packets are read: where to begin, what comes, and what the server does not tell of itself. */
class PacketReading
  implements ReaderProtocol<SeedLinkPacket, SeedLinkPosition, SeedLinkSession, SeedLinkError>
{
  readonly server: string;
  passed = 0;
  readonly #open: OpenTransport;
  readonly #options: SeedLinkSubscribeOptions;
  readonly #address: Address;
  readonly #host: ReaderHost<SeedLinkPacket, SeedLinkEvent>;
  readonly #requests: readonly StationRequest[];
  readonly #start: Start;
  /** Where this reader is: behind what has been put into the queue, committed or not. */
  #position: SeedLinkPosition | undefined;
  /** Where it was before anything came: what is committed is counted from there. */
  #begun: SeedLinkPosition | undefined;
  #distrusted = new Set<string>();
  /** How often in a row the server has said nothing when it was asked for its stations. */
  #silences = 0;
  /** How often in a row the ring has moved on before a packet of it came. */
  #overtaken = 0;
  #missing = new Set<string>();
  #session: SeedLinkSession | undefined;
  /** The last packet that came on this connection, wanted or not. */
  #last: { readonly station: string; readonly sequence: bigint } | undefined;
  readonly #unreadable = new UnreadablePlace<SeedLinkError>(
    (cause, message) => new SeedLinkError(cause.code, message, { cause }),
  );

  constructor(
    open: OpenTransport,
    url: string,
    options: SeedLinkSubscribeOptions,
    host: ReaderHost<SeedLinkPacket, SeedLinkEvent>,
  ) {
    this.#open = open;
    this.#options = options;
    this.#host = host;
    this.#address = parseAddress(url, options.tls !== undefined);
    this.server = formatAddress(this.#address);
    this.#requests = parseStreams(options.streams ?? "");
    this.#start = parseStart(options.from);
  }

  resumeAt(position: SeedLinkPosition): void {
    this.#position = copyPosition(position);
  }

  advance(position: SeedLinkPosition | undefined, packet: SeedLinkPacket): SeedLinkPosition {
    const numbering = this.#position?.numbering ?? "station";
    const begun = position ?? (this.#begun ? copyPosition(this.#begun) : emptyPosition(numbering));
    // Another program has answered under the address meanwhile: its numbers are not to be mixed with the old ones.
    const own =
      begun.numbering === numbering ? begun : { ...emptyPosition(numbering), streams: begun.streams };
    advance(own, packet);
    return own;
  }

  /** Who the server is, while there is a connection. */
  get identity(): SeedLinkServer | undefined {
    return this.#session?.server;
  }

  connect(signal: AbortSignal): Promise<SeedLinkSession> {
    return openSession(this.#open, this.#address, { ...this.#options, signal });
  }

  updateReading({ connection }: SeedLinkSession): void {
    connection.updateReading();
  }

  abandon({ connection }: SeedLinkSession): void {
    connection.abandon(this.aborted(undefined));
  }

  async close(session: SeedLinkSession | undefined): Promise<void> {
    this.#session = undefined;
    await session?.connection.close();
  }

  aborted(signal: AbortSignal | undefined): SeedLinkError {
    return deadlines.aborted(`Subscribing to ${this.server}`, signal);
  }

  judge(failure: unknown): "lost" | "refused" | "fatal" {
    if (!(failure instanceof SeedLinkError) || failure.code === "INVALID_ARGUMENT") return "fatal";
    return REFUSALS.has(failure.code) ? "refused" : "lost";
  }

  async follow(session: SeedLinkSession): Promise<SeedLinkError> {
    this.#session = session;
    this.#last = undefined;
    this.#host.emit({ type: "connected", server: this.server, identity: session.server });
    try {
      return this.#located(await this.#follow(session));
    } catch (error) {
      throw error instanceof SeedLinkError ? this.#located(error) : error;
    }
  }

  /** Says where it is, if what the server sends there cannot be read, and could not the last time. */
  #located(failure: SeedLinkError): SeedLinkError {
    if (!UNREADABLE.has(failure.code)) return failure;
    const last = this.#last;
    const where = last ? `behind packet ${last.sequence} of ${shown(last.station)}` : "first";
    return this.#unreadable.locate(failure, where);
  }

  async #follow(session: SeedLinkSession): Promise<SeedLinkError> {
    const stations = await this.#stations(session);
    const plan = this.#plan(session, stations);
    this.#tell(plan);
    const refused = await requestStations(session, plan.stations);
    for (const { station, error } of refused) {
      // What is not in the list of stations has been told.
      if (plan.missing.includes(station)) continue;
      this.#host.emit({ type: "missing", server: this.server, stations: [station], error });
    }
    this.#missing = new Set([...plan.missing, ...refused.map(({ station }) => station)]);
    this.#tellBegun(plan);
    this.#stream(session, plan);
    return await session.connection.closed;
  }

  /** ringserver never answers while its ring has a stream id without six codes: then it is read without the list. */
  async #stations(session: SeedLinkSession): Promise<readonly InfoStation[] | undefined> {
    if (this.#silences >= MAX_SILENCES) return undefined;
    try {
      const stations = await listStations(session);
      this.#silences = 0;
      return stations;
    } catch (error) {
      if (error instanceof SeedLinkError && error.code === "TIMEOUT") this.#silences++;
      throw error;
    }
  }

  #plan({ hello, protocol }: SeedLinkSession, stations: readonly InfoStation[] | undefined): Plan {
    const plan = planResume({
      hello,
      protocol,
      requests: this.#requests,
      start: this.#start,
      position: this.#position,
      stations,
      distrusted: this.#distrusted,
      missing: this.#missing,
    });
    this.#distrusted = new Set();
    this.#begun ??= copyPosition(plan.position);
    this.#position = copyPosition(plan.position);
    return plan;
  }

  #tell({ gaps, missing }: Plan): void {
    const { server } = this;
    for (const { station, first, last } of gaps) this.#tellGap(station, first, last);
    if (missing.length > 0) this.#host.emit({ type: "missing", server, stations: [...missing] });
  }

  /** Once nothing is refused any more. */
  #tellBegun({ judgements }: Plan): void {
    const { server } = this;
    const resumed = new Map<Exclude<How, "new">, string[]>();
    for (const [station, { how }] of judgements) {
      if (how === "new") continue;
      const stations = resumed.get(how) ?? [];
      if (station !== "*") stations.push(station);
      resumed.set(how, stations);
    }
    if (resumed.size === 0) this.#host.emit({ type: "started", server });
    for (const [how, stations] of resumed) this.#host.emit({ type: "resumed", server, how, stations });
  }

  #tellGap(station: string, firstSequence: bigint, lastSequence: bigint): void {
    this.#host.emit({ type: "gap", server: this.server, station, firstSequence, lastSequence });
  }

  #stream({ connection, protocol }: SeedLinkSession, plan: Plan): void {
    const { queue } = this.#host;
    const position = this.#position!;
    const arrivals = new Arrivals(plan, this.#requests, protocol, {
      trustsFirst: this.#overtaken >= MAX_OVERTAKEN,
      onGap: (station, first, last) => this.#tellGap(station, first, last),
    });
    const frame = (each: DataFrame) => {
      const verdict = arrivals.judge(each, nowMicroseconds());
      if (verdict.kind !== "redo") this.#last = verdict.packet;
      if (verdict.kind === "redo") {
        if (verdict.why === "other-history") this.#distrusted.add(verdict.station);
        else this.#overtaken++;
        connection.abandon(beginAgain(connection.name, verdict.why));
      } else if (verdict.kind === "deliver") {
        advance(position, verdict.packet);
        this.#overtaken = 0;
        this.passed++;
        queue.packet(verdict.packet);
      }
    };
    const end = () =>
      connection.abandon(new SeedLinkError("CONNECTION_LOST", `${connection.name} has ended the stream.`));
    connection.startStream(END, {
      frame,
      end,
      get full() {
        return queue.full;
      },
    });
  }
}

function beginAgain(server: string, why: "other-history" | "lapped"): SeedLinkError {
  const reason =
    why === "lapped" ? "has overtaken this reader" : "has another packet under the number of the last one";
  return new SeedLinkError("CONNECTION_LOST", `${server} ${reason}: what it holds is asked for anew.`);
}
