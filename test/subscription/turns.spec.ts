// lib/subscription/turns.ts and the queue of packets, with a clock and an event loop of our own: how readers of one process share
// its time. Nothing here depends on how fast the machine is.
import assert from "node:assert/strict";
import fc from "fast-check";
import { PacketQueue } from "../../lib/subscription/packet-queue.ts";
import { Turns } from "../../lib/subscription/turns.ts";

/** A clock that goes on when somebody works, and turns of the loop that come when they are told to. */
function loop() {
  let now = 0;
  let asked = 0;
  let due: (() => void)[] = [];
  const turns = new Turns({
    now: () => {
      asked++;
      return now;
    },
    later: (callback) => due.push(callback),
  });
  /** What the promises of this turn have to do. */
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  const nextTurn = async (): Promise<void> => {
    const callbacks = due;
    due = [];
    for (const callback of callbacks) {
      callback();
      await settle();
    }
  };
  return {
    turns,
    work: (milliseconds: number) => {
      now += milliseconds;
    },
    nextTurn,
    settle,
    get asked() {
      return asked;
    },
    get time() {
      return now;
    },
    get hasMore() {
      return due.length > 0;
    },
  };
}

const packet = { payload: new Uint8Array(100) };

/** A reader whose every packet takes so long; it counts them, and the time that it has had. */
function reader({ turns, work }: ReturnType<typeof loop>, packets: number, cost: number) {
  const queue = new PacketQueue(1 << 30, () => {}, turns);
  for (let i = 0; i < packets; i++) queue.packet(packet);
  const it = { queue, taken: 0, spent: 0, running: Promise.resolve() };
  const read = async () => {
    for (;;) {
      const { done } = await queue.next();
      if (done) return;
      it.taken++;
      it.spent += cost;
      work(cost);
    }
  };
  it.running = read();
  return it;
}

describe("the turns of readers in one process", () => {
  it("have one reader that is alone go on as long as it likes, and ask no clock for its packets", async () => {
    const it = loop();
    const alone = reader(it, 5000, 1);
    await it.settle();
    assert.equal(alone.taken, 5000);
    assert.equal(it.asked, 0);
    assert.equal(it.hasMore, false);
  });

  it("give each of several the same time, whatever a packet takes of it", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: 0.002, max: 1, noNaN: true }), { minLength: 2, maxLength: 6 }),
        async (costs) => {
          const it = loop();
          const readers = costs.map((cost) => reader(it, 100_000, cost));
          await it.settle();
          for (let turn = 0; turn < 12; turn++) {
            const before = it.time;
            const had = readers.map(({ spent }) => spent);
            await it.nextTurn();
            // A turn of the loop is as long as all shares, and a packet of each that was begun within them.
            assert.ok(it.time - before <= costs.reduce((sum, cost) => sum + 2 + cost, 0) + 1e-6);
            for (const [i, { spent }] of readers.entries()) {
              const share = spent - had[i]!;
              assert.ok(share >= 2 - 1e-6 && share <= 2 + costs[i]! + 1e-6, `${share} of reader ${i}`);
            }
          }
          for (const each of readers) each.queue.end();
        },
      ),
      { numRuns: 20 },
    );
  });

  it("let the packets of one with little to do through at once", async () => {
    const it = loop();
    const busy = reader(it, 100_000, 0.05);
    const quiet = reader(it, 0, 0.1);
    await it.settle();
    for (let n = 1; n <= 50; n++) {
      quiet.queue.packet(packet);
      await it.settle();
      assert.equal(quiet.taken, n, "in the turn in which it came");
      await it.nextTurn();
    }
    assert.ok(busy.taken > 50 * 40, `${busy.taken} packets in 50 turns of 2 ms`);
  });

  it("are not waited for by a reader that has come to its end, nor by the one that is left", async () => {
    const it = loop();
    const [one, other] = [reader(it, 1000, 0.1), reader(it, 1000, 0.1)];
    await it.settle();
    assert.ok(one.taken < 1000 && other.taken < 1000);
    one.queue.end();
    await it.nextTurn();
    // What is left of both comes without another turn.
    await Promise.all([one.running, it.settle()]);
    assert.deepEqual([one.taken, other.taken], [1000, 1000]);
  });

  it("keep the order of packets and end with the error, however many are asked for at once", async () => {
    const it = loop();
    reader(it, 10_000, 1);
    const queue = new PacketQueue<{ payload: Uint8Array; n: number }>(1 << 30, () => {}, it.turns);
    for (let n = 0; n < 100; n++) queue.packet({ ...packet, n });
    const came: number[] = [];
    const asked = Array.from({ length: 100 }, async () => {
      const { value } = await queue.next();
      it.work(0.7);
      if (value) came.push(value.n);
    });
    for (let turn = 0; turn < 100; turn++) await it.nextTurn();
    await Promise.all(asked);
    assert.deepEqual(
      came,
      Array.from({ length: 100 }, (_, n) => n),
    );
    queue.fail(new Error("lost"));
    await assert.rejects(queue.next(), /lost/);
    assert.deepEqual(await queue.next(), { value: undefined, done: true });
  });

  it("count work that comes later ahead", () => {
    const it = loop();
    const [turn] = [it.turns.join(), it.turns.join()];
    let sent = 0;
    while (!turn!.isOver) {
      turn!.charge(0.1);
      sent++;
    }
    assert.ok(sent >= 20 && sent <= 21, `${sent} packets of 0.1 ms`);
    // Also of one that was not asked before.
    const another = it.turns.join();
    another.charge(1.9);
    assert.equal(another.isOver, false);
    another.charge(0.2);
    assert.equal(another.isOver, true);
  });
});
