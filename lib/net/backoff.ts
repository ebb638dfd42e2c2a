/** How long to wait before the next attempt to connect. */

export interface BackoffOptions {
  /** Milliseconds before the second attempt. Default 500. */
  minDelay?: number | undefined;
  /** Milliseconds that no wait exceeds. Default 30 s. */
  maxDelay?: number | undefined;
}

/**
 * Waits that double from one failure to the next up to a limit. Each is shortened by chance, down to a half, so that
 * many clients of one server do not come back all at once.
 */
export class Backoff {
  readonly #minDelay: number;
  readonly #maxDelay: number;
  #failures = 0;

  constructor({ minDelay = 500, maxDelay = 30_000 }: BackoffOptions = {}) {
    this.#minDelay = minDelay;
    this.#maxDelay = Math.max(minDelay, maxDelay);
  }

  /** Attempts that have failed since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /** Notes a failure; returns the milliseconds to wait now. */
  fail(): number {
    const full = Math.min(this.#maxDelay, this.#minDelay * 2 ** Math.min(this.#failures, 30));
    this.#failures++;
    return Math.round(full * (0.5 + Math.random() / 2));
  }

  succeed(): void {
    this.#failures = 0;
  }
}

/** Waits; ends early when the signal fires. */
export function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end);
  });
}
