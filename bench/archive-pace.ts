// What a miniSEED archive takes of the processor where packets come in real time, a packet for each of many files in turn: per
// packet, besides what the clock and the loop of this measurement take; how old what was acknowledged gets until it is safe from a
// power failure; and how long closing takes. LIBRARY names another build's lib/index.js to compare, POLICY the setting fsync, FILES
// the numbers of files, RATE the packets a second, SECONDS how long each is measured.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { Syncing as SyncingType } from "../lib/archive/appender/syncing.ts";
import type * as Library from "../lib/index.ts";

const LIBRARY = process.env.LIBRARY ?? path.join(__dirname, "../lib/index.js");
const library = require(LIBRARY) as typeof Library;
const { Syncing } = require(path.join(path.dirname(LIBRARY), "archive/appender/syncing.js")) as {
  Syncing: typeof SyncingType;
};

const FILES = (process.env.FILES ?? "1,100,500,5000,6000,10000").split(",").map(Number);
const RATE = Number(process.env.RATE ?? 3000);
const POLICY = (process.env.POLICY ?? "interval") as Library.FsyncPolicy;
const SECONDS = Number(process.env.SECONDS ?? 20);
const STEP_MS = 2;
const START = Date.UTC(2026, 10, 22, 6, 30) * 1000;

interface Figures {
  microseconds: number;
  latencies: number[];
  longestTurn: number;
  closing: number;
}

/** How old the oldest byte was that was acknowledged and not yet safe, in milliseconds: seen whenever a synchronisation ended. */
const unsafe = {
  oldest: 0,
  /** When the first byte was acknowledged that no synchronisation which has ended has seen. */
  since: Number.POSITIVE_INFINITY,
  /** The same, of the synchronisation under way. */
  sinceRound: Number.POSITIVE_INFINITY,
  /** With other policies it is safe before it is acknowledged, or when the system likes. */
  acknowledge(at: number): void {
    if (POLICY !== "interval") return;
    this.since = Math.min(this.since, at);
    this.sinceRound = Math.min(this.sinceRound, at);
  },
};

const syncAll = Reflect.get(Syncing.prototype, "syncAll") as SyncingType["syncAll"];
Syncing.prototype.syncAll = async function (this: SyncingType) {
  unsafe.sinceRound = Number.POSITIVE_INFINITY;
  const failure = await syncAll.call(this);
  const age = performance.now() - unsafe.since;
  unsafe.oldest = Math.max(unsafe.oldest, age);
  unsafe.since = unsafe.sinceRound;
  return failure;
};

function recordsOf(files: number): { streamId: string; payload: Uint8Array }[] {
  return Array.from({ length: files }, (_, i) => {
    const sourceId = `FDSN:XX_S${String(i).padStart(5, "0")}_00_H_H_Z`;
    const samples = Int32Array.from({ length: 350 }, (_sample, k) => Math.round(1000 * Math.sin(k / 9)));
    const series = { sourceId, startTime: "2026-11-22T06:30:00Z", sampleRate: 100, samples };
    const [payload] = library.packRecords(series, {
      formatVersion: 3,
      encoding: "steim2",
      recordLength: 512,
    });
    return { streamId: `${sourceId}/MSEED3`, payload: payload! };
  });
}

async function archive(folder: string, files: number): Promise<Figures> {
  const records = recordsOf(files);
  unsafe.since = Number.POSITIVE_INFINITY;
  const archive = new library.MiniSeedArchive({
    pattern: `${folder}/%n/%s/%n.%s.%l.%c.%Y.%j`,
    journal: path.join(folder, ".journal"),
    fsync: POLICY,
  });
  let given = 0;
  const give = () => {
    const i = given++;
    const packet = { packetId: BigInt(i + 1), packetTime: START + i, dataStart: START };
    return archive.write({ ...records[i % files]!, ...packet });
  };
  for (let i = 0; i < files; i += 500) {
    await Promise.all(Array.from({ length: Math.min(500, files - i) }, give));
  }
  unsafe.oldest = 0;
  const figures = await paced(give);
  const closing = performance.now();
  await archive.close();
  return { ...figures, closing: performance.now() - closing };
}

/** Calls at the rate, however late the loop is. */
async function paced(give: () => Promise<unknown>): Promise<Figures> {
  const turns = monitorEventLoopDelay({ resolution: 5 });
  const latencies: number[] = [];
  const pending = new Set<Promise<void>>();
  let given = 0;
  turns.enable();
  const cpu = process.cpuUsage();
  const began = performance.now();
  for (let now = began; now - began < SECONDS * 1000; now = performance.now()) {
    for (const due = ((now - began) * RATE) / 1000; given < due; given++) {
      const at = performance.now();
      const isWritten = () => {
        const now = performance.now();
        latencies.push(now - at);
        unsafe.acknowledge(now);
      };
      const done = tell(give(), isWritten).finally(() => pending.delete(done));
      pending.add(done);
    }
    await delay(STEP_MS);
  }
  await Promise.all(pending);
  const { user, system } = process.cpuUsage(cpu);
  turns.disable();
  return { microseconds: (user + system) / given, latencies, longestTurn: turns.max / 1e6, closing: 0 };
}

async function tell(what: Promise<unknown>, isDone: () => void): Promise<void> {
  await what;
  isDone();
}

async function run(): Promise<void> {
  const empty = await paced(() => Promise.resolve());
  console.log(
    `${RATE} records of 512 bytes a second, ${SECONDS} s, fsync ${POLICY}; processor time besides ${empty.microseconds.toFixed(1)} µs`,
  );
  for (const files of FILES) {
    const folder = mkdtempSync(path.join(tmpdir(), "bench-pace-"));
    const { microseconds, latencies, longestTurn, closing } = await archive(folder, files);
    rmSync(folder, { recursive: true });
    latencies.sort((a, b) => a - b);
    const late = latencies[Math.floor(latencies.length * 0.99)]!;
    console.log(
      `  ${String(files).padStart(6)} files ${(microseconds - empty.microseconds).toFixed(1).padStart(7)} µs a packet; in its file after ` +
        `${latencies[latencies.length >> 1]!.toFixed(1)} ms, 99 % ${late.toFixed(1)} ms; longest turn ${longestTurn.toFixed(0)} ms; ${unsafe.oldest.toFixed(0)} ms until safe; closed in ${closing.toFixed(0)} ms`,
    );
  }
}

void run();
