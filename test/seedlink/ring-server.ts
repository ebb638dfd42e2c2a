/** A real ringserver as a process of its own, on a port of its own, and records to fill it with. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DataLinkClient } from "../../lib/datalink/client.ts";
import { PacketWriter } from "../../lib/datalink/writer.ts";
import { packRecords } from "../../lib/mseed/index.ts";
import type { Certificate } from "../support/network/certificates.ts";

export const hasRingServer = spawnSync("ringserver", ["-V"]).error === undefined;

/** An old ringserver (2020.075: protocol 3.1 only, ids of NET_STA_LOC_CHA), if RINGSERVER_2020 names the program. */
export const oldRingServer = process.env.RINGSERVER_2020;

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** What records can be written to. */
export interface Target {
  /** Where DataLink is spoken, in plain. */
  readonly address: string;
  /** Whether it has no FDSN source identifiers in its stream ids. */
  readonly isOld?: boolean;
}

export interface RingServerOptions {
  /** The old one of RINGSERVER_2020. */
  isOld?: boolean;
  /** For a second port, with TLS. */
  tls?: Certificate;
  /** Its ring is a file, and outlives it where it is stopped. */
  keepsRing?: boolean;
}

export class RingServer implements AsyncDisposable, Target {
  readonly port: number;
  /** Of TLS. */
  readonly tlsPort: number;
  readonly isOld: boolean;
  readonly #directory: string;
  readonly #size: string;
  readonly #keepsRing: boolean;
  #process!: ChildProcess;

  /** @param size of the ring, for example `16M` */
  static async start(size: string, options: RingServerOptions = {}): Promise<RingServer> {
    const server = new RingServer([await freePort(), await freePort()], size, options);
    await server.start();
    return server;
  }

  private constructor([port, tlsPort]: [number, number], size: string, options: RingServerOptions) {
    const { isOld = false, tls, keepsRing = false } = options;
    this.port = port;
    this.tlsPort = tlsPort;
    this.isOld = isOld;
    this.#size = size;
    this.#keepsRing = keepsRing;
    this.#directory = mkdtempSync(path.join(os.tmpdir(), "ringserver-"));
    const lines = [`ListenPort ${port}${isOld ? "" : " IPv4"}`];
    for (const word of isOld ? ["WriteIP", "TrustedIP"] : ["AcceptIP", "WriteIP", "TrustedIP"]) {
      lines.push(`${word} 127.0.0.1`);
    }
    if (tls) {
      const [cert, key] = [path.join(this.#directory, "cert.pem"), path.join(this.#directory, "key.pem")];
      writeFileSync(cert, tls.cert);
      writeFileSync(key, tls.key);
      lines.push(`ListenPort ${tlsPort} IPv4 TLS`, `TLSCertFile ${cert}`, `TLSKeyFile ${key}`);
    }
    writeFileSync(path.join(this.#directory, "ring.conf"), `${lines.join("\n")}\n`);
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Starts it, with an empty ring unless it keeps its ring. */
  async start(): Promise<void> {
    const config = path.join(this.#directory, "ring.conf");
    const ring = path.join(this.#directory, "ring");
    if (!this.#keepsRing) rmSync(ring, { recursive: true, force: true });
    mkdirSync(ring, { recursive: true });
    const memory = this.isOld ? ["-NOMM"] : this.#keepsRing ? [] : ["-VOLATILE"];
    const options = ["-Rd", ring, "-Rs", this.#size, "-Rp", "512", ...memory, config];
    const program = this.isOld ? oldRingServer! : "ringserver";
    this.#process = spawn(program, options, { stdio: "ignore" });
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

  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** Ends it so that it can keep its ring. */
  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#process.kill(signal);
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

/** Writes the records `from` to before `to`; their packet ids are those numbers behind `firstId`, where it is given. */
export async function fill(server: Target, from: number, to: number, firstId?: bigint): Promise<void> {
  const writer = new PacketWriter(`datalink://${server.address}`, { maxInFlight: 200 });
  const writes: Promise<bigint>[] = [];
  for (let n = from; n < to; n++) {
    await writer.ready();
    const { sourceId, start, bytes } = recordOf(n);
    writes.push(
      writer.write({
        streamId: server.isOld ? oldStreamId(sourceId) : `${sourceId}/MSEED`,
        dataStart: start,
        dataEnd: start + 200_000,
        payload: bytes,
        packetId: firstId === undefined ? undefined : firstId + BigInt(n),
      }),
    );
  }
  await Promise.all(writes);
  await writer.close();
}

/** `FDSN:AA_ONE_00_H_H_Z` as `AA_ONE_00_HHZ/MSEED`. */
function oldStreamId(sourceId: string): string {
  const [network, station, location, ...channel] = sourceId.slice("FDSN:".length).split("_");
  return `${network}_${station}_${location}_${channel.join("")}/MSEED`;
}
