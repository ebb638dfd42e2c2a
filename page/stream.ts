/**
 * The stream of the seismograph: one long response, read until it ends, and begun again for as long as the page is open. Whatever
 * goes wrong (network, restart, silence, nonsense) ends a response; the next one brings a new snapshot.
 */
import { Backoff, sleep } from "../lib/net/backoff.ts";
import { FrameError, FrameReader } from "../lib/seismograph/frame-reader.ts";
import type { Frame } from "../lib/seismograph/frames.ts";

/** A response that says nothing for so long is dead: each beat of a live one has a status. */
const LONGEST_SILENCE = 15_000;

/** Waits of milliseconds before another try: a page on a wall must find back, and a thousand must not come at once. */
const WAITS = { minDelay: 500, maxDelay: 10_000 };

/** How many bytes of a refusal are read for its sentence. */
const MOST_REFUSAL = 4096;

export interface StreamEvents {
  /** Frames in the order in which they came; `hello` is the first of each response. */
  frame(frame: Frame): void;
  /** All frames of a piece have been told. */
  flush(): void;
  /** A response has ended, or none came. */
  lost(loss: Loss): void;
}

/** How a response was refused: status and sentence of the server; nothing where it just ended or never came. */
export interface Loss {
  status?: number;
  why?: string;
}

export interface StreamOptions {
  longestSilence?: number;
  minDelay?: number;
  maxDelay?: number;
}

/** Reads the stream at an address until it is closed. */
export class Stream {
  readonly #events: StreamEvents;
  readonly #closing = new AbortController();
  readonly #longestSilence: number;
  readonly #backoff: Backoff;
  #waking = new AbortController();

  constructor(address: string, events: StreamEvents, options: StreamOptions = {}) {
    this.#events = events;
    this.#longestSilence = options.longestSilence ?? LONGEST_SILENCE;
    this.#backoff = new Backoff({ ...WAITS, ...options });
    void this.#run(address);
  }

  /** Tries now instead of waiting on: the network is back, the page is looked at again. */
  wake(): void {
    this.#waking.abort();
  }

  close(): void {
    this.#closing.abort();
    this.#waking.abort();
  }

  async #run(address: string): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const { retry, ...loss } = await this.#read(address);
      if (this.#closing.signal.aborted) return;
      this.#events.lost(loss);
      if (this.#closing.signal.aborted) return;
      this.#waking = new AbortController();
      await sleep(Math.max(retry, this.#backoff.fail()), this.#waking.signal);
    }
  }

  /** Reads one response to its end. */
  async #read(address: string): Promise<Loss & { retry: number }> {
    const ending = new AbortController();
    const end = () => ending.abort();
    this.#closing.signal.addEventListener("abort", end);
    let silence = setTimeout(end, this.#longestSilence);
    let retry = 0;
    try {
      const response = await fetch(address, { signal: ending.signal, cache: "no-store" });
      if (!response.ok || !response.body)
        return { status: response.status, why: await refusal(response), retry };
      const reader = response.body.getReader();
      const frames = new FrameReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return { retry };
        clearTimeout(silence);
        silence = setTimeout(end, this.#longestSilence);
        for (const frame of frames.push(value)) {
          if (frame.type === "status") this.#backoff.succeed();
          if (frame.type === "end") retry = boundedRetry(frame.retry);
          tell(() => this.#events.frame(frame));
        }
        tell(() => this.#events.flush());
      }
    } catch (error) {
      return error instanceof FrameError ? { why: error.message, retry } : { retry };
    } finally {
      clearTimeout(silence);
      end();
      this.#closing.signal.removeEventListener("abort", end);
    }
  }
}

/** Tells; what fails then is no fault of the stream, which goes on. */
function tell(event: () => void): void {
  try {
    event();
  } catch (error) {
    console.error(error);
  }
}

/** How long a server may ask a page to stay away, in milliseconds. */
const boundedRetry = (retry: number): number => Math.min(Math.max(0, Number(retry) || 0), 60_000);

/** The sentence with which a server refuses. */
export async function refusal(response: Response): Promise<string> {
  const text = (await response.text()).slice(0, MOST_REFUSAL);
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === "string") return error;
  } catch {
    // Not ours: a proxy's page, or nothing.
  }
  return `${response.status} ${response.statusText}`.trim();
}
