// Ours beside the peers that this computer has, side by side in one run: the table of docs/speed.md. The rounds take turns, so
// that all meet the machine in the same mood, and the medians count. Each program is a process of its own. Neither its start nor
// its first, slow turns count: ours and seisplotjs tell what they take behind the first quarter of the packets; others, timed by
// the shell, run for a quarter alone, too, and what that takes is subtracted. Of a server, which has a round to warm up, it is
// what the system says that its process took of the processor meanwhile (Linux). Packets of 512 bytes, 40 streams.
//
// ringserver and slinktool are looked for in PATH, seisplotjs among our own packages. Other peers are programs that variables
// of the environment name, because they have to be written on their libraries first:
//   DALI_READER    is called with an address and a number, reads so many packets by DataLink from the earliest one on, and ends
//   DALI_WRITER    the same, but writes packets of 512 bytes, each acknowledged before the next one
//   MSEED_DECODER  is called with a file and a number, and parses and decodes all records of the file so many times
// ROUNDS and PACKETS set how many; ROWS picks rows by parts of their names, divided by commas. What is not found is told in its
// row.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import path from "node:path";
import { DataLinkServer } from "../lib/index.ts";
import { PACKETS as FLOW_PACKETS, FLOWS, fillForFlows, measureFlow } from "./flow/measure.ts";
import { type Command, type Cost, median, minus, processorTime, timed, told } from "./peers/measure.ts";
import { inputs } from "./peers/records.ts";
import { HEADINGS, ROWS, type Row } from "./peers/rows.ts";
import { findSeisplotjs } from "./peers/seisplotjs.ts";
import { fill, type Server, startOurs, startRingserver } from "./peers/servers.ts";

const ROUNDS = Number(process.env.ROUNDS ?? 5);
const PACKETS = Number(process.env.PACKETS ?? 160_000);
/** For those who write one by one. */
const FEW = PACKETS / 2;
const DECODED = 200;
const RECORDS = 1000;

/** What a measurement takes for so many packets or records; or why there is none. */
type Measurement =
  | { packets: number; run: () => Cost | Promise<Cost>; needsWarmUp?: boolean }
  | { missing: string };

interface Place {
  /** With what is read, and for what is written; ringserver's where there is one. */
  full: Server;
  empty: Server;
  theirs: { full: Server; empty: Server } | undefined;
  records: string;
  flows: DataLinkServer;
}

type Measure = (place: Place) => Measurement;

const PROGRAMS = path.join(__dirname, "peers/programs.js");
const NO_RINGSERVER = { missing: "ringserver" };

/** One of our programs: what it takes behind its first quarter. */
function own(what: string, target: string, count: number, each = 1): Measurement {
  return { packets: 0.75 * count * each, run: () => told([PROGRAMS, what, target, `${count}`]) };
}

/** The whole less the first quarter; `each` packets or records at a time. */
function program(command: (count: number) => Command, count: number, each = 1): Measurement {
  const run = () => minus(timed(command(count)), timed(command(count / 4)));
  return { packets: 0.75 * count * each, run };
}

/** A program that a variable names. */
function named(variable: string, target: string, count: number, each?: number): Measurement {
  const file = process.env[variable];
  return file ? program((n) => [file, target, `${n}`], count, each) : { missing: variable };
}

/** What a server takes of the processor while one of our programs uses it. */
function ofServer({ address, pid }: Server, what: string): Measurement {
  const run = () => {
    const before = processorTime(pid);
    const { seconds } = told([PROGRAMS, what, `datalink://${address}`, `${PACKETS}`]);
    return { seconds: seconds / 0.75, processor: processorTime(pid) - before };
  };
  return { packets: PACKETS, run, needsWarmUp: true };
}

/** Reads ringserver with one of our programs. */
const fromRingserver =
  (what: string, scheme: string): Measure =>
  ({ theirs }) =>
    theirs ? own(what, `${scheme}://${theirs.full.address}`, PACKETS) : NO_RINGSERVER;

/** By protocol 4.0: by 3.1 it does not end where the ring does. */
const slinktool: Measure = ({ theirs }) => {
  if (!theirs) return NO_RINGSERVER;
  if (spawnSync("slinktool", ["-V"]).error) return { missing: "slinktool" };
  const argv = ["slinktool", "-4", "-d", "-ts", "1970-01-01T00:00:00", "-S"] as const;
  // A quarter of the stations has a quarter of the packets.
  return program((n) => [...argv, n === PACKETS ? "*_*" : "XX_S?", theirs.full.address], PACKETS);
};

const flow =
  (name: string): Measure =>
  ({ flows }) => ({
    packets: 1,
    run: async () => {
      const chosen = FLOWS.find((each) => each.name === name)!;
      const { processor, elapsed, messages } = await measureFlow(chosen, `127.0.0.1:${flows.port}`);
      return { seconds: elapsed / messages / 1e6, processor: processor / messages / 1e6 };
    },
  });

const needsSeisplotjs = (measurement: Measurement): Measurement =>
  findSeisplotjs() ? measurement : { missing: "seisplotjs" };

const MEASURES: Record<string, Measure> = {
  "DataLink from ringserver": fromRingserver("stream", "datalink"),
  "subscribe from ringserver": fromRingserver("subscribe", "datalink"),
  "DataLink by WebSocket": fromRingserver("stream", "ws"),
  "seisplotjs by WebSocket": ({ theirs }) =>
    theirs
      ? needsSeisplotjs(own("seisplotjs-read", `ws://${theirs.full.address}/datalink`, PACKETS))
      : NO_RINGSERVER,
  "libdali from ringserver": ({ theirs }) =>
    theirs ? named("DALI_READER", theirs.full.address, PACKETS) : NO_RINGSERVER,
  "DataLink from our server": ({ full }) => own("stream", `datalink://${full.address}`, PACKETS),
  "writes into ringserver": ({ theirs }) =>
    theirs ? own("write", `datalink://${theirs.empty.address}`, PACKETS) : NO_RINGSERVER,
  "writes into our server": ({ empty }) => own("write", `datalink://${empty.address}`, PACKETS),
  "libdali one by one": ({ theirs }) =>
    theirs ? named("DALI_WRITER", theirs.empty.address, FEW) : NO_RINGSERVER,
  "server, our writes": ({ empty }) => ofServer(empty, "write"),
  "ringserver, our writes": ({ theirs }) => (theirs ? ofServer(theirs.empty, "write") : NO_RINGSERVER),
  "server, poured": ({ empty }) => ofServer(empty, "pour"),
  "ringserver, poured": ({ theirs }) => (theirs ? ofServer(theirs.empty, "pour") : NO_RINGSERVER),
  "SeedLink 3.1": fromRingserver("seedlink-3", "seedlink"),
  "SeedLink 4.0": fromRingserver("seedlink-4", "seedlink"),
  "SeedLink by WebSocket": fromRingserver("seedlink-4", "ws"),
  slinktool,
  "Steim 2": ({ records }) => own("decode", records, DECODED, RECORDS),
  libmseed: ({ records }) => named("MSEED_DECODER", records, DECODED, RECORDS),
  seisplotjs: ({ records }) => needsSeisplotjs(own("seisplotjs-decode", records, DECODED, RECORDS)),
  ...Object.fromEntries(FLOWS.map(({ name }) => [name, flow(name)])),
};

/** What was found of one measurement, round by round. */
class Series {
  readonly #measurement: Measurement;
  readonly #found: Cost[] = [];

  constructor(measurement: Measurement) {
    this.#measurement = measurement;
  }

  /** @param counts whether it does: the first round only warms up servers, since all else starts anew with each round */
  async round(counts: boolean): Promise<void> {
    if ("missing" in this.#measurement || !(counts || this.#measurement.needsWarmUp)) return;
    const cost = await this.#measurement.run();
    if (counts) this.#found.push(cost);
  }

  /** Medians: packets a second, and microseconds of the processor for one. */
  get found(): { rate: number; time: number } | undefined {
    if ("missing" in this.#measurement) return undefined;
    const { packets } = this.#measurement;
    const seconds = median(this.#found.map((cost) => cost.seconds));
    const processor = median(this.#found.map((cost) => cost.processor));
    return { rate: packets / seconds, time: (processor * 1e6) / packets };
  }

  get text(): string {
    if ("missing" in this.#measurement) return `not found: ${this.#measurement.missing}`;
    const { rate, time } = this.found!;
    return `${(rate / 1000).toFixed(0)} k/s, ${time.toFixed(1)} µs`;
  }
}

function line({ name, ours, peer, goal }: Row, all: Map<string, Series>): string {
  const [a, b] = [all.get(ours)!, peer === undefined ? undefined : all.get(peer)!];
  const beside = b ? `${peer}: ${b.text}` : "";
  const ratios =
    a.found && b?.found
      ? [`${(a.found.rate / b.found.rate).toFixed(2)} ×`, `${(a.found.time / b.found.time).toFixed(2)} ×`]
      : ["", ""];
  return cells([name, a.text, beside, ...ratios, goal]);
}

const cells = (texts: readonly string[]): string => `| ${texts.join(" | ")} |`;

async function compare(rows: Row[], place: Place): Promise<void> {
  const names = new Set(rows.flatMap(({ ours, peer }) => (peer === undefined ? [ours] : [ours, peer])));
  const all = new Map([...names].map((name) => [name, new Series(MEASURES[name]!(place))]));
  for (let round = 0; round <= ROUNDS; round++) {
    process.stderr.write(`round ${round} of ${ROUNDS}, load ${loadavg()[0]!.toFixed(1)}\n`);
    for (const series of all.values()) await series.round(round > 0);
  }
  console.log(
    `${new Date().toISOString().slice(0, 10)}, ${cpus()[0]!.model.trim()}, ${cpus().length} processors, Node.js ${process.versions.node}; ` +
      `packets of 512 bytes, medians of ${ROUNDS} rounds; processor time a packet, or a record\n`,
  );
  console.log(cells(HEADINGS));
  console.log(cells(HEADINGS.map(() => "---")));
  for (const row of rows) console.log(line(row, all));
}

async function run(): Promise<void> {
  const chosen = process.env.ROWS?.split(",");
  const rows = chosen ? ROWS.filter(({ name }) => chosen.some((part) => name.includes(part))) : ROWS;
  const servers: Server[] = [];
  const folder = mkdtempSync(path.join(tmpdir(), "bench-peers-"));
  try {
    for (const [start, isFull] of [
      [startOurs, true],
      [startOurs, false],
      [startRingserver, true],
      [startRingserver, false],
    ] as const) {
      const server = await start(PACKETS + 2);
      if (server === undefined) continue;
      servers.push(server);
      if (isFull) await fill(server, PACKETS);
    }
    const [full, empty, theirFull, theirEmpty] = servers as [Server, Server, Server?, Server?];
    const theirs = theirFull && theirEmpty && { full: theirFull, empty: theirEmpty };
    const records = path.join(folder, "records.mseed");
    const packets = inputs();
    writeFileSync(
      records,
      Buffer.concat(Array.from({ length: RECORDS }, (_, i) => packets[i % packets.length]!.payload)),
    );
    await using flows = await DataLinkServer.listen({ port: 0, ringBytes: 2 * FLOW_PACKETS * 1024 });
    fillForFlows(flows);
    await compare(rows, { full, empty, theirs, records, flows });
  } finally {
    for (const server of servers) await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

run().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
