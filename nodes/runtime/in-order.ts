/** Work that takes several turns of the event loop, one message after the other: what comes first is sent first. */
import { MessageError } from "../messages/message-error.ts";

const MIB = 1024 * 1024;

export class InOrder {
  readonly #maxBytes: number;
  #bytes = 0;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  /** @param maxBytes what the messages that wait may have together; a single one may have more */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Does the work for a message of so many bytes when all before it are done. Work without a message, of 0 bytes, is never
   * refused.
   * @throws MessageError where too much is waiting already
   */
  async run(bytes: number, work: () => Promise<void>): Promise<void> {
    if (bytes > 0 && this.#bytes > 0 && this.#bytes + bytes > this.#maxBytes) {
      throw new MessageError(
        `More than ${this.#maxBytes / MIB} MiB of messages wait for this node already: send them more slowly, or in smaller pieces.`,
      );
    }
    this.#bytes += bytes;
    const isFirst = this.#waiting++ === 0;
    try {
      // Where nobody is before it, a message does not wait for a turn of its own.
      const turn = isFirst ? work() : this.#last.then(work);
      this.#last = turn.catch(() => {});
      await turn;
    } finally {
      this.#waiting--;
      this.#bytes -= bytes;
    }
  }
}
