// From a server through a flow to a file, in a real Node-RED: killed while packets arrive, and slower than its server.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DataLinkServer, PacketWriter } from "../../lib/index.ts";
import { newFolder } from "../support/folders.ts";
import { NodeRed } from "../support/node-red.ts";

const STREAM = "FDSN:XX_COUNT__L_O_G/JSON";
const KILLS = Number(process.env.DELIVERY_KILLS ?? 5);
const SLOW_SECONDS = Number(process.env.DELIVERY_SLOW_SECONDS ?? 30);

/** A guard only: on a busy machine much takes longer than one thinks. */
const LIMIT_MS = 120_000;

const ON = { x: 100, y: 100, z: "tab" };

/** datalink-in and what comes after it; `commit` as its setting has it, `scope` the nodes that finish a packet. */
function flow(port: number, commit: "send" | "complete", scope: string[], rest: object[]): object[] {
  const reader = {
    ...{ ...ON, id: "in", type: "datalink-in", version: 1, connection: "server", match: "COUNT", reject: "" },
    ...{
      from: "earliest",
      resume: true,
      payload: "parsed",
      commit,
      scope,
      onError: "stop",
      unreached: "wait",
    },
    ...{ maxInFlight: "64", autoStart: true, wires: [["next"], []] },
  };
  const connection = { id: "server", type: "datalink-connection", version: 1, address: `127.0.0.1:${port}` };
  return [
    { id: "tab", type: "tab", label: "delivery" },
    { ...connection, auth: "none", timeout: "10" },
    reader,
    ...rest,
  ];
}

function archive(id: string): object {
  const settings = {
    directory: "archive",
    pattern: "%n.%s.jsonl",
    sync: "none",
    once: true,
    keepRejected: true,
  };
  return { ...ON, id, type: "jsonl-archive", version: 1, ...settings, wires: [[]] };
}

/** Writes numbered packets until stopped; resolves with how many the server has acknowledged. */
function writer(url: string, perSecond: number): { stop(): Promise<number> } {
  const packets = new PacketWriter(url);
  const stopped = new AbortController();
  let acknowledged = 0;
  const running = (async () => {
    for (let count = 1; !stopped.signal.aborted; count++) {
      await packets.ready();
      const written = packets.write({
        streamId: STREAM,
        dataStart: 1_767_225_600_000_000 + count,
        payload: `{"count":${count}}`,
      });
      written.then(
        () => acknowledged++,
        (error) => stopped.abort(error),
      );
      if (count % 20 === 0) await delay(20_000 / perSecond);
    }
    await packets.close();
    return acknowledged;
  })();
  return {
    stop: () => {
      stopped.abort();
      return running;
    },
  };
}

function archived(userDir: string): number[] {
  const folder = path.join(userDir, "archive");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .flatMap((name) => readFileSync(path.join(folder, name), "utf8").split("\n").slice(0, -1))
    .map((line) => (JSON.parse(line) as { count: number }).count);
}

/** Awaits a condition of files that another process writes. */
async function until(what: string, condition: () => boolean): Promise<void> {
  for (const end = Date.now() + LIMIT_MS; !condition(); await delay(100)) {
    if (Date.now() > end) throw new Error(`${what}: not within ${LIMIT_MS} ms`);
  }
}

function residentMegabytes(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) / 1024;
}

describe("delivery through a flow", function () {
  this.timeout(LIMIT_MS * (KILLS + 2) + SLOW_SECONDS * 2000);
  let server: DataLinkServer;
  let userDir: string;

  beforeEach(async () => {
    server = await DataLinkServer.listen({ port: 0, ringBytes: 256 * 1024 * 1024 });
    userDir = newFolder();
  });
  afterEach(async () => {
    await server.close();
    await rm(userDir, { recursive: true, force: true });
  });

  for (const commit of ["complete", "send"] as const) {
    it(`survives ${KILLS} times kill -9 of Node-RED, counted as delivered on ${commit}`, async () => {
      const scope = commit === "complete" ? ["next"] : [];
      const flows = flow(server.port, commit, scope, [archive("next")]);
      const source = writer(server.url, 2000);
      for (let kill = 0; kill < KILLS; kill++) {
        const before = archived(userDir).length;
        const nodeRed = await NodeRed.start({ userDir, ...(kill === 0 && { flows }) });
        await until("the archive grows", () => archived(userDir).length > before);
        // At another place of its work each time.
        await delay(137 * (kill + 1));
        await nodeRed.kill();
      }
      const acknowledged = await source.stop();
      await using nodeRed = await NodeRed.start({ userDir });
      await until("the last packet arrives", () => archived(userDir).at(-1) === acknowledged);
      assert.deepEqual(nodeRed.complaints(), []);
      const counts = archived(userDir);
      const lost = acknowledged - new Set(counts).size;
      console.log(`      ${acknowledged} acknowledged, ${counts.length} archived, ${lost} lost`);
      assert.equal(new Set(counts).size, counts.length, "a packet is archived twice");
      assert.ok(
        counts.every((count, i) => i === 0 || count > (counts[i - 1] as number)),
        "out of order",
      );
      if (commit === "complete") assert.equal(lost, 0);
      // What the flow was busy with: no more than the window at each kill.
      else assert.ok(lost <= 64 * KILLS, `${lost} lost`);
    });
  }

  it(`keeps its memory for ${SLOW_SECONDS} s while its end is slow, and loses nothing`, async function () {
    if (process.platform !== "linux") this.skip();
    // Ten milliseconds a message, one after the other, as a slow disk or a slow service is.
    const func = `
      const queue = context.get("queue") ?? Promise.resolve();
      context.set("queue", queue.then(() => new Promise((done) => setTimeout(done, 10))).then(() => {
        node.send(msg);
        node.done();
      }));`;
    const slow = { ...ON, id: "next", type: "function", name: "slow", func, outputs: 1, wires: [["end"]] };
    const flows = flow(server.port, "complete", ["end"], [slow, archive("end")]);
    const source = writer(server.url, 20_000);
    await using nodeRed = await NodeRed.start({ userDir, flows });
    const samples: number[] = [];
    for (let second = 0; second < SLOW_SECONDS; second++) {
      await delay(1000);
      samples.push(residentMegabytes(nodeRed.pid));
    }
    const acknowledged = await source.stop();
    const counts = archived(userDir);
    const third = Math.floor(samples.length / 3);
    const [early, late] = [
      Math.max(...samples.slice(third, 2 * third)),
      Math.max(...samples.slice(2 * third)),
    ];
    console.log(
      `      ${acknowledged} waiting at the server, ${counts.length} through the flow; ` +
        `memory at most ${early.toFixed(0)} MB in the second third, ${late.toFixed(0)} MB in the last`,
    );
    assert.ok(counts.length > SLOW_SECONDS * 20, "the flow goes on");
    assert.ok(acknowledged > counts.length + 1000, "the server was faster than the flow");
    assert.ok(
      counts.every((count, i) => count === i + 1),
      "each once and in order",
    );
    assert.ok(late < early * 1.15 + 5, `memory grew from ${early} to ${late} MB`);
  });
});
