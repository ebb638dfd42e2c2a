// lib/datalink/client.ts over TCP against a scripted peer: what is sent, how replies are read, and what goes wrong.
import assert from "node:assert/strict";
import { once } from "node:events";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { DataLinkClient } from "../../lib/datalink/client.ts";
import { encodeFrame } from "../../lib/datalink/protocol/frame.ts";
import type { Packet } from "../../lib/datalink/protocol/packet.ts";
import { encodeError, encodeInfo, encodeOk, packetHeader } from "../../lib/datalink/protocol/replies.ts";
import { DataLinkServer } from "../../lib/server/server.ts";
import { type Answer, type ReceivedCommand, scriptedPeer } from "../support/network/scripted-peer.ts";

function packet(id: bigint, size = 4): Packet {
  const payload = Buffer.alloc(size, Number(id % 256n));
  const time = 1_700_000_000_000_000 + Number(id);
  return { streamId: "A/B", packetId: id, packetTime: time, dataStart: time, dataEnd: time, payload };
}

function packetFrame(id: bigint, size?: number): Buffer {
  const it = packet(id, size);
  return encodeFrame(packetHeader(it, it.payload.length), it.payload);
}

/** Answers the commands that a test names by their first words. */
function answers(table: Record<string, Answer | ((command: ReceivedCommand) => Answer)>) {
  return (command: ReceivedCommand): Answer => {
    const key = Object.keys(table).find((prefix) => command.header.startsWith(prefix));
    const answer = key === undefined ? undefined : table[key];
    return typeof answer === "function" ? answer(command) : answer;
  };
}

describe("DataLinkClient", () => {
  it("identifies itself and reads what the server can do", async () => {
    await using peer = await scriptedPeer(() => undefined);
    await using dali = await DataLinkClient.connect(peer.url, { clientId: "test:me:1:x" });
    assert.deepEqual(dali.server, {
      id: "DataLink v1.1 (RingServer/4.5.3)",
      software: "RingServer/4.5.3",
      protocol: "1.1",
      packetSize: 512,
      write: true,
      capabilities: ["DLPROTO:1.1", "PACKETSIZE:512", "WRITE"],
    });
    await dali.identify("other");
    assert.deepEqual(peer.received, ["ID test:me:1:x", "ID other"]);
  });

  it("logs in before it asks what it may do, and asks nothing more where that is refused", async () => {
    const reads = "ID DataLink v1.1 (RingServer/4.5.3) :: DLPROTO:1.1 PACKETSIZE:512";
    let answer: (bytes: Buffer) => void = () => {};
    await using peer = await scriptedPeer(({ words }, socket) => {
      if (words[0] === "AUTH") answer = (bytes) => socket.write(bytes);
      return words[0] === "AUTH" ? [] : undefined;
    }, reads);
    const options = { clientId: "me", auth: { user: "me", password: "secret" } };
    const connecting = DataLinkClient.connect(peer.url, options);
    await peer.heard("AUTH");
    assert.deepEqual(peer.received, ["ID me", "AUTH USERPASS 9"]);
    answer(encodeOk(0n));
    await using dali = await connecting;
    assert.deepEqual(peer.received, ["ID me", "AUTH USERPASS 9", "ID me"]);
    assert.equal(dali.server.write, false);
    const refused = DataLinkClient.connect(peer.url, options);
    await peer.heard("AUTH", 2);
    answer(encodeError("Authentication failed, not allowed to connect"));
    await assert.rejects(refused, { code: "NOT_PERMITTED" });
    assert.deepEqual(peer.received.slice(3), ["ID me", "AUTH USERPASS 9"]);
  });

  it("reads the identity of an old server", async () => {
    await using peer = await scriptedPeer(
      () => undefined,
      "ID DataLink 2020.075 :: DLPROTO:1.0 PACKETSIZE:512",
    );
    await using dali = await DataLinkClient.connect(peer.url);
    const { software, protocol, write } = dali.server;
    assert.deepEqual({ software, protocol, write }, { software: "2020.075", protocol: "1.0", write: false });
    await assert.rejects(dali.write({ streamId: "A/B", dataStart: 0, payload: "" }), {
      code: "NOT_PERMITTED",
    });
    await assert.rejects(dali.write({ streamId: "A/B", dataStart: 0, payload: "" }, { ack: false }), {
      code: "NOT_PERMITTED",
    });
    assert.equal(peer.received.length, 1);
  });

  it("sends each command as the protocol wants it, and reads its reply", async () => {
    await using peer = await scriptedPeer(
      answers({
        POSITION: encodeOk(7n, "Positioned to packet ID 7"),
        MATCH: encodeOk(3n, "3 streams selected after match"),
        REJECT: encodeOk(2n, "2 streams selected after reject"),
        READ: packetFrame(42n),
        WRITE: (command) => (command.words[4]?.includes("A") ? encodeOk(99n) : ""),
        INFO: encodeInfo("STREAMS", "<DataLink><Status/></DataLink>"),
        AUTH: encodeOk(0n, "Authentication successful"),
      }),
    );
    await using dali = await DataLinkClient.connect(peer.url, { clientId: "x" });
    assert.equal(await dali.positionSet("EARLIEST"), 7n);
    await dali.positionSet("LATEST");
    await dali.positionSet(42n);
    await dali.positionSet(42n, new Date("2026-11-22T06:19:29.804Z"));
    await dali.positionSet(42n, 1_700_000_000_000_001);
    assert.equal(await dali.positionAfter("2026-11-22T06:19:29.804015Z"), 7n);
    assert.equal(await dali.match("FDSN:CO_.*"), 3);
    assert.equal(await dali.reject(/_LOG/i), 2);
    await dali.match(null);
    await dali.reject("");
    assert.deepEqual(await dali.read(42n), packet(42n));
    const start = 1_700_000_000_000_000_000n;
    assert.equal(await dali.write({ streamId: "A/JSON", dataStart: start, payload: "ä" }), 99n);
    const bytes = Uint8Array.of(1, 2, 3);
    await dali.write({ streamId: "A/B", dataStart: -5, dataEnd: 6, payload: bytes, packetId: 8n });
    const none = await dali.write({ streamId: "A/B", dataStart: 1, payload: bytes }, { ack: false });
    assert.equal(none, undefined);
    await dali.info("STREAMS");
    await dali.info("STREAMS", /^A/);
    await dali.authenticate({ user: "me", password: "p\rw" });
    await dali.authenticate({ jwt: "a.b.c" });
    assert.deepEqual(peer.received, [
      "ID x",
      "POSITION SET EARLIEST",
      "POSITION SET LATEST",
      "POSITION SET 42",
      "POSITION SET 42 1795328369804000",
      "POSITION SET 42 1700000000000001",
      "POSITION AFTER 1795328369804015",
      "MATCH 10",
      "REJECT 8",
      "MATCH",
      "REJECT",
      "READ 42",
      "WRITE A/JSON 1700000000000000 1700000000000000 A 2",
      "WRITE A/B -5 6 IA 3 8",
      "WRITE A/B 1 1 N 3",
      "INFO STREAMS",
      "INFO STREAMS 2",
      "AUTH USERPASS 6",
      "ID x",
      "AUTH JWT 5",
      "ID x",
    ]);
    const payloadOf = (start: string) =>
      peer.commands.find((c) => c.header.startsWith(start))?.payload.toString();
    assert.equal(payloadOf("MATCH 10"), "FDSN:CO_.*");
    assert.equal(payloadOf("REJECT 8"), "(?i)_LOG");
    assert.equal(payloadOf("AUTH USERPASS"), "me\rp\rw");
    assert.equal(payloadOf("AUTH JWT"), "a.b.c");
  });

  it("gives INFO's expression inline to old servers, without spaces", async () => {
    for (const software of [
      "DataLink 2020.075 :: DLPROTO:1.0",
      "DataLink v1.1 (RingServer/4.2.0) :: DLPROTO:1.1",
    ]) {
      const xml = encodeInfo("CONNECTIONS", "<DataLink><Status/></DataLink>");
      await using peer = await scriptedPeer(answers({ INFO: xml }), `ID ${software}`);
      await using dali = await DataLinkClient.connect(peer.url);
      await dali.info("CONNECTIONS", "a b");
      assert.equal(peer.received[1], "INFO CONNECTIONS a\\x20b");
    }
  });

  it("answers commands in order that were given without waiting", async () => {
    let id = 0n;
    await using peer = await scriptedPeer(answers({ WRITE: () => encodeOk(++id) }));
    await using dali = await DataLinkClient.connect(peer.url);
    const writes = Array.from({ length: 2000 }, (_, i) =>
      dali.write({ streamId: "A/B", dataStart: i, payload: Buffer.alloc(i % 500) }),
    );
    const ids = await Promise.all(writes);
    assert.deepEqual(
      ids,
      Array.from({ length: 2000 }, (_, i) => BigInt(i + 1)),
    );
  });

  it("refuses what cannot be sent before sending anything, and stays open", async () => {
    await using peer = await scriptedPeer(() => undefined);
    await using dali = await DataLinkClient.connect(peer.url);
    const payload = Buffer.alloc(1);
    const write = (change: object) => dali.write({ streamId: "A/B", dataStart: 0, payload, ...change });
    const invalid = { name: "DataLinkError", code: "INVALID_ARGUMENT" };
    const large = { name: "DataLinkError", code: "TOO_LARGE" };
    await assert.rejects(write({ streamId: "A B" }), invalid);
    await assert.rejects(write({ streamId: "" }), invalid);
    await assert.rejects(write({ streamId: "A\n" }), invalid);
    await assert.rejects(write({ streamId: "A".repeat(64) }), large);
    await assert.rejects(write({ streamId: "ä".repeat(32) }), large);
    await assert.rejects(write({ payload: Buffer.alloc(513) }), large);
    await assert.rejects(write({ payload: undefined }), invalid);
    await assert.rejects(write({ payload: [1, 2] }), invalid);
    await assert.rejects(write({ dataStart: "yesterday" }), invalid);
    await assert.rejects(write({ dataEnd: Number.NaN }), invalid);
    await assert.rejects(write({ packetId: -1n }), invalid);
    await assert.rejects(write({ packetId: 2n ** 64n - 1n }), invalid);
    await assert.rejects(dali.match("x".repeat(6321)), large);
    await assert.rejects(dali.read(5 as unknown as bigint), invalid);
    await assert.rejects(dali.positionSet("NEXT" as "EARLIEST"), invalid);
    await assert.rejects(dali.positionAfter("never"), invalid);
    await assert.rejects(dali.info("CATS" as "STATUS"), invalid);
    await assert.rejects(dali.identify("x".repeat(300)), invalid);
    await assert.rejects(dali.authenticate({ jwt: "x".repeat(5000) }), large);
    assert.equal(peer.received.length, 1);
    assert.ok(dali.isOpen);
  });

  it("limits stream ids to 59 bytes for servers before 4.1", async () => {
    await using peer = await scriptedPeer(
      () => undefined,
      "ID DataLink v1.1 (RingServer/4.0.1) :: DLPROTO:1.1 WRITE",
    );
    await using dali = await DataLinkClient.connect(peer.url);
    const packetOf = (length: number) => ({ streamId: "A".repeat(length), dataStart: 0, payload: "" });
    await assert.rejects(dali.write(packetOf(60)), { code: "TOO_LARGE" });
    await dali.write(packetOf(59), { ack: false });
  });

  describe("what the server refuses", () => {
    const cases: [string, string][] = [
      ["Packet 6 not found in ring", "PACKET_NOT_FOUND"],
      ["Packet not found", "PACKET_NOT_FOUND"],
      ["Write permission not granted, no soup for you!", "NOT_PERMITTED"],
      ["Authentication failed, not allowed to connect", "NOT_PERMITTED"],
      ["Access to CONNECTIONS denied", "NOT_PERMITTED"],
      ["Error, stream ID too long", "TOO_LARGE"],
      ["Packet size (633) is too large for ring, maximum is 632 bytes", "TOO_LARGE"],
      ["Error with match expression", "SERVER_ERROR"],
    ];
    for (const [words, code] of cases) {
      it(`is ${code}: ${words}`, async () => {
        await using peer = await scriptedPeer(answers({ READ: encodeError(words) }));
        await using dali = await DataLinkClient.connect(peer.url);
        await assert.rejects(dali.read(6n), (error: Error & { code: string }) => {
          assert.equal(error.code, code);
          assert.ok(error.message.startsWith(`${peer.url} refused READ 6: "${words}"`), error.message);
          return true;
        });
        await dali.identify();
      });
    }

    it("fails the writes behind a refused one as lost, and says why", async () => {
      let writes = 0;
      await using peer = await scriptedPeer((command) => {
        if (command.words[0] !== "WRITE") return undefined;
        return ++writes < 3
          ? encodeOk(BigInt(writes))
          : [encodeError("Error adding packet to ring"), "close"];
      });
      await using dali = await DataLinkClient.connect(peer.url);
      const results = await Promise.allSettled(
        [1, 2, 3, 4].map((n) => dali.write({ streamId: `A${n}/B`, dataStart: n, payload: "" })),
      );
      assert.deepEqual(
        results.map((result) => (result.status === "fulfilled" ? result.value : result.reason.code)),
        [1n, 2n, "SERVER_ERROR", "CONNECTION_LOST"],
      );
      assert.match(
        String((results[3] as PromiseRejectedResult).reason),
        /refused WRITE A3\/B: "Error adding packet/,
      );
      await assert.rejects(dali.identify(), { code: "CONNECTION_LOST" });
    });

    it("tells of a refused write without acknowledgement when closing", async () => {
      await using peer = await scriptedPeer(
        answers({ WRITE: [encodeError("Error, stream ID too long"), "close"] }),
      );
      const dali = await DataLinkClient.connect(peer.url);
      await dali.write({ streamId: "A/B", dataStart: 0, payload: "" }, { ack: false });
      await assert.rejects(dali.close(), /refused a WRITE: "Error, stream ID too long"/);
      assert.equal(dali.isOpen, false);
      await dali.close();
    });
  });

  describe("what goes wrong on the way", () => {
    it("a closed port, a wrong name, an address that is none", async () => {
      const peer = await scriptedPeer(() => undefined);
      await peer[Symbol.asyncDispose]();
      const refused = {
        name: "DataLinkError",
        code: "CONNECTION_REFUSED",
        message: new RegExp(`:${peer.port}: .*port`),
      };
      await assert.rejects(DataLinkClient.connect(peer.url), refused);
      await assert.rejects(DataLinkClient.connect("datalink://no-such-host.invalid"), {
        code: "HOST_NOT_FOUND",
      });
      await assert.rejects(DataLinkClient.connect("nowhere at all"), { code: "INVALID_ADDRESS" });
      await assert.rejects(DataLinkClient.connect(peer.url, { timeout: -1 }), { code: "INVALID_ARGUMENT" });
    });

    it("a server that never answers", async () => {
      await using peer = await scriptedPeer(() => "");
      const connecting = DataLinkClient.connect(peer.url, { timeout: { connect: 50 } });
      await assert.rejects(connecting, { code: "TIMEOUT", message: /Connecting to .* within 0.05 s/ });
    });

    it("a server that stops answering", async () => {
      await using peer = await scriptedPeer(() => undefined);
      await using dali = await DataLinkClient.connect(peer.url, { timeout: { command: 50 } });
      const read = dali.read(1n);
      const status = dali.info("STATUS");
      await assert.rejects(read, { code: "TIMEOUT", message: /did not answer READ 1 within 0.05 s/ });
      await assert.rejects(status, { code: "TIMEOUT" });
      await assert.rejects(dali.identify(), { code: "TIMEOUT" });
      assert.equal((await dali.closed).code, "TIMEOUT");
    });

    it("a server that is none", async () => {
      await using peer = await scriptedPeer(() => "HTTP/1.1 400 Bad Request\r\n\r\n");
      await assert.rejects(DataLinkClient.connect(peer.url), {
        code: "WRONG_SERVER",
        message: /is a web server/,
      });
    });

    it("bytes that are of no known server", async () => {
      await using peer = await scriptedPeer(() => "220 mail.example.org\r\n");
      await assert.rejects(DataLinkClient.connect(peer.url, { timeout: 500 }), {
        code: "PROTOCOL",
        message: /does not speak DataLink/,
      });
    });

    it("a reply that nobody asked for, and the reply to another command", async () => {
      for (const wrong of [
        encodeOk(1n),
        packetFrame(1n),
        encodeFrame("ENDSTREAM"),
        encodeFrame("NONSENSE"),
      ]) {
        await using peer = await scriptedPeer(answers({ INFO: wrong }));
        await using dali = await DataLinkClient.connect(peer.url);
        await assert.rejects(dali.info("STATUS"), { code: "PROTOCOL" });
        assert.equal(dali.isOpen, false);
      }
    });

    it("a size beyond all measure", async () => {
      await using peer = await scriptedPeer(
        answers({ READ: encodeFrame("PACKET A/B 1 2 3 4 999999999999") }),
      );
      await using dali = await DataLinkClient.connect(peer.url);
      await assert.rejects(dali.read(1n), { code: "TOO_LARGE" });
    });

    it("a connection that is cut, also in the middle of a packet", async () => {
      const frame = packetFrame(1n, 100);
      await using peer = await scriptedPeer(answers({ READ: [frame.subarray(0, 50), "reset"] }));
      await using dali = await DataLinkClient.connect(peer.url);
      await assert.rejects(dali.read(1n), { code: "CONNECTION_LOST" });
    });

    it("a client that is closed", async () => {
      await using peer = await scriptedPeer(() => undefined);
      const dali = await DataLinkClient.connect(peer.url);
      await dali.close();
      await assert.rejects(dali.read(1n), { code: "CLOSED" });
      assert.throws(() => dali.stream(), { code: "CLOSED" });
      assert.equal((await dali.closed).code, "CLOSED");
    });
  });

  describe("AbortSignal", () => {
    it("stops connecting", async () => {
      await using peer = await scriptedPeer(() => "");
      const controller = new AbortController();
      const connecting = DataLinkClient.connect(peer.url, { signal: controller.signal });
      controller.abort();
      await assert.rejects(connecting, { name: "DataLinkError", code: "ABORTED" });
      const again = DataLinkClient.connect(peer.url, { signal: controller.signal });
      await assert.rejects(again, { code: "ABORTED" });
    });

    it("stops waiting for one command; the others get their own replies", async () => {
      await using peer = await scriptedPeer((command, socket) => {
        if (command.header === "READ 1") return undefined;
        if (command.header !== "READ 2") return undefined;
        socket.write(packetFrame(1n));
        return packetFrame(2n);
      });
      await using dali = await DataLinkClient.connect(peer.url);
      const controller = new AbortController();
      const first = dali.read(1n, { signal: controller.signal });
      controller.abort();
      await assert.rejects(first, { code: "ABORTED", message: /READ 1/ });
      assert.equal((await dali.read(2n)).packetId, 2n);
      await assert.rejects(dali.read(3n, { signal: controller.signal }), { code: "ABORTED" });
      assert.ok(!peer.received.includes("READ 3"));
    });
  });

  describe("stream", () => {
    it("gives the packets in order, and ends cleanly when its loop is left", async () => {
      await using peer = await scriptedPeer(
        answers({
          STREAM: Buffer.concat([1n, 2n, 3n, 4n].map((id) => packetFrame(id))),
          ENDSTREAM: [packetFrame(5n), encodeFrame("ENDSTREAM")],
          POSITION: encodeOk(3n),
          READ: packetFrame(9n),
        }),
      );
      await using dali = await DataLinkClient.connect(peer.url);
      const packets: Packet[] = [];
      for await (const it of dali.stream()) {
        packets.push(it);
        if (packets.length === 3) break;
      }
      assert.deepEqual(packets, [packet(1n), packet(2n), packet(3n)]);
      assert.equal((await dali.read(9n)).packetId, 9n);
      // What came after the third packet was not taken: the next stream begins with it.
      assert.deepEqual(peer.received.slice(1), [
        "STREAM",
        "ENDSTREAM",
        `POSITION SET 3 ${packet(3n).packetTime}`,
        "READ 9",
      ]);
    });

    it("answers ID and INFO between packets", async () => {
      const xml = encodeInfo("STATUS", "<DataLink><Status/></DataLink>");
      await using peer = await scriptedPeer(
        answers({
          STREAM: packetFrame(1n),
          INFO: [packetFrame(2n), xml, packetFrame(3n)],
          ENDSTREAM: encodeFrame("ENDSTREAM"),
          POSITION: encodeOk(3n),
        }),
      );
      await using dali = await DataLinkClient.connect(peer.url);
      const ids: bigint[] = [];
      for await (const it of dali.stream()) {
        ids.push(it.packetId);
        if (it.packetId === 1n) await dali.info("STATUS");
        if (it.packetId === 3n) break;
      }
      assert.deepEqual(ids, [1n, 2n, 3n]);
    });

    it("goes on behind a command that makes the server stop", async () => {
      await using peer = await scriptedPeer((command) => {
        switch (command.words[0]) {
          case "STREAM":
            return peer.received.length === 2 ? packetFrame(1n) : packetFrame(9n);
          case "MATCH":
          case "POSITION":
            return encodeOk(1n);
          case "ENDSTREAM":
            return [packetFrame(2n), encodeFrame("ENDSTREAM")];
          default:
            return undefined;
        }
      });
      await using dali = await DataLinkClient.connect(peer.url);
      const ids: bigint[] = [];
      for await (const it of dali.stream()) {
        ids.push(it.packetId);
        if (it.packetId === 1n) await dali.match("x");
        if (it.packetId === 9n) break;
      }
      assert.deepEqual(ids, [1n, 2n, 9n]);
      assert.deepEqual(peer.received.slice(1, 5), ["STREAM", "ENDSTREAM", "MATCH 1", "STREAM"]);
    });

    it("ends where the ring has moved past the last packet, and says what else the server will not do", async () => {
      const leaveBehind = async (refusal: Buffer) => {
        await using peer = await scriptedPeer(
          answers({ STREAM: packetFrame(1n), ENDSTREAM: encodeFrame("ENDSTREAM"), POSITION: refusal }),
        );
        await using dali = await DataLinkClient.connect(peer.url);
        for await (const _ of dali.stream()) break;
        await dali.identify();
      };
      await leaveBehind(encodeError("Packet not found"));
      await assert.rejects(leaveBehind(encodeError("POSITION requires 2 or 3 arguments")), {
        name: "DataLinkError",
        code: "SERVER_ERROR",
      });
    });

    it("ends when its signal fires, and leaves the connection usable", async () => {
      await using peer = await scriptedPeer(
        answers({ STREAM: packetFrame(1n), ENDSTREAM: encodeFrame("ENDSTREAM"), POSITION: encodeOk(1n) }),
      );
      await using dali = await DataLinkClient.connect(peer.url);
      const controller = new AbortController();
      await assert.rejects(
        async () => {
          for await (const _ of dali.stream({ signal: controller.signal })) controller.abort();
        },
        { name: "DataLinkError", code: "ABORTED" },
      );
      await dali.identify();
      assert.throws(() => dali.stream({ signal: controller.signal }), { code: "ABORTED" });
    });

    it("fails, after the packets that came, when the connection is lost", async () => {
      await using peer = await scriptedPeer(answers({ STREAM: [packetFrame(1n), packetFrame(2n), "close"] }));
      await using dali = await DataLinkClient.connect(peer.url);
      const ids: bigint[] = [];
      await assert.rejects(
        async () => {
          for await (const it of dali.stream()) {
            ids.push(it.packetId);
            await dali.closed;
          }
        },
        { code: "CONNECTION_LOST" },
      );
      assert.deepEqual(ids, [1n, 2n]);
    });

    it("tells why the server refuses to stream", async () => {
      const refusal = encodeError("Authentication required for streaming, no soup for you!");
      await using peer = await scriptedPeer(answers({ STREAM: [refusal, "close"] }));
      await using dali = await DataLinkClient.connect(peer.url);
      await assert.rejects(dali.stream().next(), { code: "NOT_PERMITTED", message: /refused STREAM/ });
    });

    it("is one per connection", async () => {
      await using peer = await scriptedPeer(() => undefined);
      await using dali = await DataLinkClient.connect(peer.url);
      dali.stream();
      assert.throws(() => dali.stream(), { code: "INVALID_ARGUMENT" });
    });

    it("makes the server wait for a slow reader, with little memory", async () => {
      const total = 20_000;
      let sent = 0;
      await using peer = await scriptedPeer((command, socket) => {
        if (command.words[0] === "ENDSTREAM") return encodeFrame("ENDSTREAM");
        if (command.words[0] === "POSITION") return encodeOk(1n);
        if (command.words[0] !== "STREAM") return undefined;
        const pump = () => {
          while (sent < total) if (!socket.write(packetFrame(BigInt(++sent), 4000))) return;
        };
        socket.on("drain", pump);
        pump();
        return undefined;
      });
      await using dali = await DataLinkClient.connect(peer.url);
      const stream = dali.stream();
      await stream.next();
      // 80 MB are on offer; the system's socket buffers take a part, this client only its queue.
      const [socket] = peer.sockets;
      for (let before = -1; before !== socket!.bytesWritten; ) {
        before = socket!.bytesWritten;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.ok(sent < total, "the server was never made to wait");
      let taken = 1;
      for await (const it of stream) {
        assert.equal(it.packetId, BigInt(++taken));
        if (taken === total) break;
      }
      assert.equal(taken, total);
    });
  });

  describe("a large INFO", () => {
    const row = (n: number) =>
      `<Stream Name="FDSN:XX_S${n}_00_H_H_Z/MSEED" EarliestPacketID="${n}" EarliestPacketDataStartTime="2026-11-22T06:00:00Z" ` +
      'EarliestPacketDataEndTime="2026-11-22T06:00:10Z" LatestPacketID="99" LatestPacketDataStartTime="2026-11-22T06:00:00Z" ' +
      'LatestPacketDataEndTime="2026-11-22T06:00:10Z" DataLatency="1.5"/>';
    const xml = (rows: number) =>
      `<DataLink><Status TotalStreams="${rows}"/><StreamList TotalStreams="${rows}">${Array.from({ length: rows }, (_, n) => row(n)).join("")}</StreamList></DataLink>`;

    it("is read in slices: nothing else has to wait for long", async () => {
      const large = xml(40_000);
      const reply = encodeInfo("STREAMS", large);
      assert.ok(reply.length > 12e6);
      await using peer = await scriptedPeer(({ words }) => (words[0] === "INFO" ? reply : undefined));
      await using dali = await DataLinkClient.connect(peer.url);
      const delays = monitorEventLoopDelay({ resolution: 1 });
      const busy = performance.eventLoopUtilization();
      const asked = dali.info("STREAMS");
      delays.enable();
      const { streams, xml: text } = await asked;
      delays.disable();
      assert.equal(streams.length, 40_000);
      assert.equal(streams[39_999]!.earliestPacketId, 39_999n);
      assert.equal(text, large);
      const { active } = performance.eventLoopUtilization(busy);
      assert.ok(delays.max / 1e6 < active / 4, `${delays.max / 1e6} of ${active} ms at once`);
    });

    it("has a limit, in bytes and in rows", async () => {
      let reply = encodeFrame("INFO STREAMS 67108865");
      await using peer = await scriptedPeer(({ words }) => (words[0] === "INFO" ? reply : undefined));
      {
        await using dali = await DataLinkClient.connect(peer.url);
        await assert.rejects(dali.info("STREAMS"), { code: "TOO_LARGE", message: /67108865 bytes/ });
      }
      reply = encodeInfo(
        "STREAMS",
        `<DataLink><Status/><StreamList>${"<Stream/>".repeat(200_001)}</StreamList></DataLink>`,
      );
      await using dali = await DataLinkClient.connect(peer.url);
      await assert.rejects(dali.info("STREAMS"), { code: "TOO_LARGE", message: /more than 200000 rows/ });
      reply = encodeInfo("STREAMS", xml(1));
      assert.equal((await dali.info("STREAMS")).streams.length, 1);
    });
  });

  it("waits for as long as anybody likes, also longer than a timer can", async () => {
    await using server = await DataLinkServer.listen({ port: 0 });
    for (const timeout of [Number.POSITIVE_INFINITY, 3e9]) {
      await using dali = await DataLinkClient.connect(server.url, { timeout });
      assert.equal((await dali.info("STREAMS")).totalStreams, 0);
    }
  });

  it("is news to a server when it says its name, and when it says another one", async () => {
    const names: string[] = [];
    await using server = await DataLinkServer.listen({
      port: 0,
      onEvent: (event) => {
        if (event.type === "identified") names.push(event.client.clientId);
      },
    });
    const url = `datalink://127.0.0.1:${server.port}`;
    await using dali = await DataLinkClient.connect(url, { clientId: "one" });
    for (let i = 0; i < 3; i++) await dali.identify();
    for (let i = 0; i < 3; i++) await dali.identify("two");
    await dali.identify("");
    await dali.identify("");
    assert.deepEqual(names, ["one", "two", ""]);
  });

  it("asks an idle server whether it is still there, soon after a command with a payload", async () => {
    await using peer = await scriptedPeer(() => undefined);
    await using dali = await DataLinkClient.connect(peer.url, { clientId: "x", keepAlive: 20 });
    assert.ok(dali.isOpen);
    const [socket] = peer.sockets;
    await once(socket!, "data");
    assert.deepEqual(peer.received, ["ID x", "ID x"]);
  });
});
