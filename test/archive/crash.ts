// Kills an archive's process again and again, gives it the last packets anew as a source would that resumes at an older
// position, and counts what is on the disk in the end.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { readRecords } from "../../lib/mseed/index.ts";

/** How far behind the acknowledgements the source's position may be when it resumes. */
const POSITION_LAG = 3000;

/** @returns the highest number up to which all packets are acknowledged */
export async function surviveKills(
  kind: "json" | "mseed",
  directory: string,
  kills: number,
): Promise<number> {
  const acknowledged = new Set<number>();
  let contiguous = 0;
  for (let kill = 0; kill < kills; kill++) {
    const position = Math.max(0, contiguous - Math.floor(Math.random() * POSITION_LAG));
    const writer = start(kind, directory, position + 1, Number.MAX_SAFE_INTEGER, acknowledged);
    await once(writer.stdout, "data");
    const timer = setTimeout(() => writer.kill("SIGKILL"), Math.random() * 120);
    const [, signal] = await once(writer, "close");
    clearTimeout(timer);
    assert.equal(signal, "SIGKILL");
    while (acknowledged.has(contiguous + 1)) contiguous++;
  }
  const last = Math.max(...acknowledged) + 1000;
  const writer = start(kind, directory, Math.max(1, contiguous - POSITION_LAG), last, acknowledged);
  const [status] = await once(writer, "close");
  assert.equal(status, 0);
  for (let id = 1; id <= last; id++) assert.ok(acknowledged.has(id), `packet ${id} was not acknowledged`);
  return last;
}

function start(kind: string, directory: string, first: number, last: number, acknowledged: Set<number>) {
  const script = path.join(__dirname, "crash-writer.js");
  const writer = spawn(process.execPath, [script, kind, directory, String(first), String(last)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let rest = "";
  writer.stdout.on("data", (piece) => {
    const lines = (rest + String(piece)).split("\n");
    rest = lines.pop()!;
    for (const line of lines) acknowledged.add(Number(line));
  });
  return writer;
}

/** Fails unless each packet from 1 to `last` is in the files exactly once, and nothing else is. */
export function checkFiles(kind: "json" | "mseed", directory: string, last: number): void {
  const counts = new Map<number, number>();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.startsWith(".journal") || entry.name.endsWith(".torn")) continue;
    const bytes = readFileSync(path.join(entry.parentPath, entry.name));
    for (const id of kind === "json" ? idsOfLines(bytes) : idsOfRecords(bytes)) {
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
  const wrong = [];
  for (let id = 1; id <= last; id++) if (counts.get(id) !== 1) wrong.push([id, counts.get(id) ?? 0]);
  assert.deepEqual(wrong, []);
  assert.equal(counts.size, last);
}

function idsOfLines(bytes: Buffer): number[] {
  const lines = bytes.toString().split("\n");
  assert.equal(lines.pop(), "", "the last line is torn");
  return lines.map((line) => (JSON.parse(line) as { id: number }).id);
}

function idsOfRecords(bytes: Buffer): number[] {
  const records = [
    ...readRecords(bytes, { strict: true, onProblem: (problem) => assert.fail(problem.message) }),
  ];
  return records.map(({ samples }) => samples[0] as number);
}
