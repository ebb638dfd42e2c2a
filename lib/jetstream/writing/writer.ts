/** Packets into a stream, each once, in order per stream id, across all losses of the connection: {@link JetStreamWriter}. */
import { warn } from "../../datalink/core/failures.ts";
import { Backoff, type BackoffOptions, sleep } from "../../net/backoff.ts";
import { headersOf, listenTo, type NatsMessage } from "../client.ts";
import {
  abortable,
  connectedEvent,
  connectionOf,
  type JetStreamConnection,
  type JetStreamLink,
  type JetStreamSettings,
} from "../connection.ts";
import { JetStreamError } from "../errors.ts";
import { eventOf, type JetStreamConnectionEvent, type JetStreamWriterEvent } from "../events.ts";
import { API } from "../failures.ts";
import { checkPacket, messageId, writeHeaders } from "../format/message.ts";
import type { PacketStore, SourcePacket, Stored } from "../format/packet.ts";
import { packetSubject } from "../format/subject.ts";
import { askForStream, checkName, type JetStreamStreamInfo } from "../stream.ts";
import { Lanes } from "./lanes.ts";
import { type ScanStart, scanIds } from "./scan.ts";
import { StoredIds } from "./stored-ids.ts";

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
  /**
   * Of a relay: looks up what the stream has of `source` before it sends packets older than half of the stream's window, so that none
   * is stored twice however long the relay was away. It begins at `sequence`, or a minute before the first packet's time if that is
   * earlier. `isOrdered`: packets of the source always come in the same order, as those of DataLink do.
   */
  lookUp?: { source: string; isOrdered: boolean; sequence?: number | undefined } | undefined;
  /** Called with what happens. */
  onEvent?: ((event: JetStreamWriterEvent) => void) | undefined;
  /** How long to wait between attempts. Default: 100 ms to 2 s. */
  backoff?: BackoffOptions | undefined;
}

interface Entry {
  readonly packet: SourcePacket;
  readonly streamId: string;
  readonly id: string;
  readonly bytes: number;
  readonly resolve: (stored: Stored) => void;
  readonly reject: (error: JetStreamError) => void;
  /** What its acknowledgements carry in their subject. */
  slot: string;
  /** Milliseconds of `performance.now()`. */
  firstSentAt: number;
  sentAt: number;
  /** A number of the stream behind which it is stored. */
  mark: number;
}

const DEFAULT_IN_FLIGHT = 512;
const DEFAULT_WAITING_BYTES = 64 * 1024 * 1024;
const DEFAULT_ACK_TIMEOUT_MS = 5000;
const CLOSE_TIMEOUT_MS = 5000;
const TICK_MS = 250;
/** Without an acknowledgement for so long people are told; again each time it has doubled, at most each minute. */
const STALLED_MS = 5000;
const STALLED_AGAIN_MS = 60_000;
/** Memory that a waiting packet takes besides its payload, roughly. */
const OVERHEAD = 512;
/** The stream's settings may be changed while it is written to: they are asked for so often. */
const ASK_MS = 30_000;

/** More than what is said of a packet takes. */
const LARGEST_HEADERS = 2048;

/** Stream ids come from outside, in any number. */
const MAX_SUBJECTS = 65_536;

const TEXT = new TextDecoder();

/**
 * Writes packets to a stream. At most one packet of a stream id is unacknowledged at a time, so that their order is kept
 * whatever happens; those of others go in parallel. What is not acknowledged is sent again under the same id.
 */
export class JetStreamWriter implements PacketStore, AsyncDisposable {
  /** The servers, without user name and password. */
  readonly server: string;
  readonly stream: string;
  readonly #connection: JetStreamConnection;
  readonly #isOwn: boolean;
  readonly #options: JetStreamWriterOptions;
  readonly #maxInFlight: number;
  readonly #maxWaitingBytes: number;
  readonly #ackTimeout: number;
  readonly #backoff: Backoff;
  readonly #lanes = new Lanes<Entry>();
  /** Sent, and an acknowledgement may come; the longest ago first. */
  readonly #sent = new Map<string, Entry>();
  /** To be sent again. */
  readonly #again = new Map<string, Entry>();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #link: JetStreamLink | undefined;
  #info: JetStreamStreamInfo | undefined;
  #inbox = "";
  #stored: StoredIds | undefined;
  readonly #subjects = new Map<string, string>();
  #slots = 0;
  #bytes = 0;
  #highest = 0;
  #isClosed = false;
  /** After trouble one packet is tried, until one is acknowledged. */
  #isTrying = false;
  #pausedUntil = 0;
  #isScanning = false;
  #askedAt = 0;
  #lastAckAt = performance.now();
  #lastTrouble: JetStreamError | undefined;
  #toldStalledAfter = 0;
  #stalledSince = 0;
  #onProgress: (() => void)[] = [];

  /**
   * Begins to connect at once.
   *
   * @param connection one that is shared, which stays open afterwards; or settings, for one of its own
   * @throws JetStreamError `INVALID_ADDRESS`, `INVALID_ARGUMENT`
   */
  constructor(connection: JetStreamConnection | JetStreamSettings, options: JetStreamWriterOptions) {
    checkName("stream", options.stream);
    this.#maxInFlight = atLeastOne("maxInFlight", options.maxInFlight, DEFAULT_IN_FLIGHT);
    this.#maxWaitingBytes = atLeastOne("maxWaitingBytes", options.maxWaitingBytes, DEFAULT_WAITING_BYTES);
    this.#ackTimeout = atLeastOne("ackTimeout", options.ackTimeout, DEFAULT_ACK_TIMEOUT_MS);
    ({ connection: this.#connection, isOwn: this.#isOwn } = connectionOf(connection));
    this.server = this.#connection.server;
    this.stream = options.stream;
    this.#options = options;
    this.#backoff = new Backoff(options.backoff ?? { minDelay: 100, maxDelay: 2000 });
    this.#running = this.#run();
  }

  /** Packets that have not been acknowledged, sent or not. */
  get pending(): number {
    return this.#lanes.length;
  }

  /** Their bytes, roughly. */
  get pendingBytes(): number {
    return this.#bytes;
  }

  /** The highest number that the stream has acknowledged to this writer. */
  get highestSequence(): number {
    return this.#highest;
  }

  /**
   * Where a start after this moment has to begin to look up what the stream has: everything that is given to `publish` from now on
   * is stored behind this number.
   */
  get mark(): number {
    return this.#stored?.mark(this.#highest) ?? this.#highest;
  }

  /**
   * Resolves when there is room in the window: a source that awaits it before each `publish` is as fast as the stream.
   *
   * @throws JetStreamError `CLOSED`
   */
  async ready(): Promise<void> {
    while (!this.#isClosed && this.#isFull) await this.#progress();
    this.#throwIfClosed();
  }

  /**
   * Resolves when the stream has the packet. While there is no connection, no majority or no room it waits.
   *
   * @throws JetStreamError `INVALID_ARGUMENT`, `TOO_LARGE`, `PACKET_REFUSED`, `QUEUE_FULL`, `PACKAGE_MISSING`, `CLOSED`
   */
  async publish(packet: SourcePacket): Promise<Stored> {
    checkPacket(packet);
    this.#throwIfClosed();
    const bytes = packet.payload.length + OVERHEAD;
    if (this.#bytes > 0 && this.#bytes + bytes > this.#maxWaitingBytes) throw this.#queueFull();
    const { streamId } = packet;
    const mark = this.mark;
    return await new Promise((resolve, reject) => {
      if (this.#lanes.length === 0) this.#resetClock();
      this.#bytes += bytes;
      const id = messageId(packet);
      this.#lanes.add({
        packet,
        streamId,
        id,
        bytes,
        resolve,
        reject,
        slot: "",
        firstSentAt: 0,
        sentAt: 0,
        mark,
      });
      this.#pump();
    });
  }

  /** Waits until everything is acknowledged; what is not within `timeout` milliseconds (default 5 s) fails with `CLOSED`. */
  async close({ timeout = CLOSE_TIMEOUT_MS }: { timeout?: number } = {}): Promise<void> {
    this.#isClosed = true;
    const timer = setTimeout(() => this.#stop.abort(), timeout);
    this.#tellProgress();
    while (this.pending > 0 && !this.#stop.signal.aborted) await this.#progress();
    clearTimeout(timer);
    this.#stop.abort();
    await this.#running;
    if (this.#isOwn) await this.#connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #isFull(): boolean {
    return this.pending >= 2 * this.#maxInFlight || this.#bytes * 2 > this.#maxWaitingBytes;
  }

  /** Until it is closed. Never rejects. */
  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const stopListening = this.#connection.listen((event) => this.#onConnection(event));
    const timer = setInterval(() => this.#tick(), TICK_MS);
    try {
      await this.#connect();
      if (!signal.aborted)
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    } finally {
      clearInterval(timer);
      stopListening();
      this.#link = undefined;
      const closed = new JetStreamError(
        "CLOSED",
        `The writer to stream ${this.stream} of ${this.server} was closed before the stream had this packet.`,
      );
      for (const entry of [...this.#sent.values(), ...this.#again.values(), ...this.#lanes.clear()])
        entry.reject(closed);
      this.#sent.clear();
      this.#again.clear();
      this.#bytes = 0;
      this.#tellProgress();
    }
  }

  /** Until the connection stands and the stream is there. */
  async #connect(): Promise<void> {
    const { signal } = this.#stop;
    const backoff = new Backoff(this.#options.backoff);
    while (!signal.aborted) {
      try {
        const link = await this.#connection.link(signal);
        const asking = askForStream(this.server, link.manager, this.stream);
        const info = await abortable(asking, signal, `Asking for stream ${this.stream}`);
        if (signal.aborted) return;
        this.#begin(link, info);
        // What was told of the stream is over.
        if (backoff.failures > 0) this.#emit(connectedEvent(this.server, link));
        return;
      } catch (error) {
        if (signal.aborted) return;
        const failure = error as JetStreamError;
        if (failure.code === "PACKAGE_MISSING" || failure.code === "CLOSED") {
          this.#failAll(failure);
          this.#isClosed = true;
          return;
        }
        const retryIn = backoff.fail();
        this.#emit({
          type: eventOf(failure),
          server: this.server,
          error: failure,
          retryIn,
          attempt: backoff.failures,
        });
        await sleep(retryIn, signal);
      }
    }
  }

  #begin(link: JetStreamLink, info: JetStreamStreamInfo): void {
    this.#link = link;
    this.#info = info;
    this.#inbox = link.packages.createInbox();
    const { lookUp } = this.#options;
    if (lookUp) this.#stored ??= new StoredIds(info.duplicateWindow * 1000, lookUp);
    listenTo(link.client, `${this.#inbox}.*`, (message) => this.#onAck(message));
    this.#askedAt = performance.now();
    this.#resetClock();
    this.#pump();
  }

  #onConnection(event: JetStreamConnectionEvent): void {
    this.#emit(event);
    if (event.type === "connected") {
      // What was on its way when it was lost may not have arrived.
      for (const entry of [...this.#sent.values()]) this.#sendAgain(entry);
      this.#resetClock();
      this.#pump();
    } else if (this.#link?.client.isClosed()) {
      this.#link = undefined;
      this.#connect().catch(() => {});
    }
  }

  /** Sends what waits, as long as there is room in the window. */
  #pump(): void {
    const link = this.#link;
    if (!link?.isUp || this.#stop.signal.aborted || this.#isScanning || performance.now() < this.#pausedUntil)
      return;
    const limit = this.#isTrying ? 1 : this.#maxInFlight;
    while (this.#sent.size < limit) {
      const again = this.#again.size > 0 ? this.#again.values().next().value : undefined;
      const entry = again ?? this.#lanes.first;
      if (!entry) return;
      if (this.#needsScan(entry)) {
        this.#scan(link, entry).catch(() => {});
        return;
      }
      if (again) this.#again.delete(entry.slot);
      else this.#lanes.take();
      const stored = this.#stored?.take(entry.id, entry.packet.packetTime);
      if (stored === undefined) this.#send(link, entry);
      else this.#succeed(entry, { sequence: stored, duplicate: true });
    }
  }

  #send({ client, packages }: JetStreamLink, entry: Entry): void {
    const { packet, id } = entry;
    const now = performance.now();
    if (entry.slot === "") {
      entry.slot = String(++this.#slots);
      entry.firstSentAt = now;
      // What the stream had before was looked at, or is not of this writer.
      const known = this.#stored?.readTo ?? Math.max(this.#highest, this.#info?.lastSequence ?? 0);
      entry.mark = Math.max(entry.mark, known);
    }
    entry.sentAt = now;
    const headers = packages.headers();
    writeHeaders(packet, id, (name, value) => headers.set(name, value));
    this.#sent.set(entry.slot, entry);
    try {
      client.publish(this.#subjectOf(packet.streamId), packet.payload, {
        headers,
        reply: `${this.#inbox}.${entry.slot}`,
      });
    } catch (error) {
      // Lost in between: it is sent again when the connection is back.
      if (!client.isClosed()) this.#fail(entry, unsendable(packet, client.info?.max_payload, error));
    }
  }

  #subjectOf(streamId: string): string {
    let subject = this.#subjects.get(streamId);
    if (subject === undefined) {
      subject = packetSubject(streamId, this.#info?.prefix);
      if (this.#subjects.size >= MAX_SUBJECTS) this.#subjects.clear();
      this.#subjects.set(streamId, subject);
    }
    return subject;
  }

  /** Called by the client: nothing here may throw. */
  #onAck(message: NatsMessage): void {
    const slot = message.subject.slice(message.subject.lastIndexOf(".") + 1);
    const entry = this.#sent.get(slot) ?? this.#again.get(slot);
    // Of a packet that was acknowledged already, when it had been sent twice.
    if (!entry) return;
    if (headersOf(message)?.code === 503) {
      this.#delay(entry, this.#noTakers());
      return;
    }
    const answer = readAck(message.data);
    if (answer && "seq" in answer && answer.stream !== this.stream) {
      this.#delay(entry, this.#takenByOther(answer.stream));
    } else if (answer && "seq" in answer) {
      this.#sent.delete(slot);
      this.#again.delete(slot);
      this.#backoff.succeed();
      this.#succeed(entry, { sequence: answer.seq, duplicate: answer.duplicate === true });
      this.#pump();
    } else if (answer) this.#onRefusal(entry, answer.error);
  }

  #onRefusal(entry: Entry, { code, err_code: number, description }: AckError): void {
    const words = `"${description}" (${number ?? code})`;
    if (number === API.messageTooLarge || number === API.headersTooLarge)
      this.#fail(entry, tooLarge(entry.packet, `the stream answers ${words}`));
    else if (code === 400 && number !== API.accountLimit) {
      const { streamId } = entry;
      this.#fail(
        entry,
        new JetStreamError(
          "PACKET_REFUSED",
          `Stream ${this.stream} does not take a packet of ${streamId}: ${words}.`,
        ),
      );
    } else {
      const message = `Stream ${this.stream} of ${this.server} takes nothing at the moment: ${words}. Packets wait; make room, or look at the servers.`;
      this.#delay(entry, new JetStreamError("SERVER_ERROR", message));
      return;
    }
    this.#pump();
  }

  /** It was not taken: later, and one at first. */
  #delay(entry: Entry, trouble: JetStreamError): void {
    this.#lastTrouble = trouble;
    this.#sendAgain(entry);
    // Many fail together; that is one failure.
    if (performance.now() < this.#pausedUntil) return;
    this.#isTrying = true;
    this.#pausedUntil = performance.now() + this.#backoff.fail();
  }

  #sendAgain(entry: Entry): void {
    if (this.#sent.delete(entry.slot)) this.#again.set(entry.slot, entry);
  }

  #succeed(entry: Entry, stored: Stored): void {
    this.#highest = Math.max(this.#highest, stored.sequence);
    if (!stored.duplicate) this.#stored?.stored(stored.sequence, entry.packet.packetTime);
    this.#isTrying = false;
    this.#lastTrouble = undefined;
    if (this.#toldStalledAfter > 0) this.#tellRecovered();
    this.#resetClock();
    this.#done(entry);
    entry.resolve(stored);
  }

  #fail(entry: Entry, error: JetStreamError): void {
    this.#sent.delete(entry.slot);
    this.#again.delete(entry.slot);
    this.#done(entry);
    entry.reject(error);
  }

  #done(entry: Entry): void {
    this.#bytes -= entry.bytes;
    this.#lanes.done(entry);
    this.#tellProgress();
  }

  #failAll(error: JetStreamError): void {
    for (const entry of [...this.#sent.values(), ...this.#again.values(), ...this.#lanes.clear()])
      entry.reject(error);
    this.#sent.clear();
    this.#again.clear();
    this.#bytes = 0;
    this.#tellProgress();
  }

  /** Whether the servers may have forgotten the id of a packet that may be stored. */
  #needsScan({ slot, firstSentAt, packet }: Entry): boolean {
    if (slot !== "") {
      const window = (this.#info?.duplicateWindow ?? 0) * 1000;
      return performance.now() - firstSentAt > window / 2;
    }
    return this.#stored?.needsScan(packet.packetTime) === true;
  }

  /** Reads what the stream has, and takes those as stored that are there. Sending waits for it. */
  async #scan(link: JetStreamLink, cause: Entry): Promise<void> {
    this.#isScanning = true;
    const began = performance.now();
    const open = new Map<string, Entry>();
    for (const entry of [...this.#again.values(), ...this.#sent.values()]) open.set(entry.id, entry);
    const marks = [...this.#again.values()].map(({ mark }) => mark);
    const start = this.#scanStart(cause, marks);
    let found = 0;
    try {
      const { first, last, read } = await scanIds(this.server, link, this.stream, start, (sequence, id) => {
        const entry = open.get(id);
        if (entry && this.#again.delete(entry.slot)) {
          found++;
          this.#succeed(entry, { sequence, duplicate: true });
        } else if (!entry && this.#stored?.found(sequence, id)) found++;
      });
      this.#stored?.scanned(first, last, began);
      for (const entry of this.#again.values()) entry.firstSentAt = began;
      const dropped = this.#stored?.dropped ?? 0;
      if (!this.#stop.signal.aborted)
        this.#emit({ type: "scanned", server: this.server, read, found, dropped });
    } catch (error) {
      this.#lastTrouble = error as JetStreamError;
      this.#pausedUntil = performance.now() + this.#backoff.fail();
    } finally {
      this.#isScanning = false;
      this.#pump();
    }
  }

  #scanStart({ slot, packet, mark }: Entry, marks: readonly number[]): ScanStart {
    if (slot === "") return this.#stored!.scanStart(packet.packetTime);
    const lowest = Math.min(mark, ...marks);
    const { sequence } = this.#stored?.scanStart(packet.packetTime) ?? {};
    return { sequence: Math.min(sequence ?? lowest + 1, lowest + 1) };
  }

  #tick(): void {
    const now = performance.now();
    if (this.#link?.isUp) {
      for (const entry of this.#sent.values()) {
        if (now - entry.sentAt < this.#ackTimeout) break;
        this.#isTrying = true;
        this.#sendAgain(entry);
      }
    }
    this.#pump();
    this.#checkStall(now);
    if (this.#link?.isUp && this.pending > 0 && now - this.#askedAt > ASK_MS) void this.#askAgain(this.#link);
  }

  /** Somebody may have changed the stream's window or its subjects, sealed or deleted it. Never rejects. */
  async #askAgain({ manager }: JetStreamLink): Promise<void> {
    this.#askedAt = performance.now();
    try {
      const info = await askForStream(this.server, manager, this.stream);
      if (info.prefix !== this.#info?.prefix) this.#subjects.clear();
      this.#info = info;
      if (this.#stored) this.#stored.window = info.duplicateWindow * 1000;
    } catch (error) {
      // What is stored tells better where there is no answer.
      const failure = error as JetStreamError;
      if (failure.code !== "NO_ANSWER") this.#lastTrouble = failure;
    }
  }

  /** Nothing tells of a full disk, or a majority that is not there, but the silence. */
  #checkStall(now: number): void {
    if (this.pending === 0 || !this.#link?.isUp) this.#resetClock();
    // It takes as long as there is much to read.
    if (this.#isScanning && !this.#lastTrouble) return;
    const silence = now - this.#lastAckAt;
    if (
      silence <
      Math.max(STALLED_MS, Math.min(2 * this.#toldStalledAfter, this.#toldStalledAfter + STALLED_AGAIN_MS))
    )
      return;
    if (this.#toldStalledAfter === 0) this.#stalledSince = now - silence;
    this.#toldStalledAfter = silence;
    const seconds = silence / 1000;
    this.#emit({ type: "stalled", server: this.server, seconds, error: this.#whyStalled(seconds) });
  }

  #whyStalled(seconds: number): JetStreamError {
    const denied = this.#link?.takeDenial(`${this.#info?.prefix}.`);
    const since = `Stream ${this.stream} of ${this.server} has acknowledged nothing for ${Math.round(seconds)} s`;
    if (denied !== undefined)
      return new JetStreamError("NOT_PERMITTED", `${since}: the servers do not permit it (${denied}).`);
    if (this.#lastTrouble)
      return new JetStreamError(this.#lastTrouble.code, `${since}. ${this.#lastTrouble.message}`, {
        cause: this.#lastTrouble,
      });
    const advice =
      "a full disk, or too few servers of the cluster: look at the servers. Packets wait, and are sent again.";
    return new JetStreamError("NO_ANSWER", `${since}. It looks like ${advice}`);
  }

  #tellRecovered(): void {
    const seconds = (performance.now() - this.#stalledSince) / 1000;
    this.#toldStalledAfter = 0;
    this.#emit({ type: "recovered", server: this.server, seconds });
  }

  #noTakers(): JetStreamError {
    return new JetStreamError(
      "NO_ANSWER",
      `No server takes packets for stream ${this.stream}: an election, or too few servers of the cluster run, or the stream is gone. Packets wait.`,
    );
  }

  #takenByOther(stream: unknown): JetStreamError {
    return new JetStreamError(
      "STREAM_DIFFERS",
      `Packets for stream ${this.stream} are taken by stream ${String(stream)}, which has its subjects now. Packets wait: give the ` +
        "subjects back, or write to that stream.",
    );
  }

  #resetClock(): void {
    this.#lastAckAt = performance.now();
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
    if (this.#isClosed)
      throw new JetStreamError("CLOSED", `The writer to stream ${this.stream} of ${this.server} is closed.`);
  }

  #queueFull(): JetStreamError {
    return new JetStreamError(
      "QUEUE_FULL",
      `${this.pending} packets already wait for stream ${this.stream} of ${this.server}, more than ${this.#maxWaitingBytes} bytes with this ` +
        "one: it was not taken. Look at the servers, or write less.",
    );
  }

  /** What the caller's handler throws must not stop the packets. */
  #emit(event: JetStreamWriterEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch (error) {
      warn(error);
    }
  }
}

interface AckError {
  code: number;
  err_code?: number;
  description?: string;
}

/** The stream's answer; `undefined` for anything else. */
function readAck(
  data: Uint8Array,
): { stream: unknown; seq: number; duplicate?: boolean } | { error: AckError } | undefined {
  try {
    const answer = JSON.parse(TEXT.decode(data)) as {
      stream?: unknown;
      seq?: unknown;
      duplicate?: boolean;
      error?: AckError;
    } | null;
    if (typeof answer?.error === "object" && answer.error !== null) return { error: answer.error };
    if (Number.isSafeInteger(answer?.seq)) return answer as { stream: unknown; seq: number };
  } catch {
    // Not from a stream: as if nothing had come.
  }
  return undefined;
}

function tooLarge({ streamId, payload }: SourcePacket, why: string): JetStreamError {
  return new JetStreamError(
    "TOO_LARGE",
    `A packet of ${streamId} with ${payload.length} bytes is too large: ${why}.`,
  );
}

/** The client does not send it. */
function unsendable(packet: SourcePacket, most: number | undefined, error: unknown): JetStreamError {
  const { message } = error as Error;
  if (packet.payload.length + LARGEST_HEADERS > (most ?? Number.POSITIVE_INFINITY))
    return tooLarge(
      packet,
      `the servers take ${most} with what is said of it, max_payload in their configuration`,
    );
  return new JetStreamError("PACKET_REFUSED", `A packet of ${packet.streamId} cannot be sent: ${message}.`, {
    cause: error,
  });
}

function atLeastOne(what: string, value: number | undefined, standard: number): number {
  if (value === undefined) return standard;
  if (value >= 1) return value;
  throw new JetStreamError("INVALID_ARGUMENT", `${what} is a number from 1, not ${value}.`);
}
