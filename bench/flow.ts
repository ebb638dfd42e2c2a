// What a packet takes of the processor on its way through flows of a real Node-RED, from a server in another process: of each flow
// the median of several runs, without Node-RED's start. BASE names another checkout of this package, built, to be measured in turn
// beside this one; FLOWS the flows to measure, by a part of their names; PROFILE a folder for profiles of the processor's time.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DataLinkServer, packRecords, readRecords, recordPacket } from "../lib/index.ts";
import type { Figures } from "./flow/nodes.ts";

const RUNS = Number(process.env.RUNS ?? 5);
const PACKETS = Number(process.env.PACKETS ?? 60_000);
/** Until the code is compiled and all files are open. */
const WARM_UP = Math.floor(PACKETS / 3);
const STREAMS = 20;
const HERE = path.join(__dirname, "..");

interface FlowNode {
  type: string;
  [property: string]: unknown;
}

interface Flow {
  name: string;
  /** The nodes in line, from the source to the sink; a node whose completion counts has the id `counts`. */
  nodes: FlowNode[];
}

const hop = (): FlowNode => ({ type: "bench-hop" });
const reader = (more: object = {}): FlowNode => ({
  type: "datalink-in",
  connection: "connection",
  from: "earliest",
  payload: "parsed",
  commit: "send",
  ...more,
});
const whenComplete = { commit: "complete", scope: ["counts"], unreached: "wait", onError: "stop" };
const archive: FlowNode = { type: "mseed-archive", id: "counts", layout: "SDS", directory: "archive" };
const sink: FlowNode = { type: "bench-sink", first: WARM_UP, last: PACKETS };

/** The first is what the others stand on: hops are three deliveries, of which the sink is one. */
const FLOWS: Flow[] = [
  { name: "3 hops alone", nodes: [{ type: "bench-source", count: PACKETS }, hop(), hop(), sink] },
  { name: "in, 3 hops", nodes: [reader(), hop(), hop(), sink] },
  { name: "in (complete), 3 hops", nodes: [reader(whenComplete), hop(), hop(), { ...sink, id: "counts" }] },
  { name: "in, mseed archive", nodes: [reader(), archive, sink] },
  { name: "in (complete), mseed archive", nodes: [reader(whenComplete), archive, sink] },
  { name: "in, decode, 3 hops", nodes: [reader(), { type: "mseed-decode" }, hop(), hop(), sink] },
];

const chosen = FLOWS.filter(({ name }) => name.includes(process.env.FLOWS ?? ""));
const packages: { [name: string]: string } = {
  here: HERE,
  ...(process.env.BASE && { base: process.env.BASE }),
};

async function run(): Promise<void> {
  await using server = await DataLinkServer.listen({ port: 0, ringBytes: 2 * PACKETS * 1024 });
  await fill(server);
  const address = `127.0.0.1:${server.port}`;
  console.log(
    `${PACKETS - WARM_UP} packets of 512 bytes, ${STREAMS} streams; medians of ${RUNS} runs, µs of processor time a packet`,
  );
  for (const flow of chosen) {
    const times: { [name: string]: number[] } = Object.fromEntries(
      Object.keys(packages).map((name) => [name, []]),
    );
    for (let i = 0; i < RUNS; i++) {
      for (const [name, folder] of Object.entries(packages)) {
        const { processor, messages } = await measure(flow, folder, address);
        times[name]!.push(processor / messages);
      }
    }
    const medians = Object.entries(times).map(([name, all]) => [name, median(all)] as const);
    const [[, own], base] = medians as [readonly [string, number], (readonly [string, number])?];
    const ratio = base ? `, ${(own / base[1]).toFixed(2)} of base's` : "";
    console.log(
      `  ${flow.name.padEnd(30)} ${medians.map(([name, time]) => `${name} ${time.toFixed(1).padStart(5)}`).join("  ")}${ratio}`,
    );
  }
}

async function fill(server: DataLinkServer): Promise<void> {
  const samples = Int32Array.from({ length: 400 }, (_, i) => Math.round(1000 * Math.sin(i / 9)));
  for (let i = 0; i < PACKETS; i++) {
    const stream = i % STREAMS;
    const sourceId = `FDSN:XX_S${String(stream).padStart(5, "0")}_00_H_H_Z`;
    const startTime =
      BigInt(Date.UTC(2026, 10, 22, 6, 30)) * 1_000_000n + BigInt(Math.floor(i / STREAMS)) * 4_000_000_000n;
    const [bytes] = packRecords(
      { sourceId, startTime, sampleRate: 100, samples },
      { formatVersion: 3, encoding: "steim2", recordLength: 512 },
    );
    const [record] = readRecords(bytes!);
    server.write(recordPacket(record!));
  }
}

/** A Node-RED with one flow, until the sink has got all. */
async function measure({ name, nodes }: Flow, folder: string, address: string): Promise<Figures> {
  const userDir = mkdtempSync(path.join(tmpdir(), "bench-flow-"));
  try {
    writeFlow(userDir, nodes, address);
    link(userDir, folder);
    const profile = process.env.PROFILE;
    const child = fork(path.join(__dirname, "flow/node-red.js"), [userDir, path.join(userDir, "bench")], {
      cwd: userDir,
      execArgv: profile
        ? [
            "--cpu-prof",
            `--cpu-prof-dir=${profile}`,
            `--cpu-prof-name=${name.replace(/\W+/g, "-")}.cpuprofile`,
          ]
        : [],
    });
    const exit = once(child, "exit");
    const answer = once(child, "message");
    const figures = await Promise.race([answer, exit.then(() => undefined)]);
    if (profile) child.send("end");
    else child.kill();
    await exit;
    if (!figures) throw new Error(`Node-RED ended before all packets had come through ${name}`);
    return figures[0] as Figures;
  } finally {
    rmSync(userDir, { recursive: true });
  }
}

function writeFlow(userDir: string, nodes: readonly FlowNode[], address: string): void {
  const placed = nodes.map((node, i) => ({
    id: `n${i}`,
    z: "tab",
    x: 100,
    y: 100,
    wires: [] as string[][],
    ...node,
  }));
  for (const [i, node] of placed.entries()) node.wires = placed[i + 1] ? [[placed[i + 1]!.id], []] : [];
  const flow = [
    { id: "tab", type: "tab", label: "bench" },
    { id: "connection", type: "datalink-connection", address },
    ...placed,
  ];
  writeFileSync(path.join(userDir, "flows.json"), JSON.stringify(flow));
}

/** The package, and the nodes for the measurement, where Node-RED finds them. */
function link(userDir: string, folder: string): void {
  const scope = path.join(userDir, "node_modules/@seisflow");
  mkdirSync(scope, { recursive: true });
  symlinkSync(path.resolve(folder), path.join(scope, "node-red-datalink"));
  writeFileSync(
    path.join(userDir, "package.json"),
    JSON.stringify({ dependencies: { "@seisflow/node-red-datalink": "0" } }),
  );
  const nodes = path.join(userDir, "bench");
  mkdirSync(nodes);
  writeFileSync(
    path.join(nodes, "bench.js"),
    `module.exports = require(${JSON.stringify(path.join(__dirname, "flow/nodes.js"))}).default;`,
  );
  writeFileSync(path.join(nodes, "bench.html"), "");
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

void run();
