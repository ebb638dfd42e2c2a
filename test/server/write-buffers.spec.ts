// lib/server/ring/write-buffers.ts: memory that is used again, and never by two at a time.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { encodeFrame, FrameReader } from "../../lib/datalink/protocol/frame.ts";
import { parseReplyHeader } from "../../lib/datalink/protocol/replies.ts";
import { WriteBuffers } from "../../lib/server/ring/write-buffers.ts";
import { DataLinkServer } from "../../lib/server/server.ts";

const FULL = 128 * 1024;

describe("write buffers", () => {
  it("gives the memory again that was given back, and only that", () => {
    const buffers = new WriteBuffers();
    const first = buffers.take(FULL - 1);
    const second = buffers.take(FULL);
    assert.deepEqual([first.length, second.length], [FULL - 1, FULL]);
    assert.notEqual(first.buffer, second.buffer);
    buffers.giveBack(first);
    const third = buffers.take(FULL - 5);
    assert.equal(third.buffer, first.buffer);
    assert.equal(third.length, FULL - 5);
    assert.notEqual(buffers.take(FULL).buffer, first.buffer);
  });

  it("keeps neither small nor large ones, nor more than 16", () => {
    const buffers = new WriteBuffers();
    for (const size of [1, FULL / 2, FULL + 1]) {
      const given = buffers.take(size);
      assert.equal(given.buffer.byteLength, size);
      buffers.giveBack(given);
      assert.notEqual(buffers.take(size).buffer, given.buffer);
    }
    const many = new Set(Array.from({ length: 20 }, () => buffers.take(FULL)));
    for (const given of many) buffers.giveBack(given);
    const known = new Set([...many].map(({ buffer }) => buffer));
    const again = Array.from({ length: 20 }, () => known.has(buffers.take(FULL).buffer));
    assert.equal(again.filter(Boolean).length, 16);
  });

  it("mixes up no packets of readers that come and go, read slowly, ask in between or leave in the middle", async () => {
    await using server = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 24, packetSize: 40_000 });
    const packets = 2000;
    const content = (i: number) =>
      Buffer.alloc(3000 + ((i * 7919) % 5000), String.fromCharCode(33 + (i % 90)));
    for (let i = 1; i <= packets; i++) {
      server.write({ streamId: `FDSN:XX_S${i % 7}/T`, dataStart: i, payload: content(i) });
    }
    const read = async (n: number): Promise<void> => {
      const socket = connect(server.port, "127.0.0.1");
      await once(socket, "connect");
      socket.write(Buffer.concat([encodeFrame("POSITION SET EARLIEST"), encodeFrame("STREAM")]));
      const reader = new FrameReader(parseReplyHeader, 1_000_000);
      let [last, answers] = [1, 0];
      for await (const piece of socket) {
        reader.push(piece as Buffer);
        for (let reply = reader.next(); reply; reply = reader.next()) {
          if (reply.kind === "ID") answers++;
          if (reply.kind !== "PACKET") continue;
          assert.equal(Number(reply.packetId), ++last);
          assert.ok(content(last).equals(reply.payload), `packet ${last} of reader ${n}`);
        }
        if (last === packets || (n % 3 === 2 && last > packets / 2)) break;
        if (n % 2 === 1) await new Promise(setImmediate);
        if (n % 4 === 0) socket.write(encodeFrame("ID again"));
      }
      assert.ok(n % 4 !== 0 || answers > 0, "asked in between");
      socket.destroy();
    };
    await Promise.all(Array.from({ length: 12 }, (_, n) => read(n)));
  });
});
