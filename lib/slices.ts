/**
 * Long work in slices, so that everything else in the process has its turn in between. What is long is written once, as a
 * generator that yields where it may be interrupted; who runs it says whether it is worth it. Runs in a page, too.
 */

/** Long work, step by step: at most some milliseconds each. */
export type Steps<Result> = Generator<undefined, Result>;

/** How long work may go on before the event loop has its turn, in milliseconds. */
const SLICE_MS = 10;

/** Calls back in the next turn of the event loop, after all that waits for this one. */
export function inNextTurn(callback: () => void): void {
  if (typeof setImmediate === "function") setImmediate(callback);
  else setTimeout(callback);
}

/** Does the work at once: for what is known to be short. */
export function atOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Does the work in slices. Rejects with what a step throws. */
export async function inSlices<Result>(steps: Steps<Result>): Promise<Result> {
  for (let until = performance.now() + SLICE_MS; ; ) {
    const { done, value } = steps.next();
    if (done) return value;
    if (performance.now() < until) continue;
    await new Promise<void>(inNextTurn);
    until = performance.now() + SLICE_MS;
  }
}
