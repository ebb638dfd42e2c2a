// lib/datalink/core/begin.ts: what is made of ids that jump, as they do where ringserver has left packets out, or by nature.
import assert from "node:assert/strict";
import { type Beginning, checkJump } from "../../lib/datalink/core/begin.ts";
import { Feed } from "../../lib/datalink/core/feed.ts";
import type { ClientCommand } from "../../lib/datalink/protocol/client-requests.ts";
import type { Packet } from "../../lib/datalink/protocol/packet.ts";
import { PacketQueue } from "../../lib/subscription/packet-queue.ts";
import { Turns } from "../../lib/subscription/turns.ts";

const packet = (id: bigint): Packet => ({
  ...{ streamId: "A/T", packetId: id, packetTime: 1, dataStart: 1, dataEnd: 1, payload: Buffer.alloc(1) },
});

/** A reader to whom a packet has come behind a jump, of a ring that holds what it is said to. */
function jumped(last: bigint, next: bigint, ring: { earliest: bigint; latest: bigint }) {
  const said: string[] = [];
  const passed: bigint[] = [];
  const queue = new PacketQueue<Packet>(1 << 20, () => {}, new Turns());
  const feed = new Feed(queue, {
    everyId: true,
    onGap: (first, end) => void said.push(`gap ${first}-${end}`),
    onFlaw() {},
  });
  const connection = {
    name: "ring",
    endStream: async () => void said.push("ends"),
    startStream: () => void said.push("streams"),
    async run(command: ClientCommand<unknown>) {
      said.push(command.name);
      const [word, id] = command.name.split(" ");
      if (word === "READ") return await command.read({ kind: "PACKET", ...packet(BigInt(id!)), size: 1 });
      return {
        status: { earliestPacketId: ring.earliest, latestPacketId: ring.latest, maximumPackets: 50 },
        streams: [],
      };
    },
  };
  const it = {
    ...{ session: { connection, server: { software: "RingServer/4.5.3", packetSize: 65_536 } }, feed },
    ...{ filtered: false, onEarliest() {} },
  } as unknown as Beginning;
  feed.suspiciousJump = 50n;
  feed.onJump = () => {};
  feed.beginAfter({ packetId: last, packetTime: undefined, dataEnd: undefined });
  feed.packet(packet(next));
  const check = async () => {
    await checkJump(it, { last, next });
    for (let each = queue.take(); each; each = queue.take()) passed.push(each.packetId);
    return said;
  };
  return { check, passed, feed };
}

describe("ids that jump", () => {
  it("are those of packets that were left out where the ring still has some of them: those are read", async () => {
    for (const earliest of [101n, 159n]) {
      const { check, passed, feed } = jumped(100n, 160n, { earliest, latest: earliest + 2n });
      const reads = [0n, 1n, 2n].map((i) => `READ ${earliest + i}`);
      const gap = earliest > 101n ? [`gap 101-${earliest - 1n}`] : [];
      assert.deepEqual(await check(), ["ends", "INFO STATUS", "INFO STATUS", ...reads, "streams", ...gap]);
      assert.deepEqual(passed, [earliest, earliest + 1n, earliest + 2n]);
      assert.equal(feed.suspiciousJump, 50n);
    }
  });

  it("are far apart by nature where it has all from before the jump, or nothing from within it", async () => {
    for (const earliest of [100n, 1n, 160n, 500n]) {
      const { check, passed, feed } = jumped(100n, 160n, { earliest, latest: 600n });
      assert.deepEqual(await check(), ["ends", "INFO STATUS", "gap 101-159", "streams"]);
      assert.deepEqual(passed, [160n]);
      assert.equal(feed.suspiciousJump, 120n, "only a jump that is twice as large is worth asking for again");
    }
  });

  it("leave a larger measure as it is", async () => {
    for (const [known, then] of [
      [119n, 120n],
      [121n, 121n],
    ] as const) {
      const { check, feed } = jumped(100n, 160n, { earliest: 1n, latest: 600n });
      feed.suspiciousJump = known;
      await check();
      assert.equal(feed.suspiciousJump, then);
    }
  });
});
