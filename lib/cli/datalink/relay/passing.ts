/** Packets on their way to where a relay writes them: it does not wait for room for ever, and tells what is left when it ends. */
import { EXIT_OK, type Io } from "../../command.ts";
import type { RelayProgress } from "../relay-progress.ts";

/** Where packets are written. */
interface Writer {
  /** Resolves when there is room for another packet. */
  ready(): Promise<void>;
  /** Waits for acknowledgements for some seconds at most. */
  close(): Promise<void>;
}

export class Passing {
  /** Fires at an interrupt, and when a packet could not be written. */
  readonly signal: AbortSignal;
  readonly #io: Io;
  readonly #writer: Writer;
  readonly #progress: RelayProgress;
  readonly #stop = new AbortController();
  readonly #pending = new Set<Promise<void>>();
  #failure: Error | undefined;
  #left = 0;
  /** Ends the wait for room. */
  #onStop = () => {};

  constructor(io: Io, writer: Writer, progress: RelayProgress) {
    this.#io = io;
    this.#writer = writer;
    this.#progress = progress;
    this.signal = AbortSignal.any([io.signal, this.#stop.signal]);
    this.signal.addEventListener("abort", () => this.#onStop(), { once: true });
  }

  /** Waits for room; whether another packet may be written, or the relay is to end. */
  room(): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#onStop = () => resolve(false);
      this.#writer.ready().then(() => resolve(!this.signal.aborted), reject);
      if (this.signal.aborted) resolve(false);
    });
  }

  /** Follows a packet until it is acknowledged and committed. */
  add(passing: Promise<void>): void {
    const passed = passing
      .catch((error: Error) => {
        this.#left++;
        this.fail(error);
      })
      .finally(() => this.#pending.delete(passed));
    this.#pending.add(passed);
  }

  /** What goes wrong once it is to end is not why. */
  fail(error: Error): void {
    if (this.signal.aborted) return;
    this.#failure = error;
    this.#stop.abort();
  }

  /**
   * Waits a little for what is on its way. `left` says what becomes of packets that were not acknowledged.
   *
   * @throws what failed
   */
  async end(left: string): Promise<number> {
    await this.#writer.close();
    await Promise.all(this.#pending);
    if (this.#failure) throw this.#failure;
    if (this.#left > 0 && this.#io.signal.aborted)
      this.#progress.note(`${this.#left} packets were read and not acknowledged. ${left}`);
    return EXIT_OK;
  }
}

/** Of a reader that keeps its position in a file, or does not. */
export function whatIsLeft(state: string | undefined): string {
  return state === undefined
    ? "Without --state the next start does not begin with them."
    : "The next start begins with them.";
}
