// lib/datalink/writer.ts: every packet reaches the ring in order, across losses; one that is refused fails alone.
import assert from "node:assert/strict";
import { encodeFrame } from "../../lib/datalink/protocol/frame.ts";
import type { PacketInput } from "../../lib/datalink/protocol/packet.ts";
import { encodeError, encodeOk } from "../../lib/datalink/protocol/replies.ts";
import { PacketWriter, type PacketWriterOptions, type WriterEvent } from "../../lib/datalink/writer.ts";
import { DataLinkServer } from "../../lib/server/server.ts";
import { recordEvents } from "../support/events.ts";
import { FaultProxy, seededRandom } from "../support/network/fault-proxy.ts";
import { scriptedPeer } from "../support/network/scripted-peer.ts";

const fast = { minDelay: 1, maxDelay: 20 };

function packet(n: number, streamId = "XX_TEST/TEXT"): PacketInput {
  return { streamId, dataStart: n, payload: `packet ${n}` };
}

/** What became of each: the value, or the error's code. */
async function outcomes(promises: Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((it) => (it.status === "fulfilled" ? it.value : it.reason.code));
}

const opened: PacketWriter[] = [];

function open(url: string, options: PacketWriterOptions = {}) {
  const events = recordEvents<WriterEvent>();
  const writer = new PacketWriter(url, { backoff: fast, onEvent: events.onEvent, ...options });
  opened.push(writer);
  return { writer, events };
}

describe("PacketWriter", () => {
  afterEach(async () => {
    for (const writer of opened.splice(0)) await writer.close({ timeout: 100 });
  });

  it("writes in order, and resolves with the packets' ids", async () => {
    await using server = await DataLinkServer.listen({ port: 0 });
    const { writer } = open(server.url, { maxInFlight: 7 });
    const ids = await Promise.all(Array.from({ length: 500 }, (_, n) => writer.write(packet(n))));
    assert.deepEqual(
      ids,
      ids.map((_, n) => BigInt(n + 1)),
    );
    assert.equal(writer.pending, 0);
  });

  it("keeps no more than maxInFlight packets unacknowledged", async () => {
    let unanswered = 0;
    let most = 0;
    await using peer = await scriptedPeer((command, socket) => {
      if (command.words[0] !== "WRITE") return undefined;
      most = Math.max(most, ++unanswered);
      setImmediate(() => {
        unanswered--;
        socket.write(encodeOk(1n));
      });
      return "";
    });
    const { writer } = open(peer.url, { maxInFlight: 3 });
    await Promise.all(Array.from({ length: 30 }, (_, n) => writer.write(packet(n))));
    assert.equal(most, 3);
  });

  it("makes a source wait that asks whether it is ready", async () => {
    await using peer = await scriptedPeer(() => undefined);
    const { writer } = open(peer.url, { maxInFlight: 2 });
    await writer.ready();
    const writes = [writer.write(packet(1)), writer.write(packet(2))];
    const ready = writer.ready();
    let isReady = false;
    void ready.then(() => {
      isReady = true;
    });
    await peer.heard("WRITE", 2);
    assert.equal(isReady, false);
    const [socket] = peer.sockets;
    socket!.write(encodeOk(1n));
    await ready;
    socket!.write(encodeOk(2n));
    assert.deepEqual(await outcomes(writes), [1n, 2n]);
    await writer.close();
    await assert.rejects(writer.ready(), { code: "CLOSED" });
  });

  it("sends again, in order, what was not acknowledged when the connection was lost", async () => {
    await using server = await DataLinkServer.listen({ port: 0 });
    await using proxy = await FaultProxy.listen(() => server.port);
    const { writer, events } = open(proxy.url, { maxInFlight: 50 });
    const ids: bigint[] = [];
    for (let n = 0; n < 2000; n += 100) {
      const writes = Array.from({ length: 100 }, (_, i) => writer.write(packet(n + i)));
      if (n % 500 === 0) proxy.cut();
      ids.push(...(await Promise.all(writes)));
    }
    assert.ok(events.count("disconnected") >= 3);
    assert.ok(ids.every((id, i) => i === 0 || id > ids[i - 1]!));
  });

  it("fails a packet that the server refuses, and only that one", async () => {
    let id = 0n;
    await using peer = await scriptedPeer((command) => {
      if (command.words[0] !== "WRITE") return undefined;
      if (command.words[1] === "BAD/TEXT") return [encodeError("Error adding packet to ring"), "close"];
      return encodeOk(++id);
    });
    const { writer, events } = open(peer.url);
    const names = ["A/TEXT", "BAD/TEXT", "B/TEXT", "C/TEXT", "BAD/TEXT", "D/TEXT"];
    const results = await outcomes(names.map((name, n) => writer.write(packet(n, name))));
    assert.deepEqual(results, [1n, "SERVER_ERROR", 2n, 3n, "SERVER_ERROR", 4n]);
    assert.equal(events.count("disconnected"), 2);
  });

  describe("where the server closes the connection without a word", () => {
    /** A server that takes packets until `isBad` says so; it counts their ids. */
    function moody(isBad: (streamId: string) => boolean, end: "close" | "reset" = "close") {
      const written: string[] = [];
      return scriptedPeer((command) => {
        if (command.words[0] !== "WRITE") return undefined;
        if (isBad(command.words[1]!)) return [end];
        written.push(command.words[1]!);
        return encodeOk(BigInt(written.length));
      }).then((peer) => Object.assign(peer, { written }));
    }

    for (const end of ["close", "reset"] as const) {
      it(`gives up a packet at which it does so again and again, and takes others (${end})`, async () => {
        await using peer = await moody((streamId) => streamId === "BAD/TEXT", end);
        const { writer, events } = open(peer.url, { maxInFlight: 10 });
        const names = "A B BAD C D BAD BAD E F G H I J K L M N O".split(" ").map((name) => `${name}/TEXT`);
        const writes = names.map((name, n) => writer.write(packet(n, name)));
        const results = await outcomes(writes);
        assert.deepEqual(
          results.map((result) => (typeof result === "bigint" ? "taken" : result)),
          names.map((name) => (name === "BAD/TEXT" ? "PACKET_REJECTED" : "taken")),
        );
        // One whose acknowledgement was lost is there twice; none has overtaken another.
        assert.deepEqual(
          [...new Set(peer.written)],
          names.filter((name) => name !== "BAD/TEXT"),
        );
        await assert.rejects(writes[2]!, {
          message:
            /^datalink:\S+ closed the connection each time it was sent this packet of BAD\/TEXT \(8 bytes\), and took others in between: it was given up, after 6 times\. .*log/,
        });
        const { error } = await events.wait("disconnected", ({ error }) => /BAD/.test(error.message));
        assert.equal(error.code, "CONNECTION_LOST");
        assert.match(
          error.message,
          /lost.* each time right after a packet of BAD\/TEXT \(8 bytes\) was sent/,
        );
        assert.equal(await writer.write(packet(1)), BigInt(peer.written.length));
      });
    }

    it("tells by an event of one given up whose writer did not wait", async () => {
      await using peer = await moody((streamId) => streamId === "BAD/TEXT");
      const { writer, events } = open(peer.url);
      await writer.write(packet(1, "BAD/TEXT"), { ack: false });
      await Promise.all([2, 3, 4, 5].map((n) => writer.write(packet(n))));
      const { error, streamId } = await events.wait("packet-refused");
      assert.deepEqual([error.code, streamId], ["PACKET_REJECTED", "BAD/TEXT"]);
    });

    it("gives up none while it does so at every packet", async () => {
      let works = false;
      await using peer = await moody(() => !works);
      const { writer, events } = open(peer.url, { maxInFlight: 10 });
      const names = Array.from({ length: 20 }, (_, n) => `S${n}/TEXT`);
      const results = outcomes(names.map((name, n) => writer.write(packet(n, name))));
      await events.wait("disconnected", ({ attempt }) => attempt === 25);
      works = true;
      assert.ok((await results).every((result) => typeof result === "bigint"));
      // The one that shows that packets are taken again is before those that it was to show it for.
      const [, ...others] = peer.written;
      assert.deepEqual([...peer.written].sort(), [...names].sort());
      assert.deepEqual(
        others,
        names.filter((name) => name !== peer.written[0]),
      );
    });

    it("gives up none before others are there that it takes", async () => {
      await using peer = await moody((streamId) => streamId === "BAD/TEXT");
      const { writer, events } = open(peer.url);
      const bad = outcomes([writer.write(packet(1, "BAD/TEXT"))]);
      await events.wait("disconnected", ({ attempt }) => attempt === 15);
      assert.equal(writer.pending, 1);
      for (let n = 2; writer.pending > 0; n++) await writer.write(packet(n));
      assert.deepEqual(await bad, ["PACKET_REJECTED"]);
    });

    it("gives up none because the server does not answer", async () => {
      let answers = false;
      const silent = new Set<unknown>();
      await using peer = await scriptedPeer((command, socket) => {
        if (command.words[0] !== "WRITE") return undefined;
        if (!answers && command.words[1] === "SLOW/TEXT") silent.add(socket);
        return silent.has(socket) ? "" : encodeOk(1n);
      });
      const { writer, events } = open(peer.url, { timeout: { command: 10 } });
      const names = ["SLOW/TEXT", ..."ABCDEFGHIJKL".split("").map((name) => `${name}/TEXT`)];
      const writes = outcomes(names.map((name, n) => writer.write(packet(n, name))));
      const { error } = await events.wait("disconnected", ({ attempt }) => attempt === 15);
      assert.equal(error.code, "TIMEOUT");
      answers = true;
      assert.ok((await writes).every((result) => result === 1n));
    });

    it("gives up none because of a network that cuts connections", async () => {
      await using server = await DataLinkServer.listen({ port: 0 });
      const faults = { random: seededRandom(7), bytesToFault: 1500, maxDelay: 2 };
      await using proxy = await FaultProxy.listen(() => server.port, faults);
      const { writer, events } = open(proxy.url, { maxInFlight: 20, timeout: 200 });
      const payload = Buffer.alloc(400);
      const writes = Array.from({ length: 300 }, (_, n) => writer.write({ ...packet(n), payload }));
      const results = await outcomes(writes);
      assert.ok(results.every((result) => typeof result === "bigint"));
      assert.ok(events.count("disconnected") > 30, `${events.count("disconnected")} losses`);
    });
  });

  it("fails what cannot be sent without losing the connection", async () => {
    await using server = await DataLinkServer.listen({ port: 0 });
    const { writer, events } = open(server.url);
    const large = { ...packet(2), payload: Buffer.alloc(513) };
    const writes = [packet(1), large, packet(3, "A B"), packet(4)].map((it) => writer.write(it));
    assert.deepEqual(await outcomes(writes), [1n, "TOO_LARGE", "INVALID_ARGUMENT", 2n]);
    assert.equal(events.count("disconnected"), 0);
  });

  it("tells by an event of a refused packet whose writer did not wait", async () => {
    await using server = await DataLinkServer.listen({ port: 0 });
    const { writer, events } = open(server.url);
    assert.equal(await writer.write(packet(1), { ack: false }), undefined);
    await writer.write({ ...packet(2), payload: Buffer.alloc(513) }, { ack: false }).catch(() => {});
    const { error } = await events.wait("packet-refused");
    assert.equal(error.code, "TOO_LARGE");
    assert.equal(await writer.write(packet(3)), 2n);
  });

  it("keeps packets while there is no server, and no more than it may", async () => {
    const server = await DataLinkServer.listen({ port: 0 });
    const { port } = server;
    await server.close();
    const { writer, events } = open(`127.0.0.1:${port}`, { maxWaitingBytes: 1000 });
    const writes = [1, 2, 3].map((n) => writer.write(packet(n)));
    await assert.rejects(writer.write(packet(4)), { code: "QUEUE_FULL", message: /3 packets already wait/ });
    await events.wait(
      "disconnected",
      (event) => event.attempt === 2 && event.error.code === "CONNECTION_REFUSED",
    );
    await using back = await DataLinkServer.listen({ port });
    assert.deepEqual(await outcomes(writes), [1n, 2n, 3n]);
    assert.equal(await writer.write(packet(5)), 4n);
    assert.equal(back.status.packets, 4);
  });

  it("fails all packets where this client may not write", async () => {
    await using peer = await scriptedPeer(
      () => undefined,
      "ID DataLink v1.1 (X/1) :: DLPROTO:1.1 PACKETSIZE:512",
    );
    const { writer, events } = open(peer.url);
    const writes = [1, 2].map((n) => writer.write(packet(n)));
    assert.deepEqual(await outcomes(writes), ["NOT_PERMITTED", "NOT_PERMITTED"]);
    assert.equal((await events.wait("refused")).error.code, "NOT_PERMITTED");
  });

  it("does not send what its caller has given up", async () => {
    const controller = new AbortController();
    const written: string[] = [];
    await using peer = await scriptedPeer((command) => {
      if (command.words[0] === "WRITE") written.push(command.words[1]!);
      return command.words[0] === "ID" ? undefined : encodeOk(1n);
    });
    const { writer } = open(peer.url);
    const kept = writer.write(packet(1, "A/TEXT"));
    const aborted = writer.write(packet(2, "B/TEXT"), { signal: controller.signal });
    controller.abort();
    await assert.rejects(aborted, { code: "ABORTED" });
    await kept;
    await writer.write(packet(3, "C/TEXT"));
    assert.deepEqual(written, ["A/TEXT", "C/TEXT"]);
    await assert.rejects(writer.write(packet(4), { signal: controller.signal }), { code: "ABORTED" });
  });

  describe("close", () => {
    it("waits until everything is acknowledged", async () => {
      await using server = await DataLinkServer.listen({ port: 0 });
      const { writer } = open(server.url, { maxInFlight: 3 });
      const writes = Array.from({ length: 100 }, (_, n) => writer.write(packet(n)));
      await writer.close();
      assert.equal(server.status.packets, 100);
      await Promise.all(writes);
      await assert.rejects(writer.write(packet(1)), { code: "CLOSED" });
    });

    it("fails in time what the server never takes", async () => {
      await using peer = await scriptedPeer(() => undefined);
      const { writer } = open(peer.url, { maxInFlight: 1 });
      const writes = [1, 2].map((n) => writer.write(packet(n)));
      const results = outcomes(writes);
      await writer.close({ timeout: 30 });
      assert.deepEqual(await results, ["CLOSED", "CLOSED"]);
    });

    it("does not wait for a server that is not there", async () => {
      await using peer = await scriptedPeer(() => encodeFrame("NONSENSE"));
      const { writer, events } = open(peer.url);
      await events.wait("disconnected");
      await writer.close();
    });
  });

  it("refuses options that make no sense", () => {
    assert.throws(() => new PacketWriter("nowhere at all"), { code: "INVALID_ADDRESS" });
    assert.throws(() => new PacketWriter("127.0.0.1:1", { maxInFlight: 0 }), { code: "INVALID_ARGUMENT" });
  });
});
