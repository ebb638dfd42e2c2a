// The client against a real ringserver, if one is on PATH: writing, positioning, streaming, INFO, and WebSocket.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DataLinkClient } from "../../lib/datalink/client.ts";
import { subscribe } from "../../lib/datalink/subscribe.ts";
import { PacketWriter } from "../../lib/datalink/writer.ts";
import { freePort, newFolder } from "../support/folders.ts";

const PACKETS = 10_000;
const hasRingServer = spawnSync("ringserver", ["-V"]).error === undefined;

function payloadOf(n: number): Buffer {
  const payload = Buffer.alloc(512);
  for (let i = 0; i < 512; i += 4) payload.writeInt32LE((n * 7919 + i) | 0, i);
  return payload;
}

(hasRingServer ? describe : describe.skip)("a real ringserver (needs ringserver on PATH)", () => {
  let directory: string;
  let server: ChildProcess;
  let address: string;

  before(async () => {
    directory = newFolder();
    const port = await freePort();
    const config = path.join(directory, "ring.conf");
    writeFileSync(config, `AcceptIP 127.0.0.1\n`);
    const options = ["-Rd", directory, "-Rs", "16M", "-Rp", "512", "-VOLATILE", "-L", String(port), config];
    server = spawn("ringserver", options, { stdio: "ignore" });
    address = `127.0.0.1:${port}`;
    for (let attempt = 0; ; attempt++) {
      try {
        await (await DataLinkClient.connect(address)).close();
        return;
      } catch (error) {
        if (attempt === 50) throw error;
        await delay(50);
      }
    }
  });

  after(async () => {
    server.kill();
    if (server.exitCode === null) await once(server, "exit");
    rmSync(directory, { recursive: true });
  });

  for (const scheme of ["datalink", "ws"]) {
    it(`gives back over ${scheme} what was written, bit by bit`, async () => {
      const url = `${scheme}://${address}`;
      await using dali = await DataLinkClient.connect(url);
      assert.match(dali.server.software, /ringserver|^\d{4}\.\d+$/i);
      const writer = new PacketWriter(url, { maxInFlight: 500 });
      const writes: Promise<bigint>[] = [];
      for (let n = 0; n < PACKETS; n++) {
        await writer.ready();
        const packet = { streamId: "FDSN:XX_TEST_00_B_H_Z/MSEED", dataStart: n * 1e6, payload: payloadOf(n) };
        writes.push(writer.write(packet));
      }
      const ids = await Promise.all(writes);
      await writer.close();

      assert.equal(await dali.positionSet(ids[0]!), ids[0]);
      assert.equal(await dali.match("XX_TEST"), 1);
      const [stream] = (await dali.info("STREAMS", "XX_TEST")).streams;
      assert.equal(stream?.latestPacketId, ids.at(-1));
      const before = await dali.read(ids[0]!);
      const received = [before];
      for await (const packet of dali.stream()) {
        received.push(packet);
        if (received.length === PACKETS) break;
      }
      received.forEach((packet, n) => {
        assert.equal(packet.packetId, ids[n]);
        assert.ok(packet.payload.equals(payloadOf(n)), `packet ${n}`);
      });
      await assert.rejects(dali.read(99_999_999n), { code: "PACKET_NOT_FOUND" });
    });
  }

  it("is subscribed to from the earliest packet on", async () => {
    await using packets = subscribe(address, { from: "earliest", match: "XX_TEST" });
    let expected: bigint | undefined;
    for (let n = 0; n < PACKETS; n++) {
      const packet = (await packets.next()).value!;
      assert.equal(packet.packetId, expected ?? packet.packetId);
      expected = packet.packetId + 1n;
    }
  });
});
