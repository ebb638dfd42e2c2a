// What a Node-RED's process holds and what lies in its user directory, as counts by name: to compare before and after.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { NodeRed } from "./node-red.ts";
import type { Held } from "./probe.ts";

export type Inventory = Record<string, number>;

const LOOKS = 10;
const BETWEEN_MS = 60;

/** Puts the probe where Node-RED will find it: before it is started. */
export async function installProbe(userDir: string): Promise<void> {
  const folder = path.join(userDir, "nodes");
  await mkdir(folder, { recursive: true });
  await copyFile(path.join(__dirname, "probe.js"), path.join(folder, "probe.js"));
  // Node-RED takes no node set without one.
  await writeFile(path.join(folder, "probe.html"), "");
}

/** The least there was of each thing in several looks: what comes and goes with traffic is not among it, or steady. */
export async function takeInventory(nodeRed: NodeRed, looks = LOOKS): Promise<Inventory> {
  let least: Inventory | undefined;
  for (let look = 0; look < looks; look++) {
    if (look > 0) await delay(BETWEEN_MS);
    const seen = await takeOneLook(nodeRed);
    least ??= seen;
    for (const name of Object.keys(least)) least[name] = Math.min(least[name]!, seen[name] ?? 0);
  }
  return Object.fromEntries(Object.entries(least!).filter(([, count]) => count > 0));
}

/** What there is more of than there was, with both counts. */
export function grown(before: Inventory, after: Inventory): Record<string, [number, number]> {
  const entries = Object.entries(after).map(([name, count]) => [name, [before[name] ?? 0, count]] as const);
  return Object.fromEntries(
    entries.filter(([, [was, is]]) => is > was).map(([name, [was, is]]) => [name, [was, is]]),
  );
}

async function takeOneLook(nodeRed: NodeRed): Promise<Inventory> {
  const { active, resources, listeners, hooks, nodes, routes, heap } = await nodeRed.request<Held>("/probe", {
    // A connection that the test keeps is none of theirs.
    headers: { connection: "close" },
  });
  return {
    ...named("active", active),
    ...named("resource", resources),
    ...named("listener", listeners),
    ...named("route", routes),
    hooks,
    nodes,
    heap,
    ...named("descriptor", descriptors(nodeRed.pid, nodeRed.userDir)),
    ...named("file", files(nodeRed.userDir)),
  };
}

function named(kind: string, counts: Record<string, number>): Inventory {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [`${kind} ${name}`, count]));
}

/** Open files of a process by their path, sockets by the state of their connection, all else by what it is. */
function descriptors(pid: number, userDir: string): Record<string, number> {
  const states = socketStates(pid);
  const counts: Record<string, number> = {};
  for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
    let target: string;
    try {
      target = readlinkSync(`/proc/${pid}/fd/${descriptor}`);
    } catch {
      continue; // Closed between the two.
    }
    const [, kind, inode] = /^(\w+):\[(\d+)\]$/.exec(target) ?? [];
    const name = kind ? `${kind} ${states.get(inode!) ?? ""}`.trim() : target.replace(userDir, "");
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

const STATES: Record<string, string> = { "01": "established", "08": "half closed", "0A": "listening" };

function socketStates(pid: number): Map<string, string> {
  const lines = ["tcp", "tcp6"].flatMap((protocol) =>
    readFileSync(`/proc/${pid}/net/${protocol}`, "utf8").split("\n").slice(1),
  );
  const fields = lines.map((line) => line.trim().split(/\s+/)).filter(({ length }) => length > 9);
  return new Map(fields.map((field) => [field[9]!, STATES[field[3]!] ?? `state ${field[3]}`]));
}

/** All but Node-RED's own, the package and what was archived. */
function files(userDir: string): Record<string, number> {
  const found = readdirSync(userDir, { recursive: true, encoding: "utf8" });
  // A journal has a second part once there was enough to note.
  const isSecondPart = (file: string) => file.endsWith(".journal.1") && found.includes(file.slice(0, -2));
  const ours = found.filter(
    (file) =>
      !/^(node_modules|\.config|\.flows|archive\/[\w.]+\.(jsonl|mseed)$)/.test(file) && !isSecondPart(file),
  );
  return Object.fromEntries(ours.map((file) => [file, 1]));
}
