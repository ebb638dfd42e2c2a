// Hostile SeedLink clients: lines without end, thousands of STATION and SELECT, questions whose answers nobody reads, and readers
// that do not read. The event loop is never held up for long, the memory comes back, and others are served meanwhile.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { DataLinkServerOptions } from "../../lib/server/server.ts";
import { LONGEST_STALL, MEMORY_KEPT, open, untilClosed, Witness } from "./hostile.ts";
import { Peer, write } from "./peer.ts";
import { numbersOf, SeedLinkPeer } from "./seedlink-peer.ts";
import { ServerThread, type ThreadFigures } from "./server-thread.ts";

describe("hostile SeedLink clients", () => {
  let server: ServerThread;
  let witness: Witness;

  async function withServer(options: DataLinkServerOptions, attack: () => Promise<unknown>): Promise<void> {
    server = await ServerThread.start({ ringBytes: 16 << 20, maxClients: 2000, ...options });
    witness = await Witness.start(server.port);
    try {
      await attack();
    } finally {
      await witness.stop();
      await server.stop();
    }
  }

  /** Has it done once before: the first time takes longer than any other. */
  async function unharmedBy(attack: () => Promise<void>): Promise<ThreadFigures> {
    await attack();
    await server.figures();
    const before = await server.figures();
    await attack();
    await witness.check();
    const after = await server.figures();
    assert.ok(after.stall < LONGEST_STALL, `a turn of the event loop took ${after.stall.toFixed(1)} ms`);
    assert.ok(after.memory - before.memory < MEMORY_KEPT, `${after.memory - before.memory} bytes were kept`);
    return after;
  }

  /** Many streams of many stations, whose packets are no records. */
  async function fill(stations: number): Promise<void> {
    const writer = await Peer.connect(server.port);
    for (let i = 0; i < stations; i++) {
      if (!writer.socket.write(write(`FDSN:XX_S${i}_00_B_H_Z/MSEED`, "x", "N")))
        await once(writer.socket, "drain");
    }
    await writer.ask("ID");
    writer.end();
  }

  it("who sends a line without end is sent away", () =>
    withServer({}, async () => {
      await unharmedBy(async () => {
        const socket = await open(server.port);
        const closed = untilClosed(socket);
        socket.resume();
        for (let sent = 0; sent < 1 << 20 && !socket.destroyed; sent += 1000) {
          if (!socket.write("S".repeat(1000))) await Promise.race([once(socket, "drain"), closed]);
        }
        await closed;
      });
    }));

  it("who sends a line byte by byte is sent away when its time is over", () =>
    withServer({ ioTimeout: 150 }, () =>
      unharmedBy(async () => {
        await Promise.all(
          Array.from({ length: 50 }, async () => {
            const socket = await open(server.port);
            const timer = setInterval(() => socket.write("S"), 20);
            socket.resume();
            await untilClosed(socket);
            clearInterval(timer);
          }),
        );
      }),
    ));

  it("tens of thousands of STATION and SELECT are refused from some number on", () =>
    withServer({}, async () => {
      await fill(2000);
      await unharmedBy(async () => {
        const peer = await SeedLinkPeer.connect(server.port);
        peer.send("SLPROTO 4.0");
        for (let i = 0; i < 20_000; i += 1000) {
          const lines = Array.from({ length: 500 }, (_, k) => [
            `STATION XX_T${i + k}`,
            "SELECT *_H_H_? !*_L_*",
          ]);
          if (
            !peer.socket.write(
              lines
                .flat()
                .map((line) => `${line}\r\n`)
                .join(""),
            )
          )
            await once(peer.socket, "drain");
        }
        peer.send("STATION XX_S1", "DATA ALL", "ENDFETCH");
        await peer.untilClosed();
        const refused = peer.words.filter((word) => word.startsWith("ERROR LIMIT"));
        assert.ok(refused.length > 5000, `${refused.length} were refused`);
        assert.equal(peer.words.at(-1), "END");
      });
    }));

  it("patterns made to take for ever are compared with thousands of streams", () =>
    withServer({ maxStreams: 5000 }, async () => {
      await fill(4000);
      await unharmedBy(async () => {
        const peer = await SeedLinkPeer.connect(server.port);
        const stars = "*S*0*".repeat(20);
        peer.send("SLPROTO 4.0");
        for (let i = 0; i < 1000; i++) peer.send(`STATION ${stars}${i}Q`);
        peer.send("STATION *");
        for (let i = 0; i < 1000; i++) peer.send(`SELECT !${"*_B*H*".repeat(15)}${i}_*`);
        peer.send("DATA ALL", "ENDFETCH");
        await peer.untilClosed();
        assert.equal(peer.words.at(-1), "END");
      });
    }));

  it("who asks and asks, and reads nothing, is sent away", () =>
    withServer({ ioTimeout: 200 }, async () => {
      await fill(1000);
      await unharmedBy(async () => {
        await Promise.all(
          Array.from({ length: 6 }, async (_, i) => {
            const socket = await open(server.port);
            socket.pause();
            const closed = untilClosed(socket);
            socket.write(`SLPROTO ${i % 2 === 0 ? "3.1" : "4.0"}\r\n${"INFO STREAMS\r\n".repeat(200)}`);
            // It does not read, and yet it has to learn that it was sent away: writing tells.
            const timer = setInterval(() => socket.write("INFO ID\r\n"), 50);
            await closed;
            clearInterval(timer);
          }),
        );
      });
    }));

  it("who does not read costs a place in the ring, and is told what it missed", () =>
    withServer({ ringBytes: 2 << 20, packetSize: 512, ioTimeout: 60_000 }, async () => {
      const writer = await Peer.connect(server.port);
      const readers = await Promise.all(Array.from({ length: 100 }, () => SeedLinkPeer.connect(server.port)));
      for (const reader of readers) {
        await reader.ask(3, "SLPROTO 4.0", "STATION XX_*", "DATA", "END");
        reader.socket.pause();
      }
      await server.figures();
      const before = await server.figures();
      const payload = Buffer.alloc(500, 0x20);
      const writeMany = async (packets: number) => {
        for (let i = 0; i < packets; i++) {
          if (!writer.socket.write(write("FDSN:XX_FAST_00_B_H_Z/MSEED", payload, "N")))
            await once(writer.socket, "drain");
        }
        await writer.ask("ID");
      };
      // What the system and each socket take by themselves, and the ring several times over.
      await writeMany(60_000);
      const after = await server.figures();
      const each = (after.memory - before.memory) / readers.length;
      assert.ok(each < 300 * 1024, `${each} bytes for a reader that does not read`);
      const reader = readers[0]!;
      reader.socket.resume();
      const last = after.status.newest!.packetId;
      const size = 17 + "XX_FAST".length + payload.length;
      const answers = 3 * "OK\r\n".length;
      await reader.until(() => {
        const packets = Math.floor((reader.received.length - answers) / size);
        return (
          packets > 0 && reader.received.readBigUInt64LE(answers + (packets - 1) * size + 8) >= last - 1000n
        );
      });
      const numbers = numbersOf(reader.words);
      assert.ok(numbers.some((number, i) => i > 0 && number > numbers[i - 1]! + 1000));
      assert.ok(numbers.every((number, i) => i === 0 || number > numbers[i - 1]!));
      for (const { socket } of readers) socket.destroy();
      writer.end();
    })).timeout(60_000);
});
