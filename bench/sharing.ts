// How readers of one process share its event loop: what a reader archives a second, alone and beside readers that decode as fast
// as they can, from a ring that is full. By the library with both protocols, and in a Node-RED. SECONDS: how long each is measured.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import {
  DataLinkServer,
  MiniSeedArchive,
  packRecords,
  readRecords,
  subscribe,
  subscribeSeedLink,
} from "../lib/index.ts";
import { NodeRed } from "../test/support/node-red.ts";

const STREAMS = Number(process.env.STREAMS ?? 2000);
const PACKETS = 120_000;
const SECONDS = Number(process.env.SECONDS ?? 6);
const FAST = [0, 1, 3];
const IN_FLIGHT = 1000;

/** The server's process: a ring that holds the same record of each stream in turn. */
async function serve(): Promise<void> {
  const server = await DataLinkServer.listen({ port: 0, ringBytes: 1024 * PACKETS });
  const records = Array.from({ length: STREAMS }, (_, i) => {
    const sourceId = `FDSN:XX_S${String(i).padStart(4, "0")}_00_H_H_Z`;
    const samples = Int32Array.from({ length: 300 }, (_sample, k) => Math.round(1000 * Math.sin(k / 9)));
    const series = { sourceId, startTime: 1_700_000_000_000_000_000n, sampleRate: 100, samples };
    const [payload] = packRecords(series, { formatVersion: 2, encoding: "steim2", recordLength: 512 });
    return { streamId: `${sourceId}/MSEED`, payload: payload! };
  });
  for (let i = 0; i < PACKETS; i++) server.write({ ...records[i % STREAMS]!, dataStart: i });
  process.once("disconnect", () => process.exit());
  process.send!(server.port);
}

type Protocol = "DataLink" | "SeedLink";

function open(protocol: Protocol, port: number, signal: AbortSignal) {
  const options = { from: "earliest", maxInFlight: IN_FLIGHT, signal } as const;
  return protocol === "DataLink"
    ? subscribe(`datalink://127.0.0.1:${port}`, options)
    : subscribeSeedLink(`seedlink://127.0.0.1:${port}`, options);
}

/** Takes the ring's packets again and again, until it is told to stop. */
async function read(
  protocol: Protocol,
  port: number,
  stop: AbortSignal,
  take: (packet: { streamId: string; payload: Uint8Array }, commit: () => void) => void,
): Promise<void> {
  while (!stop.aborted) {
    const packets = open(protocol, port, stop);
    let left = PACKETS - 2;
    try {
      for await (const packet of packets) {
        take(packet, () => packets.commit(packet as never));
        if (--left === 0) break;
      }
    } catch (error) {
      if (!stop.aborted) throw error;
    }
  }
}

async function library(protocol: Protocol, port: number, fast: number): Promise<Figures> {
  const folder = mkdtempSync(path.join(tmpdir(), "sharing-"));
  const archive = new MiniSeedArchive({ pattern: `${folder}/%n/%s/%n.%s.%l.%c.%Y.%j` });
  const stop = new AbortController();
  const counts: Counts = { archived: 0, decoded: 0 };
  let id = 0n;
  const running = [
    read(protocol, port, stop.signal, (packet, commit) => {
      const written = archive.write({ ...packet, packetId: ++id, packetTime: 0, dataStart: 0 });
      const count = () => {
        counts.archived++;
        commit();
      };
      written.then(count, console.error);
    }),
    ...Array.from({ length: fast }, () =>
      read(protocol, port, stop.signal, ({ payload }, done) => {
        for (const record of readRecords(payload)) if (record.samples.length > 0) counts.decoded++;
        done();
      }),
    ),
  ];
  const delays = monitorEventLoopDelay({ resolution: 1 });
  const opening = await whenOpen(() => Promise.resolve(counts.archived));
  delays.enable();
  const figures = await rates(() => Promise.resolve({ ...counts }));
  delays.disable();
  stop.abort();
  await Promise.all(running);
  await archive.close();
  rmSync(folder, { recursive: true });
  return { ...figures, opening, longestTurn: delays.max / 1e6 };
}

interface Counts {
  archived: number;
  decoded: number;
}
interface Figures extends Counts {
  /** Seconds until each stream has its file. */
  opening?: number;
  longestTurn?: number;
}

/** Seconds until each stream has its file, which is opened with its first packet. */
async function whenOpen(archived: () => Promise<number>): Promise<number> {
  const begun = performance.now();
  while ((await archived()) < 2 * STREAMS) await delay(50);
  return (performance.now() - begun) / 1000;
}

/** Counts per second. */
async function rates(counts: () => Promise<Counts>): Promise<Figures> {
  const before = await counts();
  const begun = performance.now();
  await delay(SECONDS * 1000);
  const after = await counts();
  const seconds = (performance.now() - begun) / 1000;
  return {
    archived: (after.archived - before.archived) / seconds,
    decoded: (after.decoded - before.decoded) / seconds,
  };
}

/** A reader of the ring, a node behind it, and a count of what that has sent on. */
function branch(name: string, node: object, commit: object): object[] {
  const at = { z: "tab", x: 100, y: 100 };
  const count = `global.set("${name}", (global.get("${name}") ?? 0) + 1); return null;`;
  return [
    {
      ...{ id: `${name}-in`, type: "datalink-in", connection: "connection", wires: [[`${name}-node`], []] },
      ...{ from: "earliest", resume: false, autoStart: true, match: "", reject: "", ...commit, ...at },
    },
    { id: `${name}-node`, ...node, wires: [[`${name}-count`]], ...at },
    { id: `${name}-count`, type: "function", func: count, outputs: 0, wires: [], ...at },
  ];
}

function flowsFor(port: number, fast: number): object[] {
  const at = { z: "tab", x: 100, y: 100 };
  const archive = {
    type: "mseed-archive",
    layout: "own",
    folder: "archive",
    pattern: "%n/%s/%n.%s.%l.%c.%Y.%j",
  };
  const answer =
    'msg.payload = { archived: global.get("archived") ?? 0, decoded: global.get("decoded") ?? 0 }; return msg;';
  return [
    { id: "tab", type: "tab", label: "sharing" },
    { id: "connection", type: "datalink-connection", address: `127.0.0.1:${port}`, auth: "none" },
    ...branch("archived", archive, { commit: "complete", scope: ["archived-node"] }),
    ...Array.from({ length: fast }, (_, i) =>
      branch("decoded", { type: "mseed-decode" }, {}).map((node) =>
        JSON.parse(
          JSON.stringify(node).replace(/"decoded-(in|node|count)"/g, (_all, part) => `"decoded-${part}${i}"`),
        ),
      ),
    ).flat(),
    { id: "http", type: "http in", url: "/counts", method: "get", wires: [["answer"]], ...at },
    { id: "answer", type: "function", func: answer, outputs: 1, wires: [["response"]], ...at },
    { id: "response", type: "http response", wires: [], ...at },
  ];
}

async function nodes(port: number, fast: number): Promise<Figures> {
  await using nodeRed = await NodeRed.start({ flows: flowsFor(port, fast) });
  const counts = () => nodeRed.request<Counts>("/counts");
  const opening = await whenOpen(async () => (await counts()).archived);
  return { ...(await rates(counts)), opening };
}

async function measure(name: string, run: (fast: number) => Promise<Figures>): Promise<void> {
  let alone = 0;
  for (const fast of FAST) {
    const { archived, decoded, longestTurn, opening } = await run(fast);
    if (fast === 0) alone = archived;
    const turn = longestTurn === undefined ? "" : `, longest turn ${longestTurn.toFixed(0)} ms`;
    console.log(
      `${name}, beside ${fast} fast readers: ${archived.toFixed(0)} archived/s (${(archived / alone).toFixed(2)} of alone), ${decoded.toFixed(0)} decoded/s, all files open after ${opening!.toFixed(1)} s${turn}`,
    );
  }
}

async function main(): Promise<void> {
  const server = fork(__filename, ["serve"]);
  const [port] = (await once(server, "message")) as [number];
  try {
    await measure("DataLink", (fast) => library("DataLink", port, fast));
    await measure("SeedLink", (fast) => library("SeedLink", port, fast));
    await measure("Node-RED", (fast) => nodes(port, fast));
  } finally {
    server.disconnect();
  }
}

if (process.argv[2] === "serve") void serve();
else void main();
