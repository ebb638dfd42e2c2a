/**
 * Readers of one process share its event loop by time, not by number of packets. One that has worked for its share without a
 * pause goes on in the next turn of the event loop, so that all others have theirs in between, and so has everything else that
 * waits: a fast reader with much to bring cannot hold up one whose packets take a way over a disk.
 *
 * As long as a reader is alone nothing is measured, and it is never stopped.
 */
import { inNextTurn } from "../slices.ts";

/** How long a reader may go on, in milliseconds: short beside what a disk takes, long beside what a turn costs. */
const SHARE_MS = 2;

/** What readers and tests may have of the time. */
export interface TurnClock {
  /** Milliseconds. */
  now(): number;
  /** Calls back in the next turn of the event loop, after all that waits for this one, in a call of its own. */
  later(callback: () => void): void;
}

const processClock: TurnClock = {
  now: () => performance.now(),
  later: inNextTurn,
};

/** All readers that share one event loop. */
export class Turns {
  readonly clock: TurnClock;
  #readers = 0;

  constructor(clock: TurnClock = processClock) {
    this.clock = clock;
  }

  /** Whether there is more than one reader. */
  get areShared(): boolean {
    return this.#readers > 1;
  }

  /** Takes part, until it leaves. */
  join(): Turn {
    this.#readers++;
    return new Turn(this, () => this.#readers--);
  }
}

/** The turns of one reader. */
export class Turn {
  readonly #all: Turns;
  readonly #onLeft: () => void;
  /** Until when this turn may go on; `undefined` before its first packet. */
  #until: number | undefined;
  #waiting: (() => void)[] = [];
  #hasLeft = false;

  /** Made by {@link Turns.join}. @internal */
  constructor(all: Turns, onLeft: () => void) {
    this.#all = all;
    this.#onLeft = onLeft;
  }

  /** Whether this reader has had its share of the turn; to be asked before each packet. The first one that asks begins it. */
  get isOver(): boolean {
    return this.#all.areShared && !this.#hasLeft && this.#all.clock.now() >= this.#end();
  }

  /** Counts work that a packet makes later, in milliseconds, as if it had been done. */
  charge(milliseconds: number): void {
    if (this.#all.areShared && !this.#hasLeft) this.#until = this.#end() - milliseconds;
  }

  /** Resolves when the next turn has come. */
  next(): Promise<void> {
    if (this.#until === undefined) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** It is over: takes no part any more, and nobody waits for it. */
  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#onLeft();
    this.#begin();
  }

  #end(): number {
    if (this.#until !== undefined) return this.#until;
    this.#all.clock.later(this.#begin);
    this.#until = this.#all.clock.now() + SHARE_MS;
    return this.#until;
  }

  readonly #begin = (): void => {
    this.#until = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  };
}

/** Those who take packets of connections in this process. */
export const readers = new Turns();
