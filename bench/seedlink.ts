// How many packets a second are read from ringserver, which PATH must have, and what processor time each takes: by our
// clients, beside slinktool (SeedLink) and a reader built on libdali (DataLink). Packets of 512 bytes, 40 streams. Each
// reader is a process of its own, timed by the shell; what it takes to read a single packet is subtracted. The rounds
// take turns, so that all meet the machine in the same mood; medians.
//
// Peers: SLINKTOOL names slinktool (default: the one of PATH); LIBDALI_READER names a program that is called with an address
// and a number, reads so many packets by DataLink from the earliest on, and ends. BENCH_ONLY picks rows by their names.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  DataLinkClient,
  DataLinkServer,
  PacketWriter,
  packRecords,
  SeedLinkClient,
  subscribe,
  subscribeSeedLink,
} from "../lib/index.ts";

const PACKETS = Number(process.env.BENCH_PACKETS ?? 300_000);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const STREAMS = 40;
const ALONE = "YY_ONE";

interface Row {
  name: string;
  command: string[];
  /** The same, but for a single packet. */
  short: string[];
}

interface Cost {
  seconds: number;
  processor: number;
}

/** Records of 512 bytes: those of a station that has one only come first. */
function records(): { streamId: string; dataStart: number; payload: Uint8Array }[] {
  const samples = Int32Array.from({ length: 100 }, (_, i) => Math.round(1000 * Math.sin(i)));
  const stations = [ALONE, ...Array.from({ length: STREAMS }, (_, i) => `XX_S${i}`)];
  return stations.map((station, i) => {
    const dataStart = 1_700_000_000_000_000 + i * 1_000_000;
    const sourceId = `FDSN:${station}_00_H_H_Z`;
    const series = { sourceId, startTime: dataStart, sampleRate: 100, samples };
    const [payload] = packRecords(series, { formatVersion: 2, recordLength: 512 });
    return { streamId: `${sourceId}/MSEED`, dataStart, payload: payload! };
  });
}

async function fill(port: number): Promise<void> {
  const [alone, ...others] = records();
  await using writer = new PacketWriter(`datalink://127.0.0.1:${port}`, { maxInFlight: 1000 });
  const failed = (error: unknown) => {
    throw error;
  };
  // The very oldest packet is never sent by SeedLink.
  writer.write(alone!).catch(failed);
  writer.write(alone!).catch(failed);
  for (let n = 0; n < PACKETS; n++) {
    await writer.ready();
    writer.write(others[n % STREAMS]!).catch(failed);
  }
}

async function startRingserver(): Promise<{ port: number; stop(): Promise<void> }> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as { port: number };
  listener.close();
  const folder = mkdtempSync(path.join(tmpdir(), "seedlink-bench-"));
  const settings = ["-Rd", folder, "-Rs", `${PACKETS * 800}`, "-Rp", "512", "-VOLATILE", "-L", `${port}`];
  const child = spawn("ringserver", settings, { stdio: "ignore" });
  for (let attempt = 0; ; attempt++) {
    try {
      await (await DataLinkClient.connect(`127.0.0.1:${port}`)).close();
      break;
    } catch (error) {
      if (attempt === 50) throw error;
      await sleep(100);
    }
  }
  const stop = async () => {
    child.kill("SIGKILL");
    await once(child, "exit");
    rmSync(folder, { recursive: true, force: true });
  };
  return { port, stop };
}

/** What a command takes, as the shell tells. */
function timed([program, ...argv]: string[]): Cost {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>/dev/null';
  const { stderr, status } = spawnSync("bash", ["-c", script, "bash", program!, ...argv], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${program} ${argv.join(" ")} failed`);
  const [seconds, user, system] = stderr.trim().split(" ").map(Number);
  return { seconds: seconds!, processor: user! + system! };
}

function rows(port: number): Row[] {
  const address = `127.0.0.1:${port}`;
  const own = (how: string, scheme: string): Row => ({
    name: how,
    command: [process.execPath, __filename, how, `${scheme}://${address}`, `${PACKETS}`],
    short: [process.execPath, __filename, how, `${scheme}://${address}`, "1"],
  });
  const slinktool = process.env.SLINKTOOL ?? "slinktool";
  const argv = [slinktool, "-4", "-d", "-ts", "1970-01-01T00:00:00", "-S"];
  const tool: Row = {
    name: "seedlink slinktool",
    command: [...argv, "*_*", address],
    short: [...argv, ALONE, address],
  };
  const peers = spawnSync(slinktool, ["-V"]).error ? [] : [tool];
  const reader = process.env.LIBDALI_READER;
  const libdali = reader && {
    name: "datalink libdali",
    command: [reader, address, `${PACKETS}`],
    short: [reader, address, "1"],
  };
  const all = [
    ...peers,
    own("seedlink-4 stream", "seedlink"),
    own("seedlink-4 subscribe", "seedlink"),
    own("seedlink-3 stream", "seedlink"),
    own("seedlink-4 subscribe ws", "ws"),
    ...(libdali ? [libdali] : []),
    own("datalink stream", "datalink"),
    own("datalink subscribe", "datalink"),
  ];
  const only = process.env.BENCH_ONLY?.split(",");
  return only ? all.filter(({ name }) => only.some((word) => name.includes(word))) : all;
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
}

async function compare(): Promise<void> {
  const server = await startRingserver();
  try {
    await fill(server.port);
    const compared = rows(server.port).map((row) => ({
      ...row,
      seconds: [] as number[],
      each: [] as number[],
    }));
    for (let round = 0; round < ROUNDS; round++) {
      for (const row of compared) {
        const [whole, start] = [timed(row.command), timed(row.short)];
        row.seconds.push(whole.seconds - start.seconds);
        row.each.push(((whole.processor - start.processor) * 1e6) / PACKETS);
      }
    }
    for (const { name, seconds, each } of compared) {
      const peer = compared.find(
        (other) =>
          other.name.startsWith(name.slice(0, "seedlink".length)) && !other.command.includes(__filename),
      );
      const [rate, cost] = [PACKETS / median(seconds), median(each)];
      const ratio =
        peer && peer.name !== name
          ? `; ${(median(peer.seconds) / median(seconds)).toFixed(2)} times its rate, ${(cost / median(peer.each)).toFixed(2)} of its processor time (${peer.name})`
          : "";
      console.log(
        `${name.padEnd(26)} ${Math.round(rate / 1000)} k/s, ${cost.toFixed(2)} µs a packet${ratio}`,
      );
    }
  } finally {
    await server.stop();
  }
}

/**
 * Milliseconds from writing a packet until a subscriber has it, from our own server, which sends at once: of a quiet stream,
 * which is never kept waiting, and of one that is busy enough for its reads to be gathered.
 */
async function latency(): Promise<void> {
  await using server = await DataLinkServer.listen({ port: 0 });
  await using writer = new PacketWriter(server.url);
  const [packet] = records();
  for (const [what, interval] of [
    ["quiet, a packet every 20 ms", 20],
    ["busy, packets without pause", 0],
  ] as const) {
    await using packets = subscribe(server.url, { from: "latest" });
    const sent: number[] = [];
    const waits: number[] = [];
    const writing = (async () => {
      await sleep(300);
      for (let i = 0; i < 200; i++) {
        sent.push(performance.now());
        await writer.write(packet!);
        if (interval > 0) await sleep(interval);
      }
    })();
    for await (const _ of packets) {
      waits.push(performance.now() - sent[waits.length]!);
      if (waits.length === 200) break;
    }
    await writing;
    const longest = Math.max(...waits.slice(20)).toFixed(2);
    console.log(`written to read, ${what}: median ${median(waits).toFixed(2)} ms, longest ${longest} ms`);
  }
}

/** Reads so many packets, as one of our readers. */
async function read(how: string, url: string, count: number): Promise<void> {
  const [protocol, kind] = how.split(" ") as [string, string];
  const version = protocol.endsWith("3") ? "3.1" : "4.0";
  const streams = count === 1 ? ALONE : "*";
  let left = count;
  if (protocol === "datalink") {
    if (kind === "stream") {
      await using client = await DataLinkClient.connect(url);
      await client.positionSet("EARLIEST");
      for await (const packet of client.stream()) if (packet.payload.length !== 512 || --left === 0) return;
      return;
    }
    const packets = subscribe(url, { from: "earliest", maxInFlight: 1000 });
    for await (const packet of packets) {
      packets.commit(packet);
      if (--left === 0) return;
    }
    return;
  }
  if (kind === "stream") {
    await using client = await SeedLinkClient.connect(url, { protocol: version });
    for await (const packet of client.stream({ streams, from: "earliest", dialUp: true }))
      if (packet.payload.length !== 512 || --left === 0) return;
    return;
  }
  const packets = subscribeSeedLink(url, { protocol: version, streams, from: "earliest", maxInFlight: 1000 });
  for await (const packet of packets) {
    packets.commit(packet);
    if (--left === 0) return;
  }
}

const [how, url, count] = process.argv.slice(2);
if (url?.includes("://")) void read(how!, url, Number(count));
else void compare().then(latency);
