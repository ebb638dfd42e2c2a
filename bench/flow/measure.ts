// Flows of a real Node-RED whose packets are measured on their way: the flows, what they read, and a Node-RED with one of them.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type DataLinkServer, packRecords, readRecords, recordPacket } from "../../lib/index.ts";
import type { Figures } from "./nodes.ts";

/** How many packets go through a flow. */
export const PACKETS = Number(process.env.FLOW_PACKETS ?? 60_000);
/** Until the code is compiled and all files are open. */
export const WARM_UP = Math.floor(PACKETS / 3);
export const STREAMS = 20;
export const HERE = path.join(__dirname, "../..");

interface FlowNode {
  type: string;
  [property: string]: unknown;
}

export interface Flow {
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
export const FLOWS: Flow[] = [
  { name: "3 hops alone", nodes: [{ type: "bench-source", count: PACKETS }, hop(), hop(), sink] },
  { name: "in, 3 hops", nodes: [reader(), hop(), hop(), sink] },
  { name: "in (complete), 3 hops", nodes: [reader(whenComplete), hop(), hop(), { ...sink, id: "counts" }] },
  { name: "in, mseed archive", nodes: [reader(), archive, sink] },
  { name: "in (complete), mseed archive", nodes: [reader(whenComplete), archive, sink] },
  { name: "in, decode, 3 hops", nodes: [reader(), { type: "mseed-decode" }, hop(), hop(), sink] },
];

export function fillForFlows(server: DataLinkServer): void {
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
export async function measureFlow({ name, nodes }: Flow, address: string, folder = HERE): Promise<Figures> {
  const userDir = mkdtempSync(path.join(tmpdir(), "bench-flow-"));
  try {
    writeFlow(userDir, nodes, address);
    link(userDir, folder);
    const profile = process.env.PROFILE;
    const child = fork(path.join(__dirname, "node-red.js"), [userDir, path.join(userDir, "bench")], {
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
    `module.exports = require(${JSON.stringify(path.join(__dirname, "nodes.js"))}).default;`,
  );
  writeFileSync(path.join(nodes, "bench.html"), "");
}
