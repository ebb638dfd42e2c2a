// lib/subscription/resuming-reader.ts with a protocol of several streams, each with a position of its own.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { mock } from "node:test";
import { CodedError } from "../../lib/errors.ts";
import type { Checkpoint } from "../../lib/subscription/checkpoint.ts";
import {
  type ReaderEvent,
  type ReaderHost,
  type ReaderProtocol,
  ResumingReader,
} from "../../lib/subscription/resuming-reader.ts";

interface Item {
  station: string;
  sequence: number;
  payload: Uint8Array;
}
type Stations = Readonly<Record<string, number>>;
type Code = "LOST" | "NOT_PERMITTED" | "STOPPED" | "WRONG";
class Failure extends CodedError<Code> {}
type Event = { type: "began"; at: Stations };

interface Session {
  ended: Promise<Failure>;
  end(failure: Failure): void;
}

/** Each connection brings what is left of two stations, at most `each` packets, and is then lost. */
class Stand implements ReaderProtocol<Item, Stations, Session, Failure> {
  readonly server = "stand://test";
  passed = 0;
  at: Record<string, number> = {};
  begun: Stations[] = [];
  refusals = 0;
  readonly #host: ReaderHost<Item, Event>;
  readonly #each: number;

  constructor(host: ReaderHost<Item, Event>, each: number) {
    this.#host = host;
    this.#each = each;
  }

  resumeAt(position: Stations): void {
    this.at = { ...position };
  }
  advance(position: Stations | undefined, { station, sequence }: Item): Stations {
    return { ...position, [station]: sequence };
  }
  async connect(): Promise<Session> {
    if (this.refusals-- > 0) throw new Failure("NOT_PERMITTED", "not now");
    let end!: Session["end"];
    const ended = new Promise<Failure>((resolve) => {
      end = resolve;
    });
    return { ended, end };
  }
  async follow(session: Session): Promise<Failure> {
    this.begun.push({ ...this.at });
    this.#host.emit({ type: "began", at: { ...this.at } });
    for (let i = 0; i < this.#each; i++) {
      const station = i % 2 ? "XX_B" : "XX_A";
      const sequence = (this.at[station] ?? 0) + 1;
      this.at[station] = sequence;
      this.passed++;
      this.#host.queue.packet({ station, sequence, payload: new Uint8Array(10) });
    }
    if (this.#each > 0) session.end(new Failure("LOST", "lost"));
    return await session.ended;
  }
  updateReading(): void {}
  abandon(session: Session): void {
    session.end(this.aborted());
  }
  async close(): Promise<void> {}
  judge(failure: unknown): "lost" | "refused" | "fatal" {
    if (!(failure instanceof Failure) || failure.code === "WRONG") return "fatal";
    return failure.code === "NOT_PERMITTED" ? "refused" : "lost";
  }
  aborted(): Failure {
    return new Failure("STOPPED", "stopped");
  }
}

interface OpenOptions {
  checkpoint?: Checkpoint<Stations>;
  packets?: number;
  onEvent?: (event: Event | ReaderEvent<Failure>) => void;
}

function open(each: number, options: OpenOptions = {}) {
  const events: string[] = [];
  let stand!: Stand;
  const reader = new ResumingReader<Item, Stations, Failure, Event>(
    {
      checkpoint: options.checkpoint,
      window: { packets: options.packets ?? 100, bytes: 1e9 },
      backoff: { minDelay: 1, maxDelay: 5 },
    },
    (event) => {
      events.push(event.type);
      options.onEvent?.(event);
    },
    (host) => {
      stand = new Stand(host, each);
      return stand;
    },
  );
  return { reader, events, stand };
}

describe("the resuming reader", () => {
  it("goes on across connections, and keeps a position for each stream, in the order of the packets", async () => {
    const saved: Stations[] = [];
    const checkpoint = {
      load: async () => ({ XX_A: 100, XX_B: 200 }),
      save: (position: Stations) => saved.push(position),
      flush: async () => {},
    };
    const { reader, stand } = open(4, { checkpoint });
    const items: Item[] = [];
    for await (const item of reader) if (items.push(item) === 6) break;
    assert.deepEqual(
      items.map(({ station, sequence }) => `${station} ${sequence}`),
      ["XX_A 101", "XX_B 201", "XX_A 102", "XX_B 202", "XX_A 103", "XX_B 203"],
    );
    assert.deepEqual(stand.begun.slice(0, 2), [
      { XX_A: 100, XX_B: 200 },
      { XX_A: 102, XX_B: 202 },
    ]);
    reader.commit(items[1]!);
    assert.equal(reader.position, undefined);
    reader.commit(items[0]!);
    assert.deepEqual(reader.position, { XX_A: 101, XX_B: 201 });
    reader.commit(items[2]!);
    assert.deepEqual(saved, [
      { XX_A: 101, XX_B: 201 },
      { XX_A: 102, XX_B: 201 },
    ]);
  });

  it("tells refusals from losses, and tries both again", async () => {
    const { reader, events, stand } = open(2);
    stand.refusals = 2;
    let count = 0;
    for await (const item of reader) {
      reader.commit(item);
      if (++count === 4) break;
    }
    assert.deepEqual(events.slice(0, 5), ["refused", "refused", "began", "disconnected", "began"]);
  });

  it("waits longer with each failure, until packets came or a connection has lasted a minute", async () => {
    let now = 1000;
    mock.method(performance, "now", () => now);
    try {
      const attempts: number[] = [];
      const { reader, stand } = open(0, {
        onEvent: (event) => void ("attempt" in event && attempts.push(event.attempt)),
      });
      const follows: ((session: Session) => Promise<Failure>)[] = [];
      const lost = new Failure("LOST", "lost");
      const after =
        (milliseconds: number, packets = 0) =>
        async () => {
          now += milliseconds;
          stand.passed += packets;
          return lost;
        };
      follows.push(after(0), after(60_000), after(60_001), after(5), after(0, 1), after(0));
      let over = () => {};
      const all = new Promise<void>((resolve) => {
        over = resolve;
      });
      stand.follow = async (session) => {
        const next = follows.shift();
        if (next) return await next(session);
        over();
        return await session.ended;
      };
      await all;
      assert.deepEqual(attempts, [1, 2, 1, 2, 1, 2]);
      await reader.close();
    } finally {
      mock.restoreAll();
    }
  });

  it("throws what is the caller's in the caller's loop", async () => {
    const { reader, stand } = open(2);
    stand.connect = async () => {
      throw new Failure("WRONG", "wrong");
    };
    await assert.rejects(
      reader.next(),
      (error: unknown) => error instanceof Failure && error.code === "WRONG",
    );
    const other = open(2);
    other.stand.follow = async () => {
      throw new TypeError("a fault of ours");
    };
    await assert.rejects(other.reader.next(), TypeError);
  });

  it("ends its connection where the caller's listener throws, for nobody reads on", async () => {
    const fault = new TypeError("a fault of the listener");
    const { reader, stand } = open(0, {
      onEvent: () => {
        throw fault;
      },
    });
    const abandoned = new Promise<void>((resolve) => {
      stand.abandon = (session) => {
        session.end(stand.aborted());
        resolve();
      };
    });
    await assert.rejects(reader.next(), fault);
    await abandoned;
  });

  it("ends while it waits for packets, or for commits", async () => {
    const waiting = open(0);
    const next = waiting.reader.next();
    await waiting.reader.close();
    assert.deepEqual(await next, { value: undefined, done: true });
    const full = open(4, { packets: 1 });
    await full.reader.next();
    const second = full.reader.next();
    await full.reader.close();
    assert.equal((await second).done, true);
  });

  it("and all under it measure time by the clock that nobody sets", () => {
    const root = path.join(__dirname, "../../lib");
    for (const room of ["net", "subscription", "datalink"]) {
      for (const file of readdirSync(path.join(root, room), { recursive: true, encoding: "utf8" })) {
        if (!file.endsWith(".ts") || file.endsWith(".d.ts")) continue;
        assert.doesNotMatch(
          readFileSync(path.join(root, room, file), "utf8"),
          /Date\.now|new Date\(\)/,
          file,
        );
      }
    }
  });
});
