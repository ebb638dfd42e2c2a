// What deploys leave behind in a real Node-RED, after flows with every node of this package were deployed again and again
// while traffic went through them: nothing, and no packet of another server's is lost or repeated on the way. DEPLOY_SECONDS
// makes it last longer.
import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DataLinkServer } from "../../lib/server/server.ts";
import { newFolder } from "../support/folders.ts";
import { grown, type Inventory, installProbe, takeInventory } from "../support/inventory.ts";
import { freePort, NodeRed } from "../support/node-red.ts";

const SECONDS = Number(process.env.DEPLOY_SECONDS ?? 20);
const EVERY_MS = 2000;
const PER_SECOND = 500;
const MIB = 1024 * 1024;
/** Bytes: what is compiled, cached and collected late. */
const HEAP_GROWTH = 12 * MIB;
const SETTLE_MS = 60_000;

interface Ports {
  nodeRed: number;
  own: number;
  guest: number;
}

/** Three tenths of a second of a station. */
const SAMPLES = `
const rate = 100;
msg.payload = {
  sourceId: "FDSN:XX_STATION_00_H_H_Z",
  startTime: new Date(Date.now() - 300).toISOString(),
  sampleRate: rate,
  samples: Array.from({ length: 0.3 * rate }, () => Math.round(1000 * Math.random())),
};
return msg;`;

function nodesOn(tab: string) {
  return (id: string, type: string, settings: object, ...wires: string[][]) => ({
    ...{ id: `${tab}-${id}`, type, z: tab, x: 100, y: 100, version: 1, ...settings },
    wires: wires.map((ids) => ids.map((to) => `${tab}-${to}`)),
  });
}

const connection = (id: string, address: string) => ({
  id,
  type: "datalink-connection",
  version: 1,
  address,
  auth: "none",
});

/** Every packet of the test's own server into a file, counted as delivered in either way. */
function losslessTab(url: string): object[] {
  const node = nodesOn("lossless");
  const archive = { sync: "interval", once: true };
  const reader = {
    connection: "elsewhere",
    from: "earliest",
    resume: true,
    autoStart: true,
    onError: "stop",
  };
  const way = { func: "return msg;", outputs: 1 };
  return [
    { id: "lossless", type: "tab", label: "lossless" },
    connection("elsewhere", url),
    node("sent", "datalink-in", { ...reader, commit: "send" }, ["sent-way"], []),
    node("sent-way", "function", way, ["sent-file"]),
    node("sent-file", "jsonl-archive", { ...archive, pattern: "sent.jsonl" }, []),
    node(
      "done",
      "datalink-in",
      { ...reader, commit: "complete", scope: ["lossless-done-file"] },
      ["done-way"],
      [],
    ),
    node("done-way", "function", way, ["done-file"]),
    node("done-file", "jsonl-archive", { ...archive, pattern: "done.jsonl" }, []),
  ];
}

/** A server of Node-RED's own, with writers, readers over TCP and WebSocket, and everything that can be done with a record. */
function observatoryTab(tab: string, port: number, webPort: number): object[] {
  const node = nodesOn(tab);
  const reader = { from: "latest", resume: true, autoStart: true, onError: "continue" };
  const archive = { layout: "own", pattern: `${tab}.%n.%s.mseed`, sync: "interval", once: true };
  const often = { repeat: "0.3", once: true, onceDelay: "0.1", props: [] };
  return [
    { id: tab, type: "tab", label: tab },
    connection(`${tab}-tcp`, `127.0.0.1:${port}`),
    connection(`${tab}-web`, `ws://127.0.0.1:${webPort}/${tab}`),
    { ...connection(`${tab}-seedlink`, `127.0.0.1:${port}`), type: "seedlink-connection" },
    node("server", "datalink-server", { port: String(port), webPath: `/${tab}` }, []),
    node("tick", "inject", often, ["make"]),
    node("make", "function", { func: SAMPLES, outputs: 1 }, ["encode"]),
    node("encode", "mseed-encode", {}, ["out"]),
    node("out", "datalink-out", { connection: `${tab}-tcp` }, []),
    node("in-web", "datalink-in", { ...reader, connection: `${tab}-web`, commit: "send" }, ["decode"], []),
    node("in-seedlink", "seedlink-in", { ...reader, connection: `${tab}-seedlink` }, ["decode"], []),
    node("decode", "mseed-decode", {}, ["view"]),
    node("view", "waveform", { active: true }, []),
    node(
      "in-tcp",
      "datalink-in",
      { ...reader, connection: `${tab}-tcp`, commit: "complete", scope: [`${tab}-file`] },
      ["file"],
      [],
    ),
    node("file", "mseed-archive", archive, []),
    node(
      "ask",
      "inject",
      { ...often, repeat: "0.5", topic: "FDSN:XX_INFO/JSON", props: [{ p: "topic", vt: "str" }] },
      ["info"],
    ),
    node("info", "datalink-info", { connection: `${tab}-tcp`, request: "streams" }, ["rest"]),
    node("rest", "jsonl-archive", { pattern: `${tab}.%n.jsonl` }, []),
  ];
}

/** The flows of a deploy: one node in turn is another one than before, and every second time a tab is there that comes and goes. */
function flowsOf(deploy: number, url: string, { nodeRed, own, guest }: Ports): object[] {
  const flows = [...losslessTab(url), ...observatoryTab("observatory", own, nodeRed)];
  const changing = flows[deploy % flows.length] as { name?: string };
  if (deploy > 0) changing.name = String(deploy);
  return deploy % 2 === 1 ? [...flows, ...observatoryTab("guest", guest, nodeRed)] : flows;
}

/** An editor that shows all pictures, as far as the runtime can tell. */
class Onlooker implements AsyncDisposable {
  readonly #socket: WebSocket;
  #timer: NodeJS.Timeout | undefined;
  frames = 0;

  constructor(url: string) {
    this.#socket = new WebSocket(`${url.replace("http", "ws")}/comms`);
    this.#socket.onopen = () => {
      const ids = ["observatory-view", "guest-view"];
      const announce = () => this.#socket.send(JSON.stringify({ topic: "waveform", data: { ids } }));
      announce();
      this.#timer = setInterval(announce, 10_000);
    };
    this.#socket.onmessage = ({ data }) => {
      this.frames += String(data).split('"topic":"waveform/').length - 1;
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    const closed = new Promise((resolve) => {
      this.#socket.onclose = resolve;
    });
    this.#socket.close();
    await closed;
  }
}

describe(`deploys every 2 s for ${SECONDS} s`, () => {
  let server: DataLinkServer;
  let userDir: string;
  let written = 0;
  let timer: NodeJS.Timeout | undefined;

  before(async () => {
    server = await DataLinkServer.listen({ port: 0, ringBytes: 256 * MIB });
    userDir = newFolder();
  });
  after(async () => {
    clearInterval(timer);
    await server.close();
    await rm(userDir, { recursive: true, force: true });
  });

  function write(count: number): void {
    for (let i = 0; i < count; i++) {
      const payload = String(written++);
      server.write({ streamId: "FDSN:XX_TEST_00_S_O_H/JSON", dataStart: Date.now() * 1000, payload });
    }
  }

  /** Resolves when the archive ends with the last packet, or gets no more. */
  async function archived(name: string): Promise<number[]> {
    let counts: number[] = [];
    for (let quiet = 0; counts.at(-1) !== written - 1 && quiet < 50; quiet++) {
      if (quiet > 0) await delay(200);
      const text = await readFile(path.join(userDir, "archive", name), "utf8");
      const now = text.split("\n").slice(0, -1).map(Number);
      if (now.length > counts.length) quiet = 0;
      counts = now;
    }
    return counts;
  }

  it("leave nothing behind, and lose and repeat nothing", async function () {
    if (process.platform !== "linux") this.skip();
    this.timeout((SECONDS + 300) * 1000);
    await installProbe(userDir);
    await using nodeRed = await NodeRed.start({ userDir });
    await using onlooker = new Onlooker(nodeRed.url);
    const ports = { nodeRed: nodeRed.port, own: await freePort(), guest: await freePort() };
    const flows = (deploy: number) => flowsOf(deploy, server.url, ports);

    await nodeRed.deploy(flows(0));
    timer = setInterval(() => write(PER_SECOND / 50), 20);
    while (onlooker.frames < 8) await delay(100);
    const before = await takeInventory(nodeRed);

    const end = Date.now() + SECONDS * 1000;
    let deploys = 1;
    for (; Date.now() < end; deploys++) {
      await delay(EVERY_MS);
      await nodeRed.deploy(flows(deploys), (["full", "nodes", "flows"] as const)[deploys % 3]);
    }
    await nodeRed.deploy(flows(0));

    let after: Inventory = {};
    let more: ReturnType<typeof grown> = {};
    for (const limit = Date.now() + SETTLE_MS; ; ) {
      after = await takeInventory(nodeRed);
      more = grown(before, after);
      delete more.heap;
      if (Object.keys(more).length === 0 || Date.now() > limit) break;
    }
    const clients = server.status.clients;
    clearInterval(timer);
    const sent = await archived("sent.jsonl");
    const done = await archived("done.jsonl");
    const all = Array.from({ length: written }, (_, i) => i);
    console.log(
      `      ${deploys} deploys, ${written} packets, ${onlooker.frames} frames; ` +
        `heap ${(before.heap! / MIB).toFixed(1)} MiB before, ${(after.heap! / MIB).toFixed(1)} MiB after`,
    );
    assert.deepEqual(more, {});
    assert.ok(after.heap! - before.heap! < HEAP_GROWTH);
    assert.equal(clients, 2);
    assert.deepEqual(sent, all);
    assert.deepEqual(done, all);
    // Where a deploy has made the server alone anew, its clients say so; its ring, in memory, begins its numbers anew.
    const isExpected = (line: string) =>
      /\[warn\].*127\.0\.0\.1:\d+\S* (was lost|has another packet under the number)/.test(line);
    assert.deepEqual(
      nodeRed.complaints().filter((line) => !isExpected(line)),
      [],
    );
  });
});
