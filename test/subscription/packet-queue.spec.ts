// lib/subscription/packet-queue.ts and unreadable.ts: what waits is counted, everybody who waits is told, and a place that cannot be
// read is named the second time.
import assert from "node:assert/strict";
import { PacketQueue, sizeOf } from "../../lib/subscription/packet-queue.ts";
import { Turns } from "../../lib/subscription/turns.ts";
import { UnreadablePlace } from "../../lib/subscription/unreadable.ts";

const packet = (n: number) => ({ n, payload: new Uint8Array(10) });

describe("the queue of packets", () => {
  const queueOf = (...numbers: number[]) => {
    const queue = new PacketQueue<{ n: number; payload: Uint8Array }>(1e6, () => {});
    for (const n of numbers) queue.packet(packet(n));
    return queue;
  };

  it("counts what is here, gives it in order, and says how many it dropped", () => {
    const queue = queueOf(1, 2, 3);
    assert.equal(queue.length, 3);
    assert.equal(queue.take()?.n, 1);
    assert.equal(queue.length, 2);
    assert.equal(queue.clear(), 2);
    assert.equal(queue.length, 0);
    assert.equal(queue.take(), undefined);
  });

  it("is full at its capacity until less than half is left, and tells that once", () => {
    let told = 0;
    const one = packet(0);
    const queue = new PacketQueue<typeof one>(4 * sizeOf(one), () => told++, new Turns());
    const push = (count: number) => {
      for (let n = 0; n < count; n++) queue.packet(one);
    };
    const steps: [act: () => unknown, full: boolean, told: number][] = [
      [() => push(3), false, 0],
      [() => queue.take(), false, 0],
      [() => push(2), true, 0],
      [() => queue.take(), true, 0],
      [() => queue.take(), true, 0],
      [() => queue.take(), false, 1],
      [() => queue.take(), false, 1],
      [() => push(5), true, 1],
      [() => queue.clear(), false, 2],
      [() => queue.clear(), false, 2],
      [() => push(3), false, 2],
    ];
    for (const [i, [act, full, times]] of steps.entries()) {
      act();
      assert.deepEqual([queue.full, told], [full, times], `step ${i}`);
    }
  });

  it("is full with the byte that makes it so, and not with one less", () => {
    const one = packet(0);
    for (const [capacity, full] of [
      [sizeOf(one), true],
      [sizeOf(one) + 1, false],
    ] as const) {
      const queue = new PacketQueue<typeof one>(capacity, () => {}, new Turns());
      assert.equal(queue.full, false);
      queue.packet(one);
      assert.equal(queue.full, full);
    }
  });

  it("gives what was here before its end, and then says once why it has ended", async () => {
    const queue = queueOf(1);
    const fault = new Error("a fault");
    queue.fail(fault);
    queue.fail(new Error("another"));
    queue.packet(packet(2));
    assert.equal((await queue.next()).value?.n, 1);
    await assert.rejects(queue.next(), fault);
    assert.deepEqual(await queue.next(), { value: undefined, done: true });
    const ended = queueOf(1);
    ended.end();
    ended.fail(fault);
    assert.deepEqual([(await ended.next()).done, (await ended.next()).done], [false, true]);
  });

  it("tells everybody who waits that it is over, and an error to one", async () => {
    const ended = queueOf();
    const waiting = [ended.next(), ended.next(), ended.next()];
    ended.end();
    for (const { done } of await Promise.all(waiting)) assert.equal(done, true);
    const failed = queueOf();
    const told = [failed.next(), failed.next()];
    const fault = new Error("a fault");
    failed.fail(fault);
    await assert.rejects(told[0]!, fault);
    assert.equal((await told[1]!).done, true);
  });
});

describe("a place that cannot be read", () => {
  it("is named the second time, and not where it is another one", () => {
    const place = new UnreadablePlace<Error>((failure, message) => new Error(message, { cause: failure }));
    const fault = new Error("It is wrong.");
    assert.equal(place.locate(fault, "behind packet 1"), fault);
    assert.equal(place.locate(fault, "behind packet 2"), fault);
    const { message } = place.locate(fault, "behind packet 2");
    assert.match(
      message,
      /^It is wrong\. What the server sends behind packet 2 cannot be read, each time anew\. /,
    );
  });
});
