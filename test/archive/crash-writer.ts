// A process to be killed: archives packets FIRST to LAST in DIRECTORY at 20,000 a second, and says on its standard output
// which are acknowledged. Usage: crash-writer json|mseed DIRECTORY FIRST LAST
import { writeSync } from "node:fs";
import path from "node:path";
import { JsonLinesArchive } from "../../lib/archive/json-lines.ts";
import { MiniSeedArchive } from "../../lib/archive/mini-seed.ts";
import { packRecords } from "../../lib/mseed/index.ts";

const PER_MILLISECOND = 20;
const STREAMS = 30;
/** Unacknowledged packets at once. */
const WINDOW = 500;
const START = Date.UTC(2026, 10, 22, 23, 50) * 1000;

const [kind, directory = "", first = "", last = ""] = process.argv.slice(2);
const journal = path.join(directory, ".journal");

/** The same packet for the same number, in every process: with the number as JSON value or as first sample. */
function packet(id: number) {
  const sourceId = `FDSN:XX_S${id % STREAMS}_00_H_H_Z`;
  const dataStart = START + id * 20_000;
  return {
    streamId: `${sourceId}/${kind === "json" ? "JSON" : "MSEED3"}`,
    packetId: BigInt(id),
    packetTime: dataStart,
    dataStart,
    payload: kind === "json" ? jsonPayload(id) : recordPayload(id, sourceId, dataStart),
  };
}

function jsonPayload(id: number): Buffer {
  return Buffer.from(`{"id": ${id},\n "padding": "${"x".repeat((id * 7919) % 300)}"}`);
}

function recordPayload(id: number, sourceId: string, dataStart: number): Uint8Array {
  const samples = new Int32Array(1 + ((id * 7919) % 100)).fill(id);
  const series = { sourceId, startTime: dataStart, sampleRate: 50, samples };
  const [record] = packRecords(series, { formatVersion: 3, encoding: "int32", recordLength: 4096 });
  return record!;
}

async function run(): Promise<void> {
  await using archive =
    kind === "json"
      ? new JsonLinesArchive({ pattern: `${directory}/%n.%s.%Y.%j.%H.jsonl`, journal, maxOpenFiles: 20 })
      : new MiniSeedArchive({ directory, journal, maxOpenFiles: 20 });
  const started = performance.now();
  const begin = Number(first);
  let acknowledged = 0;
  let wake = () => {};
  for (let id = begin; id <= Number(last); id++) {
    const due = started + (id - begin) / PER_MILLISECOND;
    while (performance.now() < due || id - begin - acknowledged >= WINDOW) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, 1);
      });
    }
    void archive.write(packet(id)).then(() => {
      writeSync(1, `${id}\n`);
      acknowledged++;
      wake();
    });
  }
}

void run();
