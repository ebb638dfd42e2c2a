// How many packets a second the client carries over loopback, with the server in a thread of its own: acknowledged writes
// through a window, and reading with stream() and subscribe().

import path from "node:path";
import { Worker } from "node:worker_threads";
import { DataLinkClient, PacketWriter, subscribe } from "../lib/index.ts";

const PACKETS = 200_000;
const payload = Buffer.alloc(512, 7);

const SERVER = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { DataLinkServer } = require(workerData);
  DataLinkServer.listen({ port: 0, ringBytes: 256 * 1024 * 1024 }).then((server) => parentPort.postMessage(server.url));
`;

async function timed(what: string, work: () => Promise<void>): Promise<void> {
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const rate = Math.round(PACKETS / seconds).toLocaleString("en");
  console.log(`${what.padEnd(34)} ${rate.padStart(10)} packets/s`);
}

async function run(url: string): Promise<void> {
  await timed("write, acknowledged, window 500", async () => {
    await using writer = new PacketWriter(url, { maxInFlight: 500 });
    for (let n = 0; n < PACKETS; n++) {
      await writer.ready();
      writer.write({ streamId: "FDSN:XX_BENCH_00_H_H_Z/MSEED", dataStart: n, payload }).catch(console.error);
    }
  });
  await timed("stream()", async () => {
    await using dali = await DataLinkClient.connect(url);
    await dali.positionSet("EARLIEST");
    let count = 1;
    for await (const _ of dali.stream()) if (++count === PACKETS) break;
  });
  await timed("subscribe(), with commit", async () => {
    let count = 0;
    const packets = subscribe(url, { from: "earliest", maxInFlight: 1000 });
    for await (const packet of packets) {
      packets.commit(packet);
      if (++count === PACKETS) break;
    }
  });
}

const library = path.join(__dirname, "..", "lib", "index.js");
const worker = new Worker(SERVER, { eval: true, workerData: library });
worker.once("message", (url: string) => {
  run(url)
    .catch((error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    })
    .finally(() => void worker.terminate());
});
