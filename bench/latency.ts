// Milliseconds from writing a packet until a subscriber has it, from our own server, which sends at once: of a quiet stream,
// which is never kept waiting, and of one that is busy enough for its reads to be gathered.
import { setTimeout as sleep } from "node:timers/promises";
import { DataLinkServer, PacketWriter, subscribe } from "../lib/index.ts";
import { median } from "./peers/measure.ts";

const PACKETS = 200;
/** Until the code is compiled. */
const WARM_UP = 20;
const packet = {
  streamId: "FDSN:XX_BENCH_00_H_H_Z/TEXT",
  dataStart: 1_700_000_000_000_000,
  payload: Buffer.alloc(512, 7),
};

async function waits(interval: number): Promise<number[]> {
  await using server = await DataLinkServer.listen({ port: 0 });
  await using writer = new PacketWriter(server.url);
  await using packets = subscribe(server.url, { from: "earliest" });
  const sent: number[] = [];
  const found: number[] = [];
  const writing = (async () => {
    for (let i = 0; i < PACKETS; i++) {
      sent.push(performance.now());
      await writer.write(packet);
      if (interval > 0) await sleep(interval);
    }
  })();
  for await (const _ of packets) {
    found.push(performance.now() - sent[found.length]!);
    if (found.length === PACKETS) break;
  }
  await writing;
  return found.slice(WARM_UP);
}

async function run(): Promise<void> {
  for (const [what, interval] of [
    ["quiet, a packet every 20 ms", 20],
    ["busy, packets without pause", 0],
  ] as const) {
    const found = await waits(interval);
    const longest = Math.max(...found).toFixed(2);
    console.log(`written to read, ${what}: median ${median(found).toFixed(2)} ms, longest ${longest} ms`);
  }
}

void run();
