// lib/server/scheduler.ts: whose turn it is, and how many long answers are under way.
import assert from "node:assert/strict";
import { type Scheduled, Scheduler } from "../../lib/server/scheduler.ts";

class Client implements Scheduled {
  waitsForPackets = false;
  unsent = 0;
  runs = 0;
  run(): void {
    this.runs++;
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("scheduler", () => {
  const setUp = (count: number) => {
    const clients = new Set(Array.from({ length: count }, () => new Client()));
    const scheduler = new Scheduler(clients, () => {});
    return { scheduler, clients: [...clients] };
  };

  it("lets two long answers go on, and wakes the next one when one is through", async () => {
    const { scheduler, clients } = setUp(3);
    const [first, second, third] = clients as [Client, Client, Client];
    const { slowLane } = scheduler;
    assert.deepEqual(
      [first, second, third, first].map((client) => slowLane.enter(client)),
      [...[true, true, false, true]],
    );
    assert.equal(third.runs, 0);
    slowLane.leave(second);
    await turn();
    assert.equal(third.runs, 1);
    assert.deepEqual([slowLane.enter(third), slowLane.enter(second)], [true, false]);
  });

  it("begins no long answer while too much waits for clients to take it", async () => {
    const { scheduler, clients } = setUp(2);
    const [first, second] = clients as [Client, Client];
    second.unsent = 64 * 1024 * 1024 + 1;
    assert.ok(!scheduler.slowLane.enter(first));
    second.unsent = 0;
    scheduler.slowLane.wakeNext();
    await turn();
    assert.equal(first.runs, 1);
    assert.ok(scheduler.slowLane.enter(first));
  });

  it("runs nobody who is gone, or after it was stopped", async () => {
    const { scheduler, clients } = setUp(3);
    const [first, second, third] = clients as [Client, Client, Client];
    first.waitsForPackets = true;
    scheduler.wake();
    scheduler.schedule(second);
    scheduler.schedule(third);
    scheduler.remove(third);
    await turn();
    assert.deepEqual([first.runs, second.runs, third.runs], [1, 1, 0]);
    scheduler.schedule(second);
    scheduler.stop();
    await turn();
    assert.equal(second.runs, 1);
  });
});
