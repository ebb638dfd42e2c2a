/** What {@link subscribeJetStream} gives: {@link JetStreamSubscription}. */
import { warn } from "../../datalink/core/failures.ts";
import { Backoff, sleep } from "../../net/backoff.ts";
import { PacketQueue } from "../../subscription/packet-queue.ts";
import type { NatsMessage, RawConsumer } from "../client.ts";
import {
  abortable,
  connectionOf,
  type JetStreamConnection,
  type JetStreamLink,
  type JetStreamSettings,
} from "../connection.ts";
import { JetStreamError } from "../errors.ts";
import { eventOf, type JetStreamConnectionEvent, type JetStreamEvent } from "../events.ts";
import { apiFailure } from "../failures.ts";
import { readHeaders } from "../format/message.ts";
import type { JetStreamPacket } from "../format/packet.ts";
import { askForStream, checkName } from "../stream.ts";
import { type GroupSettings, openGroup } from "./group.ts";
import { OpenPackets } from "./open-packets.ts";
import type { JetStreamSubscribeOptions } from "./options.ts";
import { ACKNOWLEDGE, type Delivery, GIVE_BACK, Puller, TERMINATE } from "./pull.ts";

/** Behind which packet of a stream. */
export interface JetStreamPosition {
  readonly stream: string;
  readonly sequence: number;
}

const DEFAULT_IN_FLIGHT = 1000;
const DEFAULT_IN_FLIGHT_BYTES = 64 * 1024 * 1024;
/** A request has room for the largest message of a server that was not told otherwise. */
const LEAST_BYTES = 2 * 1024 * 1024;
const DEFAULT_ACK_WAIT_MS = 30_000;
/** Lag and gaps are looked for so often. */
const CHECK_MS = 5000;
/** The servers have been silent for so long: people are told. */
const STALLED_MS = 5000;
/** What a partition asks for: it is given one at a time. */
const PARTITION_BATCH = 64;

/**
 * A subscription, to be read with `for await`. Leaving the loop closes it. The stream keeps the group's position: there is no
 * file. A packet counts when it is committed; one that is not, within `ackWait`, comes again, to this worker or another.
 */
export class JetStreamSubscription
  implements AsyncIterableIterator<JetStreamPacket, undefined>, AsyncDisposable
{
  /** The servers, without user name and password. */
  readonly server: string;
  readonly stream: string;
  readonly group: string;
  readonly #connection: JetStreamConnection;
  readonly #isOwn: boolean;
  readonly #options: JetStreamSubscribeOptions;
  #settings: GroupSettings;
  readonly #maxInFlight: number;
  readonly #maxBytes: number;
  readonly #queue = new PacketQueue<JetStreamPacket>(Number.POSITIVE_INFINITY, () => {});
  readonly #packets = new OpenPackets();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #pullers = new Map<string, Puller>();
  /** Messages that each consumer has still to deliver. */
  readonly #pending = new Map<string, number>();
  /** Up to which message of the stream each has all acknowledged. */
  readonly #floors = new Map<string, number>();
  /** When the stream and the consumers were made that are read: others of the same names are not the same. */
  #streamMade = "";
  #consumersMade = "";
  /** Those that are being stopped. */
  readonly #leaving = new Set<Promise<void>>();
  /** Where to say that a packet is given back. */
  readonly #givenBack: string[] = [];
  #link: JetStreamLink | undefined;
  /** Acknowledgements that could not be sent. */
  #unsent: string[] = [];
  #position: JetStreamPosition | undefined;
  #redeliveries = 0;
  /** Up to which number of the stream nothing can be lost to the group. */
  #seen = 0;
  #isInDoubt: (() => void) | undefined;
  #left: Promise<void> | undefined;
  #toldStalledAfter = 0;
  #stalledSince = 0;

  /**
   * Begins to connect at once.
   *
   * @internal
   */
  constructor(connection: JetStreamConnection | JetStreamSettings, options: JetStreamSubscribeOptions) {
    const {
      stream,
      group,
      filter,
      from = "earliest",
      order = "any",
      ackWait = DEFAULT_ACK_WAIT_MS,
      signal,
    } = options;
    checkName("stream", stream);
    checkName("group", group);
    this.#maxInFlight = atLeast("maxInFlight", options.maxInFlight ?? DEFAULT_IN_FLIGHT, 1);
    this.#maxBytes = atLeast(
      "maxInFlightBytes",
      options.maxInFlightBytes ?? DEFAULT_IN_FLIGHT_BYTES,
      LEAST_BYTES,
    );
    this.#settings = { stream, group, filter, from, order, ackWait: atLeast("ackWait", ackWait, 100) };
    ({ connection: this.#connection, isOwn: this.#isOwn } = connectionOf(connection));
    this.server = this.#connection.server;
    this.stream = stream;
    this.group = group;
    this.#options = options;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (signal?.aborted) this.#onAbort();
    this.#running = this.#run();
  }

  /** The packet that was committed last. */
  get position(): JetStreamPosition | undefined {
    return this.#position;
  }

  /** Packets handed out and not committed. */
  get open(): number {
    return Math.max(0, this.#packets.size - this.#queue.length);
  }

  /** Messages of the stream that the group has not been given yet; `undefined` before it is known. */
  get lag(): number | undefined {
    if (this.#pending.size === 0) return undefined;
    let lag = 0;
    for (const pending of this.#pending.values()) lag += pending;
    return lag;
  }

  /** Packets handed out that the group had been given before. */
  get redeliveries(): number {
    return this.#redeliveries;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next packet. */
  next(): Promise<IteratorResult<JetStreamPacket, undefined>> {
    return this.#queue.next();
  }

  /**
   * Acknowledges a packet, as it came out of the loop. The order does not matter; one that is not open is ignored. A packet that was
   * handed out can be committed after `close` too, as long as a connection that is shared stands.
   */
  commit(packet: JetStreamPacket): void {
    const reply = this.#packets.commit(packet);
    if (reply === undefined) return;
    const { stream, sequence } = packet;
    this.#position = { stream, sequence };
    this.#answer(reply, ACKNOWLEDGE);
    if (this.#room() > 0) for (const puller of this.#pullers.values()) puller.more();
  }

  /** Ends the loop. Packets that were not handed out go to other workers at once, those not committed after `ackWait`. */
  async return(): Promise<IteratorResult<JetStreamPacket, undefined>> {
    this.#stop.abort();
    await this.#running;
    await this.#leave();
    return { value: undefined, done: true };
  }

  #leave(): Promise<void> {
    this.#left ??= this.#letGo();
    return this.#left;
  }

  async #letGo(): Promise<void> {
    this.#queue.end();
    for (let packet = this.#queue.take(); packet; packet = this.#queue.take()) {
      const reply = this.#packets.remove(packet);
      if (reply !== undefined) this.#givenBack.push(reply);
    }
    this.#connection.holdOpen(this.#giveBack());
    if (this.#isOwn) await this.#connection.close();
  }

  /** When nothing more comes: else this worker would be given it again. */
  async #giveBack(): Promise<void> {
    await Promise.allSettled(this.#leaving);
    for (const reply of this.#givenBack.splice(0)) this.#answer(reply, GIVE_BACK);
  }

  /** The same as leaving the loop. */
  async close(): Promise<void> {
    await this.return();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** Never rejects: what cannot be mended is thrown in the reader's loop. */
  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const stopListening = this.#connection.listen((event) => this.#onConnection(event));
    const backoff = new Backoff(this.#options.backoff);
    try {
      while (!signal.aborted) {
        try {
          await abortable(this.#readUntilDoubt(backoff), signal, `Reading stream ${this.stream}`);
        } catch (error) {
          const failure = error as JetStreamError;
          if (signal.aborted) return;
          if (isFatal(failure)) {
            this.#queue.fail(failure);
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
    } finally {
      stopListening();
      this.#stopPulling();
      this.#options.signal?.removeEventListener("abort", this.#onAbort);
      // Whoever's loop it ends need not close it besides.
      this.#leave().catch(warn);
    }
  }

  /** Reads until the group may not be there any more. */
  async #readUntilDoubt(backoff: Backoff): Promise<void> {
    const { signal } = this.#stop;
    const link = await this.#connection.link(signal);
    this.#link = link;
    const { prefix, created: made } = await askForStream(this.server, link.manager, this.stream);
    this.#recognizeStream(made);
    const { consumers, created } = await openGroup(this.server, link, prefix, this.#settings);
    if (signal.aborted) return;
    this.#recognizeGroup(madeOf(consumers));
    this.#sendUnsent();
    this.#emit({ type: "started", server: this.server, stream: this.stream, group: this.group, created });
    await this.#noteState(link, consumers);
    if (signal.aborted) return;
    for (const { name } of consumers) this.#pull(link, name);
    try {
      while (!signal.aborted) {
        await this.#pause(CHECK_MS);
        if (signal.aborted || link.client.isClosed()) return;
        if (!link.isUp) continue;
        this.#checkPermissions(link);
        if (!(await this.#check(link, consumers))) return;
        backoff.succeed();
      }
    } finally {
      this.#stopPulling();
    }
  }

  /** Of a stream that was made anew everything is new, wherever the group was to begin; nobody waits for what was of the other. */
  #recognizeStream(made: string): void {
    const isOther = this.#streamMade !== "" && made !== this.#streamMade;
    this.#streamMade = made;
    if (!isOther) return;
    this.#settings = { ...this.#settings, from: "earliest", behind: undefined };
    this.#floors.clear();
    this.#consumersMade = "";
    this.#forget();
  }

  /** A group that was made anew is given again what is here. */
  #recognizeGroup(made: string): void {
    const isOther = this.#consumersMade !== "" && made !== this.#consumersMade;
    this.#consumersMade = made;
    if (!isOther) return;
    this.#queue.clear();
    this.#forget();
  }

  #forget(): void {
    this.#packets.forget();
    this.#unsent = [];
    this.#pending.clear();
    this.#seen = 0;
  }

  #pull(link: JetStreamLink, name: string): void {
    const isAny = this.#settings.order === "any";
    const puller = new Puller(link, this.stream, name, {
      message: (message, delivery) => this.#take(name, message, delivery),
      room: () => ({ messages: isAny ? this.#room() : PARTITION_BATCH, bytes: this.#bytesRoom() }),
      doubt: () => this.#isInDoubt?.(),
    });
    this.#pullers.set(name, puller);
  }

  #stopPulling(): void {
    for (const puller of this.#pullers.values()) {
      const left = puller.stop().finally(() => this.#leaving.delete(left));
      this.#leaving.add(left);
    }
    this.#pullers.clear();
  }

  /** In large steps, unless nothing is left. */
  #room(): number {
    const room = this.#packets.bytes >= this.#maxBytes ? 0 : this.#maxInFlight - this.#packets.size;
    return room * 4 >= this.#maxInFlight || this.#packets.size === 0 ? room : 0;
  }

  #bytesRoom(): number {
    return Math.max(LEAST_BYTES, this.#maxBytes - this.#packets.bytes);
  }

  /** Called by the client: nothing here may throw. */
  #take(consumer: string, message: NatsMessage, delivery: Delivery): void {
    const { sequence, time, reply, deliveries, pending } = delivery;
    this.#pending.set(consumer, pending);
    if (this.#toldStalledAfter > 0) this.#tellRecovered();
    if (this.#packets.renew(sequence, time, reply)) return;
    if (this.#packets.wasCommitted(sequence, time)) {
      this.#answer(reply, ACKNOWLEDGE);
      return;
    }
    if (this.#stop.signal.aborted) {
      this.#givenBack.push(reply);
      return;
    }
    const packet = this.#read(message, delivery);
    if (!packet) return;
    if (deliveries > 1) this.#redeliveries++;
    this.#packets.add(packet, time, reply);
    this.#queue.packet(packet);
  }

  #read(message: NatsMessage, { sequence, deliveries, reply }: Delivery): JetStreamPacket | undefined {
    const { server, stream } = this;
    const { subject, data } = message;
    try {
      const { headers } = message;
      const header = readHeaders((name) => headers?.get(name) ?? "");
      const payload = Buffer.from(data.buffer, data.byteOffset, data.length);
      return { ...header, payload, stream, sequence, deliveries, redelivered: deliveries > 1 };
    } catch (error) {
      const reason = error instanceof JetStreamError ? error.message : "Its headers cannot be read.";
      const place = new JetStreamError(
        "UNREADABLE",
        `Message ${sequence} of stream ${stream} (${subject}) was passed over. ${reason}`,
        { cause: error },
      );
      this.#answer(reply, TERMINATE);
      this.#emit({ type: "unreadable", server, stream, sequence, subject, error: place });
      return undefined;
    }
  }

  #answer(reply: string, word: Uint8Array): void {
    if (this.#link?.isUp) this.#link.client.publish(reply, word);
    // What is not given back comes again by itself.
    else if (word === ACKNOWLEDGE && this.#unsent.length < this.#maxInFlight) this.#unsent.push(reply);
  }

  #onConnection(event: JetStreamConnectionEvent): void {
    this.#emit(event);
    if (event.type !== "connected") return;
    this.#sendUnsent();
    for (const puller of this.#pullers.values()) puller.more();
  }

  #sendUnsent(): void {
    const unsent = this.#unsent;
    this.#unsent = [];
    for (const reply of unsent) this.#answer(reply, ACKNOWLEDGE);
  }

  /** Waits; ends early where the group is in doubt. */
  async #pause(milliseconds: number): Promise<void> {
    const early = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, early.signal]);
    this.#isInDoubt = () => early.abort();
    await sleep(milliseconds, signal);
    this.#isInDoubt = undefined;
  }

  /** The servers say so to the connection, whoever uses it, and else nothing: it looks as if they did not answer. */
  #checkPermissions(link: JetStreamLink): void {
    for (const begin of [`$JS.API.CONSUMER.MSG.NEXT.${this.stream}.`, `$JS.ACK.${this.stream}.`]) {
      const words = link.takeDenial(begin);
      if (words === undefined) continue;
      const what = `Reading stream ${this.stream} of ${this.server} as group ${this.group}`;
      const advice = "packets come again until it may: ask the servers' operator";
      throw new JetStreamError(
        "NOT_PERMITTED",
        `${what}: the servers do not permit it (${words}); ${advice}.`,
      );
    }
  }

  /** Whether the group is still the same; how far it is behind, and whether the stream's limits have passed it. */
  async #check(link: JetStreamLink, consumers: readonly RawConsumer[]): Promise<boolean> {
    this.#tellStalled();
    try {
      const current: RawConsumer[] = [];
      for (const { name } of consumers) current.push(await link.manager.consumers.info(this.stream, name));
      if (madeOf(current) !== this.#consumersMade) return false;
      await this.#noteState(link, current);
    } catch (error) {
      const failure = apiFailure(
        this.server,
        `Asking for group ${this.group} of stream ${this.stream}`,
        error,
      );
      // An election: those who pull will notice its end.
      if (failure.code !== "NO_ANSWER") throw failure;
      await sleep(250, this.#stop.signal);
    }
    return true;
  }

  async #noteState(link: JetStreamLink, consumers: readonly RawConsumer[]): Promise<void> {
    for (const { name, num_pending, ack_floor } of consumers) {
      this.#pending.set(name, num_pending);
      this.#floors.set(name, ack_floor.stream_seq);
    }
    // A group that is made again where it was to begin with the latest would leave out what came meanwhile.
    if (this.#settings.from === "latest") this.#settings = { ...this.#settings, behind: this.#floors };
    const { firstSequence, lastSequence } = await askForStream(this.server, link.manager, this.stream);
    const delivered = Math.min(
      ...consumers.map(({ delivered, num_pending }) =>
        num_pending === 0 ? lastSequence : delivered.stream_seq,
      ),
    );
    const isNew = this.#seen === 0 && delivered === 0;
    if (!isNew && firstSequence > Math.max(this.#seen, delivered) + 1) {
      const { server, stream } = this;
      this.#emit({
        type: "gap",
        server,
        stream,
        firstSequence: Math.max(this.#seen, delivered) + 1,
        lastSequence: firstSequence - 1,
      });
    }
    this.#seen = Math.max(this.#seen, delivered, firstSequence - 1);
  }

  #tellStalled(): void {
    const silence = Math.max(0, ...[...this.#pullers.values()].map((puller) => puller.silence));
    if (silence < STALLED_MS && this.#toldStalledAfter > 0) this.#tellRecovered();
    if (silence < STALLED_MS || silence < 2 * this.#toldStalledAfter) return;
    if (this.#toldStalledAfter === 0) this.#stalledSince = performance.now() - silence;
    this.#toldStalledAfter = silence;
    const seconds = silence / 1000;
    const message =
      `Stream ${this.stream} of ${this.server} has not answered group ${this.group} for ${Math.round(seconds)} s: an election, too few servers ` +
      "of the cluster, or a full disk. Look at the servers; it goes on by itself.";
    this.#emit({
      type: "stalled",
      server: this.server,
      seconds,
      error: new JetStreamError("NO_ANSWER", message),
    });
  }

  #tellRecovered(): void {
    const seconds = (performance.now() - this.#stalledSince) / 1000;
    this.#toldStalledAfter = 0;
    this.#emit({ type: "recovered", server: this.server, seconds });
  }

  readonly #onAbort = () => {
    const cause = this.#options.signal?.reason;
    const error = new JetStreamError("ABORTED", `Reading stream ${this.stream}: aborted.`, { cause });
    this.#stop.abort();
    this.#queue.fail(error);
  };

  /** What the caller's handler throws is thrown in the caller's loop; a warning where that has ended. */
  #emit(event: JetStreamEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch (error) {
      if (this.#stop.signal.aborted) warn(error);
      this.#queue.fail(error as Error);
      this.#stop.abort();
    }
  }
}

function madeOf(consumers: readonly RawConsumer[]): string {
  return consumers.map(({ created }) => created).join(" ");
}

/** What trying again cannot mend. */
function isFatal({ code }: JetStreamError): boolean {
  return code === "PACKAGE_MISSING" || code === "INVALID_ARGUMENT" || code === "CLOSED" || code === undefined;
}

function atLeast(what: string, value: number, least: number): number {
  if (value >= least) return value;
  throw new JetStreamError("INVALID_ARGUMENT", `${what} is a number from ${least}, not ${value}.`);
}
