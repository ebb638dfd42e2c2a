/**
 * Archives packets until it is told to stop. The position in the server's ring only moves past a packet when its line is
 * safe from a power failure; the archive's journal sees to it that what is delivered again after a crash is not written
 * twice. So nothing is lost and nothing doubled, whenever the program ends.
 */
import { access, constants, mkdir } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { ArchiveError, type ArchiveErrorCode } from "../../archive/errors.ts";
import type { ArchiveEvent } from "../../archive/events.ts";
import { JsonLinesArchive } from "../../archive/json-lines.ts";
import { eventText, retryText } from "../../datalink/event-text.ts";
import { PositionFile } from "../../datalink/position-file.ts";
import { DataLinkError } from "../../datalink/protocol/errors.ts";
import type { Packet } from "../../datalink/protocol/packet.ts";
import type { Position } from "../../datalink/protocol/position.ts";
import { type Subscription, type SubscriptionEvent, subscribe } from "../../datalink/subscribe.ts";
import type { Checkpoint } from "../../subscription/checkpoint.ts";
import { formatMicroseconds, nowMicroseconds } from "../../time.ts";
import { describeFailure, EXIT_FAILED, EXIT_OK, type Io } from "../command.ts";
import type { Config } from "./config.ts";

export interface ArchiverOptions {
  /** Show every packet. */
  verbose: boolean;
  /** Where to begin if there is no position: with the earliest packet, or with those to come. */
  earliest: boolean;
  /** Go on at the position of the last run. */
  resume: boolean;
}

/** Packets that may be delivered and not committed: what is written in one synchronisation, at full speed. */
const MAX_IN_FLIGHT = 20_000;
/** Between two synchronisations, if there is not that much to synchronise. */
const SYNC_MS = 1000;
const STATUS_MS = 60_000;

/** Of the failures to connect in a row, one in so many is told. */
const TELL_EVERY = 20;

/** What no packet can be archived for: it is told, and the next one is taken. */
const REFUSED: ReadonlySet<ArchiveErrorCode> = new Set([
  "INVALID_JSON",
  "INVALID_STREAM_ID",
  "PATH_ESCAPES",
  "TOO_LARGE",
]);

/**
 * Runs until `io.signal` fires. Resolves to the exit code.
 * @throws CommandError, DataLinkError, ArchiveError for what does not mend by itself
 */
export async function archivePackets(config: Config, options: ArchiverOptions, io: Io): Promise<number> {
  // Else it would wait for what nobody is going to change.
  await mkdir(config.directory, { recursive: true });
  await access(config.directory, constants.W_OK);
  return await new Archiver(config, options, io).run();
}

class Archiver {
  readonly #io: Io;
  readonly #verbose: boolean;
  readonly #archive: JsonLinesArchive;
  readonly #subscription: Subscription;
  readonly #stop = new AbortController();
  readonly #writing = new Set<Promise<void>>();
  /** In their files, and not yet committed. */
  #acknowledged: Packet[] = [];
  #wakeCommitter = () => {};
  /** Whether the server has sent packets: what it refuses from then on may change again. */
  #hasStarted = false;
  /** What does not mend by itself. */
  #failure: Error | undefined;
  #archived = 0;
  #notArchived = 0;
  #newest: Packet | undefined;

  constructor(config: Config, options: ArchiverOptions, io: Io) {
    this.#io = io;
    this.#verbose = options.verbose;
    this.#archive = new JsonLinesArchive({
      pattern: config.write,
      bandPatterns: config.bandwrite,
      journal: config.journal,
      gzipAfter: config.gzipAfter,
      keepRejected: true,
      retryFor: Number.POSITIVE_INFINITY,
      onEvent: (event) => this.#onArchiveEvent(event),
    });
    this.#subscription = subscribe(config.url, {
      clientId: config.clientId,
      match: config.match,
      from: options.earliest ? "earliest" : "latest",
      checkpoint: this.#checkpoint(config, options),
      maxInFlight: MAX_IN_FLIGHT,
      signal: AbortSignal.any([io.signal, this.#stop.signal]),
      onEvent: (event) => this.#onServerEvent(event),
    });
  }

  async run(): Promise<number> {
    const committing = this.#commitOften();
    const reporting = this.#io.stdout.isTTY && !this.#verbose ? this.#reportOften() : undefined;
    try {
      for await (const packet of this.#subscription) this.#take(packet);
    } catch (error) {
      if (!(error instanceof DataLinkError && error.code === "ABORTED")) this.#fail(error as Error);
    }
    this.#stop.abort();
    this.#wakeCommitter();
    await Promise.all([committing, reporting]);
    await this.#finish();
    if (this.#failure === undefined) return EXIT_OK;
    this.#tell(describeFailure(this.#failure));
    return EXIT_FAILED;
  }

  #checkpoint(config: Config, { resume, earliest }: ArchiverOptions): Checkpoint<Position> {
    const file = new PositionFile(config.position, (error) =>
      this.#tell(`the position was not kept in ${config.position}: ${error.message}`),
    );
    return {
      load: async () => {
        const position = resume ? await file.load() : undefined;
        if (position && earliest) {
          this.#tell(
            `--earliest has no effect: it goes on behind packet ${position.packetId}, where it stopped the last time (${config.position}); with --no-resume it begins with the earliest one`,
          );
        }
        return position;
      },
      save: (position) => file.save(position),
      flush: () => file.flush(),
    };
  }

  /** Begins to archive a packet. The subscription gives no more of them than may be under way. */
  #take(packet: Packet): void {
    const writing = this.#write(packet).finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  /** Never rejects. */
  async #write(packet: Packet): Promise<void> {
    try {
      const written = await this.#archive.write(packet);
      if (written) this.#archived++;
      if (this.#verbose) await this.#show(packet, written?.file ?? "not JSON");
    } catch (error) {
      if (!(error instanceof ArchiveError) || !REFUSED.has(error.code)) {
        this.#fail(error as Error);
        return;
      }
      this.#notArchived++;
      this.#tell(error.message);
    }
    this.#newest = packet;
    const count = this.#acknowledged.push(packet);
    // The first one at once: without a position, the next run would not know that there was this one.
    if (count >= MAX_IN_FLIGHT / 2 || this.#subscription.position === undefined) this.#wakeCommitter();
  }

  async #commitOften(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        this.#wakeCommitter = resolve;
      });
      await Promise.race([woken, this.#pause(SYNC_MS)]);
      await this.#commit();
    }
  }

  /** Moves the position past what is archived, after making that safe. */
  async #commit(): Promise<void> {
    const safe = this.#acknowledged;
    if (safe.length === 0) return;
    this.#acknowledged = [];
    try {
      await this.#archive.sync();
    } catch {
      // It is told as an event, and tried again.
      this.#acknowledged.unshift(...safe);
      return;
    }
    for (const packet of safe) this.#subscription.commit(packet);
  }

  /** Waits for what is under way, and keeps the position. */
  async #finish(): Promise<void> {
    try {
      await this.#archive.close();
      await Promise.all(this.#writing);
      for (const packet of this.#acknowledged) this.#subscription.commit(packet);
    } catch (error) {
      this.#fail(error as Error);
    }
    await this.#subscription.close();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#stop.abort();
  }

  #onArchiveEvent(event: ArchiveEvent): void {
    switch (event.type) {
      case "problem":
        this.#tell(`${event.error.message} It is tried again.`);
        break;
      case "recovered":
        this.#tell(`${event.file} is written again.`);
        break;
      case "torn":
        this.#tell(
          `${event.file} ended with ${event.bytes} bytes of an unfinished line: they are now in ${event.aside}.`,
        );
        break;
      case "compressed":
        if (this.#verbose) this.#tell(`${event.file} is compressed: it is now in ${event.to}.`);
        break;
    }
  }

  #onServerEvent(event: SubscriptionEvent): void {
    switch (event.type) {
      case "connected":
        if (this.#verbose) this.#tell(eventText(event));
        break;
      case "started":
        this.#hasStarted = true;
        break;
      case "resumed":
        this.#hasStarted = true;
        if (event.how !== "position") this.#tell(eventText(event));
        break;
      case "gap":
      case "inexact":
      case "position-damaged":
        this.#tell(eventText(event));
        break;
      case "refused":
      case "disconnected":
        if (event.type === "refused" && !this.#hasStarted) this.#fail(event.error);
        else if (event.attempt % TELL_EVERY === 1) this.#tell(`${eventText(event)} ${retryText(event)}`);
        break;
    }
  }

  async #reportOften(): Promise<void> {
    let before = 0;
    while (!this.#stop.signal.aborted) {
      await this.#pause(STATUS_MS);
      const packets = this.#archived;
      const rate = ((packets - before) / (STATUS_MS / 1000)).toFixed(1);
      before = packets;
      const lag = this.#newest
        ? `${((nowMicroseconds() - this.#newest.packetTime) / 1e6).toFixed(1)} s`
        : "none yet";
      const refused = this.#notArchived > 0 ? `, ${this.#notArchived} refused` : "";
      const now = formatMicroseconds(nowMicroseconds()).slice(0, 19);
      this.#io.stdout.write(
        `${now}Z ${packets} packets, ${rate}/s, ${this.#archive.openFiles} files open, newest packet ${lag} old${refused}\n`,
      );
    }
  }

  /** A line per packet; waits for whoever reads them. */
  async #show(packet: Packet, where: string): Promise<void> {
    const { packetId, packetTime, streamId, payload } = packet;
    const line = `${formatMicroseconds(packetTime)} ${packetId} ${streamId} ${payload.length} bytes: ${where}\n`;
    await new Promise<void>((resolve) => this.#io.stdout.write(line, () => resolve()));
  }

  #tell(message: string): void {
    this.#io.stderr.write(`dali2jsonl: ${message}\n`);
  }

  /** Ends early when the archiver stops. */
  async #pause(milliseconds: number): Promise<void> {
    await delay(milliseconds, undefined, { signal: this.#stop.signal }).catch(() => {});
  }
}
