/**
 * Which streams a reader gets: those that MATCH finds and REJECT does not, among those that it may read at all.
 * The answer for a stream is kept, so that a pattern runs once per stream and not once per packet.
 */
import type { StreamPattern } from "../access/pattern.ts";
import type { RingStream } from "./ring.ts";

export class Selection {
  #match: StreamPattern | undefined;
  #reject: StreamPattern | undefined;
  #permitted: ((streamId: string) => boolean) | undefined;
  /** By the stream's slot: its serial if it is selected, the negative of it if not. */
  #answers: number[] = [];

  get match(): StreamPattern | undefined {
    return this.#match;
  }

  set match(pattern: StreamPattern | undefined) {
    this.#match = pattern;
    this.#answers = [];
  }

  get reject(): StreamPattern | undefined {
    return this.#reject;
  }

  set reject(pattern: StreamPattern | undefined) {
    this.#reject = pattern;
    this.#answers = [];
  }

  /** Which streams may be read; `undefined` for all. */
  set permitted(permitted: ((streamId: string) => boolean) | undefined) {
    this.#permitted = permitted;
    this.#answers = [];
  }

  /** Whether every stream is selected. */
  get all(): boolean {
    return this.#match === undefined && this.#reject === undefined && this.#permitted === undefined;
  }

  has(stream: RingStream): boolean {
    if (this.all) return true;
    const known = this.#answers[stream.slot];
    if (known === stream.serial) return true;
    if (known === -stream.serial) return false;
    this.decisions++;
    const selected = this.#decide(stream.streamId);
    this.#answers[stream.slot] = selected ? stream.serial : -stream.serial;
    return selected;
  }

  /** How often a pattern had to be asked so far. */
  decisions = 0;

  /** Gives back the memory that patterns took to decide; called after a round of decisions. */
  release(): void {
    this.#match?.release();
    this.#reject?.release();
  }

  /** Whether permission alone lets the stream be read. */
  permits(streamId: string): boolean {
    return this.#permitted === undefined || this.#permitted(streamId);
  }

  #decide(streamId: string): boolean {
    return (
      this.permits(streamId) &&
      (this.#match === undefined || this.#match.test(streamId)) &&
      (this.#reject === undefined || !this.#reject.test(streamId))
    );
  }
}
