// lib/server/ring/storage.ts: a ring of 1 GiB in a folder is back within seconds, and writing it never holds up the event loop; and
// the ring of a datalink server node survives Node-RED.
import assert from "node:assert/strict";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { DataLinkClient } from "../../lib/datalink/client.ts";
import { PacketWriter } from "../../lib/datalink/writer.ts";
import { Peer, write } from "../server/peer.ts";
import { ServerThread } from "../server/server-thread.ts";
import { newFolder } from "../support/folders.ts";
import { freePort, NodeRed } from "../support/node-red.ts";

const RING_BYTES = 1024 ** 3;
const PACKETS = 1_800_000;

describe("large ring in a folder", () => {
  let folder: string;
  before(() => {
    folder = newFolder();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("is written without holding up the event loop, and back within seconds", async function () {
    this.timeout(300_000);
    const options = { ringBytes: RING_BYTES, directory: folder };
    const server = await ServerThread.start(options);
    await server.figures();
    const writer = await Peer.connect(server.port);
    const thousand = Buffer.concat(
      Array.from({ length: 1000 }, (_, i) =>
        write(`FDSN:XX_S${i % 40}_00_H_H_Z/MSEED`, Buffer.alloc(512, i), "N"),
      ),
    );
    const started = performance.now();
    for (let i = 0; i < PACKETS; i += 1000) {
      if (!writer.socket.write(thousand)) await once(writer.socket, "drain");
    }
    assert.equal(await writer.ask(write("LAST/X", "the end")), `OK ${PACKETS + 1}`);
    console.log(`    written: ${Math.round(PACKETS / ((performance.now() - started) / 1000))} packets/s`);
    writer.end();
    const { stall } = await server.figures();
    console.log(`    longest turn while writing: ${stall.toFixed(1)} ms`);
    // By the wall clock, while the machine does other things, too.
    assert.ok(stall < 50, `the event loop was held up for ${stall} ms`);
    await server.stop();

    const restarted = performance.now();
    const again = await ServerThread.start(options);
    const seconds = (performance.now() - restarted) / 1000;
    const { status } = await again.figures();
    console.log(`    back with ${status.packets} packets after ${seconds.toFixed(1)} s`);
    assert.equal(status.newest?.packetId, BigInt(PACKETS + 1));
    assert.ok(status.packets > 1_600_000);
    assert.ok(seconds < 30);
    await again.stop();
  });
});

describe("a datalink server with a folder", () => {
  it("has every acknowledged packet after Node-RED was killed, five times", async function () {
    this.timeout(300_000);
    const userDir = newFolder();
    const port = await freePort();
    const flows = [
      { id: "tab", type: "tab", label: "test" },
      {
        id: "server",
        type: "datalink-server",
        z: "tab",
        x: 100,
        y: 100,
        wires: [[]],
        port: String(port),
        ringSize: "64",
        directory: "ring",
      },
    ];
    const acknowledged = new Map<bigint, string>();
    let progress = () => {};
    const acknowledgements = async (count: number) => {
      while (acknowledged.size < count) {
        await new Promise<void>((resolve) => {
          progress = resolve;
        });
      }
    };
    await using writer = new PacketWriter(`127.0.0.1:${port}`, { backoff: { minDelay: 50, maxDelay: 200 } });
    let stopped = false;
    const write = async () => {
      for (let count = 0; !stopped; count++) {
        await writer.ready();
        const payload = String(count);
        void writer.write({ streamId: "XX_TEST/TEXT", dataStart: 0, payload }).then(
          (packetId) => {
            acknowledged.set(packetId, payload);
            progress();
          },
          // It was not acknowledged when the test ended.
          () => {},
        );
      }
    };
    const writing = write();
    try {
      for (let round = 0; round < 5; round++) {
        await using nodeRed = await NodeRed.start({ userDir, flows });
        await acknowledgements(acknowledged.size + 5000);
        await nodeRed.kill();
      }
      stopped = true;
      await using _nodeRed = await NodeRed.start({ userDir, flows });
      await writing;
      await using client = await connect(port);
      const found = new Map<bigint, string>();
      const newest = (await client.info("STATUS")).status.latestPacketId ?? 0n;
      for (let packetId = 1n; packetId <= newest; packetId++) {
        found.set(packetId, String((await client.read(packetId)).payload));
      }
      for (const [packetId, payload] of acknowledged) assert.equal(found.get(packetId), payload);
      console.log(`    ${acknowledged.size} acknowledged packets, ${found.size} in the ring`);
    } finally {
      stopped = true;
      await rm(userDir, { recursive: true, force: true });
    }
  });
});

/** The server listens soon after Node-RED has started. */
async function connect(port: number): Promise<DataLinkClient> {
  for (let attempts = 0; ; attempts++) {
    try {
      return await DataLinkClient.connect(`127.0.0.1:${port}`);
    } catch (error) {
      if (attempts === 50) throw error;
      await delay(100);
    }
  }
}
