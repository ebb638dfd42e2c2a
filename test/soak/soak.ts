// A Node-RED with the demo's flows, worn down by a plan: what is done to it, its servers, its disk and its clock, and what the ledger says
// in the end. Between two of its starts nothing may be left behind: handles, listeners, timers, files, memory.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { hasRingServer } from "../seedlink/ring-server.ts";
import { newFolder } from "../support/folders.ts";
import { grown, type Inventory, installProbe, takeInventory } from "../support/inventory.ts";
import { seededRandom } from "../support/network/fault-proxy.ts";
import { NodeRed } from "../support/node-red.ts";
import { PRELOADED, setClock } from "./clock.ts";
import { isExpected } from "./complaints.ts";
import { Disk } from "./disk.ts";
import {
  ARCHIVE_FILES,
  descriptorsOf,
  type Figures,
  figuresOf,
  folded,
  megabytes,
  residentOf,
  tableOf,
} from "./figures.ts";
import { AT_FIRST, type Changeable, changed, flows, type Places } from "./flows.ts";
import { ArchiveScan, compare, twiceIn } from "./ledger.ts";
import { type Life, type SoakEvent, stepText } from "./plan.ts";
import { OtherServer, OwnServer, RING_BYTES, Source } from "./source.ts";

export interface SoakOptions {
  lives: readonly Life[];
  /** Milliseconds between two steps. */
  every: number;
  /** Records per second of either server's stations. */
  rate: number;
  stations: number;
  /** Bytes of the file system that is full now and then. */
  diskBytes: number;
  /** Told what happens, line by line. */
  say: (line: string) => void;
  /** Ends it before its plan does, with its ledger. */
  signal?: AbortSignal;
}

export interface SoakResult {
  /** A sentence for each thing that is wrong. */
  problems: string[];
  table: string[];
  acknowledged: number;
}

/** Where packets of a ring go to. */
interface Way {
  readonly name: string;
  readonly source: Source;
  readonly folder: string;
  readonly kind: "records" | "lines";
  readonly belongs: (key: string) => boolean;
  readonly scan: ArchiveScan;
  /** Of those in the ring. */
  readonly missing: Set<string>;
  /** How many may be lost: what was in flight when Node-RED was killed, where packets count when they are sent. */
  mayBeLost: number;
}

const MIB = 1 << 20;
const JSON_EVERY = 4;
/** Without any progress for so long, what is missing is lost. */
const PATIENCE_MS = 90_000;
const POLL_MS = 300;
const MOST_PROBLEMS = 40;
/** Bytes: what is compiled, cached and collected late. */
const HEAP_GROWTH = 16 * MIB;
const RESIDENT_GROWTH = 160 * MIB;
/** Of the server beside its ring, which it holds in memory, and its buffers. */
const SERVER_RESIDENT = 160 * MIB + 2 * RING_BYTES;

export class Soak {
  readonly #options: SoakOptions;
  readonly #folder = newFolder();
  readonly #userDir = path.join(this.#folder, "user");
  readonly #archives = path.join(this.#folder, "archives");
  readonly #disk: Disk;
  readonly #sources: Source[] = [];
  readonly #ways: Way[] = [];
  readonly #problems = new Map<string, number>();
  readonly #events = new Map<string, number>();
  readonly #figures: { name: string; figures: Figures; server: [number, number] }[] = [];
  #own!: Source<OwnServer>;
  #other: Source<OtherServer> | undefined;
  #nodeRed: NodeRed | undefined;
  #settings: Changeable = AT_FIRST;
  #deploying: Promise<void> = Promise.resolve();
  #filling: Promise<void> = Promise.resolve();
  /** Lines of the log that were looked at. */
  #linesSeen = 0;
  #triggers = 0;
  #expected = 0;
  #startedAgain = 0;
  #setAside = 0;

  /** Runs it; resolves when all is over. */
  static async run(options: SoakOptions): Promise<SoakResult> {
    const soak = new Soak(options);
    try {
      await soak.#begin();
      for (const [index, life] of options.lives.entries()) {
        await soak.#live(index + 1, life);
        if (options.signal?.aborted) break;
      }
      return await soak.#finish();
    } finally {
      await soak.#end();
    }
  }

  private constructor(options: SoakOptions) {
    this.#options = options;
    for (const folder of [this.#userDir, this.#archives]) mkdirSync(folder, { recursive: true });
    this.#disk = new Disk(path.join(this.#folder, "disk"), options.diskBytes);
  }

  #say(line: string): void {
    this.#options.say(line);
  }

  #problem(sentence: string): void {
    const count = this.#problems.get(sentence) ?? 0;
    if (count === 0) this.#say(`WRONG: ${sentence}`);
    if (count > 0 || this.#problems.size < MOST_PROBLEMS) this.#problems.set(sentence, count + 1);
  }

  async #begin(): Promise<void> {
    const { rate, stations } = this.#options;
    const feed = { rate, stations };
    this.#own = await Source.start(new OwnServer(this.#folder), 4, {
      ...{ ...feed, network: "SK", jsonEvery: JSON_EVERY },
    });
    this.#sources.push(this.#own);
    const isRecord = (key: string) => !key.startsWith("{");
    const isFeed = (key: string) => key.startsWith('{"feed"');
    this.#way("archive", this.#own, "records", isRecord, this.#disk.folder);
    this.#way("seedlink", this.#own, "records", isRecord);
    this.#way("json", this.#own, "lines", isFeed, this.#disk.folder);
    this.#way("sent", this.#own, "lines", isFeed);
    this.#way("back", this.#own, "lines", (key) => key.startsWith('{"flow"'));
    if (!this.#disk.canFill) this.#say("skipped: disk full (a tmpfs cannot be mounted here)");
    if (!hasRingServer) {
      this.#say("skipped: ringserver (not on PATH)");
      return;
    }
    this.#other = await Source.start(new OtherServer(), 2, { ...feed, network: "SR", jsonEvery: 0 });
    this.#sources.push(this.#other);
    this.#way("other", this.#other, "records", isRecord);
    // The very oldest packet of its ring is one that ringserver never sends by SeedLink.
    const { audit } = this.#other;
    this.#way("other-seedlink", this.#other, "records", (key) => isRecord(key) && key !== audit.oldest);
  }

  #way(
    name: string,
    source: Source,
    kind: Way["kind"],
    belongs: (key: string) => boolean,
    parent = this.#archives,
  ): void {
    const folder = path.join(parent, name);
    const scan = new ArchiveScan(folder, kind);
    this.#ways.push({ name, source, folder, kind, belongs, scan, missing: new Set(), mayBeLost: 0 });
  }

  get #places(): Places {
    const ports = (source: Source) => source.proxies.map(({ port }) => port);
    return {
      own: ports(this.#own) as [number, number, number, number],
      other: this.#other && (ports(this.#other) as [number, number]),
      archives: this.#archives,
      disk: this.#disk.folder,
    };
  }

  get #clockFile(): string {
    return path.join(this.#folder, "node-red.clock");
  }

  async #start(): Promise<void> {
    const isNew = this.#nodeRed === undefined;
    if (isNew) await installProbe(this.#userDir);
    this.#linesSeen = 0;
    this.#nodeRed = await NodeRed.start({
      userDir: this.#userDir,
      env: { NODE_OPTIONS: PRELOADED.join(" "), CLOCK_FILE: this.#clockFile },
      ...(isNew && { flows: flows(this.#settings, this.#places) }),
    });
  }

  async #live(number: number, { steps, end, away }: Life): Promise<void> {
    await this.#start();
    await this.#caughtUp();
    const before = await this.#inventory();
    this.#note(`life ${number} begins`, before);
    for (const step of steps) {
      if (this.#options.signal?.aborted) break;
      this.#say(`${new Date().toISOString().slice(11, 19)} life ${number}: ${stepText(step)}`);
      await Promise.all(step.map((event) => this.#do(event)));
      await delay(this.#options.every);
      this.#attend();
    }
    for (const { proxies } of this.#sources) for (const proxy of proxies) proxy.calm();
    await this.#caughtUp();
    await this.#compare(number, before);
    this.#say(`${new Date().toISOString().slice(11, 19)} life ${number}: Node-RED ${end}`);
    await this.#endLife(end, away);
    await delay(away);
  }

  /** What there is more of than when this life of Node-RED began; what is not, once it had time to go. */
  async #compare(number: number, before: Inventory): Promise<void> {
    let more: ReturnType<typeof grown> = {};
    let after: Inventory = {};
    for (const limit = performance.now() + PATIENCE_MS; ; ) {
      after = await this.#inventory();
      more = grown(before, after);
      if ((more.heap?.[1] ?? 0) - (more.heap?.[0] ?? 0) < HEAP_GROWTH) delete more.heap;
      if ((after[ARCHIVE_FILES] ?? 0) <= this.#mostArchiveFiles) delete more[ARCHIVE_FILES];
      if (Object.keys(more).length === 0 || performance.now() > limit) break;
    }
    const last = this.#figures.at(-1)!.figures.resident;
    this.#note(`life ${number} ends`, after);
    const resident = this.#figures.at(-1)!.figures.resident;
    if (resident - last > RESIDENT_GROWTH)
      this.#problem(`In life ${number} Node-RED grew from ${megabytes(last)} to ${megabytes(resident)}.`);
    for (const [name, [was, is]] of Object.entries(more))
      this.#problem(`In life ${number} there were ${was} of "${name}" before, and ${is} after.`);
  }

  /** Of two days, and what is written by line. */
  get #mostArchiveFiles(): number {
    return 2 * this.#options.stations * this.#ways.length + 10;
  }

  async #inventory(): Promise<Inventory> {
    return folded(await takeInventory(this.#nodeRed!), this.#folder);
  }

  #note(name: string, inventory: Inventory): void {
    const figures = figuresOf(inventory, this.#nodeRed!.pid);
    const { pid } = this.#own.server;
    this.#figures.push({ name, figures, server: [descriptorsOf(pid), residentOf(pid)] });
    const { handles, resources, timers, listeners, nodes, descriptors, archiveFiles, heap, resident } =
      figures;
    this.#say(
      `  ${name}: ${handles} handles, ${resources} resources (${timers} timers), ${listeners} listeners, ${nodes} nodes, ` +
        `${descriptors} descriptors and ${archiveFiles} archive files, heap ${megabytes(heap)}, ${megabytes(resident)} resident`,
    );
  }

  async #do(event: SoakEvent): Promise<void> {
    try {
      const name = await this.#happen(event);
      this.#events.set(name, (this.#events.get(name) ?? 0) + 1);
    } catch (error) {
      const { message, cause } = error as Error & { cause?: Error };
      this.#problem(`${event.kind} failed: ${message}${cause ? ` (${cause.message})` : ""}`);
    }
  }

  /** What it counts as. */
  async #happen(event: SoakEvent): Promise<string> {
    switch (event.kind) {
      case "cut":
        this.#proxy(event.proxy).finish();
        break;
      case "reset":
        this.#proxy(event.proxy).cut();
        break;
      case "stall":
        await this.#proxy(event.proxy).stall(event.time);
        break;
      case "storm":
        await this.#storm(event);
        break;
      case "server stopped":
        await this.#own.restart("stop", event.away);
        break;
      case "server killed":
        await this.#own.restart("kill", event.away);
        break;
      case "ringserver stopped":
        if (!this.#other) return `${event.kind}, skipped`;
        await this.#other.restart("stop", event.away);
        break;
      case "deploy full":
      case "deploy nodes":
      case "deploy flows":
        await this.#deploy(event.kind.slice("deploy ".length) as "full", (settings) => settings);
        break;
      case "setting":
        await this.#deploy(event.deploy, (settings) => changed(settings, event.change));
        break;
      case "clock of Node-RED":
        setClock(this.#nodeRed!.pid, this.#clockFile, event.ahead);
        break;
      case "clock of the server":
        await this.#own.inTurn(async (server) => server.setClock(event.ahead));
        break;
      case "disk full":
        if (!this.#disk.canFill) return `${event.kind}, skipped`;
        await this.#fill(event.time);
        break;
    }
    return event.kind;
  }

  #proxy(number: number) {
    const all = this.#sources.flatMap(({ proxies }) => proxies);
    return all[number % all.length]!;
  }

  async #storm(event: SoakEvent & { kind: "storm" }): Promise<void> {
    const proxy = this.#proxy(event.proxy);
    proxy.storm({ random: seededRandom(event.seed), bytesToFault: event.bytesToFault, maxDelay: 1000 });
    // What happens only to new connections begins with one.
    proxy.cut();
    await delay(event.time);
    proxy.calm();
  }

  #deploy(type: "full" | "nodes" | "flows", change: (settings: Changeable) => Changeable): Promise<void> {
    const deploying = this.#deploying.then(async () => {
      const settings = change(this.#settings);
      this.#settings = { ...settings, deploy: settings.deploy + 1 };
      await this.#nodeRed!.deploy(flows(this.#settings, this.#places), type);
    });
    this.#deploying = deploying.catch(() => {});
    return deploying;
  }

  #fill(time: number): Promise<void> {
    const filling = this.#filling.then(async () => {
      this.#disk.fill();
      await delay(time);
      this.#disk.free();
    });
    this.#filling = filling.catch(() => {});
    return filling;
  }

  async #endLife(end: Life["end"], away: number): Promise<void> {
    const nodeRed = this.#nodeRed!;
    const { commit, maxInFlight } = this.#settings;
    if (end === "stopped") await nodeRed.stop("SIGTERM");
    else {
      const deploying = end === "killed" ? undefined : this.#deploy("full", (settings) => settings);
      // At another place of its work each time; its answer does not come.
      deploying?.catch(() => {});
      await delay(away / 10);
      await nodeRed.kill();
      await deploying?.catch(() => {});
      const sent = this.#ways.find(({ name }) => name === "sent")!;
      if (commit === "send") sent.mayBeLost += maxInFlight;
    }
    const name = `Node-RED ${end}`;
    this.#events.set(name, (this.#events.get(name) ?? 0) + 1);
    this.#attend();
  }

  /** Looks at what Node-RED has said, and starts readers again that a full disk has stopped. */
  #attend(): void {
    const { log } = this.#nodeRed!;
    for (; this.#linesSeen < log.length; this.#linesSeen++) this.#attendTo(log[this.#linesSeen]!);
  }

  #attendTo(line: string): void {
    if (/trigger on$/.test(line)) this.#triggers++;
    const event = /\[function:events\] (\{.*\})$/.exec(line)?.[1];
    if (event !== undefined) {
      const { topic, message } = JSON.parse(event) as { topic: string; message: string };
      if (topic !== "stopped" || !/disk is full/.test(message)) this.#problem(`A reader told: ${message}`);
      else this.#startAgain();
      return;
    }
    if (!/\[(warn|error)\]|Error:/.test(line)) return;
    if (isExpected(line)) this.#expected++;
    else this.#problem(`Node-RED said: ${line.replace(/^.*? - (?=\[)/, "").slice(0, 600)}`);
  }

  #startAgain(): void {
    this.#startedAgain++;
    const nodeRed = this.#nodeRed!;
    // Where it is about to end, its next start does it.
    nodeRed.request("/inject/start", { method: "POST" }).catch(() => {});
  }

  /** Waits until all that is in the rings now is archived. */
  async #caughtUp(): Promise<void> {
    for (const source of this.#sources) {
      await source.inTurn(async () => {
        for (const key of await source.look())
          for (const way of this.#ways) if (way.source === source && way.belongs(key)) way.missing.add(key);
      });
    }
    const begun = performance.now();
    let left = Number.POSITIVE_INFINITY;
    for (let until = performance.now() + PATIENCE_MS; performance.now() < until; await delay(POLL_MS)) {
      this.#attend();
      const now = this.#ways.reduce((sum, way) => sum + stillMissing(way), 0);
      if (now === 0) {
        this.#say(`  all archived after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
        return;
      }
      if (now < left) until = performance.now() + PATIENCE_MS;
      left = now;
    }
    for (const way of this.#ways.filter((way) => stillMissing(way) > 0)) {
      const { name, missing } = way;
      this.#problem(
        `"${name}" does not get ${missing.size} packets: ${[...missing].slice(0, 3).join(", ")} …`,
      );
      // The ledger counts them; nobody waits for them any more.
      missing.clear();
    }
  }

  async #finish(): Promise<SoakResult> {
    this.#say("the stations stop");
    await Promise.all(this.#sources.map(({ feeder }) => feeder.stop()));
    await this.#start();
    await this.#caughtUp();
    await this.#nodeRed!.stop("SIGTERM");
    this.#attend();
    // What the flow has written meanwhile need not be archived yet.
    const late = new Set<string>();
    for (const source of this.#sources) for (const key of await source.look()) late.add(key);
    const rows = this.#ledger(late);
    const acknowledged = this.#sources.reduce((sum, { feeder }) => sum + feeder.acknowledged.size, 0);
    const problems = [...this.#problems].map(([text, count]) =>
      count > 1 ? `${text} (${count} times)` : text,
    );
    const table = [
      ...tableOf([...this.#events].map(([name, count]) => [name, count])),
      "",
      ...tableOf(rows),
      "",
      ...this.#figureRows(),
      "",
      `${acknowledged} packets acknowledged; ${this.#triggers} triggers, ${this.#startedAgain} readers started again after a full disk, ` +
        `${this.#setAside} bytes set aside, ${this.#expected} warnings that were expected, ${problems.length} problems`,
    ];
    return { problems, table, acknowledged };
  }

  #ledger(late: ReadonlySet<string>): (string | number)[][] {
    const rows: (string | number)[][] = [
      ["archive", "in the ring", "archived", "missing", "torn", "repeated", "strange"],
    ];
    for (const way of this.#ways) {
      const scan = new ArchiveScan(way.folder, way.kind);
      scan.finish();
      this.#setAside += scan.setAside;
      const { belongs } = way;
      const isDue = (key: string) => belongs(key) && (scan.copies.has(key) || !late.has(key));
      const { inRing, archived, missing, repeated, examples } = compare(
        way.source.audit.copies,
        scan.copies,
        isDue,
      );
      rows.push([way.name, inRing, archived, missing, scan.torn, repeated, scan.strange]);
      const wrong = {
        missing: missing > way.mayBeLost ? missing : 0,
        torn: scan.torn,
        repeated,
        strange: scan.strange,
      };
      for (const [what, count] of Object.entries(wrong))
        if (count > 0)
          this.#problem(`The ledger of "${way.name}": ${count} ${what} (${examples.join(", ")}).`);
    }
    for (const { feeder, audit, server } of this.#sources) {
      const name = server instanceof OwnServer ? "our server" : "ringserver";
      const lost = [...feeder.acknowledged].filter((key) => !audit.copies.has(key)).length;
      rows.push([
        `${name}: acknowledged`,
        audit.copies.size,
        feeder.acknowledged.size,
        lost,
        0,
        twiceIn(audit.copies),
        0,
      ]);
      if (lost > 0) this.#problem(`${lost} packets that ${name} acknowledged are not in its ring.`);
      for (const error of feeder.refused) this.#problem(`A station was refused: ${error.message}`);
    }
    rows.push(this.#writtenByFlow());
    return rows;
  }

  /** What the flow was told to be written. */
  #writtenByFlow(): (string | number)[] {
    const scan = new ArchiveScan(path.join(this.#archives, "out"), "lines");
    scan.finish();
    const { copies } = this.#own.audit;
    const lost = [...scan.copies.keys()].filter((key) => !copies.has(key)).length;
    if (lost > 0) this.#problem(`${lost} packets that datalink out passed on are not in the ring.`);
    const inRing = [...copies.keys()].filter((key) => key.startsWith('{"flow"')).length;
    return ["datalink out: passed on", inRing, scan.copies.size, lost, scan.torn, 0, 0];
  }

  #figureRows(): string[] {
    const [first, last] = [this.#figures[0], this.#figures.at(-1)];
    if (!first || !last) return [];
    const names = Object.keys(first.figures) as (keyof Figures)[];
    const text = (name: keyof Figures, value: number) =>
      name === "heap" || name === "resident" ? megabytes(value) : value;
    const [before, after] = [first.server, last.server];
    if (after[1] > SERVER_RESIDENT) this.#problem(`Our server takes ${megabytes(after[1])}.`);
    return tableOf([
      ["Node-RED", first.name, last.name],
      ...names.map((name) => [name, text(name, first.figures[name]), text(name, last.figures[name])]),
      ["our server: descriptors", before[0], after[0]],
      ["our server: resident", megabytes(before[1]), megabytes(after[1])],
    ]);
  }

  async #end(): Promise<void> {
    await this.#nodeRed?.kill();
    for (const source of this.#sources) await source[Symbol.asyncDispose]();
    this.#disk[Symbol.dispose]();
  }
}

/** How many packets a way has to get yet, besides those that may be lost. */
function stillMissing({ scan, missing, mayBeLost }: Way): number {
  scan.readOn();
  for (const key of missing) if (scan.copies.has(key)) missing.delete(key);
  return Math.max(0, missing.size - mayBeLost);
}
