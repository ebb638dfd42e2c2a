// A national network in one Node-RED: thousands of streams archived beside a reader that decodes them all, over a midnight, a deploy,
// a kill and a stop, with as few descriptors as systems give. In the end the ledger says what became of every packet.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { newFolder } from "../folders.ts";
import { NodeRed } from "../node-red.ts";
import { Feeder } from "./feeder.ts";
import { type Gap, type Ledger, ledgerOf } from "./ledger.ts";
import { PROBE_MS, type Sample } from "./process-probe.ts";

export interface TrialOptions {
  /** The server's address. */
  url: string;
  streams: number;
  /** Packets per second. */
  rate: number;
  /** The part of the packets that is late. */
  late: number;
  /** Seconds of each phase in which nothing is done to the archiving process. */
  quiet: number;
  /** Seconds for which the archiving process is away. */
  stop: number;
  /** Descriptors that it may have: `ulimit -n`. */
  openFiles: number;
  /** Seconds that the readers may take at most to come to the present. */
  patience: number;
  /** Told of each phase when it is over. */
  onPhase?: (phase: Phase) => void;
}

/** What the archiving process was like in a phase. */
export interface Phase {
  name: string;
  seconds: number;
  /** Packets per second that the archive's reader, and the one beside it, went on by. */
  archived: number;
  decoded: number;
  /** Of the event loop, in milliseconds: the longest, and that of the median half second. */
  longestDelay: number;
  usualDelay: number;
  /** Of the processor, in milliseconds per 1,000 packets archived. */
  processor: number;
  /** Most of it, in bytes. */
  memory: number;
  descriptors: number;
  /** Milliseconds. */
  unsynced: number;
  /** Bytes written to disks per packet archived. */
  written: number;
}

export interface Trial {
  ledger: Ledger;
  gaps: Gap[];
  phases: Phase[];
  /** Seconds until Node-RED had ended when it was told to. */
  closing: number;
  complaints: string[];
}

/** What happened in a phase, with how many packets its readers went on by. */
interface Passed {
  name: string;
  from: number;
  to: number;
  archived: number;
  decoded: number;
}

const at = { z: "tab", x: 100, y: 100 };

function flows(url: string): object[] {
  const reader = { type: "datalink-in", version: 1, connection: "connection", match: "", reject: "", ...at };
  const how = { from: "earliest", resume: true, autoStart: true, maxInFlight: "1000", payload: "parsed" };
  const tell = "node.log(JSON.stringify({ topic: msg.topic, ...msg.payload })); return null;";
  return [
    { id: "tab", type: "tab", label: "national" },
    { id: "connection", type: "datalink-connection", version: 1, address: url, auth: "none", timeout: "10" },
    { ...reader, id: "in", ...how, commit: "complete", scope: ["archive"], wires: [["archive"], ["events"]] },
    {
      ...{ ...at, id: "archive", type: "mseed-archive", version: 1, directory: "archive", layout: "SDS" },
      ...{ sync: "interval", once: true, keepRejected: true, gzipDays: "", wires: [[]] },
    },
    { ...at, id: "events", type: "function", func: tell, outputs: 0, wires: [] },
    { ...reader, id: "beside", ...how, commit: "send", wires: [["decode"], []] },
    { ...at, id: "decode", type: "mseed-decode", version: 1, samples: "counts", wires: [[]] },
  ];
}

/** Runs the trial; the caller looks into the result. */
export async function runTrial(options: TrialOptions): Promise<Trial> {
  const it = new Running(options);
  try {
    return await it.run();
  } finally {
    await it.end();
  }
}

class Running {
  readonly #options: TrialOptions;
  readonly #userDir = newFolder();
  readonly #feeder: Feeder;
  readonly #gaps: Gap[] = [];
  readonly #complaints: string[] = [];
  readonly #phases: Phase[] = [];
  #nodeRed: NodeRed | undefined;

  constructor(options: TrialOptions) {
    this.#options = options;
    const { url, streams, rate, late, quiet } = options;
    this.#feeder = new Feeder({ url, streams, rate, late, midnightIn: 1.5 * quiet });
  }

  async run(): Promise<Trial> {
    const { quiet, stop, rate } = this.#options;
    await this.#start();
    await this.#phase("a quiet day", () => delay(quiet * 1000));
    await this.#phase("midnight", () => delay(quiet * 1000));
    await this.#phase("a full deploy", async () => {
      await this.#nodeRed!.deploy(flows(this.#options.url));
      await delay(quiet * 1000);
      await this.#caughtUp(2 * rate);
    });
    await this.#end("kill");
    await this.#start();
    await this.#phase("killed and started again", async () => {
      await delay(quiet * 1000);
      await this.#caughtUp(2 * rate);
    });
    await this.#end("stop");
    await delay(stop * 1000);
    await this.#start();
    await this.#phase(`after ${stop} s of absence`, () => this.#caughtUp(2 * rate));
    await this.#phase("a quiet day again", () => delay(quiet * 1000));
    await this.#feeder.stop();
    await this.#caughtUp(0);
    const begun = performance.now();
    await this.#end("stop");
    const closing = (performance.now() - begun) / 1000;
    const ledger = ledgerOf(this.#feeder, path.join(this.#userDir, "archive"), this.#gaps);
    return { ledger, gaps: this.#gaps, phases: this.#phases, closing, complaints: this.#complaints };
  }

  async end(): Promise<void> {
    await this.#nodeRed?.stop();
    await this.#feeder.stop().catch(() => {});
  }

  async #start(): Promise<void> {
    const isNew = !existsSync(path.join(this.#userDir, "flows.json"));
    this.#nodeRed = await NodeRed.start({
      userDir: this.#userDir,
      openFiles: this.#options.openFiles,
      env: {
        NODE_OPTIONS: `--require ${path.join(__dirname, "process-probe.js")}`,
        PROBE_FILE: this.#probeFile,
      },
      ...(isNew && { flows: flows(this.#options.url) }),
    });
  }

  async #end(how: "stop" | "kill"): Promise<void> {
    const nodeRed = this.#nodeRed!;
    this.#nodeRed = undefined;
    await nodeRed[how]();
    this.#complaints.push(...nodeRed.complaints());
    for (const line of nodeRed.log) {
      const text = /\[function:events\] (\{.*\})$/.exec(line)?.[1];
      const event = text === undefined ? undefined : JSON.parse(text);
      if (event?.topic === "gap")
        this.#gaps.push({ first: Number(event.firstId), last: Number(event.lastId) });
    }
  }

  get #probeFile(): string {
    return path.join(this.#userDir, "probe.jsonl");
  }

  /** The packet that a reader is behind. */
  #position(node: string): number {
    const file = path.join(this.#userDir, "datalink", `${node}.position.json`);
    return existsSync(file) ? Number(JSON.parse(readFileSync(file, "utf8")).packetId) : 0;
  }

  async #caughtUp(behind: number): Promise<void> {
    const until = performance.now() + this.#options.patience * 1000;
    for (const node of ["in", "beside"]) {
      for (;;) {
        const left = this.#feeder.latestId - behind - this.#position(node);
        if (left <= 0) break;
        if (performance.now() > until)
          throw new Error(`The reader "${node}" is still ${left} packets behind.`);
        await delay(100);
      }
    }
  }

  async #phase(name: string, during: () => Promise<unknown>): Promise<void> {
    const [from, archived, decoded] = [Date.now(), this.#position("in"), this.#position("beside")];
    await during();
    const phase = this.#figures({
      ...{ name, from, to: Date.now() },
      archived: this.#position("in") - archived,
      decoded: this.#position("beside") - decoded,
    });
    this.#phases.push(phase);
    this.#options.onPhase?.(phase);
  }

  #figures({ name, from, to, archived, decoded }: Passed): Phase {
    const lines = readFileSync(this.#probeFile, "utf8").trimEnd().split("\n");
    // A kill may leave half a line.
    const samples = lines.filter((line) => line.endsWith("}")).map((line) => JSON.parse(line) as Sample);
    // The first of a phase tells also what was before.
    const own = samples.filter(({ at }) => at - PROBE_MS >= from && at <= to);
    const seconds = (to - from) / 1000;
    const most = (figure: (sample: Sample) => number) => Math.max(0, ...own.map(figure));
    const delays = own.map((sample) => sample.delay).sort((a, b) => a - b);
    return {
      ...{ name, seconds, archived: archived / seconds, decoded: decoded / seconds },
      longestDelay: most((sample) => sample.delay),
      usualDelay: delays[delays.length >> 1] ?? 0,
      processor: (1000 * increase(own, "processor")) / archived,
      memory: most((sample) => sample.memory),
      descriptors: most((sample) => sample.descriptors),
      unsynced: most((sample) => sample.unsynced),
      written: increase(own, "written") / archived,
    };
  }
}

/** How much a figure that only grows has grown; it begins anew with a process. */
function increase(samples: readonly Sample[], name: "processor" | "written"): number {
  let sum = 0;
  for (let i = 1; i < samples.length; i++) sum += Math.max(0, samples[i]![name] - samples[i - 1]![name]);
  return sum;
}
