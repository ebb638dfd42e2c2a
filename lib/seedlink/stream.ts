/**
 * The packets of one connection, as an async iterator. It is not written as an async generator: that has three promises for
 * each packet, where most packets need one.
 */
import { PacketQueue } from "../subscription/packet-queue.ts";
import { QUEUE_BYTES } from "../subscription/resuming-reader.ts";
import type { SeedLinkConnection } from "./connection.ts";
import { SeedLinkError } from "./protocol/errors.ts";
import type { SeedLinkPacket } from "./protocol/packet.ts";

/** Asks for the packets that are to come, which then go to the queue. */
export type BeginStream = (queue: PacketQueue<SeedLinkPacket>) => Promise<void>;

/**
 * The packets of one connection, to be read with `for await`. Nothing is asked for before the first one is. Leaving the loop
 * closes the connection: SeedLink cannot end a stream and go on.
 */
export class SeedLinkStream implements AsyncIterableIterator<SeedLinkPacket, undefined>, AsyncDisposable {
  readonly #connection: SeedLinkConnection;
  readonly #begin: BeginStream;
  #queue: PacketQueue<SeedLinkPacket> | undefined;
  #begun: Promise<void> | undefined;
  #isOver = false;

  /** @internal */
  constructor(connection: SeedLinkConnection, begin: BeginStream) {
    this.#connection = connection;
    this.#begin = begin;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /**
   * The next packet, or the end.
   *
   * @throws SeedLinkError `INVALID_ARGUMENT`, `SERVER_ERROR`, `NOT_PERMITTED`, `NOT_SUPPORTED`, `ABORTED`; what ended the
   * connection
   */
  next(): Promise<IteratorResult<SeedLinkPacket, undefined>> {
    const packet = this.#queue?.take();
    return packet === undefined ? this.#wait() : Promise.resolve({ value: packet, done: false });
  }

  async #wait(): Promise<IteratorResult<SeedLinkPacket, undefined>> {
    if (this.#isOver) return { value: undefined, done: true };
    try {
      this.#queue ??= this.#newQueue();
      this.#begun ??= this.#begin(this.#queue);
      await this.#begun;
      const result = await this.#queue.next();
      if (!result.done) return result;
    } catch (error) {
      // It is told once.
      const isTold = this.#isOver;
      await this.return();
      if (!isTold) throw error;
    }
    return await this.return();
  }

  /** @throws SeedLinkError `INVALID_ARGUMENT` */
  #newQueue(): PacketQueue<SeedLinkPacket> {
    const { name, isStreaming, updateReading } = this.#connection;
    if (!isStreaming) return new PacketQueue(QUEUE_BYTES, updateReading);
    throw new SeedLinkError("INVALID_ARGUMENT", `${name} is already streaming: open another connection.`);
  }

  /** Ends the stream and, if it was begun, closes the connection. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#isOver = true;
    this.#queue?.end();
    this.#queue?.clear();
    if (this.#queue) await this.#connection.close();
    return { value: undefined, done: true };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
