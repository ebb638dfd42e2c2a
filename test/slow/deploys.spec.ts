// Packets through flows that are deployed again and again, in a real Node-RED: each once and in order. DEPLOY_SECONDS makes
// it last longer.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DataLinkServer } from "../../lib/server/server.ts";
import { newFolder } from "../support/folders.ts";
import { NodeRed } from "../support/node-red.ts";

const SECONDS = Number(process.env.DEPLOY_SECONDS ?? 15);
const MIB = 1024 * 1024;

describe("deploys while packets arrive", () => {
  let server: DataLinkServer;
  let userDir: string;
  let written = 0;
  let timer: NodeJS.Timeout | undefined;

  beforeEach(async () => {
    server = await DataLinkServer.listen({ port: 0, ringBytes: 64 * MIB });
    userDir = newFolder();
    written = 0;
  });
  afterEach(async () => {
    clearInterval(timer);
    await server.close();
    await rm(userDir, { recursive: true, force: true });
  });

  function write(count: number): void {
    for (let i = 0; i < count; i++) {
      server.write({
        streamId: "FDSN:XX_TEST_00_S_O_H/JSON",
        dataStart: Date.now() * 1000,
        payload: String(written++),
      });
    }
  }

  /** So many packets a second, until `stopWriting`. */
  function keepWriting(perSecond: number): void {
    timer = setInterval(() => write(perSecond / 50), 20);
  }

  function stopWriting(): void {
    clearInterval(timer);
  }

  const node = (id: string, type: string, settings: object) => ({
    id,
    type,
    z: "tab",
    x: 100,
    y: 100,
    version: 1,
    ...settings,
  });

  function flows(commit: "send" | "complete", between: object[]): object[] {
    return [
      { id: "tab", type: "tab", label: "test" },
      {
        id: "server",
        type: "datalink-connection",
        version: 1,
        address: server.url,
        auth: "none",
        timeout: "5",
      },
      node("in", "datalink-in", {
        connection: "server",
        from: "earliest",
        resume: true,
        autoStart: true,
        commit,
        scope: ["archive"],
        onError: "stop",
        unreached: "wait",
        wires: [["between"], []],
      }),
      ...between,
      node("archive", "jsonl-archive", { pattern: "all.jsonl", once: true, wires: [[]] }),
    ];
  }

  async function archived(): Promise<number[]> {
    const file = path.join(userDir, "archive/all.jsonl");
    if (!existsSync(file)) return [];
    return (await readFile(file, "utf8")).split("\n").slice(0, -1).map(Number);
  }

  /** What is in the archive when the last packet is, or when nothing has been added for some seconds. */
  async function archivedInTheEnd(): Promise<number[]> {
    let counts = await archived();
    for (let quiet = 0; counts.at(-1) !== written - 1 && quiet < 50; quiet++) {
      await delay(200);
      const now = await archived();
      if (now.length > counts.length) quiet = 0;
      counts = now;
    }
    return counts;
  }

  const all = () => Array.from({ length: written }, (_, i) => i);

  for (const commit of ["send", "complete"] as const) {
    it(`lose and repeat none, with commit on ${commit}`, async function () {
      this.timeout((SECONDS + 300) * 1000);
      // A long way and more packets than it can carry: there are always some between two nodes.
      const way = (deploy: number) =>
        ["between", "2", "3", "4", "5"].map((id, i, ids) => ({
          ...node(id, "function", { func: `// ${i === 2 ? deploy : ""}\nreturn msg;`, outputs: 1 }),
          wires: [[ids[i + 1] ?? "archive"]],
        }));
      await using nodeRed = await NodeRed.start({ userDir, flows: flows(commit, way(0)) });
      keepWriting(8000);
      const end = Date.now() + SECONDS * 1000;
      for (let deploys = 1; Date.now() < end; deploys++) {
        await delay(1000);
        await nodeRed.deploy(flows(commit, way(deploys)), (["full", "nodes", "flows"] as const)[deploys % 3]);
      }
      stopWriting();
      assert.deepEqual(await archivedInTheEnd(), all());
      assert.deepEqual(nodeRed.complaints(), []);
    });
  }
});
