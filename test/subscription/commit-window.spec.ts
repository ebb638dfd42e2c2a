// lib/subscription/commit-window.ts: what is in flight, by number and by bytes.
import assert from "node:assert/strict";
import { CommitWindow } from "../../lib/subscription/commit-window.ts";
import { sizeOf } from "../../lib/subscription/packet-queue.ts";

const packet = (size: number) => ({ payload: Buffer.alloc(size) });
const passed = (window: CommitWindow<{ payload: Buffer }>, it: { payload: Buffer }) => {
  const reached: { payload: Buffer }[] = [];
  assert.equal(
    window.commit(it, (one) => reached.push(one)),
    reached.length > 0,
  );
  return reached;
};

describe("the commit window", () => {
  it("is full at so many packets, and passes them in order whatever the order of their commits", () => {
    const window = new CommitWindow<{ payload: Buffer }>({ packets: 3, bytes: 1e9 });
    const [a, b, c] = [packet(1), packet(1), packet(1)];
    for (const one of [a, b, c]) {
      assert.equal(window.isFull, false);
      window.add(one);
    }
    assert.equal(window.isFull, true);
    assert.deepEqual(passed(window, c), []);
    assert.deepEqual(passed(window, a), [a]);
    assert.equal(window.isFull, false);
    assert.deepEqual(passed(window, b), [b, c]);
    assert.deepEqual(passed(window, b), [], "twice counts once");
    assert.equal(window.length, 0);
  });

  it("is full at so many bytes, and always has room for one packet", async () => {
    const large = packet(5000);
    const window = new CommitWindow<{ payload: Buffer }>({ packets: 1000, bytes: 2 * sizeOf(packet(100)) });
    assert.equal(window.isFull, false);
    window.add(large);
    assert.equal(window.isFull, true);
    let isOpen = false;
    const room = window.room().then(() => {
      isOpen = true;
    });
    await Promise.resolve();
    assert.equal(isOpen, false);
    passed(window, large);
    await room;
    window.add(packet(100));
    assert.equal(window.isFull, false);
    window.add(packet(100));
    assert.equal(window.isFull, true);
  });
});
