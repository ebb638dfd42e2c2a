// lib/datalink/subscribe.ts against our own server: every packet once, in order, whatever happens in between.
import assert from "node:assert/strict";
import { eventText } from "../../lib/datalink/event-text.ts";
import { encodeFrame } from "../../lib/datalink/protocol/frame.ts";
import type { Packet } from "../../lib/datalink/protocol/packet.ts";
import type { Position } from "../../lib/datalink/protocol/position.ts";
import { encodeError, encodeInfo } from "../../lib/datalink/protocol/replies.ts";
import {
  type SubscribeOptions,
  type Subscription,
  type SubscriptionEvent,
  subscribe,
} from "../../lib/datalink/subscribe.ts";
import { DataLinkServer } from "../../lib/server/server.ts";
import { recordEvents } from "../support/events.ts";
import { damagingProxy } from "../support/network/damaging-proxy.ts";
import { FaultProxy } from "../support/network/fault-proxy.ts";
import { scriptedPeer } from "../support/network/scripted-peer.ts";

const STREAM = "XX_TEST/TEXT";
const STATUS_XML =
  '<DataLink><Status EarliestPacketID="1" LatestPacketID="9" MaximumPackets="100"/></DataLink>';
const fast = { minDelay: 1, maxDelay: 20 };

/** Writes packets whose data times are their numbers in seconds. */
function fill(server: DataLinkServer, first: number, last: number, streamId = STREAM): void {
  for (let n = first; n <= last; n++) {
    server.write({ streamId, dataStart: n * 1e6, dataEnd: n * 1e6 + 999_999, payload: `packet ${n}` });
  }
}

async function take(subscription: Subscription, count: number): Promise<Packet[]> {
  const packets: Packet[] = [];
  while (packets.length < count) {
    const result = await subscription.next();
    assert.ok(!result.done, "the subscription ended");
    packets.push(result.value);
  }
  return packets;
}

const texts = (packets: Packet[]) => packets.map((packet) => packet.payload.toString());
const numbered = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => `packet ${first + i}`);

describe("subscribe", () => {
  let server: DataLinkServer;
  let proxy: FaultProxy;
  const opened: Subscription[] = [];

  beforeEach(async () => {
    server = await DataLinkServer.listen({ port: 0 });
    proxy = await FaultProxy.listen(() => server.port);
  });
  afterEach(async () => {
    for (const subscription of opened.splice(0)) await subscription.close();
    await proxy[Symbol.asyncDispose]();
    await server.close();
  });

  function open({ url = proxy.url, ...options }: SubscribeOptions & { url?: string } = {}) {
    const events = recordEvents<SubscriptionEvent>();
    const packets = subscribe(url, { backoff: fast, onEvent: events.onEvent, ...options });
    opened.push(packets);
    return { packets, events };
  }

  async function restart(ringBytes?: number): Promise<void> {
    await server.close();
    server = await DataLinkServer.listen({ port: 0, ringBytes });
  }

  describe("begins", () => {
    it("with the earliest packet, and goes on with what arrives", async () => {
      fill(server, 1, 5);
      const { packets } = open({ from: "earliest" });
      assert.deepEqual(texts(await take(packets, 5)), numbered(1, 5));
      fill(server, 6, 8);
      assert.deepEqual(texts(await take(packets, 3)), numbered(6, 8));
    });

    it("with the packets to come", async () => {
      fill(server, 1, 5);
      const { packets, events } = open();
      await events.wait("started");
      fill(server, 6, 8);
      assert.deepEqual(texts(await take(packets, 3)), numbered(6, 8));
    });

    it("on an empty ring with the first packet", async () => {
      for (const from of ["earliest", "latest", new Date(0)] as const) {
        const { packets, events } = open({ from });
        await events.wait("started");
        fill(server, 1, 2);
        assert.deepEqual(texts(await take(packets, 2)), numbered(1, 2));
        await packets.close();
        await restart();
      }
    });

    it("with the first packet whose data ends at a time or later", async () => {
      fill(server, 1, 9);
      const cases: [SubscribeOptions["from"], string][] = [
        [new Date(4000), "packet 4"],
        [4_999_999, "packet 4"],
        [5_000_000, "packet 5"],
        ["1970-01-01T00:00:05.5Z", "packet 5"],
        [-1n, "packet 1"],
      ];
      for (const [from, first] of cases) {
        const { packets } = open({ from });
        assert.deepEqual(texts(await take(packets, 2))[0], first);
        await packets.close();
      }
    });

    it("with the packets to come, where all data is older than the time", async () => {
      fill(server, 1, 5);
      const { packets, events } = open({ from: new Date(6000) });
      await events.wait("started");
      fill(server, 6, 6);
      assert.deepEqual(texts(await take(packets, 1)), ["packet 6"]);
    });

    it("behind a packet that was seen before", async () => {
      fill(server, 1, 5);
      const seen = open({ from: "earliest" });
      const [, second] = await take(seen.packets, 2);
      await seen.packets.close();
      const from = { packetId: second!.packetId, time: second!.packetTime };
      const { packets, events } = open({ from });
      assert.deepEqual(texts(await take(packets, 3)), numbered(3, 5));
      assert.equal((await events.wait("resumed")).how, "position");
    });

    it("refuses a place that is none", () => {
      for (const from of ["somewhere", Number.NaN, { packetId: 5 }, new Date("x")]) {
        assert.throws(() => subscribe(server.url, { from: from as "latest" }), { code: "INVALID_ARGUMENT" });
      }
      assert.throws(() => subscribe("nowhere at all"), { code: "INVALID_ADDRESS" });
      assert.throws(() => subscribe(server.url, { maxInFlight: 0 }), { code: "INVALID_ARGUMENT" });
    });
  });

  it("delivers only what match and reject let through, also of the first packets", async () => {
    for (let n = 1; n <= 20; n++) fill(server, n, n, `XX_${"ABCD"[n % 4]}/TEXT`);
    const { packets } = open({ from: "earliest", match: /_[ABC]\//, reject: "_B" });
    const wanted = numbered(1, 20).filter((_, i) => (i + 1) % 4 === 0 || (i + 1) % 4 === 2);
    assert.deepEqual(texts(await take(packets, 10)), wanted);
  });

  describe("after a loss", () => {
    it("goes on behind the last packet, which the reader may not have taken yet", async () => {
      fill(server, 1, 100);
      const { packets, events } = open({ from: "earliest" });
      assert.deepEqual(texts(await take(packets, 10)), numbered(1, 10));
      proxy.cut();
      await events.wait("disconnected");
      fill(server, 101, 110);
      assert.equal((await events.wait("resumed")).how, "position");
      assert.deepEqual(texts(await take(packets, 100)), numbered(11, 110));
      assert.equal(events.count("gap"), 0);
    });

    it("loses nothing of what arrives before the first packet did", async () => {
      fill(server, 1, 3);
      const { packets, events } = open({ from: "latest" });
      await events.wait("started");
      proxy.cut();
      fill(server, 4, 5);
      await events.wait("resumed");
      assert.deepEqual(texts(await take(packets, 2)), numbered(4, 5));
    });

    it("tells which packets the ring has lost meanwhile, and goes on with the earliest", async () => {
      await restart(4096);
      const { packets, events } = open({ from: "earliest" });
      await events.wait("started");
      fill(server, 1, 3);
      await take(packets, 3);
      proxy.cut();
      fill(server, 4, 500);
      const { how } = await events.wait("resumed");
      const { firstId, lastId } = await events.wait("gap");
      const [next] = await take(packets, 1);
      assert.deepEqual([how, firstId, lastId], ["earliest", 4n, next!.packetId - 1n]);
      assert.ok(next!.packetId > 4n && next!.packetId < 500n);
    });

    it("tells a reader with a selection with which packet it goes on, and how many ids lie between", async () => {
      await restart(4096);
      const { packets, events } = open({ from: "earliest", match: "^XX_A" });
      await events.wait("started");
      fill(server, 1, 3, "XX_A/TEXT");
      await take(packets, 3);
      proxy.cut();
      for (let n = 4; n <= 500; n += 2) {
        fill(server, n, n, "XX_B/TEXT");
        fill(server, n + 1, n + 1, "XX_A/TEXT");
      }
      const event = await events.wait("resumed");
      const earliest = server.status.earliest!;
      assert.deepEqual([event.how, event.position.packetId], ["earliest", 3n]);
      assert.deepEqual(
        [event.first?.packetId, event.first?.packetTime, event.idsBetween],
        [earliest.packetId, earliest.packetTime, earliest.packetId - 4n],
      );
      const [next] = await take(packets, 1);
      assert.ok(next!.packetId >= earliest.packetId);
      assert.equal(next!.streamId, "XX_A/TEXT");
      assert.equal(events.count("gap"), 0);
      assert.equal(events.count("resumed"), 1);
      const time = new Date(earliest.packetTime / 1000).toISOString().slice(0, 23);
      assert.ok(
        eventText(event).includes(`going on with packet ${earliest.packetId} of ${time}`),
        eventText(event),
      );
      assert.ok(eventText(event).includes(`${earliest.packetId - 4n} packets`), eventText(event));
    });

    it("tells that nothing is lost where only the last packet itself has gone", async () => {
      await restart(4096);
      fill(server, 1, 300, "XX_A/TEXT");
      const { packetId } = server.status.earliest!;
      const { packets, events } = open({ from: { packetId: packetId - 1n }, match: "^XX_A" });
      const event = await events.wait("resumed");
      assert.deepEqual([event.how, event.idsBetween], ["earliest", 0n]);
      assert.equal((await take(packets, 1))[0]!.packetId, packetId);
      assert.match(eventText(event), /any more, but the next one: going on with packet/);
    });

    it("recognises that the ids have begun anew", async () => {
      fill(server, 1, 10);
      const { packets, events } = open({ from: "earliest" });
      await take(packets, 10);
      await restart();
      fill(server, 11, 15);
      assert.equal((await events.wait("resumed")).how, "restarted");
      assert.deepEqual(texts(await take(packets, 5)), numbered(11, 15));
      assert.equal(events.count("gap"), 0);
    });

    it("recognises it also where the new ids are past the old one", async () => {
      fill(server, 1, 10);
      const { packets, events } = open({ from: "earliest" });
      await take(packets, 10);
      await server.close();
      await events.wait("disconnected");
      server = await DataLinkServer.listen({ port: 0 });
      fill(server, 11, 40);
      assert.equal((await events.wait("resumed")).how, "restarted");
      assert.deepEqual(texts(await take(packets, 30)), numbered(11, 40));
    });

    it("takes only what it is to take where the ids have begun anew, also of the first packet", async () => {
      const write = (type: string, number: number) =>
        server.write({ streamId: `XX_A/${type}`, dataStart: new Date(), payload: String(number) });
      for (let number = 1; number <= 6; number++) write(number % 2 ? "OTHER" : "WANTED", number);
      const { packets, events } = open({ from: "earliest", match: "/WANTED" });
      assert.deepEqual(texts(await take(packets, 3)), ["2", "4", "6"]);
      await restart();
      for (let number = 7; number <= 12; number++) write(number % 2 ? "OTHER" : "WANTED", number);
      assert.equal((await events.wait("resumed")).how, "restarted");
      assert.deepEqual(texts(await take(packets, 3)), ["8", "10", "12"]);
    });

    it("loses nothing when the connection is lost again before the first of the new packets", async () => {
      fill(server, 1, 3);
      const { packets, events } = open({ from: "latest" });
      await events.wait("started");
      fill(server, 4, 4);
      await take(packets, 1);
      await restart();
      assert.equal((await events.wait("resumed")).how, "restarted");
      proxy.cut();
      fill(server, 5, 6);
      assert.deepEqual(texts(await take(packets, 2)), numbered(5, 6));
    });

    it("goes on trying, and tells each time", async () => {
      const { url } = server;
      await server.close();
      const events = recordEvents<SubscriptionEvent>();
      const packets = subscribe(url, { backoff: fast, onEvent: events.onEvent });
      opened.push(packets);
      const second = await events.wait("disconnected", (event) => event.attempt === 2);
      assert.equal(second.error.code, "CONNECTION_REFUSED");
      assert.ok(second.retryIn <= 20);
      server = await DataLinkServer.listen({ port: Number(new URL(url).port) });
      await events.wait("started");
      fill(server, 1, 1);
      assert.deepEqual(texts(await take(packets, 1)), ["packet 1"]);
    });

    it("asks again, less and less often, for a packet that cannot be read, and says where it is", async () => {
      fill(server, 1, 5);
      let damaged = "1";
      await using damaging = await damagingProxy(
        () => server.port,
        (id) => id === damaged,
      );
      const { packets, events } = open({ url: damaging.url, from: "earliest" });
      const { error } = await events.wait("disconnected", ({ attempt }) => attempt === 5);
      assert.equal(error.code, "PROTOCOL");
      assert.match(error.message, /XX_TEST\/TEXT \?.* What the server sends first cannot be read, each time/);
      damaged = "4";
      assert.deepEqual(texts(await take(packets, 3)), numbered(1, 3));
      const behind = await events.wait("disconnected", (event) => /behind packet/.test(event.error.message));
      assert.match(
        behind.error.message,
        /sends behind packet 3 cannot .* begin at a later packet or time\.$/,
      );
      assert.ok(behind.attempt > 1);
      // Nothing is left out without being asked to.
      const later = open({ url: damaging.url, from: new Date(5000) });
      assert.deepEqual(texts(await take(later.packets, 1)), ["packet 5"]);
      damaged = "none";
      assert.deepEqual(texts(await take(packets, 2)), numbered(4, 5));
    });

    it("delivers packets whose times or ids no number can hold, says so once for a stream, and goes on", async () => {
      const header = (n: number) =>
        n % 10 === 3
          ? `PACKET ${STREAM} ${n} 5 9100000000000001 9999999999999999999999 1`
          : n % 10 === 4
            ? `PACKET ${STREAM} 1844674407370955161${n} 5 6 7 1`
            : `PACKET ${STREAM} ${n} 5 6 7 1`;
      await using peer = await scriptedPeer(({ words }) => {
        if (words[0] === "INFO") return encodeInfo("STATUS", STATUS_XML);
        if (words[0] === "READ") {
          const n = Number(words[1]);
          return n <= 9 && n !== 4
            ? encodeFrame(header(n), Buffer.from(words[1]!))
            : encodeError("Packet not found");
        }
        if (words[0] === "STREAM") return [3, 4, 5].map((n) => encodeFrame(header(n + 10), Buffer.from("x")));
        return undefined;
      });
      const { packets, events } = open({ url: peer.url, from: "earliest", maxInFlight: 100 });
      const got = await take(packets, 11);
      const told = got.map(({ packetId, dataStart, dataEnd }) => [packetId, dataStart, dataEnd]);
      const plain = (n: number) => [BigInt(n), 6, 7];
      const far = (n: number) => [BigInt(n), 9100000000000000, 8.6e18];
      assert.deepEqual(told, [
        ...[1, 2].map(plain),
        far(3),
        ...[5, 6, 7, 8, 9].map(plain),
        far(13),
        [184467440737095516114n, 6, 7],
        plain(15),
      ]);
      const inexact = events.all.filter((event) => event.type === "inexact");
      assert.equal(inexact.length, 1);
      assert.match(inexact[0]!.header, /9100000000000001/);
      // A position behind them is one that a server can have.
      for (const packet of got.slice(0, 10)) packets.commit(packet);
      assert.deepEqual(packets.position, { packetId: 13n, packetTime: 5, dataEnd: undefined });
      assert.equal(events.all.filter((event) => event.type === "disconnected").length, 0);
    });

    it("hands out no more bytes than may be in flight, but always one packet", async () => {
      const payload = Buffer.alloc(400);
      for (let n = 1; n <= 6; n++) server.write({ streamId: STREAM, dataStart: n, payload });
      const { packets } = open({ from: "earliest", maxInFlightBytes: 1300 });
      const first = await take(packets, 2);
      assert.equal(packets.inFlight, 2);
      let isHanded = false;
      const third = take(packets, 1).then(([packet]) => {
        isHanded = true;
        return packet!;
      });
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(isHanded, false);
      packets.commit(first[0]!);
      assert.equal((await third).packetId, 3n);
      const small = open({ from: "earliest", maxInFlightBytes: 1 });
      for (const packet of await take(small.packets, 1)) small.packets.commit(packet);
      assert.equal((await take(small.packets, 1))[0]!.packetId, 2n);
      for (const wrong of [0, -1, Number.NaN]) {
        assert.throws(() => open({ maxInFlightBytes: wrong }), { code: "INVALID_ARGUMENT" });
      }
    });

    it("says that the server refuses a filter, and tries again", async () => {
      const { events } = open({ match: "(" });
      const { error } = await events.wait("refused", (event) => event.attempt === 2);
      assert.equal(error.code, "SERVER_ERROR");
      assert.match(error.message, /refused MATCH 1|refused MATCH/);
    });
  });

  describe("commit", () => {
    function checkpoint(position?: Position) {
      const saved: Position[] = [];
      return {
        saved: saved as readonly Position[],
        flushed: 0,
        load: () => Promise.resolve(position),
        save: (it: Position) => void saved.push(it),
        flush() {
          this.flushed++;
          return Promise.resolve();
        },
      };
    }

    it("moves the position past a packet when all before it are committed", async () => {
      fill(server, 1, 5);
      const store = checkpoint();
      const { packets } = open({ from: "earliest", checkpoint: store });
      const [one, two, three] = (await take(packets, 3)) as [Packet, Packet, Packet];
      packets.commit(two);
      assert.equal(store.saved.length, 0);
      packets.commit(one);
      assert.equal(packets.position?.packetId, 2n);
      packets.commit(one);
      packets.commit(three);
      assert.deepEqual(
        store.saved.map((position) => position.packetId),
        [2n, 3n],
      );
      assert.deepEqual(store.saved[1], {
        packetId: 3n,
        packetTime: three.packetTime,
        dataEnd: three.dataEnd,
      });
      await packets.close();
      assert.equal(store.flushed, 1);
      const again = open({ from: "earliest", checkpoint: checkpoint(store.saved[1]) });
      assert.deepEqual(texts(await take(again.packets, 2)), numbered(4, 5));
    });

    it("holds packets back while maxInFlight of them are not committed", async () => {
      fill(server, 1, 10);
      const { packets } = open({ from: "earliest", maxInFlight: 3 });
      const [one, two] = (await take(packets, 3)) as [Packet, Packet];
      const next = packets.next();
      let arrived = false;
      void next.then(() => {
        arrived = true;
      });
      packets.commit(two);
      await new Promise(setImmediate);
      assert.equal(arrived, false);
      packets.commit(one);
      assert.deepEqual(texts([(await next).value!]), ["packet 4"]);
      await take(packets, 1);
      assert.equal(packets.inFlight, 3);
      const waiting = packets.next();
      await packets.close();
      assert.equal((await waiting).done, true);
    });

    it("does not read the socket while nobody takes packets", async () => {
      const payload = Buffer.alloc(500);
      const { packets, events } = open({ from: "earliest", maxInFlight: 10 });
      await events.wait("started");
      const total = 60_000;
      const write = (count: number) => {
        for (let i = 0; i < count; i++) server.write({ streamId: STREAM, dataStart: 0, payload });
      };
      for (let written = 0; written < total; written += 1000) {
        write(1000);
        await new Promise(setImmediate);
      }
      // 40 MB are on offer; the system's socket buffers take a part, this client only its queue.
      for (let sent = -1; sent !== server.status.packetsOut; ) {
        sent = server.status.packetsOut;
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
      assert.ok(server.status.packetsOut < total, "the server was never made to wait");
      let last = 0n;
      for await (const packet of packets) {
        assert.equal(packet.packetId, ++last);
        packets.commit(packet);
        if (last === BigInt(total)) break;
      }
    });
  });

  it("ends with ABORTED when its signal fires, and quietly when it is closed", async () => {
    fill(server, 1, 3);
    const controller = new AbortController();
    const { packets } = open({ from: "earliest", signal: controller.signal });
    await take(packets, 1);
    controller.abort();
    await assert.rejects(packets.next(), { name: "DataLinkError", code: "ABORTED" });
    assert.deepEqual(await packets.next(), { value: undefined, done: true });
    const closed = open();
    const next = closed.packets.next();
    await closed.packets.close();
    assert.deepEqual(await next, { value: undefined, done: true });
    const never = open({ signal: controller.signal });
    await assert.rejects(never.packets.next(), { code: "ABORTED" });
  });

  it("throws in the loop what the caller's own handlers throw", async () => {
    const onEvent = () => {
      throw new Error("mine");
    };
    await assert.rejects(subscribe(server.url, { onEvent }).next(), /mine/);
    const checkpoint = {
      load: () => Promise.reject(new Error("no disk")),
      save() {},
      flush: () => Promise.resolve(),
    };
    await assert.rejects(subscribe(server.url, { checkpoint }).next(), /no disk/);
    await assert.rejects(subscribe(server.url, { clientId: "ä" }).next(), { code: "INVALID_ARGUMENT" });
  });
});
