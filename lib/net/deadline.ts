/** Work that a caller may abort and that must end in time, and what fails on the way, with the errors of one protocol. */
import { NetError, type NetErrorCode } from "./errors.ts";

/** The longest time a timer of Node.js takes; what is longer would fire at once. */
export const MAX_DELAY = 2 ** 31 - 1;

/** Makes an error of the protocol. */
export type FailureMaker<Failure extends Error> = (
  code: NetErrorCode | "ABORTED",
  message: string,
  options?: ErrorOptions,
) => Failure;

/** The two functions that settle a promise. */
export interface Settlers<T> {
  resolve: (result: T) => void;
  reject: (error: Error) => void;
}

/** Waiting with the errors of one protocol: what it throws where a signal fires or time is over. */
export class Deadlines<Failure extends Error> {
  readonly #failure: FailureMaker<Failure>;

  constructor(failure: FailureMaker<Failure>) {
    this.#failure = failure;
  }

  /**
   * Runs `work` with a signal that fires with an error: `ABORTED` when the caller's own signal fires, `TIMEOUT` after
   * `milliseconds`. `what` says in the sentence what was not finished.
   */
  async run<T>(
    what: string,
    milliseconds: number,
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    this.throwIfAborted(signal, what);
    const controller = new AbortController();
    const onAbort = () => controller.abort(this.aborted(what, signal));
    const timer = setTimeout(() => {
      const seconds = milliseconds / 1000;
      controller.abort(this.#failure("TIMEOUT", `${what}: no answer within ${seconds} s.`));
    }, milliseconds);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await work(controller.signal);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** The failure of what a caller's signal has stopped. */
  aborted(what: string, signal: AbortSignal | undefined): Failure {
    return this.#failure("ABORTED", `${what}: aborted.`, { cause: signal?.reason });
  }

  /** A failure to connect, with the same code and words; what is not a `NetError` comes back as it is. */
  own(error: unknown): unknown {
    return error instanceof NetError
      ? this.#failure(error.code, error.message, { cause: error.cause })
      : error;
  }

  /** The failure of what a caller gave and cannot be used. */
  readonly invalid = (message: string): Failure => this.#failure("INVALID_ARGUMENT", message);

  throwIfAborted(signal: AbortSignal | undefined, what: string): void {
    if (signal?.aborted) throw this.aborted(what, signal);
  }

  /** Has the signal reject a promise that is not settled yet, and take its hands off one that is. */
  rejectOnAbort<T>(it: Settlers<T>, signal: AbortSignal, what: string, onAbort?: () => void): void {
    const { resolve, reject } = it;
    const abort = () => {
      onAbort?.();
      reject(this.aborted(what, signal));
    };
    signal.addEventListener("abort", abort, { once: true });
    it.resolve = (result) => {
      signal.removeEventListener("abort", abort);
      resolve(result);
    };
    it.reject = (error) => {
      signal.removeEventListener("abort", abort);
      reject(error);
    };
  }
}
