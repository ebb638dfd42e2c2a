/**
 * What a server sends and this side cannot read is asked for again: to leave packets out is not for a reader to decide. If
 * it cannot be read the next time either, people are told where it is.
 */

const ADVICE = "If it stays so, ask the server's operator, or begin at a later packet or time.";

/** Remembers where a stream could not be read the last time. */
export class UnreadablePlace<Failure extends Error> {
  readonly #again: (failure: Failure, message: string) => Failure;
  #last: string | undefined;

  /** @param again the same failure with another message */
  constructor(again: (failure: Failure, message: string) => Failure) {
    this.#again = again;
  }

  /**
   * The failure; with its place in the message from the second time on that it happens there.
   *
   * @param where for example `behind packet 42`
   */
  locate(failure: Failure, where: string): Failure {
    const isSame = where === this.#last;
    this.#last = where;
    if (!isSame) return failure;
    return this.#again(
      failure,
      `${failure.message} What the server sends ${where} cannot be read, each time anew. ${ADVICE}`,
    );
  }
}
