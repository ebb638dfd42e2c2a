// lib/datalink/core/feed.ts: packets on their way to the reader: gaps are told, suspicious ones held, and what waits is bounded.
import assert from "node:assert/strict";
import { Feed } from "../../lib/datalink/core/feed.ts";
import type { Packet } from "../../lib/datalink/index.ts";
import { PacketQueue } from "../../lib/subscription/packet-queue.ts";
import { Turns } from "../../lib/subscription/turns.ts";

const packet = (id: number, size = 10): Packet => ({
  streamId: "XX_A/RAW",
  packetId: BigInt(id),
  packetTime: id,
  dataStart: id,
  dataEnd: id,
  payload: Buffer.alloc(size),
});

describe("packets on their way to a reader", () => {
  function feedOf({ everyId = true, capacity = 1e6 } = {}) {
    const queue = new PacketQueue<Packet>(capacity, () => {}, new Turns());
    const gaps: [bigint, bigint][] = [];
    const flaws: string[] = [];
    const feed = new Feed(queue, {
      everyId,
      onGap: (first, last) => gaps.push([first, last]),
      onFlaw: (_packet, header) => flaws.push(header),
    });
    const taken = () => {
      const ids: number[] = [];
      for (let next = queue.take(); next; next = queue.take()) ids.push(Number(next.packetId));
      return ids;
    };
    return { feed, queue, gaps, flaws, taken };
  }

  it("pass in order, and what is missing between them is told where all were asked for", () => {
    for (const everyId of [true, false]) {
      const { feed, gaps, flaws, taken } = feedOf({ everyId });
      feed.beginAfter({ packetId: 4n, packetTime: 4 });
      for (const id of [5, 6, 9, 3, 4]) feed.packet(packet(id), id === 9 ? "a header" : undefined);
      assert.deepEqual(taken(), [5, 6, 9, 3, 4]);
      assert.deepEqual(gaps, everyId ? [[7n, 8n]] : []);
      assert.deepEqual(flaws, ["a header"]);
      assert.equal(feed.passed, 5);
      assert.equal(feed.position?.packetId, 4n);
    }
  });

  it("are held from a suspicious jump on, and pass when they are released, or never", () => {
    for (const isRight of [true, false]) {
      const { feed, gaps, taken } = feedOf();
      const jumps: object[] = [];
      feed.suspiciousJump = 100n;
      feed.onJump = (jump) => jumps.push(jump);
      for (const id of [1, 100, 200, 201]) feed.packet(packet(id));
      assert.deepEqual(taken(), [1, 100]);
      assert.deepEqual(jumps, [{ last: 100n, next: 200n }]);
      assert.equal(feed.position?.packetId, 100n);
      if (isRight) {
        feed.trustNext();
        feed.release();
        assert.deepEqual(taken(), [200, 201]);
        assert.deepEqual(gaps, [
          [2n, 99n],
          [101n, 199n],
        ]);
      } else {
        feed.discard();
        feed.packet(packet(101));
        assert.deepEqual(taken(), [101]);
      }
      // It was trusted once.
      feed.packet(packet(1000));
      assert.equal(jumps.length, 2);
    }
  });

  it("stay held, those of before too, when they are to be held once more", () => {
    const { feed, taken } = feedOf();
    feed.hold();
    feed.packet(packet(1));
    feed.hold();
    feed.packet(packet(2));
    assert.deepEqual([taken(), feed.passed, feed.position], [[], 0, undefined]);
    feed.release();
    feed.release();
    feed.packet(packet(3));
    assert.deepEqual([taken(), feed.passed], [[1, 2, 3], 3]);
    feed.beginAfter(undefined);
    assert.equal(feed.position, undefined);
  });

  it("make the connection wait where the reader is slow, or too many are held", () => {
    const slow = feedOf({ capacity: 5000 });
    assert.equal(slow.feed.full, false);
    slow.feed.packet(packet(1, 5000));
    assert.equal(slow.feed.full, true);
    slow.taken();
    assert.equal(slow.feed.full, false);
    const { feed, taken } = feedOf();
    feed.hold();
    for (let id = 1; id <= 1000; id++) feed.packet(packet(id));
    assert.equal(feed.full, false);
    feed.packet(packet(1001));
    assert.equal(feed.full, true);
    assert.deepEqual(taken(), []);
    feed.release();
    assert.equal(feed.full, false);
    assert.equal(taken().length, 1001);
  });
});
