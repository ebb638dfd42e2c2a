/** Cuts what a client sends into command lines, whatever pieces it comes in. Sans-I/O. */
import { ByteQueue } from "../byte-queue.ts";
import { SeedLinkError } from "../errors.ts";

/**
 * Longest line of a client, in bytes. The specification allows 255; credentials may be longer, and ringserver takes some
 * thousand of any command.
 */
export const MAX_COMMAND_LINE = 8192;

const CR = 0x0d;
const LF = 0x0a;

export class LineReader {
  readonly #bytes = new ByteQueue();

  /** Bytes that were pushed and not yet given out. */
  get buffered(): number {
    return this.#bytes.length;
  }

  /** Takes the next piece. It may not be copied: the caller must not write into it afterwards. */
  push(piece: Buffer): void {
    this.#bytes.push(piece);
  }

  /**
   * The next line that is not empty, without its line end: CR LF, or one of them. `undefined` until it is whole. What is
   * not ASCII comes one to one, as Latin-1.
   *
   * @throws SeedLinkError `PROTOCOL` where it is longer than any
   */
  next(): string | undefined {
    for (;;) {
      const end = this.#lineEnd();
      if (end < 0) {
        if (this.#bytes.length < MAX_COMMAND_LINE) return undefined;
        throw new SeedLinkError("PROTOCOL", `a command of more than ${MAX_COMMAND_LINE} bytes`);
      }
      const line = this.#bytes
        .take(end + 1)
        .toString("latin1", 0, end)
        .trim();
      if (line !== "") return line;
    }
  }

  #lineEnd(): number {
    const cr = this.#bytes.indexOf(CR, MAX_COMMAND_LINE);
    const lf = this.#bytes.indexOf(LF, cr < 0 ? MAX_COMMAND_LINE : cr);
    return lf < 0 ? cr : lf;
  }
}
