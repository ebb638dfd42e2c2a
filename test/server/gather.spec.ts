// lib/server/ring/gather.ts and selection.ts: a reader's next packets, as many as fit, and only those that are selected.
import assert from "node:assert/strict";
import { mock } from "node:test";
import { compileNow } from "../../lib/server/access/pattern.ts";
import { gather, type Wish } from "../../lib/server/ring/gather.ts";
import { Ring } from "../../lib/server/ring/ring.ts";
import { Selection } from "../../lib/server/ring/selection.ts";
import { WriteBuffers } from "../../lib/server/ring/write-buffers.ts";

function ringOf(streams: readonly string[], size = 10): Ring {
  const ring = new Ring({ ringBytes: 4 << 20, packetSize: 512, now: () => 1 });
  for (const [i, streamId] of streams.entries())
    ring.append(streamId, i, i, Buffer.alloc(size, 65 + (i % 26)));
  return ring;
}

function wishOf(ring: Ring, wish: Partial<Wish> = {}): Wish {
  return {
    ...{ selection: new Selection(), from: ring.first, end: ring.end, maxBytes: 1 << 20 },
    ...{ until: Number.POSITIVE_INFINITY, prefix: undefined },
    ...wish,
  };
}

/** The frames of packets, one behind the other. */
const frames = (ring: Ring, ...sequences: number[]) =>
  Buffer.concat(sequences.map((sequence) => ring.frameAt(sequence)));

const matching = (match: string) => Object.assign(new Selection(), { match: compileNow(match) });

describe("gathering packets", () => {
  it("takes all between two sequences, byte for byte", () => {
    const ring = ringOf(["A", "B", "A", "C"]);
    assert.deepEqual(gather(ring, wishOf(ring)), {
      ...{ bytes: frames(ring, 0, 1, 2, 3), packets: 4, last: 3, next: 4 },
    });
    assert.deepEqual(gather(ring, wishOf(ring, { from: 1, end: 3 })), {
      ...{ bytes: frames(ring, 1, 2), packets: 2, last: 2, next: 3 },
    });
    assert.deepEqual(gather(ring, wishOf(ring, { from: 4 })), {
      ...{ bytes: Buffer.alloc(0), packets: 0, last: -1, next: 4 },
    });
  });

  it("leaves out what is not selected, at the beginning, in the middle and at the end", () => {
    const ring = ringOf(["B", "A", "B", "A", "A", "B"]);
    assert.deepEqual(gather(ring, wishOf(ring, { selection: matching("A") })), {
      ...{ bytes: frames(ring, 1, 3, 4), packets: 3, last: 4, next: 6 },
    });
    assert.deepEqual(gather(ring, wishOf(ring, { selection: matching("X") })), {
      ...{ bytes: Buffer.alloc(0), packets: 0, last: -1, next: 6 },
    });
  });

  it("takes as many as fit, but one at least, and goes on with the next", () => {
    const ring = ringOf(["A", "A", "A"]);
    const length = ring.lengthAt(0);
    for (const [maxBytes, packets] of [
      [0, 1],
      [2 * length - 1, 1],
      [2 * length, 2],
      [3 * length - 1, 2],
      [3 * length, 3],
    ] as const) {
      const gathered = gather(ring, wishOf(ring, { maxBytes }));
      assert.deepEqual([gathered.packets, gathered.next, gathered.last], [packets, packets, packets - 1]);
      assert.equal(gathered.bytes.length, packets * length);
    }
  });

  it("looks at 10,000 packets at most", () => {
    const ring = ringOf(Array.from({ length: 10_003 }, (_, i) => (i === 10_000 ? "A" : "B")));
    const selection = matching("A");
    assert.deepEqual(
      [gather(ring, wishOf(ring, { selection }))].map(({ packets, next }) => [packets, next]),
      [[0, 10_000]],
    );
    assert.equal(gather(ring, wishOf(ring, { selection, from: 1 })).packets, 1);
  });

  it("puts before each frame what its transport wants", () => {
    const ring = ringOf(["A", "B", "A"]);
    const prefix = (length: number) => Buffer.from(`<${length}>`);
    const { bytes } = gather(ring, wishOf(ring, { prefix, selection: matching("A") }));
    const parts = [0, 2].flatMap((sequence) => [prefix(ring.lengthAt(sequence)), ring.frameAt(sequence)]);
    assert.deepEqual(bytes, Buffer.concat(parts));
    const all = gather(ring, wishOf(ring, { prefix }));
    assert.equal(all.bytes.length, frames(ring, 0, 1, 2).length + 3 * prefix(ring.lengthAt(0)).length);
  });

  it("takes its memory from where it is given back to", () => {
    const ring = ringOf(
      Array.from({ length: 300 }, () => "A"),
      400,
    );
    const buffers = new WriteBuffers();
    const { bytes } = gather(ring, wishOf(ring, { buffers, maxBytes: 128 * 1024 }));
    buffers.giveBack(bytes);
    assert.equal(buffers.take(bytes.length).buffer, bytes.buffer);
  });

  it("takes no memory where nothing is selected", () => {
    const ring = ringOf(["A", "A"]);
    const buffers = new WriteBuffers();
    const take = mock.method(buffers, "take");
    gather(ring, wishOf(ring, { buffers, selection: matching("X") }));
    assert.equal(take.mock.callCount(), 0);
    gather(ring, wishOf(ring, { buffers }));
    assert.equal(take.mock.callCount(), 1);
  });

  it("stops when its time is over behind a stream that a pattern had to be asked about, and not behind others", () => {
    const ring = ringOf(["A", "A", "B", "C", "C"]);
    const selection = matching("A|B|C");
    const rounds: number[] = [];
    for (let from = 0; from < ring.end; from = rounds.at(-1)!)
      rounds.push(gather(ring, wishOf(ring, { selection, from, until: 0 })).next);
    assert.deepEqual(rounds, [1, 3, 4, 5]);
    assert.equal(gather(ring, wishOf(ring, { selection, until: 0 })).next, 5, "all are known");
    const other = gather(ring, wishOf(ring, { selection: matching("A|B|C") }));
    assert.equal(other.next, 5, "there is time");
  });
});

describe("a selection", () => {
  const ring = ringOf(["XX_A", "XX_B", "YY_A"]);
  const has = (selection: Selection) => [0, 1, 2].map((sequence) => selection.has(ring.streamAt(sequence)));

  it("has what is matched, not rejected and permitted, and forgets its answers when one of them changes", () => {
    const selection = new Selection();
    assert.deepEqual([selection.all, has(selection), selection.decisions], [true, [true, true, true], 0]);
    selection.match = compileNow("XX");
    assert.deepEqual([selection.all, has(selection)], [false, [true, true, false]]);
    selection.reject = compileNow("_B");
    assert.deepEqual(has(selection), [true, false, false]);
    selection.match = undefined;
    assert.deepEqual([selection.all, has(selection)], [false, [true, false, true]]);
    selection.permitted = (streamId) => streamId.startsWith("YY");
    assert.deepEqual(has(selection), [false, false, true]);
    assert.deepEqual([selection.permits("YY_B"), selection.permits("XX_A")], [true, false]);
    selection.reject = undefined;
    assert.deepEqual([selection.all, has(selection)], [false, [false, false, true]]);
    selection.permitted = undefined;
    assert.deepEqual(
      [selection.all, has(selection), selection.permits("XX_A")],
      [true, [true, true, true], true],
    );
  });

  it("asks once for each stream, also where another one has taken its slot", () => {
    const small = new Ring({ ringBytes: 400, packetSize: 100 });
    const selection = matching("A");
    const ask = (streamId: string) => {
      small.append(streamId, 0, 0, Buffer.alloc(100));
      return selection.has(small.streamAt(small.end - 1));
    };
    assert.deepEqual([ask("A1"), ask("A1"), selection.decisions], [true, true, 1]);
    assert.deepEqual([ask("B1"), ask("B1"), selection.decisions], [false, false, 2]);
    // The ring has room for two packets: the slots of those that have left it are used again.
    const slots = new Set<number>();
    for (let i = 2; i < 20; i++) {
      assert.equal(ask(i % 2 ? `B${i}` : `A${i}`), i % 2 === 0);
      slots.add(small.streamAt(small.end - 1).slot);
    }
    assert.ok(slots.size < 5, [...slots].join());
    assert.equal(selection.decisions, 20);
  });
});
