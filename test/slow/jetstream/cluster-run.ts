// A whole chain under fire: a DataLink server, relays into a stream with three copies, and workers that archive, while one or the other is
// killed. Counts what the stream has and what is in the archives, not what anybody reported.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  connectJetStream,
  createStream,
  DataLinkServer,
  type JetStreamConnection,
} from "../../../lib/index.ts";
import { idsOf, managerOf } from "../../jetstream/packets.ts";
import { newFolder } from "../../support/folders.ts";
import { type NatsCluster, natsCluster } from "../../support/network/nats-servers.ts";

const STATIONS = 100;
const ROOT = path.join(__dirname, "../../..");

export interface Victim {
  /** When so many packets are stored. */
  at: number;
  what: "worker" | "relay" | "stream leader" | "consumer leader";
}

export interface Plan {
  packets: number;
  workers: number;
  relays?: number;
  order?: "any" | "kept";
  kills: Victim[];
}

export interface Result {
  stored: number;
  twice: number;
  missing: number;
  /** In the stream: packets behind a later one of their stream id. */
  outOfOrder: number;
  lines: number;
  archived: number;
  /** By the workers: packets taken after a later one of their stream id, each packet by when it was taken first. */
  takenOutOfOrder: number;
  seconds: number;
  /** The longest time in which nothing was stored, in seconds. */
  longestPause: number;
}

/** Of a process that nobody killed. */
let ended: Error | undefined;

const children = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

function start(script: string, argv: string[]): ChildProcess {
  const stdio = process.env.JETSTREAM_VERBOSE ? "inherit" : "ignore";
  const child = spawn(process.execPath, [path.join(ROOT, script), ...argv], {
    stdio: ["ignore", stdio, stdio],
  });
  children.add(child);
  child.once("exit", (code, signal) => {
    children.delete(child);
    if (signal !== "SIGKILL") ended = new Error(`${script} ended by itself, with ${code ?? signal}`);
  });
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

class Run {
  readonly #plan: Plan;
  readonly #cluster: NatsCluster;
  readonly #connection: JetStreamConnection;
  readonly #source: DataLinkServer;
  readonly #folder = newFolder();
  readonly #relays: ChildProcess[] = [];
  readonly #workers: ChildProcess[] = [];
  readonly #returning: Promise<void>[] = [];
  #starts = 0;

  constructor(plan: Plan, cluster: NatsCluster, connection: JetStreamConnection, source: DataLinkServer) {
    this.#plan = plan;
    this.#cluster = cluster;
    this.#connection = connection;
    this.#source = source;
  }

  async result(): Promise<Result> {
    const { packets, workers, relays = 1 } = this.#plan;
    const began = performance.now();
    for (let i = 0; i < relays; i++) this.#startRelay(i);
    for (let i = 0; i < workers; i++) this.#startWorker();
    const writing = this.#write();
    const longestPause = await this.#shoot();
    await Promise.all([writing, ...this.#returning]);
    await this.#untilDone();
    const seconds = (performance.now() - began) / 1000;
    await Promise.all([...this.#relays, ...this.#workers].map(kill));
    const ids = await idsOf(this.#connection, "S");
    const numbers = ids.map((id) => Number(id.split(":").at(-2)));
    const stored = new Set(numbers).size;
    const lines = this.#linesOf("archive-");
    const unique = new Set(lines.map((line) => (JSON.parse(line) as { n: number }).n));
    return {
      ...{
        stored: ids.length,
        twice: ids.length - stored,
        missing: packets - stored,
        outOfOrder: outOfOrder(numbers),
      },
      ...{
        lines: lines.length,
        archived: unique.size,
        takenOutOfOrder: this.#takenOutOfOrder(),
        seconds,
        longestPause,
      },
    };
  }

  /** As a ring is filled: what waits to be relayed stays below what it holds. */
  async #write(): Promise<void> {
    for (let n = 1; n <= this.#plan.packets; n++) {
      this.#source.write({
        streamId: `FDSN:XX_S${n % STATIONS}__H_H_Z/JSON`,
        dataStart: Date.now(),
        payload: JSON.stringify({ n }).padEnd(400),
      });
      if (n % 100 === 0) await pause(5);
    }
  }

  #startRelay(i: number): void {
    const state = path.join(this.#folder, `relay-${i}.json`);
    const address = `${this.#cluster.url}/S`;
    const words = [
      "relay",
      this.#source.url,
      address,
      "--from",
      "earliest",
      "--state",
      state,
      "--source",
      "ring",
    ];
    this.#relays[i] = start("lib/cli/datalink.js", words);
  }

  #startWorker(): void {
    const { order = "any" } = this.#plan;
    const words = [this.#cluster.url, "S", "g", order, `w${this.#starts++}`, this.#folder];
    this.#workers.push(start("test/slow/jetstream/worker.js", words));
  }

  /** Kills what the plan says when it says so; gives the longest time in which nothing was stored. */
  async #shoot(): Promise<number> {
    const victims = [...this.#plan.kills].sort((a, b) => a.at - b.at);
    let stored = 0;
    let longest = 0;
    let since = performance.now();
    while (stored < this.#plan.packets) {
      if (ended) throw ended;
      const now = await this.#stored();
      if (now !== undefined && now > stored) {
        if (stored > 0) longest = Math.max(longest, performance.now() - since);
        stored = now;
        since = performance.now();
      }
      const [next] = victims;
      if (next && stored >= next.at) {
        victims.shift();
        await this.#kill(next.what);
      }
      await pause(20);
    }
    return longest / 1000;
  }

  async #kill(what: Victim["what"]): Promise<void> {
    if (what === "worker") {
      await kill(this.#workers.shift()!);
      if (this.#workers.length === 0) this.#startWorker();
    } else if (what === "relay") {
      await kill(this.#relays[0]!);
      // Of two, the other one goes on alone.
      if (this.#relays.length === 1) this.#startRelay(0);
    } else {
      const server = this.#cluster.named(await this.#leader(what));
      await server.kill();
      this.#returning.push(pause(4000).then(() => server.start()));
    }
  }

  async #leader(what: "stream leader" | "consumer leader"): Promise<string | undefined> {
    const { streams, consumers } = await managerOf(this.#connection);
    const group = this.#plan.order === "kept" ? "g-00" : "g";
    const info = what === "stream leader" ? await streams.info("S") : await consumers.info("S", group);
    return (info as { cluster?: { leader?: string } }).cluster?.leader;
  }

  async #stored(): Promise<number | undefined> {
    try {
      return (await (await managerOf(this.#connection)).streams.info("S")).state.last_seq;
    } catch {
      return undefined;
    }
  }

  /** Until the group has acknowledged all. */
  async #untilDone(): Promise<void> {
    const names =
      this.#plan.order === "kept"
        ? Array.from({ length: 16 }, (_, i) => `g-${String(i).padStart(2, "0")}`)
        : ["g"];
    const { consumers } = await managerOf(this.#connection);
    for (const name of names) {
      for (;;) {
        if (ended) throw ended;
        const info = await consumers.info("S", name).catch(() => undefined);
        if (info && info.num_pending === 0 && info.num_ack_pending === 0) break;
        await pause(100);
      }
    }
  }

  #linesOf(prefix: string): string[] {
    return readdirSync(this.#folder)
      .filter((name) => name.startsWith(prefix) && !name.includes(".journal"))
      .flatMap((name) => readFileSync(path.join(this.#folder, name), "utf8").split("\n"))
      .filter((line) => line.trim() !== "");
  }

  #takenOutOfOrder(): number {
    const first = new Map<number, [time: bigint, n: number]>();
    for (const line of this.#linesOf("taken-")) {
      const [time = "0", , id = "0"] = line.split(" ");
      const n = Number(id);
      const known = first.get(n);
      if (!known || BigInt(time) < known[0]) first.set(n, [BigInt(time), n]);
    }
    const taken = [...first.values()].sort(([a], [b]) => (a < b ? -1 : 1));
    return outOfOrder(taken.map(([, n]) => n));
  }
}

/** How many come after a higher one of the same station. */
function outOfOrder(numbers: readonly number[]): number {
  const highest = new Map<number, number>();
  let count = 0;
  for (const n of numbers) {
    const before = highest.get(n % STATIONS) ?? 0;
    if (n < before) count++;
    else highest.set(n % STATIONS, n);
  }
  return count;
}

export async function runCluster(plan: Plan): Promise<Result> {
  ended = undefined;
  await using cluster = await natsCluster();
  await using connection = await connectJetStream({ servers: cluster.url, timeout: 1000 });
  await using source = await DataLinkServer.listen({ port: 0, ringBytes: 512 * 1024 * 1024 });
  await makeStream(connection);
  return await new Run(plan, cluster, connection, source).result();
}

/** As soon as the servers have found each other. */
async function makeStream(connection: JetStreamConnection): Promise<void> {
  for (;;) {
    try {
      const info = await createStream(connection, { stream: "S", maxBytes: 1e9 });
      if (info.messages !== 0) throw new Error("the stream is not empty");
      if (info.leader !== undefined) return;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== "NO_ANSWER" && code !== "SERVER_ERROR") throw error;
    }
    await pause(100);
  }
}
