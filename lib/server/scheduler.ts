/**
 * Fairness among connections: whose turn it is, how long they may work in one turn of the event loop, all together and each,
 * and how many long answers may be under way at a time.
 */

/** Milliseconds that all connections together may work before the event loop has its turn. */
const ALL = 8;

/** Milliseconds that a single one may. */
const EACH = 2;

/** What has its turn. */
export interface Scheduled {
  /** Whether it has nothing to do but to wait for the next packet. */
  readonly waitsForPackets: boolean;
  /** Bytes that its client has not taken yet. */
  readonly unsent: number;
  run(): void;
}

/** Long answers under way at a time. */
const SLOW_ANSWERS = 2;

/** Bytes of answers waiting for clients to take them beyond which no further long one is begun. */
const MAX_UNSENT = 64 * 1024 * 1024;

/** Gives each client its turn, when there is something to do for it. */
export class Scheduler {
  readonly turn = new Turn(() => this.#runSoon());
  readonly slowLane: SlowLane<Scheduled>;
  readonly #clients: ReadonlySet<Scheduled>;
  readonly #onNews: () => void;
  readonly #scheduled = new Set<Scheduled>();
  /** Packets were written that waiting readers have not been told of. */
  #hasNews = false;
  #immediate: NodeJS.Immediate | undefined;
  #stopped = false;

  /** @param onNews is called before readers are told of new packets */
  constructor(clients: ReadonlySet<Scheduled>, onNews: () => void) {
    this.#clients = clients;
    this.#onNews = onNews;
    this.slowLane = new SlowLane(
      SLOW_ANSWERS,
      () => this.#unsent() > MAX_UNSENT,
      (client) => this.schedule(client),
    );
  }

  /** Has a client run in this turn of the event loop, after what is there has been read, or in the next one. */
  schedule(client: Scheduled): void {
    this.#scheduled.add(client);
    this.#runSoon();
  }

  /** Everything written in one turn of the event loop is sent in the same turn, each reader's share in one write. */
  wake(): void {
    this.#hasNews = true;
    this.#runSoon();
  }

  /** A client is gone. */
  remove(client: Scheduled): void {
    this.#scheduled.delete(client);
    this.slowLane.leave(client);
  }

  /** Runs nobody any more. */
  stop(): void {
    this.#stopped = true;
    if (this.#immediate) clearImmediate(this.#immediate);
  }

  #runSoon(): void {
    if (!this.#stopped) this.#immediate ??= setImmediate(this.#runScheduled);
  }

  readonly #runScheduled = (): void => {
    this.#immediate = undefined;
    if (this.#hasNews) {
      this.#hasNews = false;
      this.#onNews();
      for (const client of this.#clients) if (client.waitsForPackets) this.#scheduled.add(client);
    }
    this.turn.begin();
    // Whoever schedules itself again, or comes too late for this turn, goes to the end of the line.
    for (const client of [...this.#scheduled]) {
      this.#scheduled.delete(client);
      client.run();
    }
    this.turn.end();
  };

  #unsent(): number {
    let bytes = 0;
    for (const { unsent } of this.#clients) bytes += unsent;
    return bytes;
  }
}

/** The clock of the event loop's current turn. */
class Turn {
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
class SlowLane<Client> {
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
