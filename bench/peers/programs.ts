// Our own side of the comparison, each a program that is called with what it is to do, an address or a file, and how often:
// it reads or writes so many packets, or decodes a file so many times, tells what that took
// from the first quarter on, and ends.
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { encodeFrame } from "../../lib/datalink/protocol/frame.ts";
import { DataLinkClient, PacketWriter, readRecords, SeedLinkClient, subscribe } from "../../lib/index.ts";
import { Lap } from "./lap.ts";
import { inputs } from "./records.ts";
import { readBySeisplotjs, seisplotjs } from "./seisplotjs.ts";

type Program = (target: string, lap: Lap) => Promise<void>;

/** The packet that a position names does not come, and that of EARLIEST is the first one: there has to be one more. */
async function stream(url: string, lap: Lap): Promise<void> {
  await using client = await DataLinkClient.connect(url);
  await client.positionSet("EARLIEST");
  for await (const _ of client.stream()) if (lap.next()) break;
  lap.tell();
}

async function committed(url: string, lap: Lap): Promise<void> {
  await using packets = subscribe(url, { from: "earliest", maxInFlight: 1000 });
  for await (const packet of packets) {
    packets.commit(packet);
    if (lap.next()) break;
  }
  lap.tell();
}

const seedLink =
  (protocol: "3.1" | "4.0"): Program =>
  async (url, lap) => {
    await using client = await SeedLinkClient.connect(url, { protocol });
    const packets = client.stream({ streams: "*", from: "earliest", dialUp: true });
    for await (const _ of packets) if (lap.next()) break;
    lap.tell();
  };

const failed = (error: unknown): never => {
  throw error;
};

async function write(url: string, lap: Lap): Promise<void> {
  const packets = inputs();
  const writer = new PacketWriter(url, { maxInFlight: 500 });
  let n = 0;
  do {
    await writer.ready();
    writer.write(packets[n++ % packets.length]!).catch(failed);
  } while (!lap.next());
  await writer.close({ timeout: 60_000 });
  lap.tell();
}

/** Writes without acknowledgements, made beforehand, as fast as they are taken; the answer to ID says that all are. */
async function pour(target: string, lap: Lap): Promise<void> {
  const { hostname: host, port } = new URL(target);
  const socket = connect({ host, port: Number(port), noDelay: true });
  const frames = inputs().map(({ streamId, dataStart, payload }) =>
    encodeFrame(`WRITE ${streamId} ${dataStart} ${dataStart} N ${payload.length}`, payload),
  );
  const piece = Buffer.concat(frames);
  const answered = new Promise((resolve) => {
    socket.once("data", resolve);
  });
  for (let isLast = false; !isLast; ) {
    for (const _ of frames) isLast = lap.next();
    if (!socket.write(piece)) await new Promise((resolve) => socket.once("drain", resolve));
  }
  socket.write(encodeFrame("ID bench"));
  await answered;
  lap.tell();
  socket.destroy();
}

function decode(file: string, lap: Lap): Promise<void> {
  const bytes = readFileSync(file);
  let samples = 0;
  do {
    for (const record of readRecords(bytes)) samples += (record.samples as Int32Array).length;
  } while (!lap.next());
  lap.tell();
  return samples > 0 ? Promise.resolve() : Promise.reject(new Error("no samples"));
}

async function decodeBySeisplotjs(file: string, lap: Lap): Promise<void> {
  const bytes = Uint8Array.from(readFileSync(file)).buffer;
  const { miniseed } = await seisplotjs();
  let samples = 0;
  do {
    for (const record of miniseed.parseDataRecords(bytes)) samples += record.decompress().length;
  } while (!lap.next());
  lap.tell();
  if (samples === 0) throw new Error("no samples");
}

const PROGRAMS: Record<string, Program> = {
  stream,
  subscribe: committed,
  "seedlink-3": seedLink("3.1"),
  "seedlink-4": seedLink("4.0"),
  write,
  pour,
  decode,
  "seisplotjs-decode": decodeBySeisplotjs,
  "seisplotjs-read": readBySeisplotjs,
};

const [program = "", target = "", count = ""] = process.argv.slice(2);

PROGRAMS[program]!(target, new Lap(Number(count))).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
