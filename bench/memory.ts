// What memory each of many takes: streams and idle readers of the server, readers that wait for packets, open files of the archives,
// streams and readers of a seismograph. Each in a process of its own, whose garbage is collected before it is looked at: its heap, and
// what lies outside of it (buffers). What the system keeps for a socket or a file is not counted. COUNT sets how many there are.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import WebSocket from "ws";
import {
  DataLinkServer,
  JsonLinesArchive,
  MiniSeedArchive,
  packRecords,
  Seismograph,
  seismo,
  subscribe,
  subscribeSeedLink,
} from "../lib/index.ts";
import { MAX_PAGES } from "../lib/limits.ts";

const COUNT = Number(process.env.COUNT ?? 1000);
const HOUR = 3600;

/** Packets of other streams: the ring is full of them, so that what comes after them takes no more of it. */
const RING_BYTES = 4 << 20;
const RING_PACKETS = 10_000;

/** Grows by so many, and says where it is to be reached, if anywhere. */
type Growth = () => Promise<number | undefined> | number | undefined;

interface Subject {
  name: string;
  count: number;
  /** Made in a process of its own: what is there before, and how it grows there by `count`. */
  make(): Promise<Growth>;
  /** What makes it grow from outside instead, at the port that growing gave; what it returns ends that. */
  visit?: (port: number) => Promise<() => void>;
}

const sourceId = (n: number): string => `FDSN:XX_S${n}_00_H_H_Z`;

function record(n: number, startTime = 1_700_000_000_000_000): Uint8Array {
  const samples = Int32Array.from({ length: 400 }, (_, i) => Math.round(1000 * Math.sin(i / 9 + n)));
  const series = { sourceId: sourceId(n), startTime, sampleRate: 100, samples };
  const [first] = packRecords(series, { formatVersion: 2, recordLength: 512 });
  return first!;
}

async function fullServer(): Promise<DataLinkServer> {
  const server = await DataLinkServer.listen({ port: 0, ringBytes: RING_BYTES, maxClients: 2 * COUNT });
  const payload = record(0);
  for (let n = 0; n < RING_PACKETS; n++) {
    const dataStart = 1_600_000_000_000_000 + n * 4_000_000;
    server.write({ streamId: `${sourceId(0)}/MSEED`, dataStart, payload });
  }
  return server;
}

/** The same server before and behind: readers come from outside. */
async function waitingServer(): Promise<Growth> {
  const server = await fullServer();
  return () => server.port;
}

async function reader(port: number, greeting: Buffer): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  socket.write(greeting);
  await once(socket, "data");
  return socket.resume();
}

async function visitAll<Visitor>(
  count: number,
  open: (n: number) => Promise<Visitor>,
  close: (visitor: Visitor) => void,
): Promise<() => void> {
  const visitors: Visitor[] = [];
  for (let n = 0; n < count; n++) visitors.push(await open(n));
  return () => {
    for (const visitor of visitors) close(visitor);
  };
}

const readers =
  (greeting: Buffer) =>
  (port: number): Promise<() => void> =>
    visitAll(
      COUNT,
      () => reader(port, greeting),
      (socket) => socket.destroy(),
    );

async function webSocket(port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/datalink`, "DataLink1.0");
  await once(socket, "open");
  socket.send(DATALINK.subarray(0, 5));
  await once(socket, "message");
  socket.send(DATALINK.subarray(5));
  return socket;
}

async function page(port: number): Promise<() => void> {
  const sent = get({ port, host: "127.0.0.1", path: "/stream?page=live", agent: false });
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  await once(response, "data");
  response.resume().on("error", () => {});
  return () => sent.destroy();
}

const DATALINK = Buffer.from("DL\x02IDDL\x06STREAM", "latin1");
const SEEDLINK = Buffer.from("SLPROTO 4.0\r\nSTATION *\r\nDATA\r\nEND\r\n");

/** Subscriptions to a server in the parent's process would be counted with it: it has one of its own. */
async function subscriptions(
  open: (url: string, onEvent: (event: { type: string }) => void) => AsyncIterator<unknown>,
): Promise<Growth> {
  const child = fork(__filename, ["server"]);
  const [port] = (await once(child, "message")) as [number];
  atEnd.push(() => child.kill());
  return async () => {
    for (let n = 0; n < COUNT; n++) {
      await new Promise<void>((resolve) => {
        const packets = open(`127.0.0.1:${port}`, ({ type }) => {
          if (type === "connected") resolve();
        });
        kept.push(packets, packets.next());
      });
    }
    return undefined;
  };
}

/** What is not to be collected. */
const kept: unknown[] = [];

/** What a subject's process leaves behind. */
const atEnd: (() => void)[] = [];

function archiveOf(kind: "jsonl" | "mseed"): () => Promise<Growth> {
  return async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "bench-memory-"));
    const journal = path.join(folder, ".journal");
    const archive =
      kind === "mseed"
        ? new MiniSeedArchive({ pattern: `${folder}/%n/%s/%c.%Y.%j`, journal, maxOpenFiles: 2 * COUNT })
        : new JsonLinesArchive({ pattern: `${folder}/%n/%s/%c.%Y.%j`, maxOpenFiles: 2 * COUNT });
    atEnd.push(() => rmSync(folder, { recursive: true, force: true }));
    const write = async (n: number) => {
      const json = Buffer.from(`{"n":${n}}`);
      const packet =
        kind === "mseed"
          ? { streamId: `${sourceId(n)}/MSEED`, payload: record(n) }
          : { streamId: `${sourceId(n)}/JSON`, payload: json };
      await archive.write({ ...packet, dataStart: 1_700_000_000_000_000 });
    };
    await write(COUNT);
    return async () => {
      for (let n = 0; n < COUNT; n++) await write(n);
      return undefined;
    };
  };
}

/** An hour of a channel at 100 Hz, as a page shows it. */
function ground(seismograph: Seismograph, n: number): void {
  const end = Math.floor(Date.now() / 1000) * 1e6;
  const samples = Int32Array.from({ length: 100 * 600 }, (_, i) => Math.round(1000 * Math.sin(i / 9 + n)));
  for (let at = 0; at < 6; at++)
    seismograph.take({
      sourceId: sourceId(n),
      startTime: end - HOUR * 1e6 + at * 600e6,
      sampleRate: 100,
      samples,
    });
}

const CHANNELS = 12;

const SUBJECTS: Subject[] = [
  {
    name: "a stream of the server",
    count: 10 * COUNT,
    make: async () => {
      const server = await fullServer();
      const payload = record(1);
      return () => {
        for (let n = 1; n <= 10 * COUNT; n++)
          server.write({ streamId: `${sourceId(n)}/MSEED`, dataStart: 1_700_000_000_000_000, payload });
        return undefined;
      };
    },
  },
  { name: "an idle DataLink reader", count: COUNT, make: waitingServer, visit: readers(DATALINK) },
  { name: "an idle SeedLink 4.0 reader", count: COUNT, make: waitingServer, visit: readers(SEEDLINK) },
  {
    name: "an idle WebSocket reader",
    count: COUNT,
    make: waitingServer,
    visit: (port) =>
      visitAll(
        COUNT,
        () => webSocket(port),
        (socket) => socket.terminate(),
      ),
  },
  {
    name: "a subscription by DataLink that waits",
    count: COUNT,
    make: () => subscriptions((url, onEvent) => subscribe(`datalink://${url}`, { onEvent })),
  },
  {
    name: "a subscription by SeedLink that waits",
    count: COUNT,
    make: () => subscriptions((url, onEvent) => subscribeSeedLink(`seedlink://${url}`, { onEvent })),
  },
  { name: "an open file of a miniSEED archive", count: COUNT, make: archiveOf("mseed") },
  { name: "an open file of a JSON archive", count: COUNT, make: archiveOf("jsonl") },
  {
    name: "a channel of a seismograph, 100 Hz, its hour",
    count: CHANNELS,
    make: async () => {
      const seismograph = new Seismograph({ hours: 1 });
      kept.push(seismograph);
      return () => {
        for (let n = 0; n < CHANNELS; n++) ground(seismograph, n);
        return undefined;
      };
    },
  },
  {
    name: `a reader of a live page with ${CHANNELS} channels`,
    count: MAX_PAGES,
    make: async () => {
      const server = await seismo({ port: 0, host: "127.0.0.1" });
      for (let n = 0; n < CHANNELS; n++) ground(server.seismograph, n);
      return () => Number(new URL(server.url).port);
    },
    visit: (port) =>
      visitAll(
        MAX_PAGES,
        () => page(port),
        (close) => close(),
      ),
  },
];

/** In bytes; what lies outside of the heap, too. */
function memory(): number {
  globalThis.gc!();
  globalThis.gc!();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** A subject's process: grows and reports as it is told. */
async function serve(name: string): Promise<void> {
  const grow = await SUBJECTS.find((subject) => subject.name === name)!.make();
  process.on("message", (what) => {
    const answer = what === "grow" ? Promise.resolve(grow()).then((port) => port ?? 0) : memory();
    void Promise.resolve(answer).then((value) => process.send!(value));
  });
  process.once("disconnect", () => {
    for (const clear of atEnd) clear();
    process.exit();
  });
  process.send!("ready");
}

async function ask(child: ChildProcess, what: "grow" | "report"): Promise<number> {
  child.send(what);
  return ((await once(child, "message")) as [number])[0];
}

async function measure({ name, count, visit }: Subject): Promise<void> {
  const child = fork(__filename, ["subject", name], { execArgv: ["--expose-gc"] });
  await once(child, "message");
  const port = visit && (await ask(child, "grow"));
  const before = await ask(child, "report");
  const leave = port === undefined ? undefined : await visit!(port);
  if (port === undefined) await ask(child, "grow");
  const each = ((await ask(child, "report")) - before) / count / 1024;
  console.log(`${name.padEnd(46)}${each.toFixed(1).padStart(8)} KiB   of ${count}`);
  leave?.();
  const exited = once(child, "exit");
  child.disconnect();
  await exited;
}

async function main(): Promise<void> {
  for (const subject of SUBJECTS) await measure(subject);
}

async function server(): Promise<void> {
  const { port } = await fullServer();
  process.send!(port);
}

const [mode, name = ""] = process.argv.slice(2);
if (mode === "subject") void serve(name);
else if (mode === "server") void server();
else void main();
