/** What {@link subscribeJetStream} gives: {@link JetStreamSubscription}. */
import { warn } from "../../datalink/core/failures.ts";
import { Backoff, sleep } from "../../net/backoff.ts";
import { PacketQueue } from "../../subscription/packet-queue.ts";
import type { NatsMessage, RawConsumer } from "../client.ts";
import {
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
  readonly #settings: GroupSettings;
  readonly #maxInFlight: number;
  readonly #maxBytes: number;
  readonly #queue = new PacketQueue<JetStreamPacket>(Number.POSITIVE_INFINITY, () => {});
  readonly #packets = new OpenPackets();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #pullers = new Map<string, Puller>();
  /** Messages that each consumer has still to deliver. */
  readonly #pending = new Map<string, number>();
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
    return this.#packets.size - this.#queue.length;
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
    this.#queue.end();
    for (let packet = this.#queue.take(); packet; packet = this.#queue.take()) {
      const reply = this.#packets.remove(packet);
      if (reply !== undefined) this.#givenBack.push(reply);
    }
    this.#connection.holdOpen(this.#giveBack());
    if (this.#isOwn) await this.#connection.close();
    return { value: undefined, done: true };
  }

  /** When nothing more comes: else this worker would be given it again. */
  async #giveBack(): Promise<void> {
    await Promise.all(this.#leaving);
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
          await this.#readUntilDoubt(backoff);
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
    }
  }

  /** Reads until the group may not be there any more. */
  async #readUntilDoubt(backoff: Backoff): Promise<void> {
    const { signal } = this.#stop;
    const link = await this.#connection.link(signal);
    this.#link = link;
    const { prefix } = await askForStream(this.server, link.manager, this.stream);
    const { consumers, created } = await openGroup(this.server, link, prefix, this.#settings);
    if (signal.aborted) return;
    backoff.succeed();
    if (created) this.#beginAnew();
    this.#emit({ type: "started", server: this.server, stream: this.stream, group: this.group, created });
    await this.#noteState(link, consumers);
    for (const { name } of consumers) this.#pull(link, name);
    try {
      while (!signal.aborted) {
        await this.#pause(CHECK_MS);
        if (signal.aborted) return;
        if (link.client.isClosed()) return;
        if (link.isUp) await this.#check(link, consumers);
      }
    } finally {
      this.#stopPulling();
    }
  }

  #beginAnew(): void {
    this.#queue.clear();
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
    const { sequence, reply, deliveries, pending } = delivery;
    this.#pending.set(consumer, pending);
    if (this.#toldStalledAfter > 0) this.#tellRecovered();
    if (this.#packets.renew(sequence, reply)) return;
    if (this.#packets.wasCommitted(sequence)) {
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
    this.#packets.add(packet, reply);
    this.#queue.packet(packet);
  }

  #read(
    { subject, headers, data }: NatsMessage,
    { sequence, deliveries, reply }: Delivery,
  ): JetStreamPacket | undefined {
    const { server, stream } = this;
    try {
      const header = readHeaders((name) => headers?.get(name) ?? "");
      const payload = Buffer.from(data.buffer, data.byteOffset, data.length);
      return { ...header, payload, stream, sequence, deliveries, redelivered: deliveries > 1 };
    } catch (error) {
      const { message } = error as Error;
      const place = new JetStreamError(
        "UNREADABLE",
        `Message ${sequence} of stream ${stream} (${subject}) was passed over. ${message}`,
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
    const unsent = this.#unsent;
    this.#unsent = [];
    for (const reply of unsent) this.#answer(reply, ACKNOWLEDGE);
    for (const puller of this.#pullers.values()) puller.more();
  }

  /** Waits; ends early where the group is in doubt. */
  async #pause(milliseconds: number): Promise<void> {
    const early = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, early.signal]);
    this.#isInDoubt = () => early.abort();
    await sleep(milliseconds, signal);
    this.#isInDoubt = undefined;
  }

  /** Whether the group is still there, how far it is behind, and whether the stream's limits have passed it. */
  async #check(link: JetStreamLink, consumers: readonly RawConsumer[]): Promise<void> {
    this.#tellStalled();
    try {
      const current: RawConsumer[] = [];
      for (const { name } of consumers) current.push(await link.manager.consumers.info(this.stream, name));
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
  }

  async #noteState(link: JetStreamLink, consumers: readonly RawConsumer[]): Promise<void> {
    for (const { name, num_pending } of consumers) this.#pending.set(name, num_pending);
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

/** What trying again cannot mend. */
function isFatal({ code }: JetStreamError): boolean {
  return code === "PACKAGE_MISSING" || code === "INVALID_ARGUMENT" || code === "CLOSED" || code === undefined;
}

function atLeast(what: string, value: number, least: number): number {
  if (value >= least) return value;
  throw new JetStreamError("INVALID_ARGUMENT", `${what} is a number from ${least}, not ${value}.`);
}
