/** The packets of one connection, as an async iterator. Leaving its loop ends the stream. */

import { PacketQueue } from "../../subscription/packet-queue.ts";
import { QUEUE_BYTES } from "../../subscription/resuming-reader.ts";
import { positionSet } from "../protocol/client-requests.ts";
import { DataLinkError } from "../protocol/errors.ts";
import type { Packet } from "../protocol/packet.ts";
import { isPosition, positionOf } from "../protocol/position.ts";
import type { DataLinkConnection } from "./connection.ts";
import { deadlines } from "./failures.ts";

/** The packets of one connection, to be read with `for await`. Leaving the loop ends the stream. */
export class PacketStream implements AsyncIterableIterator<Packet, undefined>, AsyncDisposable {
  readonly #connection: DataLinkConnection;
  readonly #queue: PacketQueue<Packet>;
  readonly #signal: AbortSignal | undefined;
  #lastTaken: Packet | undefined;
  #ending: Promise<void> | undefined;

  /** Sends STREAM. @internal */
  constructor(connection: DataLinkConnection, signal?: AbortSignal) {
    deadlines.throwIfAborted(signal, "STREAM");
    if (connection.isStreaming) {
      throw new DataLinkError(
        "INVALID_ARGUMENT",
        `${connection.name} is already streaming on this connection: leave that loop first, or open another connection.`,
      );
    }
    this.#connection = connection;
    this.#queue = new PacketQueue(QUEUE_BYTES, connection.updateReading);
    this.#signal = signal;
    connection.startStream(this.#queue);
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** @throws DataLinkError what ended the connection; `ABORTED` */
  next(): Promise<IteratorResult<Packet, undefined>> {
    const packet = this.#queue.take();
    if (packet === undefined) return this.#wait();
    this.#lastTaken = packet;
    return Promise.resolve({ value: packet, done: false });
  }

  async #wait(): Promise<IteratorResult<Packet, undefined>> {
    const result = await this.#queue.next();
    if (!result.done) this.#lastTaken = result.value;
    return result;
  }

  /** Ends the stream: resolves when the server has sent its last packet. */
  async return(): Promise<IteratorResult<Packet, undefined>> {
    this.#queue.end();
    await this.#end();
    return { value: undefined, done: true };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  readonly #onAbort = () => {
    this.#queue.fail(deadlines.aborted("STREAM", this.#signal));
    this.#end().catch(() => {});
  };

  #end(): Promise<void> {
    this.#ending ??= this.#endOnce();
    return this.#ending;
  }

  /** What was received and not taken comes again with the next stream of this connection. */
  async #endOnce(): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#queue.clear();
    if (!this.#connection.isStreaming) return;
    try {
      await this.#connection.endStream();
      const last = this.#lastTaken && positionOf(this.#lastTaken);
      if (last && isPosition(last)) await this.#connection.run(positionSet(last.packetId, last.packetTime));
    } catch (error) {
      // The ring has moved past it, or there is no connection any more: nothing is left to be ended.
      if (this.#connection.isOpen && !(error instanceof DataLinkError && error.code === "PACKET_NOT_FOUND"))
        throw error;
    }
  }
}
