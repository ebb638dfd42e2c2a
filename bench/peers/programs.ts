// Our own side of the comparison, each a program that is called with what it is to do, an address or a file, and how often:
// it reads or writes so many packets, or decodes a file so many times, and ends.
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { encodeFrame } from "../../lib/datalink/protocol/frame.ts";
import { DataLinkClient, PacketWriter, readRecords, SeedLinkClient, subscribe } from "../../lib/index.ts";
import { inputs } from "./records.ts";
import { type Decompressable, readBySeisplotjs, seisplotjs } from "./seisplotjs.ts";

type Program = (target: string, count: number) => Promise<void>;

/** The packet that a position names does not come, and that of EARLIEST is the first one. */
async function stream(url: string, count: number): Promise<void> {
  await using client = await DataLinkClient.connect(url);
  await client.positionSet("EARLIEST");
  let left = count - 1;
  for await (const packet of client.stream()) if (packet.payload.length !== 512 || --left === 0) return;
}

async function committed(url: string, count: number): Promise<void> {
  const packets = subscribe(url, { from: "earliest", maxInFlight: 1000 });
  let left = count;
  for await (const packet of packets) {
    packets.commit(packet);
    if (--left === 0) return;
  }
}

const seedLink =
  (protocol: "3.1" | "4.0"): Program =>
  async (url, count) => {
    await using client = await SeedLinkClient.connect(url, { protocol });
    let left = count;
    for await (const packet of client.stream({ streams: "*", from: "earliest", dialUp: true }))
      if (packet.payload.length !== 512 || --left === 0) return;
  };

async function write(url: string, count: number): Promise<void> {
  const packets = inputs();
  await using writer = new PacketWriter(url, { maxInFlight: 500 });
  const failed = (error: unknown) => {
    throw error;
  };
  for (let n = 0; n < count; n++) {
    await writer.ready();
    writer.write(packets[n % packets.length]!).catch(failed);
  }
}

/** Packets in a piece of those that are poured. */
const PIECE = 40;

/** Writes without acknowledgements, made beforehand, as fast as they are taken; the answer to ID says that all are. */
async function pour(target: string, count: number): Promise<void> {
  const { hostname: host, port } = new URL(target);
  const socket = connect({ host, port: Number(port), noDelay: true });
  const piece = Buffer.concat(
    inputs().map(({ streamId, dataStart, payload }) =>
      encodeFrame(`WRITE ${streamId} ${dataStart} ${dataStart} N ${payload.length}`, payload),
    ),
  );
  const answered = new Promise((resolve) => {
    socket.once("data", resolve);
  });
  for (let n = 0; n < count; n += PIECE)
    if (!socket.write(piece)) await new Promise((resolve) => socket.once("drain", resolve));
  socket.write(encodeFrame("ID bench"));
  await answered;
  socket.destroy();
}

const PROGRAMS: Record<string, Program> = {
  stream,
  subscribe: committed,
  "seedlink-3": seedLink("3.1"),
  "seedlink-4": seedLink("4.0"),
  write,
  pour,
  decode: async (file, count) => {
    const bytes = readFileSync(file);
    let samples = 0;
    for (let n = 0; n < count; n++)
      for (const record of readRecords(bytes)) samples += (record.samples as Int32Array).length;
    await Promise.resolve(samples);
  },
  "seisplotjs-decode": async (file, count) => {
    const bytes = Uint8Array.from(readFileSync(file)).buffer;
    const { miniseed } = await seisplotjs();
    const decode = (records: Decompressable[]) =>
      records.reduce((sum, record) => sum + record.decompress().length, 0);
    for (let n = 0; n < count; n++) decode(miniseed.parseDataRecords(bytes));
  },
  "seisplotjs-read": readBySeisplotjs,
};

const [program = "", target = "", count = ""] = process.argv.slice(2);

PROGRAMS[program]!(target, Number(count)).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
