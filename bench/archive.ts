// How many lines a second an archive takes, into 1, 100 and 5,000 files that are there already: beside a plain batched
// append of the same bytes, and beside simpledali's dali2jsonl where Python has it (PYTHON names the interpreter).
import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type ArchiveOptions, type FsyncPolicy, JsonLinesArchive } from "../lib/index.ts";

const CASES = [
  { files: 1, lines: 600_000 },
  { files: 100, lines: 600_000 },
  { files: 5000, lines: 200_000 },
];
/** Packets given and not yet acknowledged: what datalink-in or dali2jsonl would keep in flight, and ten times that. */
const WINDOWS = [1000, 10_000];
const START = Date.UTC(2026, 10, 22, 6, 30) * 1000;
const DOCUMENT = Buffer.from(
  '{"station":"JSC","time":"2026-11-22T06:30:00Z","voltage":12.73,"temperature":21.5,"clock":"locked","packets":12345}',
);

type Case = (typeof CASES)[number];

function streamIds(files: number): string[] {
  return Array.from({ length: files }, (_, i) => `FDSN:XX_S${i}_00_L_O_G/JSON`);
}

function packet(streams: readonly string[], i: number) {
  const time = START + i;
  return {
    streamId: streams[i % streams.length]!,
    packetId: BigInt(i + 1),
    packetTime: time,
    dataStart: time,
    payload: DOCUMENT,
  };
}

async function archive(
  { files, lines }: Case,
  inFlight: number,
  options: { fsync: FsyncPolicy; hasJournal?: boolean },
): Promise<number> {
  return await inNewFolder(async (folder) => {
    const streams = streamIds(files);
    const settings: ArchiveOptions = {
      pattern: `${folder}/%n/%s/%n.%s.%l.%c.%Y.%j.%H.jsonl`,
      fsync: options.fsync,
    };
    if (options.hasJournal) settings.journal = path.join(folder, ".journal");
    const jsonLines = new JsonLinesArchive(settings);
    for (let i = 0; i < files; i += 500) {
      await Promise.all(streams.slice(i, i + 500).map((_, k) => jsonLines.write(packet(streams, i + k))));
    }
    const started = performance.now();
    await keepInFlight(inFlight, lines, (i) => jsonLines.write(packet(streams, i + files)));
    await jsonLines.close();
    return performance.now() - started;
  });
}

/** Calls `action` `count` times, with `inFlight` of its promises pending at once. */
async function keepInFlight(
  inFlight: number,
  count: number,
  action: (i: number) => Promise<unknown>,
): Promise<void> {
  let given = 0;
  const worker = async () => {
    while (given < count) await action(given++);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

/** The least that has to be done: the lines of one batch that go to one file, with one write call. */
async function plainAppend({ files, lines }: Case, batchLines: number): Promise<number> {
  return await inNewFolder(async (folder) => {
    const line = Buffer.concat([DOCUMENT, Buffer.from("\n")]);
    const descriptors = Array.from({ length: files }, (_, i) => {
      mkdirSync(path.join(folder, `S${i}`));
      return openSync(path.join(folder, `S${i}`, "lines"), "a");
    });
    const batch = Buffer.alloc(Math.max(1, Math.floor(batchLines / files)) * line.length, line);
    const started = performance.now();
    for (let written = 0, i = 0; written < lines; written += batch.length / line.length, i++) {
      writeSync(descriptors[i % files]!, batch);
    }
    const elapsed = performance.now() - started;
    for (const descriptor of descriptors) closeSync(descriptor);
    return elapsed;
  });
}

const SIMPLEDALI = `
import sys, time, tempfile
from simpledali.dali2jsonl import Dali2Jsonl
from simpledali.dalipacket import DaliPacket
files, lines, start, document = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4].encode()
with tempfile.TemporaryDirectory() as folder:
    archive = Dali2Jsonl(".*", folder + "/%n/%s/%n.%s.%l.%c.%Y.%j.%H.jsonl")
    give = lambda i: archive.saveToJSONL(DaliPacket("PACKET", "FDSN:XX_S%d_00_L_O_G/JSON" % (i % files), i, start + i, start + i, start + i, len(document), document))
    for i in range(files): give(i)
    began = time.perf_counter()
    for i in range(lines): give(i)
    print(time.perf_counter() - began)
`;
const SIMPLEDALI_LINES = 20_000;

/** Milliseconds that simpledali would need for all the lines; `undefined` where Python does not have it. */
function simpledali({ files, lines }: Case): number | undefined {
  const python = process.env.PYTHON ?? "python3";
  const argv = [
    "-c",
    SIMPLEDALI,
    String(files),
    String(SIMPLEDALI_LINES),
    String(START),
    DOCUMENT.toString(),
  ];
  const { status, stdout } = spawnSync(python, argv, { encoding: "utf8" });
  return status === 0 ? (Number(stdout) * 1000 * lines) / SIMPLEDALI_LINES : undefined;
}

async function inNewFolder(action: (folder: string) => Promise<number>): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), "bench-archive-"));
  try {
    return await action(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function report(what: string, lines: number, milliseconds: number | undefined): void {
  const rate =
    milliseconds === undefined ? "not there" : Math.round((lines / milliseconds) * 1000).toLocaleString("en");
  console.log(`  ${what.padEnd(48)}${rate.padStart(12)}`);
}

async function run(): Promise<void> {
  console.log(`Lines of ${DOCUMENT.length + 1} bytes per second`);
  for (const each of CASES) {
    console.log(`${each.files} files`);
    const show = (what: string, milliseconds: number | undefined) => report(what, each.lines, milliseconds);
    for (const inFlight of WINDOWS) {
      show(`plain append, ${inFlight} lines a batch`, await plainAppend(each, inFlight));
      show(`archive, interval, ${inFlight} in flight`, await archive(each, inFlight, { fsync: "interval" }));
    }
    const inFlight = WINDOWS.at(-1)!;
    show(`archive, none, ${inFlight} in flight`, await archive(each, inFlight, { fsync: "none" }));
    show(`archive, every, ${inFlight} in flight`, await archive(each, inFlight, { fsync: "every" }));
    const journalled = await archive(each, inFlight, { fsync: "interval", hasJournal: true });
    show(`archive, interval and journal, ${inFlight} in flight`, journalled);
    show("simpledali", simpledali(each));
  }
}

void run();
