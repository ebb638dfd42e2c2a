// Packets a second and processor time per packet of each part of a chain through JetStream, beside the same without it: DataLink server,
// relay, three nats-servers (NATS_SERVER names the program, default the one of PATH) with three copies, workers. JSON packets of 512
// bytes, 300 streams. Each part is a process of its own; the brokers' processor time is read from /proc. Everything shares the machine's
// cores: compare ratios, and processor time.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { connectJetStream, createStream, DataLinkServer, type JetStreamConnection } from "../lib/index.ts";
import { type NatsCluster, natsCluster } from "../test/support/network/nats-servers.ts";

const PACKETS = Number(process.env.BENCH_PACKETS ?? 40_000);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
/** Ticks of /proc/PID/stat: microseconds. */
const TICK = 10_000;

interface Cost {
  /** Packets a second. */
  rate: number;
  /** Microseconds of processor time per packet: of the part, and of each broker. */
  part: number;
  brokers: number[];
}

interface Answer {
  processor: number;
  wall: number;
}

function brokerTimes(cluster: NatsCluster): number[] {
  return cluster.servers.map(({ pid }) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK;
  });
}

async function started(words: string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [path.join(__dirname, "flow/jetstream-worker.js"), ...words], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(child.stdout!, "data");
  return child;
}

/** Runs some parts at once, each for its share of the packets. */
async function cost(cluster: NatsCluster, parts: string[][]): Promise<Cost> {
  const children = await Promise.all(parts.map(started));
  const before = brokerTimes(cluster);
  const answers = await Promise.all(
    children.map(async (child) => {
      child.stdin!.write("go\n");
      const [line] = (await once(child.stdout!, "data")) as [Buffer];
      return JSON.parse(String(line)) as Answer;
    }),
  );
  // What the copies have still to do belongs to it.
  await pause(300);
  const after = brokerTimes(cluster);
  return {
    rate: PACKETS / (Math.max(...answers.map(({ wall }) => wall)) / 1e6),
    part: answers.reduce((sum, { processor }) => sum + processor, 0) / PACKETS,
    brokers: after.map((time, i) => (time - before[i]!) / PACKETS).sort((a, b) => b - a),
  };
}

async function newStream(connection: JetStreamConnection, replicas: number): Promise<void> {
  const { manager } = await connection.link();
  const { streams } = manager as unknown as { streams: { delete(stream: string): Promise<boolean> } };
  await streams.delete("S").catch(() => false);
  for (;;) {
    const info = await createStream(connection, { stream: "S", replicas, maxBytes: 2e9 }).catch(
      () => undefined,
    );
    if (info?.leader !== undefined) return;
    await pause(100);
  }
}

const median = (values: number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

function table(rows: Map<string, Cost[]>): void {
  const plain = median(rows.get("DataLink: read and archive")!.map(({ part }) => part));
  console.log(
    "| part | packets/s | µs of it | µs of the brokers | to the plain flow |\n| --- | ---: | ---: | ---: | ---: |",
  );
  for (const [name, costs] of rows) {
    const part = median(costs.map((it) => it.part));
    const brokers = [0, 1, 2].map((i) => median(costs.map((it) => it.brokers[i]!)).toFixed(0));
    const own = [
      Math.round(median(costs.map((it) => it.rate))).toLocaleString("en"),
      part.toFixed(1),
      brokers.join(" + "),
    ];
    console.log(`| ${[name, ...own, (part / plain).toFixed(2)].join(" | ")} |`);
  }
}

async function main(): Promise<void> {
  await using source = await DataLinkServer.listen({ port: 0, ringBytes: 256 * 1024 * 1024 });
  await using target = await DataLinkServer.listen({ port: 0, ringBytes: 256 * 1024 * 1024 });
  for (let n = 0; n < PACKETS; n++)
    source.write({
      streamId: `FDSN:XX_S${n % 300}__H_H_Z/JSON`,
      dataStart: n,
      payload: JSON.stringify({ n }).padEnd(512),
    });
  await using cluster = await natsCluster();
  await using connection = await connectJetStream({ servers: cluster.url, timeout: 1000 });
  const rows = new Map<string, Cost[]>();
  const run = async (name: string, parts: string[][]) => {
    const costs = rows.get(name) ?? [];
    costs.push(await cost(cluster, parts));
    rows.set(name, costs);
  };
  const all = String(PACKETS);
  for (let round = 0; round < ROUNDS; round++) {
    await run("DataLink: read and archive", [["read-archive", source.url, "", all]]);
    await run("DataLink: read only", [["read", source.url, "", all]]);
    await run("DataLink: relay to another server", [["relay-datalink", source.url, target.url, all]]);
    await newStream(connection, 1);
    await run("write to a stream, 1 copy", [["publish", "", cluster.url, all]]);
    await newStream(connection, 3);
    await run("write to a stream, 3 copies", [["publish", "", cluster.url, all]]);
    await newStream(connection, 3);
    await run("relay to a stream, 3 copies", [["relay", source.url, cluster.url, all]]);
    const share = (workers: number, part: string, group: string) =>
      Array.from({ length: workers }, () => [part, cluster.url, "", String(PACKETS / workers), group]);
    await run("1 worker, no archive", share(1, "any", "one-none"));
    await run("1 worker, archive", share(1, "any-archive", "one"));
    await run("2 workers, archive", share(2, "any-archive", "two"));
    await run("4 workers, archive", share(4, "any-archive", "four"));
    await run("1 worker, order kept, archive", share(1, "kept-archive", "kept"));
    await run("1 worker, order kept, no archive", share(1, "kept", "kept-none"));
  }
  table(rows);
}

main().catch((error: Error) => {
  console.error(error);
  process.exitCode = 1;
});
