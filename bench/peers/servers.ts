// The servers that are read from and written to, each a process of its own: ringserver, which PATH must have, and ours.
import { type ChildProcess, fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DataLinkClient, PacketWriter } from "../../lib/index.ts";
import { inputs } from "./records.ts";

export interface Server {
  /** Host and port. */
  address: string;
  pid: number;
  stop(): Promise<void>;
}

/** Room for a packet of 512 bytes in either ring. */
const BYTES_PER_PACKET = 800;

export async function startOurs(packets: number): Promise<Server> {
  const child = fork(path.join(__dirname, "our-server.js"), [`${packets * BYTES_PER_PACKET}`]);
  const [port] = (await once(child, "message")) as [number];
  return { address: `127.0.0.1:${port}`, pid: child.pid!, stop: () => stop(child) };
}

export async function startRingserver(packets: number): Promise<Server | undefined> {
  if (spawnSync("ringserver", ["-V"]).error) return undefined;
  const folder = mkdtempSync(path.join(tmpdir(), "bench-ring-"));
  const port = await freePort();
  const ring = ["-Rd", folder, "-Rs", `${packets * BYTES_PER_PACKET}`, "-Rp", "512", "-VOLATILE"];
  const child = spawn("ringserver", [...ring, "-L", `${port}`], { stdio: "ignore" });
  const address = `127.0.0.1:${port}`;
  for (let attempt = 0; ; attempt++) {
    try {
      await (await DataLinkClient.connect(address)).close();
      break;
    } catch (error) {
      if (attempt === 50) throw error;
      await sleep(100);
    }
  }
  return {
    address,
    pid: child.pid!,
    stop: async () => {
      await stop(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Fills a ring with what readers read. */
export async function fill({ address }: Server, packets: number): Promise<void> {
  await using writer = new PacketWriter(address, { maxInFlight: 1000 });
  const failed = (error: unknown) => {
    throw error;
  };
  const all = inputs();
  // SeedLink servers never send the very first packet.
  for (let n = 0; n <= packets; n++) {
    await writer.ready();
    writer.write(all[n % all.length]!).catch(failed);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as { port: number };
  listener.close();
  return port;
}
