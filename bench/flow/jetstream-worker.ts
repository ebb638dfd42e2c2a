// A part of the JetStream benchmark as a process of its own: says READY, begins at a line of its input, and prints the microseconds of
// processor time and of wall time that it took for so many packets.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  connectJetStream,
  JetStreamWriter,
  JsonLinesArchive,
  type Packet,
  PacketWriter,
  subscribe,
  subscribeJetStream,
} from "../../lib/index.ts";

const [part = "", from = "", to = "", count = "0", group = "g"] = process.argv.slice(2);
const total = Number(count);

interface Source extends AsyncIterable<Packet> {
  commit(packet: never): void;
}

async function read(source: Source, take: ((packet: Packet) => Promise<unknown>) | undefined): Promise<void> {
  let n = 0;
  const open = new Set<Promise<void>>();
  for await (const packet of source) {
    if (take) {
      const done = take(packet).then(() => source.commit(packet as never));
      open.add(done);
      void done.finally(() => open.delete(done));
    } else source.commit(packet as never);
    if (++n === total) break;
  }
  await Promise.all(open);
}

async function work(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), "bench-"));
  const archive = new JsonLinesArchive({ pattern: path.join(folder, "a.jsonl") });
  const write = (packet: Packet) => archive.write(packet);
  try {
    if (part === "read") await read(subscribe(from, { from: "earliest" }), undefined);
    else if (part === "read-archive") await read(subscribe(from, { from: "earliest" }), write);
    else if (part === "relay-datalink") {
      await using writer = new PacketWriter(to, { maxInFlight: 1000 });
      await read(subscribe(from, { from: "earliest", maxInFlight: 1000 }), async (packet) => {
        await writer.ready();
        return await writer.write(packet);
      });
    } else if (part === "relay") {
      await using writer = new JetStreamWriter(
        { servers: to },
        { stream: "S", lookUp: { source: "bench", isOrdered: true } },
      );
      await read(subscribe(from, { from: "earliest", maxInFlight: 2048 }), async (packet) => {
        await writer.ready();
        return await writer.publish({ ...packet, source: "bench" });
      });
    } else if (part === "publish") {
      await using writer = new JetStreamWriter({ servers: to }, { stream: "S" });
      const payload = Buffer.alloc(512);
      const time = Date.now() * 1000;
      const open: Promise<unknown>[] = [];
      for (let n = 0; n < total; n++) {
        await writer.ready();
        const packet = {
          streamId: `FDSN:XX_S${n % 300}__H_H_Z/MSEED`,
          dataStart: time,
          dataEnd: time,
          payload,
        };
        open.push(writer.publish({ ...packet, source: "publish", packetId: BigInt(n), packetTime: time }));
      }
      await Promise.all(open);
    } else {
      const order = part.startsWith("kept") ? "kept" : "any";
      await using connection = await connectJetStream({ servers: from });
      const packets = subscribeJetStream(connection, { stream: "S", group, order });
      await read(packets, part.endsWith("archive") ? write : undefined);
      // What is acknowledged is on its way.
      await packets.close();
    }
  } finally {
    await archive.close();
    rmSync(folder, { recursive: true });
  }
}

process.stdout.write("READY\n");
process.stdin.once("data", () => {
  const began = performance.now();
  const before = process.cpuUsage();
  work().then(
    () => {
      const { user, system } = process.cpuUsage(before);
      process.stdout.write(
        `${JSON.stringify({ processor: user + system, wall: (performance.now() - began) * 1000 })}\n`,
      );
      process.exit(0);
    },
    (error: Error) => {
      console.error(error);
      process.exit(1);
    },
  );
});
