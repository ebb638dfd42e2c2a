// lib/ring/journal.ts: a ring of 1 GiB in a folder is back within seconds, and writing it never holds up the event loop.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Peer, write } from "../ring/peer.ts";
import { ServerThread } from "../ring/server-thread.ts";

const RING_BYTES = 1024 ** 3;
const PACKETS = 1_800_000;

describe("large ring in a folder", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), "ring-"));
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
    assert.ok(stall < 20, `the event loop was held up for ${stall} ms`);
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
