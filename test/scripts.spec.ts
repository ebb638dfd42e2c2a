// docs/scripts: each script run as a user would, over TCP and over WebSocket, against a server of our own.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { DataLinkServer, packRecords } from "../lib/index.ts";
import { freePort, newFolder } from "./support/folders.ts";

const folder = path.join(__dirname, "..", "docs", "scripts");

function start(script: string, ...words: string[]): ChildProcess {
  const stdio: ["ignore", "pipe", "pipe"] = ["ignore", "pipe", "pipe"];
  return spawn(process.execPath, [path.join(folder, script), ...words], { stdio });
}

/** What a script prints; it must end well. */
async function run(script: string, ...words: string[]): Promise<string> {
  const child = start(script, ...words);
  let printed = "";
  let errors = "";
  child.stdout?.on("data", (text) => {
    printed += text;
  });
  child.stderr?.on("data", (text) => {
    errors += text;
  });
  const [code] = await once(child, "close");
  assert.equal(code, 0, errors);
  return printed;
}

describe("the scripts of docs/", function () {
  this.timeout(60_000);
  let server: DataLinkServer;
  let directory: string;
  let file: string;

  before(async () => {
    directory = newFolder();
    file = path.join(directory, "day.mseed");
    const samples = Int32Array.from({ length: 5000 }, (_, i) => (i * 7919) % 1000);
    const series = { sourceId: "FDSN:XX_FILE_00_B_H_Z", startTime: "2026-01-01", sampleRate: 20, samples };
    const records = [...packRecords(series, { formatVersion: 2, recordLength: 512 })];
    writeFileSync(file, Buffer.concat(records));
  });
  after(() => rm(directory, { recursive: true }));
  beforeEach(async () => {
    server = await DataLinkServer.listen({ port: 0 });
  });
  afterEach(() => server.close());

  const transports = { TCP: () => server.url, WebSocket: () => `ws://127.0.0.1:${server.port}/datalink` };
  for (const [transport, url] of Object.entries(transports)) {
    it(`show and write over ${transport}`, async () => {
      assert.match(
        await run("server-id.mjs", url()),
        /DataLink 1\.1\npackets of up to 512 bytes; writing is allowed/,
      );
      assert.equal(await run("send-json.mjs", url()), "packet 1\n");
      assert.equal(await run("send-bzjson.mjs", url()), "packet 2\n");
      assert.match(await run("send-mseed2.mjs", url()), /^packet 3: \d+ samples\n/);
      assert.match(await run("send-mseed3.mjs", url()), /packet \d+: \d+ samples\n$/);
      assert.match(await run("send-file.mjs", file, url()), /^\d+ records written\n$/);
      const status = await run("server-status.mjs", url());
      assert.match(status, /5 streams/);
      assert.match(
        status,
        /FDSN:XX_FILE_00_B_H_Z\/MSEED 2026-01-01T00:00:00.000000Z to 2026-01-01T00:04:09.950000Z/,
      );
    });

    it(`read over ${transport}`, async () => {
      await run("send-json.mjs", url());
      await run("send-mseed3.mjs", url());
      const reader = start("read-packets.mjs", url(), "XX_DEMO");
      const lines: string[] = [];
      for await (const line of createInterface({ input: reader.stdout! })) {
        lines.push(line);
        if (lines.length === 4) reader.kill("SIGINT");
      }
      assert.match(lines[0]!, /^1n FDSN:XX_DEMO__S_O_H\/JSON/);
      assert.match(lines[1]!, /voltage: 12.6, temperature: 21.5/);
      assert.match(lines[3]!, /\d+ samples at 100 Hz, the first is 0/);
    });
  }

  // send-file and read-packets go on trying, and tell that they do.
  const tries: Record<string, string[]> = { "send-file.mjs": ["FILE", "URL"], "read-packets.mjs": ["URL"] };
  for (const script of readdirSync(folder).filter((name) => name.endsWith(".mjs"))) {
    it(`say in a sentence that no server is there: ${script}`, async () => {
      const nobody = `datalink://127.0.0.1:${await freePort()}`;
      const words = tries[script]?.map((word) => (word === "FILE" ? file : nobody));
      const child = start(script, ...(words ?? [nobody]));
      const [line] = (await once(createInterface({ input: child.stderr! }), "line")) as [string];
      assert.match(line, /Cannot connect to datalink:\S+: nothing listens on this port/);
      if (words) child.kill();
      const [code] = (await once(child, "close")) as [number | null];
      if (!words) assert.equal(code, 1);
    });
  }

  it("are all run", () => {
    const scripts = readdirSync(folder).filter((name) => name.endsWith(".mjs"));
    assert.deepEqual(scripts.sort(), [
      "read-packets.mjs",
      "send-bzjson.mjs",
      "send-file.mjs",
      "send-json.mjs",
      "send-mseed2.mjs",
      "send-mseed3.mjs",
      "server-id.mjs",
      "server-status.mjs",
    ]);
  });
});
