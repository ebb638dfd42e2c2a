/** A real ringserver as a process of its own, on a port of its own, and records to fill it with. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DataLinkClient } from "../../lib/datalink/client.ts";
import { PacketWriter } from "../../lib/datalink/writer.ts";
import { packRecords } from "../../lib/mseed/index.ts";

export const hasRingServer = spawnSync("ringserver", ["-V"]).error === undefined;

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

export class RingServer implements AsyncDisposable {
  readonly port: number;
  readonly #directory: string;
  readonly #size: string;
  #process!: ChildProcess;

  /** @param size of the ring, for example `16M` */
  static async start(size: string): Promise<RingServer> {
    const server = new RingServer(await freePort(), size);
    await server.start();
    return server;
  }

  private constructor(port: number, size: string) {
    this.port = port;
    this.#size = size;
    this.#directory = mkdtempSync(path.join(os.tmpdir(), "ringserver-"));
    const allow = ["AcceptIP", "WriteIP", "TrustedIP"].map((word) => `${word} 127.0.0.1\n`).join("");
    writeFileSync(path.join(this.#directory, "ring.conf"), `ListenPort ${port} IPv4\n${allow}`);
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Starts it, with an empty ring. */
  async start(): Promise<void> {
    const config = path.join(this.#directory, "ring.conf");
    const options = ["-Rd", this.#directory, "-Rs", this.#size, "-Rp", "512", "-VOLATILE", config];
    this.#process = spawn("ringserver", options, { stdio: "ignore" });
    for (let attempt = 0; ; attempt++) {
      try {
        await (await DataLinkClient.connect(this.address)).close();
        return;
      } catch (error) {
        if (attempt === 100) throw error;
        await delay(50);
      }
    }
  }

  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    if (this.#process.exitCode === null && this.#process.signalCode === null)
      await once(this.#process, "exit");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true });
  }
}

export const STATIONS = ["AA_ONE", "AA_TWO", "BB_THREE", "BB_FOUR", "CC_FIVE"];

/** Record number `n`: the stations take turns, and the n-th record tells that it is the n-th. */
export function recordOf(n: number): { sourceId: string; start: number; bytes: Buffer } {
  const sourceId = `FDSN:${STATIONS[n % STATIONS.length]}_00_H_H_Z`;
  const start = 1_700_000_000_000_000 + n * 1_000_000;
  const series = {
    sourceId,
    startTime: BigInt(start) * 1000n,
    sampleRate: 10,
    samples: Int32Array.of(n, n + 1, n + 2),
  };
  const [bytes] = [...packRecords(series, { formatVersion: 2, recordLength: 512 })];
  return { sourceId, start, bytes: Buffer.from(bytes!) };
}

/** The number of a record, by its time. */
export function numberOf(packet: { dataStart: number }): number {
  return (packet.dataStart - 1_700_000_000_000_000) / 1_000_000;
}

/** Writes the records `from` to before `to`. */
export async function fill(server: RingServer, from: number, to: number): Promise<void> {
  const writer = new PacketWriter(`datalink://${server.address}`, { maxInFlight: 200 });
  const writes: Promise<bigint>[] = [];
  for (let n = from; n < to; n++) {
    await writer.ready();
    const { sourceId, start, bytes } = recordOf(n);
    writes.push(
      writer.write({
        streamId: `${sourceId}/MSEED`,
        dataStart: start,
        dataEnd: start + 200_000,
        payload: bytes,
      }),
    );
  }
  await Promise.all(writes);
  await writer.close();
}
