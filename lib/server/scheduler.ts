/**
 * Fairness among connections: how long they may work in one turn of the event loop, all together and each, and how many
 * long answers may be under way at a time.
 */

/** Milliseconds that all connections together may work before the event loop has its turn. */
const ALL = 8;

/** Milliseconds that a single one may. */
const EACH = 2;

/** The clock of the event loop's current turn. */
export class Turn {
  readonly #begun: () => void;
  #until = 0;

  /** @param begun is called when a turn begins by itself; it has to see to it that the turn ends */
  constructor(begun: () => void) {
    this.#begun = begun;
  }

  /** Starts the clock of a new turn. */
  begin(): void {
    this.#until = performance.now() + ALL;
  }

  /** Stops it: the next one who asks begins a new turn. */
  end(): void {
    this.#until = 0;
  }

  /** Until when a connection may work that starts now; `undefined` where the turn is over. */
  share(): number | undefined {
    const now = performance.now();
    if (this.#until === 0) {
      this.#until = now + ALL;
      this.#begun();
    }
    return now < this.#until ? Math.min(this.#until, now + EACH) : undefined;
  }
}

/** Lets few of many go on, and the others wait in line. */
export class SlowLane<Client> {
  readonly #width: number;
  readonly #isFull: () => boolean;
  readonly #wake: (client: Client) => void;
  readonly #inside = new Set<Client>();
  readonly #waiting = new Set<Client>();

  /**
   * @param width how many may be inside
   * @param isFull whether nobody may enter for another reason
   * @param wake is told who may try again to enter
   */
  constructor(width: number, isFull: () => boolean, wake: (client: Client) => void) {
    this.#width = width;
    this.#isFull = isFull;
    this.#wake = wake;
  }

  /** Whether the client may go on; if not, it is woken when it may try again. */
  enter(client: Client): boolean {
    if (this.#inside.has(client)) return true;
    if (this.#inside.size >= this.#width || this.#isFull()) {
      this.#waiting.add(client);
      return false;
    }
    this.#waiting.delete(client);
    this.#inside.add(client);
    return true;
  }

  leave(client: Client): void {
    this.#waiting.delete(client);
    if (this.#inside.delete(client)) this.wakeNext();
  }

  /** Called now and then, too, since what makes the lane full goes away without a word. */
  wakeNext(): void {
    for (const client of this.#waiting) {
      this.#wake(client);
      return;
    }
  }
}
