// From a SeedLink server through a flow to files, in a real Node-RED: killed, restarted and deployed while packets arrive. KILLS
// and seconds as in delivery.spec.ts and deploys.spec.ts.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { PacketWriter } from "../../lib/index.ts";
import { packRecords, readRecords } from "../../lib/mseed/index.ts";
import { DataLinkServer } from "../../lib/server/server.ts";
import { hasRingServer, RingServer } from "../seedlink/ring-server.ts";
import { SeisCompServer } from "../seedlink/seiscomp-server.ts";
import { newFolder } from "../support/folders.ts";
import { NodeRed } from "../support/node-red.ts";

const KILLS = Number(process.env.DELIVERY_KILLS ?? 5);
const SECONDS = Number(process.env.DEPLOY_SECONDS ?? 15);
const STATIONS = ["XX_A", "XX_B", "XX_C"];
const MAX_IN_FLIGHT = 64;
const START = 1_767_225_600;

/** What each station's records count. */
type Counts = Map<string, number[]>;

/** A server that takes records. */
interface Server extends AsyncDisposable {
  readonly url: string;
  write(station: string, record: Buffer, count: number): void;
}

/** Servers that number their packets in the two ways there are. */
const SERVERS: Record<string, () => Promise<Server>> = {
  "a number for each station": async () => {
    const server = await SeisCompServer.start();
    // Close to the end of the numbers of 24 bits.
    for (const station of STATIONS) server.stations.set(station, { first: 0xff_f0_00, records: [] });
    return {
      url: server.url,
      write: (station, record) => server.push(station, record),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
  "our own server": async () => {
    const server = await DataLinkServer.listen({ port: 0, ringBytes: 64 * 1024 * 1024 });
    return {
      url: server.url.replace("datalink:", "seedlink:"),
      write: (station, payload, count) => {
        server.write({
          streamId: `FDSN:${station}_00_H_H_Z/MSEED`,
          dataStart: (START + count) * 1e6,
          payload,
        });
      },
      [Symbol.asyncDispose]: () => server.close(),
    };
  },
};

/** A real one, where there is one: it has one number for all stations. */
if (hasRingServer) {
  SERVERS.ringserver = async () => {
    const server = await RingServer.start("64M");
    const writer = new PacketWriter(`datalink://${server.address}`, { maxWaitingBytes: 64 * 1024 * 1024 });
    // The very oldest packet of a ringserver is never sent.
    await writer.write({ streamId: "FDSN:XX_OLD__L_O_G/TEXT", dataStart: 0, payload: "old" });
    const failures: Error[] = [];
    return {
      url: `seedlink://${server.address}`,
      write: (station, payload, count) => {
        const packet = {
          streamId: `FDSN:${station}_00_H_H_Z/MSEED`,
          dataStart: (START + count) * 1e6,
          payload,
        };
        writer.write(packet).catch((error: Error) => failures.push(error));
      },
      async [Symbol.asyncDispose]() {
        await writer.close();
        await server[Symbol.asyncDispose]();
        assert.deepEqual(failures, []);
      },
    };
  };
}

/** Stations whose records count. */
class Source implements AsyncDisposable {
  /** Records of each station. */
  written = 0;
  readonly #server: Server;
  #timer: NodeJS.Timeout | undefined;

  constructor(server: Server) {
    this.#server = server;
    // A station without a record is one that the server does not know.
    this.#write();
  }

  get url(): string {
    return this.#server.url;
  }

  /** So many packets a second, until `stop`. */
  run(perSecond: number): void {
    const each = Math.round(perSecond / 50 / STATIONS.length);
    this.#timer = setInterval(() => {
      for (let i = 0; i < each; i++) this.#write();
    }, 20);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #write(): void {
    for (const station of STATIONS)
      this.#server.write(station, recordOf(station, this.written), this.written);
    this.written++;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.#server[Symbol.asyncDispose]();
  }
}

function recordOf(station: string, count: number): Buffer {
  const series = {
    sourceId: `FDSN:${station}_00_H_H_Z`,
    startTime: BigInt(START + count) * 1_000_000_000n,
    sampleRate: 1,
    samples: Int32Array.of(count),
  };
  return Buffer.from([...packRecords(series, { formatVersion: 2, recordLength: 128 })][0]!);
}

const node = (id: string, type: string, settings: object) => ({
  ...{ id, type, z: "tab", x: 100, y: 100, version: 1 },
  ...settings,
});

/** seedlink-in, and what is between it and the archive. */
function flows(source: Source, commit: "send" | "complete", between: object[] = []): object[] {
  const first = between.length > 0 ? "between" : "archive";
  return [
    { id: "tab", type: "tab", label: "test" },
    {
      ...{ id: "server", type: "seedlink-connection", version: 1, address: source.url, auth: "none" },
      ...{ timeout: "5", protocol: "auto" },
    },
    node("in", "seedlink-in", {
      ...{
        connection: "server",
        streams: STATIONS.join(", "),
        from: "earliest",
        resume: true,
        autoStart: true,
      },
      ...{
        commit,
        scope: ["archive"],
        onError: "stop",
        unreached: "wait",
        maxInFlight: String(MAX_IN_FLIGHT),
      },
      wires: [[first], []],
    }),
    ...between,
    node("archive", "mseed-archive", {
      ...{ directory: "archive", layout: "own", pattern: "%n_%s.mseed", sync: "none", once: true },
      wires: [[]],
    }),
  ];
}

function archived(userDir: string): Counts {
  const folder = path.join(userDir, "archive");
  const counts: Counts = new Map(STATIONS.map((station) => [station, []]));
  if (!existsSync(folder)) return counts;
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".mseed"))) {
    const bytes = readFileSync(path.join(folder, file));
    // The last record may not be whole yet.
    const whole = bytes.subarray(0, bytes.length - (bytes.length % 128));
    counts.set(
      file.replace(".mseed", ""),
      [...readRecords(whole)].map(({ startTime }) => Number(startTime / 1_000_000_000n) - START),
    );
  }
  return counts;
}

const total = (counts: Counts) => [...counts.values()].reduce((sum, { length }) => sum + length, 0);

async function until(what: string, limit: number, condition: () => boolean): Promise<void> {
  for (const end = Date.now() + limit; !condition(); await delay(100)) {
    if (Date.now() > end) throw new Error(`${what}: not within ${limit} ms`);
  }
}

function inTheEnd(userDir: string, written: number): Promise<void> {
  return until("the last records are archived", 120_000, () =>
    [...archived(userDir).values()].every((counts) => counts.at(-1) === written - 1),
  );
}

/** Each once, and in the order of its station; returns how many are missing. */
function lost(counts: Counts, written: number): number {
  for (const [station, numbers] of counts) {
    assert.equal(new Set(numbers).size, numbers.length, `${station}: a packet is archived twice`);
    assert.ok(
      numbers.every((count, i) => i === 0 || count > numbers[i - 1]!),
      `${station}: out of order`,
    );
  }
  return written * STATIONS.length - total(counts);
}

for (const [kind, open] of Object.entries(SERVERS))
  describe(`seedlink in, through a flow to files, from ${kind}`, () => {
    let source: Source;
    let userDir: string;

    beforeEach(async () => {
      source = new Source(await open());
      userDir = newFolder();
    });
    afterEach(async () => {
      await source[Symbol.asyncDispose]();
      await rm(userDir, { recursive: true, force: true });
    });

    for (const commit of ["complete", "send"] as const) {
      it(`survives ${KILLS} times kill -9 of Node-RED, counted as delivered on ${commit}`, async function () {
        this.timeout(300_000 + KILLS * 60_000);
        source.run(2000);
        for (let kill = 0; kill < KILLS; kill++) {
          const before = total(archived(userDir));
          const nodeRed = await NodeRed.start({
            userDir,
            ...(kill === 0 && { flows: flows(source, commit) }),
          });
          await until("the archive grows", 120_000, () => total(archived(userDir)) > before);
          // At another place of its work each time.
          await delay(137 * (kill + 1));
          await nodeRed.kill();
        }
        source.stop();
        await using nodeRed = await NodeRed.start({ userDir });
        await inTheEnd(userDir, source.written);
        assert.deepEqual(nodeRed.complaints(), []);
        const missing = lost(archived(userDir), source.written);
        console.log(`      ${source.written * STATIONS.length} written, ${missing} lost`);
        if (commit === "complete") assert.equal(missing, 0);
        // What the flow was busy with: no more than the window at each kill.
        else assert.ok(missing <= MAX_IN_FLIGHT * KILLS, `${missing} lost`);
      });

      it(`loses and repeats none over restarts, with commit on ${commit}`, async function () {
        this.timeout(300_000);
        source.run(2000);
        for (let start = 0; start < 3; start++) {
          const before = total(archived(userDir));
          const nodeRed = await NodeRed.start({
            userDir,
            ...(start === 0 && { flows: flows(source, commit) }),
          });
          await until("the archive grows", 120_000, () => total(archived(userDir)) > before);
          await delay(300 * (start + 1));
          await nodeRed.stop();
        }
        source.stop();
        await using nodeRed = await NodeRed.start({ userDir });
        await inTheEnd(userDir, source.written);
        assert.equal(lost(archived(userDir), source.written), 0);
        assert.deepEqual(nodeRed.complaints(), []);
      });

      it(`loses and repeats none over deploys, with commit on ${commit}`, async function () {
        this.timeout((SECONDS + 300) * 1000);
        // A long way and more packets than it can carry: there are always some between two nodes.
        const way = (deploy: number) =>
          ["between", "2", "3", "4", "5"].map((id, i, ids) => ({
            ...node(id, "function", { func: `// ${i === 2 ? deploy : ""}\nreturn msg;`, outputs: 1 }),
            wires: [[ids[i + 1] ?? "archive"]],
          }));
        await using nodeRed = await NodeRed.start({ userDir, flows: flows(source, commit, way(0)) });
        source.run(6000);
        const end = Date.now() + SECONDS * 1000;
        for (let deploys = 1; Date.now() < end; deploys++) {
          await delay(1000);
          const type = (["full", "nodes", "flows"] as const)[deploys % 3]!;
          await nodeRed.deploy(flows(source, commit, way(deploys)), type);
        }
        source.stop();
        await inTheEnd(userDir, source.written);
        assert.equal(lost(archived(userDir), source.written), 0);
        assert.deepEqual(nodeRed.complaints(), []);
      });
    }
  });
