/** Work that a caller may abort and that must end in time. */
import { DataLinkError } from "../datalink/protocol/errors.ts";

/** The longest time a timer of Node.js takes; what is longer would fire at once. */
export const MAX_DELAY = 2 ** 31 - 1;

/**
 * Runs `work` with a signal that fires with a `DataLinkError`: `ABORTED` when the caller's own signal fires,
 * `TIMEOUT` after `milliseconds`. `what` says in the sentence what was not finished.
 */
export async function withDeadline<T>(
  what: string,
  milliseconds: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  throwIfAborted(signal, what);
  const controller = new AbortController();
  const onAbort = () => controller.abort(aborted(what, signal));
  const timer = setTimeout(() => {
    const seconds = milliseconds / 1000;
    controller.abort(new DataLinkError("TIMEOUT", `${what}: no answer within ${seconds} s.`));
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
export function aborted(what: string, signal: AbortSignal | undefined): DataLinkError {
  return new DataLinkError("ABORTED", `${what}: aborted.`, { cause: signal?.reason });
}

export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) throw aborted(what, signal);
}

/** The two functions that settle a promise. */
export interface Settlers<T> {
  resolve: (result: T) => void;
  reject: (error: Error) => void;
}

/** Has the signal reject a promise that is not settled yet, and take its hands off one that is. */
export function rejectOnAbort<T>(
  it: Settlers<T>,
  signal: AbortSignal,
  what: string,
  onAbort?: () => void,
): void {
  const { resolve, reject } = it;
  const abort = () => {
    onAbort?.();
    reject(aborted(what, signal));
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
