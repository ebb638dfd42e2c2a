/** The ids of messages that a stream has, read from some place to its end without their payloads: {@link scanIds}. */
import {
  type ConsumerConfig,
  headersOf,
  type JetStreamManager,
  type NatsMessage,
  type RawConsumer,
} from "../client.ts";
import type { JetStreamLink } from "../connection.ts";
import { JetStreamError } from "../errors.ts";
import { API, apiCode, apiFailure } from "../failures.ts";
import { ID_HEADER } from "../format/message.ts";
import { type Delivery, Puller } from "../reading/pull.ts";

/** Numbers of the first message and the last of those that there are, and how many were read. */
export interface ScanResult {
  first: number;
  last: number;
  read: number;
}

/** Where to begin: at this number, or with what was stored from this time on (microseconds since 1970); of both the earlier. */
export interface ScanStart {
  readonly sequence?: number | undefined;
  readonly time?: number | undefined;
}

/** The servers forget a scan that nobody goes on with after so many nanoseconds. */
const INACTIVE_NS = 30e9;
const BATCH = 500;
/** More than any headers. */
const BYTES = 8 * 1024 * 1024;
/** A scan in which nothing comes for so long is begun anew by whoever wants it. */
const SILENT_MS = 10_000;
const TICK_MS = 500;

/**
 * Calls `take` with number and id of each message (the empty text for one without). Resolves to the number of the last message of the
 * stream at its end, and how many there were.
 *
 * @throws JetStreamError where the servers do not answer; it is then begun anew
 */
export async function scanIds(
  server: string,
  link: JetStreamLink,
  stream: string,
  start: ScanStart,
  take: (sequence: number, id: string) => void,
): Promise<ScanResult> {
  const { manager } = link;
  try {
    const { state } = await manager.streams.info(stream);
    const empty = { first: state.last_seq + 1, last: state.last_seq, read: 0 };
    const { sequence = state.last_seq + 1, time } = start;
    if (state.messages === 0) return empty;
    // A stream that was made anew has lower numbers: all of it is to be read.
    const isOther = sequence > state.last_seq + 1;
    if (time === undefined && sequence > state.last_seq && !isOther) return empty;
    const from = isOther && time === undefined ? { sequence: 1 } : start;
    let consumer = await manager.consumers.add(stream, configOf(from));
    try {
      // It is told to stand before the first message that it will deliver.
      if (time !== undefined && sequence <= Math.min(consumer.delivered.stream_seq, state.last_seq)) {
        await forget(manager, stream, consumer.name);
        consumer = await manager.consumers.add(stream, configOf({ sequence }));
      }
      return await new Reading(server, link, stream, consumer, state.last_seq, take).result;
    } finally {
      await forget(manager, stream, consumer.name);
    }
  } catch (error) {
    throw apiFailure(server, `Reading what stream ${stream} has`, error);
  }
}

function configOf(start: ScanStart): ConsumerConfig {
  const where =
    start.time === undefined
      ? ({ deliver_policy: "by_start_sequence", opt_start_seq: Math.max(1, start.sequence ?? 1) } as const)
      : ({
          deliver_policy: "by_start_time",
          opt_start_time: new Date(start.time / 1000).toISOString(),
        } as const);
  return {
    ...where,
    ack_policy: "none",
    headers_only: true,
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: INACTIVE_NS,
  };
}

async function forget(manager: JetStreamManager, stream: string, consumer: string): Promise<void> {
  try {
    await manager.consumers.delete(stream, consumer);
  } catch (error) {
    // The servers forget it themselves, or have.
    if (apiCode(error) !== API.consumerNotFound) return;
  }
}

/** Reads what a consumer delivers, to the end that the stream had. */
class Reading {
  readonly result: Promise<ScanResult>;
  readonly #where: string;
  readonly #link: JetStreamLink;
  readonly #stream: string;
  readonly #take: (sequence: number, id: string) => void;
  readonly #puller: Puller;
  readonly #timer: NodeJS.Timeout;
  #resolve!: (result: ScanResult) => void;
  #reject!: (error: Error) => void;
  #first: number;
  #read = 0;
  /** Number of the last message, as the stream's leader says. */
  #last: number;
  /** All up to this message was delivered. */
  #at: number;
  /** Up to this one there are messages that must still come. */
  #awaited = 0;
  #heardAt = performance.now();
  #isAsking = false;
  #isOver = false;

  constructor(
    server: string,
    link: JetStreamLink,
    stream: string,
    consumer: RawConsumer,
    last: number,
    take: (sequence: number, id: string) => void,
  ) {
    this.#where = `Reading what stream ${stream} has at ${server}`;
    this.#link = link;
    this.#stream = stream;
    this.#take = take;
    this.#last = last;
    this.#first = last + 1;
    this.#at = consumer.delivered.stream_seq;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#puller = new Puller(link, stream, consumer.name, {
      room: () => ({ messages: BATCH, bytes: BYTES }),
      doubt: () => {},
      message: (message, delivery) => this.#onMessage(message, delivery),
    });
    if (consumer.num_pending === 0) this.#onEnd();
  }

  #onMessage(message: NatsMessage, { sequence, consumerSequence, pending }: Delivery): void {
    if (this.#isOver) return;
    this.#read++;
    this.#heardAt = performance.now();
    // It is not sent again: where one is missing, some may be.
    if (consumerSequence !== this.#read) {
      this.#fail("messages were lost on the way");
      return;
    }
    if (this.#read === 1) this.#first = sequence;
    this.#at = sequence;
    this.#take(sequence, headersOf(message)?.get(ID_HEADER) ?? "");
    if (pending === 0) this.#onEnd();
  }

  /** The copy that is read may be behind the others, after an election or a restart: its end need not be that of the stream. */
  #onEnd(): void {
    if (this.#at >= this.#last) this.#succeed();
    else if (!this.#isAsking && this.#at >= this.#awaited) void this.#askForMore(this.#at);
  }

  async #askForMore(sequence: number): Promise<void> {
    this.#isAsking = true;
    try {
      const { streams } = this.#link.manager;
      const next = await streams.getMessage(this.#stream, { seq: sequence + 1, next_by_subj: ">" });
      this.#isAsking = false;
      if (this.#isOver) return;
      // What the leader does not have was deleted.
      if (next === null) this.#last = sequence;
      else this.#awaited = next.seq;
      if (this.#at >= this.#last) this.#succeed();
    } catch (error) {
      this.#failAs(error as Error);
    }
  }

  #tick(): void {
    if (!this.#link.isUp) this.#fail("the connection was lost");
    else if (this.#puller.silence > SILENT_MS) this.#fail("nothing came any more");
    else if (performance.now() - this.#heardAt > SILENT_MS)
      this.#fail(`message ${this.#awaited} does not come`);
  }

  #succeed(): void {
    this.#end();
    this.#resolve({ first: this.#first, last: Math.max(this.#at, this.#last), read: this.#read });
  }

  #fail(why: string): void {
    this.#failAs(new JetStreamError("NO_ANSWER", `${this.#where}: ${why}.`));
  }

  #failAs(error: Error): void {
    if (this.#isOver) return;
    this.#end();
    this.#reject(error);
  }

  #end(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
    this.#puller.stop().catch(() => {});
  }
}
