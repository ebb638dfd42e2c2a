// How many packets a second go into the embedded server and out of it, beside ringserver 4.x where PATH has it: both in
// a process of their own, driven by the same code. Sockets that only count bytes stand for readers, so that it is the
// server that is measured; "our client" reads and checks every packet. Packets of 512 bytes, 40 streams.
import { type ChildProcess, fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeFrame } from "../lib/datalink/protocol/frame.ts";
import { DataLinkClient, DataLinkServer } from "../lib/index.ts";

const PAYLOAD = Buffer.alloc(512, 0x5a);
const RING_BYTES = 128 * 1024 * 1024;
/** They fit into the ring of either server. */
const PACKETS = 100_000;
const READERS = [
  { readers: 1, packets: PACKETS, rounds: 3 },
  { readers: 10, packets: PACKETS, rounds: 2 },
  { readers: 100, packets: 20_000, rounds: 1 },
];
const IDLE_READERS = 1000;
/** Packets sent and not yet acknowledged. */
const WINDOW = 500;
const ONE_AT_A_TIME = 10_000;
const ROUNDS = 3;
/** Milliseconds after which a server is not waited for any more. */
const PATIENCE = 40_000;

interface Peer {
  name: string;
  port: number;
  pid: number;
  stop(): Promise<void>;
}

function writeFrame(i: number, flags: "A" | "N"): Buffer {
  const time = 1_700_000_000_000_000 + i * 1_000_000;
  const streamId = `FDSN:XX_S${i % 40}_00_H_H_Z/MSEED`;
  return encodeFrame(`WRITE ${streamId} ${time} ${time + 999_999} ${flags} ${PAYLOAD.length}`, PAYLOAD);
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  return socket;
}

/** Sends a command and gives the first bytes of its answer. */
async function ask(socket: Socket, command: string): Promise<string> {
  socket.write(encodeFrame(command));
  const [bytes] = (await once(socket, "data")) as [Buffer];
  return bytes.toString("latin1");
}

async function startOurs(): Promise<Peer> {
  const child = fork(__filename, ["serve"]);
  const [port] = (await once(child, "message")) as [number];
  return { name: "this server", port, pid: child.pid!, stop: () => stop(child) };
}

async function startRingserver(): Promise<Peer | undefined> {
  const version = spawnSync("ringserver", ["-V"], { encoding: "utf8" });
  if (version.error) return undefined;
  const folder = mkdtempSync(path.join(tmpdir(), "ring-bench-"));
  const port = await freePort();
  const settings = ["-Rd", folder, "-Rs", `${RING_BYTES}`, "-Rp", "512", "-VOLATILE", "-L", `${port}`];
  const child = spawn("ringserver", settings, { stdio: "ignore" });
  for (let attempt = 0; attempt < 50; attempt++) {
    await sleep(100);
    try {
      const socket = await open(port);
      socket.destroy();
      break;
    } catch {
      // It is not listening yet.
    }
  }
  const number = /\d+\.\S+/.exec(version.stdout + version.stderr)?.[0] ?? "";
  return {
    name: `ringserver ${number}`,
    port,
    pid: child.pid!,
    stop: async () => {
      await stop(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill();
  await exited;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

/** Packets a second into the server, without acknowledgements; the answer to ID says that it has them all. */
async function writeWithoutAcks(port: number, packets = PACKETS): Promise<number> {
  const socket = await open(port);
  const thousand = Buffer.concat(Array.from({ length: 1000 }, (_, i) => writeFrame(i, "N")));
  const started = performance.now();
  for (let i = 0; i < packets; i += 1000) {
    if (!socket.write(thousand)) await once(socket, "drain");
  }
  await ask(socket, "ID bench");
  const rate = perSecond(packets, started);
  socket.destroy();
  return rate;
}

/** Packets a second into the server, with so many unacknowledged at a time. */
async function writeWithAcks(port: number, window: number, packets: number): Promise<number> {
  const socket = await open(port);
  const frames = Array.from({ length: 1000 }, (_, i) => writeFrame(i, "A"));
  let [sent, acknowledged, tail] = [0, 0, ""];
  const started = performance.now();
  const send = () => {
    const batch: Buffer[] = [];
    while (sent < packets && sent - acknowledged < window) batch.push(frames[sent++ % frames.length]!);
    if (batch.length > 0) socket.write(batch.length === 1 ? batch[0]! : Buffer.concat(batch));
  };
  const done = new Promise<void>((resolve) => {
    socket.on("data", (bytes: Buffer) => {
      // Every acknowledgement is "DL", a length and "OK <id> 0"; one may be cut in two.
      const text = tail + bytes.toString("latin1");
      acknowledged += text.split("OK ").length - 1;
      tail = text.slice(-2);
      if (acknowledged < packets) send();
      else resolve();
    });
  });
  send();
  await done;
  socket.destroy();
  return perSecond(packets, started);
}

/** Bytes of PACKET frames from the one behind the earliest to the latest, counted once by reading them. */
async function bytesToRead(port: number, packets: number): Promise<number> {
  const client = await DataLinkClient.connect(`datalink://127.0.0.1:${port}`);
  await client.positionSet("EARLIEST");
  let bytes = 0;
  let left = packets - 1;
  for await (const packet of client.stream()) {
    const { streamId, packetId, packetTime, dataStart, dataEnd, payload } = packet;
    const header = `PACKET ${streamId} ${packetId} ${packetTime} ${dataStart} ${dataEnd} ${payload.length}`;
    bytes += 3 + header.length + payload.length;
    left--;
    if (left === 0) break;
  }
  await client.close();
  return bytes;
}

/** Packets a second out of the server, of all readers together. */
async function readByCounting(
  port: number,
  readers: number,
  packets: number,
  bytes: number,
): Promise<number> {
  const sockets = await Promise.all(Array.from({ length: readers }, () => open(port)));
  for (const socket of sockets) await ask(socket, "POSITION SET EARLIEST");
  const started = performance.now();
  await Promise.all(
    sockets.map(async (socket) => {
      let left = bytes;
      const done = new Promise<void>((resolve) => {
        socket.on("data", (piece) => {
          left -= piece.length;
          if (left <= 0) resolve();
        });
      });
      socket.write(encodeFrame("STREAM"));
      await done;
    }),
  );
  const rate = perSecond((packets - 1) * readers, started);
  for (const socket of sockets) socket.destroy();
  return rate;
}

/** Packets a second that our client reads, from the earliest on. */
async function readByClient(port: number): Promise<number> {
  const client = await DataLinkClient.connect(`datalink://127.0.0.1:${port}`);
  await client.positionSet("EARLIEST");
  let left = PACKETS - 1;
  const started = performance.now();
  for await (const packet of client.stream()) {
    if (packet.payload.length !== PAYLOAD.length) throw new Error("a packet of another size");
    left--;
    if (left === 0) break;
  }
  const rate = perSecond(PACKETS - 1, started);
  await client.close();
  return rate;
}

/** Milliseconds from writing a packet to having it at a reader who waits for it, the median and the longest of some. */
async function latency(port: number): Promise<string> {
  const [reader, writer] = [await open(port), await open(port)];
  reader.write(encodeFrame("STREAM"));
  await ask(reader, "ID reader");
  const times: number[] = [];
  for (let i = 0; i < 20; i++) {
    const started = performance.now();
    writer.write(writeFrame(i, "N"));
    await once(reader, "data");
    times.push(performance.now() - started);
    await sleep(20);
  }
  reader.destroy();
  writer.destroy();
  times.sort((a, b) => a - b);
  return `${times[10]!.toFixed(2)} / ${times.at(-1)!.toFixed(2)} ms`;
}

/** Memory, in bytes, that each of many readers costs who wait for packets. */
async function memoryPerIdleReader({ port, pid }: Peer): Promise<string> {
  const before = residentBytes(pid);
  const sockets: Socket[] = [];
  for (let i = 0; i < IDLE_READERS; i++) {
    const socket = await open(port);
    await ask(socket, "ID idle");
    socket.write(encodeFrame("STREAM"));
    sockets.push(socket);
  }
  await sleep(500);
  const grown = residentBytes(pid) - before;
  for (const socket of sockets) socket.destroy();
  return `${(grown / 1024 / 1024).toFixed(1)} MiB`;
}

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
}

function perSecond(packets: number, started: number): number {
  return (packets / (performance.now() - started)) * 1000;
}

/** The best and the median of some rounds, and the processor time that the server spent on a packet. */
async function rates(
  peer: Peer,
  packets: number,
  measure: () => Promise<number>,
  rounds = ROUNDS,
): Promise<string> {
  const found: number[] = [];
  const before = processorTime(peer.pid);
  for (let i = 0; i < rounds; i++) found.push(await measure());
  const each = ((processorTime(peer.pid) - before) * 1e6) / (rounds * packets);
  found.sort((a, b) => b - a);
  const [best, median] = [found[0]!, found[rounds >> 1]!].map((rate) =>
    Math.round(rate).toLocaleString("en"),
  );
  return `${best} packets/s at best, median ${median}; ${each.toFixed(1)} µs of processor time each`;
}

/** Seconds that a process has run so far, on all processors together. */
function processorTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // In ticks, which are hundredths of a second on every Linux that runs Node.js.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function withinPatience(figure: Promise<string>): Promise<string> {
  const patience = new AbortController();
  const tooLong = sleep(PATIENCE, `not done within ${PATIENCE / 1000} s`, { signal: patience.signal });
  // Whichever comes second ends in an error, of the timer or of the server being stopped, that nobody wants to know.
  figure.catch(() => {});
  tooLong.catch(() => {});
  const result = await Promise.race([figure, tooLong]);
  patience.abort();
  return result;
}

/**
 * One figure of one server after the other, so that both meet the machine in the same mood. A fresh server for each
 * kind of figure: what one leaves behind must not weigh on the next.
 */
async function figure(what: string, run: (peer: Peer) => Promise<string>): Promise<void> {
  for (const start of [startOurs, startRingserver]) {
    const peer = await start();
    if (!peer) continue;
    try {
      console.log(`${what}: ${peer.name}: ${await withinPatience(run(peer))}`);
    } finally {
      await peer.stop();
    }
  }
}

async function run(): Promise<void> {
  await figure("in, not acknowledged", (peer) => rates(peer, PACKETS, () => writeWithoutAcks(peer.port)));
  await figure(`in, acknowledged, ${WINDOW} in flight`, (peer) =>
    rates(peer, PACKETS, () => writeWithAcks(peer.port, WINDOW, PACKETS)),
  );
  await figure("in, acknowledged, one at a time", (peer) =>
    rates(peer, ONE_AT_A_TIME, () => writeWithAcks(peer.port, 1, ONE_AT_A_TIME)),
  );
  await figure("written to read, median / longest", ({ port }) => latency(port));
  for (const { readers, packets, rounds } of READERS) {
    await figure(`out, ${readers} reader${readers > 1 ? "s" : ""} together`, async (peer) => {
      await writeWithoutAcks(peer.port, packets);
      const bytes = await bytesToRead(peer.port, packets);
      const read = () => readByCounting(peer.port, readers, packets, bytes);
      return await rates(peer, readers * packets, read, rounds);
    });
  }
  await figure("out, our client", async (peer) => {
    await writeWithoutAcks(peer.port);
    return await rates(peer, PACKETS, () => readByClient(peer.port));
  });
  await figure(`${IDLE_READERS} idle readers`, memoryPerIdleReader);
}

async function serve(): Promise<void> {
  const server = await DataLinkServer.listen({
    port: 0,
    ringBytes: RING_BYTES,
    maxClients: 2 * IDLE_READERS,
  });
  process.send!(server.port);
}

if (process.argv[2] === "serve") void serve();
else void run();
