// What SeedLink readers cost the embedded server, beside DataLink readers: processor time per packet sent, with 1, 10 and 100
// readers of records that come one after the other; how long a record is on its way to a reader; and the memory of readers
// that wait. The server is in a process of its own, the readers in another one.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { DataLinkServer, packRecords } from "../lib/index.ts";

const RECORDS = 3000;
const READERS = [1, 10, 100];
/** Records between which the event loop has its turn. */
const BURST = 5;

interface Report {
  microseconds: number;
  memory: number;
}

/** The records, all of one length, with their numbers in the first sample. */
function record(n: number): Uint8Array {
  const series = {
    sourceId: "FDSN:XX_BENCH_00_H_H_Z",
    startTime: 1_700_000_000_000_000_000n + BigInt(n) * 1_000_000_000n,
    sampleRate: 100,
    samples: Int32Array.from({ length: 100 }, (_, i) => n + i),
  };
  return [...packRecords(series, { formatVersion: 2, recordLength: 512 })][0]!;
}

/** The server's process: writes when it is told, and says what that took. */
async function serve(): Promise<void> {
  const server = await DataLinkServer.listen({ port: 0, ringBytes: 64 << 20, maxClients: 2000 });
  const records = Array.from({ length: RECORDS }, (_, n) => record(n));
  const write = (n: number) => {
    const dataStart = n * 1_000_000;
    server.write({ streamId: "FDSN:XX_BENCH_00_H_H_Z/MSEED", dataStart, payload: records[n]! });
  };
  const work = async (what: "all" | "one" | "memory") => {
    const before = process.cpuUsage();
    if (what === "one") write(0);
    if (what === "all") {
      for (let n = 0; n < RECORDS; n += BURST) {
        for (let i = 0; i < BURST; i++) write(n + i);
        await new Promise((resolve) => setImmediate(resolve));
      }
      while (server.connections.some(({ percentLag }) => percentLag > 0))
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const { user, system } = process.cpuUsage(before);
    if (what === "memory") globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    process.send!({ microseconds: user + system, memory: heapUsed + external } satisfies Report);
  };
  process.on("message", (what: "all" | "one" | "memory") => void work(what));
  process.send!(server.port);
}

const COMMANDS = {
  "SeedLink 4.0": Buffer.from("SLPROTO 4.0\r\nSTATION *\r\nDATA\r\nEND\r\n"),
  "SeedLink 3.1": Buffer.from("STATION * *\r\nDATA\r\nEND\r\n"),
  DataLink: Buffer.from("DL\x02IDDL\x06STREAM", "latin1"),
};

async function reader(port: number, protocol: keyof typeof COMMANDS): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  socket.write(COMMANDS[protocol]);
  await once(socket, "data");
  socket.resume();
  return socket;
}

async function ask(server: ChildProcess, what: string): Promise<Report> {
  server.send(what);
  return (await once(server, "message"))[0] as Report;
}

async function measure(protocol: keyof typeof COMMANDS): Promise<void> {
  for (const count of READERS) {
    const server = fork(__filename, ["serve"], { execArgv: ["--expose-gc"] });
    const [port] = (await once(server, "message")) as [number];
    await ask(server, "memory");
    const { memory: before } = await ask(server, "memory");
    const sockets = await Promise.all(Array.from({ length: count }, () => reader(port, protocol)));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const { memory } = await ask(server, "memory");
    await ask(server, "all");
    const { microseconds } = await ask(server, "all");
    const latencies: number[] = [];
    for (let i = 0; i < 100; i++) {
      const start = performance.now();
      const arrived = Promise.all(sockets.map((socket) => once(socket, "data")));
      server.send("one");
      await arrived;
      latencies.push(performance.now() - start);
      await once(server, "message");
    }
    latencies.sort((a, b) => a - b);
    const perPacket = (microseconds / RECORDS / count).toFixed(2);
    const [half, most] = [0.5, 0.95].map((part) =>
      latencies[Math.floor(latencies.length * part)]!.toFixed(2),
    );
    console.log(
      `${protocol.padEnd(13)} ${String(count).padStart(3)} readers  ${perPacket.padStart(6)} µs/packet sent  ` +
        `${half} ms (95 %: ${most} ms) to the last reader  ${Math.round((memory - before) / count / 1024)} KiB for one that waits`,
    );
    for (const socket of sockets) socket.destroy();
    server.kill();
  }
}

async function run(): Promise<void> {
  for (const protocol of Object.keys(COMMANDS) as (keyof typeof COMMANDS)[]) await measure(protocol);
}

(process.argv[2] === "serve" ? serve() : run()).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
