// lib/datalink/protocol/position.ts and packet.ts: where a reader wants to begin, and where it is.
import assert from "node:assert/strict";
import { isPacketId, type Packet } from "../../lib/datalink/protocol/packet.ts";
import { type From, isPosition, parseFrom, positionOf } from "../../lib/datalink/protocol/position.ts";

const LAST_ID = 2n ** 64n - 11n;

describe("where to begin", () => {
  it("is an end of the ring, a time, or behind a packet", () => {
    assert.deepEqual(parseFrom("earliest"), { kind: "earliest" });
    assert.deepEqual(parseFrom("latest"), { kind: "latest" });
    assert.deepEqual(parseFrom("1970-01-01T00:00:01Z"), { kind: "time", time: 1_000_000 });
    assert.deepEqual(parseFrom(new Date(5)), { kind: "time", time: 5000 });
    const position = { packetId: 5n, packetTime: undefined, dataEnd: undefined };
    assert.deepEqual(parseFrom({ packetId: 5n }), { kind: "after", position });
    assert.deepEqual(parseFrom({ packetId: 0n, time: new Date(1), dataEnd: 7 }), {
      ...{ kind: "after", position: { packetId: 0n, packetTime: 1000, dataEnd: 7 } },
    });
  });

  it("is refused where it is none", () => {
    for (const from of [
      ...["soon", "", null, undefined, {}, Number.NaN, 2 ** 53, { packetId: 5 }, { packetId: -1n }],
      ...[{ packetId: LAST_ID + 1n }, { packetId: 5n, time: "soon" }, { packetId: 5n, dataEnd: 2 ** 60 }],
    ])
      assert.throws(() => parseFrom(from as From), { code: "INVALID_ARGUMENT" });
    assert.throws(() => parseFrom("x".repeat(100) as From), {
      message: `"${"x".repeat(80)}" is not a place to begin: give "earliest", "latest", a time, or { packetId, time }.`,
    });
  });
});

describe("a position", () => {
  it("has an id that a server can have, and exact times", () => {
    for (const id of [0n, LAST_ID]) assert.ok(isPacketId(id));
    for (const id of [-1n, LAST_ID + 1n, 5, "5", undefined]) assert.ok(!isPacketId(id as bigint));
    assert.ok(isPosition({ packetId: 5n }) && isPosition({ packetId: 5n, packetTime: -1, dataEnd: 0 }));
    for (const position of [
      ...[
        undefined,
        {},
        { packetId: 5 },
        { packetId: 5n, packetTime: 1.5 },
        { packetId: 5n, dataEnd: 2 ** 53 },
      ],
      { packetId: 5n, packetTime: null },
    ])
      assert.ok(!isPosition(position as { packetId: bigint }));
    const packet = { packetId: 5n, packetTime: 2 ** 53, dataEnd: 7 } as Packet;
    assert.deepEqual(positionOf(packet), { packetId: 5n, packetTime: undefined, dataEnd: 7 });
    assert.deepEqual(positionOf({ ...packet, packetTime: 6, dataEnd: 8.6e18 }), {
      ...{ packetId: 5n, packetTime: 6, dataEnd: undefined },
    });
  });
});
