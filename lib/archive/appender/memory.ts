/** The bound of what is held in memory until it is written: chunks for which there is no room wait, in order. */

/** Waiting chunks may have so many times the bytes that are held. */
const WAITING_FACTOR = 4;

interface Waiting {
  bytes: number;
  add: () => Promise<void>;
  resolve: (written: Promise<void>) => void;
  written: Promise<void>;
}

/** Counts the bytes of chunks that are held, and lets those wait for which there is no room. */
export class Memory {
  readonly #limit: number;
  #held = 0;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;

  /** @param limit in bytes; a single chunk may have more. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes taken and not yet given back. */
  get held(): number {
    return this.#held;
  }

  /** Bytes held, and those that wait for room. */
  get asked(): number {
    return this.#held + this.#waitingBytes;
  }

  /** Settles with the chunk that waits last; `undefined` if none does. */
  get lastWaiting(): Promise<void> | undefined {
    return this.#waiting.at(-1)?.written;
  }

  /** Takes so many bytes; `false`, and nothing done, where there is no room or others wait. */
  take(bytes: number): boolean {
    if (this.#waiting.length > 0 || !this.#hasRoom(bytes)) return false;
    this.#held += bytes;
    return true;
  }

  /** Whether so many bytes more may wait. */
  mayWait(bytes: number): boolean {
    return this.#waitingBytes + bytes <= WAITING_FACTOR * this.#limit;
  }

  /** Adds a chunk when there is room for it; settles as its promise then does. */
  wait(bytes: number, add: () => Promise<void>): Promise<void> {
    let resolve!: (written: Promise<void>) => void;
    const written = new Promise<void>((settle) => {
      resolve = settle;
    });
    this.#waitingBytes += bytes;
    this.#waiting.push({ bytes, add, resolve, written });
    return written;
  }

  /** Gives back so many bytes, and lets in what waits as far as there is room. */
  give(bytes: number): void {
    this.#held -= bytes;
    let started = 0;
    for (; started < this.#waiting.length; started++) {
      const chunk = this.#waiting[started]!;
      if (!this.#hasRoom(chunk.bytes)) break;
      this.#letIn(chunk);
    }
    if (started > 0) this.#waiting = this.#waiting.slice(started);
  }

  #hasRoom(bytes: number): boolean {
    return this.#held === 0 || this.#held + bytes <= this.#limit;
  }

  #letIn({ bytes, add, resolve }: Waiting): void {
    this.#waitingBytes -= bytes;
    this.#held += bytes;
    resolve(add());
  }
}
