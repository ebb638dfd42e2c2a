/**
 * Messages of one consumer, asked for in batches. One request is out at a time, for two seconds, with a sign of life every half
 * second: where that stays away the broker that led the consumer is gone, and the next request finds its successor. With the
 * client's own 30 s a group was silent for more than 25 s after such a loss.
 */
import { Buffer } from "node:buffer";
import { sleep } from "../../net/backoff.ts";
import { headersOf, listenTo, type NatsMessage, type NatsSubscription } from "../client.ts";
import type { JetStreamLink } from "../connection.ts";

const EXPIRES_MS = 2000;
const HEARTBEAT_MS = 500;
/** So long without anything while a request is out, and it is made anew. */
const SILENT_MS = 3 * HEARTBEAT_MS;
const RETRY_MS = 250;
const MAX_BATCH = 500;
const ARRIVE_MS = 2000;
const NEVER = new AbortController().signal;

/** What the servers say of a message that they deliver. */
export interface Delivery {
  /** Its number in the stream. */
  readonly sequence: number;
  /** Its number among what the consumer has delivered. */
  readonly consumerSequence: number;
  /** How often it was delivered. */
  readonly deliveries: number;
  /** When it was stored, in nanoseconds, roughly: with its number it tells the message from all others, also of a stream made anew. */
  readonly time: number;
  /** Messages that the consumer has still to deliver. */
  readonly pending: number;
  /** Where its acknowledgement goes. */
  readonly reply: string;
}

/** Who takes the messages. Nothing here may throw. */
export interface PullSink {
  message(message: NatsMessage, delivery: Delivery): void;
  /** How much may be asked for now: nothing is while `messages` is 0. */
  room(): { messages: number; bytes: number };
  /** The consumer or its stream may be gone, or has no leader. */
  doubt(): void;
}

export class Puller {
  readonly #link: JetStreamLink;
  readonly #subject: string;
  readonly #inbox: string;
  readonly #sink: PullSink;
  readonly #subscription: NatsSubscription;
  readonly #timer: NodeJS.Timeout;
  #request = 0;
  #isStopped = false;
  /** Fires when the last request has ended. */
  readonly #ended = new AbortController();
  /** Messages of the request that are still to come. */
  #wanted = 0;
  /** Whether any has come. */
  #hasCome = false;
  /** The next message is larger than what there was room for. */
  #isLarge = false;
  /** When anything came last, or was asked for after an answer. */
  #heardAt = performance.now();
  /** The last request was not answered. */
  #isRetrying = false;
  #askedAt = 0;
  /** Until when a request that was given up may still be answered. */
  #staleUntil = 0;
  #tickAt = performance.now();
  #retryAt = 0;

  constructor(link: JetStreamLink, stream: string, consumer: string, sink: PullSink) {
    this.#link = link;
    this.#sink = sink;
    this.#subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`;
    this.#inbox = link.packages.createInbox();
    this.#subscription = listenTo(
      link.client,
      `${this.#inbox}.*`,
      (message) => this.#take(message),
      () => sink.doubt(),
    );
    this.#timer = setInterval(() => this.#tick(), HEARTBEAT_MS);
    this.more();
  }

  /** Milliseconds since anything came of what was asked for. */
  get silence(): number {
    return this.#wanted > 0 || this.#isRetrying ? performance.now() - this.#heardAt : 0;
  }

  /** Asks for more, if nothing is asked for and there is room. */
  more(): void {
    if (this.#isStopped && this.#wanted === 0) this.#ended.abort();
    if (this.#isStopped || this.#wanted > 0 || !this.#link.isUp || performance.now() < this.#retryAt) return;
    const { messages, bytes } = this.#sink.room();
    if (messages <= 0) return;
    this.#wanted = this.#isLarge ? 1 : Math.min(messages, MAX_BATCH);
    this.#hasCome = false;
    this.#request++;
    this.#askedAt = performance.now();
    if (!this.#isRetrying) this.#heardAt = this.#askedAt;
    const request = {
      batch: this.#wanted,
      ...(!this.#isLarge && { max_bytes: bytes }),
      expires: EXPIRES_MS * 1e6,
      idle_heartbeat: HEARTBEAT_MS * 1e6,
    };
    this.#link.client.publish(this.#subject, JSON.stringify(request), {
      reply: `${this.#inbox}.${this.#request}`,
    });
  }

  /**
   * Asks for no more. Resolves when the request that is out has ended, which takes as long as one lasts: what the servers send to
   * somebody who listens no more would wait for its time before anybody gets it.
   */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    if (this.#wanted > 0) await sleep(EXPIRES_MS + HEARTBEAT_MS, this.#ended.signal);
    await sleep(Math.max(0, this.#staleUntil - performance.now()), NEVER);
    if (this.#link.isUp) await this.#arrived();
    clearInterval(this.#timer);
    this.#subscription.unsubscribe();
  }

  /** Resolves when what the servers have sent has been read. */
  async #arrived(): Promise<void> {
    const over = new AbortController();
    const flushed = this.#link.client.flush().catch(() => {});
    await Promise.race([flushed.then(() => over.abort()), sleep(ARRIVE_MS, over.signal)]);
  }

  #take(message: NatsMessage): void {
    // Asked first: what somebody stored may look like the servers' word.
    const delivery = message.reply === undefined ? undefined : readDelivery(message.reply);
    if (!delivery) {
      const headers = headersOf(message);
      if (headers && headers.code > 0) this.#status(message.subject, headers.code, headers.description);
      return;
    }
    this.#heard();
    this.#hasCome = true;
    this.#isLarge = false;
    if (this.#wanted > 0) this.#wanted--;
    this.#sink.message(message, delivery);
    if (this.#wanted === 0) this.more();
  }

  #heard(): void {
    this.#heardAt = performance.now();
    this.#isRetrying = false;
  }

  /** The servers' word on a request: a sign of life (100), or its end. */
  #status(subject: string, code: number, description: string): void {
    if (code === 100) this.#heard();
    if (code === 100 || subject !== `${this.#inbox}.${this.#request}`) return;
    this.#wanted = 0;
    // 404 and 408: nothing came in its time. 409 with a size: it was full. All others mean that something is not as it was.
    const isFull = /exceeds maxbytes/i.test(description);
    const isUsual = code === 404 || code === 408 || isFull || /batch completed/i.test(description);
    // It is then asked for alone, whatever its size: else it would be asked for in vain, and for ever.
    this.#isLarge = isFull && !this.#hasCome;
    if (isUsual) this.#heard();
    else {
      // As if nothing had come: nobody leads the consumer, say.
      this.#isRetrying = true;
      this.#retryAt = performance.now() + RETRY_MS;
      this.#sink.doubt();
    }
    this.more();
  }

  #tick(): void {
    const now = performance.now();
    // After a time in which nothing at all ran here, what has come is read first.
    const isLate = now - this.#tickAt > 2 * HEARTBEAT_MS;
    this.#tickAt = now;
    if (!this.#link.isUp) {
      this.#wanted = 0;
      this.#heardAt = now;
    } else if (this.#wanted > 0 && !isLate && now - Math.max(this.#heardAt, this.#askedAt) > SILENT_MS) {
      this.#wanted = 0;
      this.#staleUntil = this.#askedAt + EXPIRES_MS + HEARTBEAT_MS;
      this.#isRetrying = true;
      this.#sink.doubt();
    }
    this.more();
  }
}

/**
 * Reads `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<deliveries>.<sequence>.<consumer sequence>.<time>.<pending>[.<random>]`;
 * `undefined` for anything else.
 */
export function readDelivery(reply: string): Delivery | undefined {
  const tokens = reply.split(".");
  if (tokens[0] !== "$JS" || tokens[1] !== "ACK") return undefined;
  const at = tokens.length === 9 ? 4 : 6;
  if (tokens.length < at + 5) return undefined;
  const [deliveries, sequence, consumerSequence, time, pending] = tokens.slice(at, at + 5).map(Number);
  if (![deliveries, sequence, consumerSequence, pending].every(Number.isSafeInteger)) return undefined;
  if (!Number.isFinite(time)) return undefined;
  return {
    deliveries: deliveries!,
    time: time!,
    sequence: sequence!,
    consumerSequence: consumerSequence!,
    pending: pending!,
    reply,
  };
}

export const ACKNOWLEDGE = Buffer.from("+ACK");
/** Give it to another at once. */
export const GIVE_BACK = Buffer.from("-NAK");
/** Never again. */
export const TERMINATE = Buffer.from("+TERM");
