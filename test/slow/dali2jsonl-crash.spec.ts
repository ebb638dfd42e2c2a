// dali2jsonl is killed again and again while 20,000 packets a second arrive: each is in its file once in the end.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DataLinkServer, PacketWriter } from "../../lib/index.ts";
import { start, temporaryFolder } from "../cli/shell.ts";

const KILLS = 40;
const PER_10_MS = 200;
const STREAMS = 30;
const START = Date.UTC(2026, 10, 22, 23, 30) * 1000;

describe("dali2jsonl that is killed", () => {
  it(`has every packet once after ${KILLS} kills`, async () => {
    await using folder = await temporaryFolder();
    await using server = await DataLinkServer.listen({ port: 0, ringBytes: 2 ** 30 });
    await using writer = new PacketWriter(`127.0.0.1:${server.port}`, { maxInFlight: 5000 });
    const conf = path.join(folder.path, "dali2jsonl.toml");
    await writeFile(
      conf,
      `[datalink]\nhost='127.0.0.1'\nport=${server.port}\nmatch='JSON'\n[jsonl]\nwrite='${folder.path}/jsonl/%s.%j.%H.jsonl'\n`,
    );

    const stop = new AbortController();
    let count = 0;
    const feeding = (async () => {
      while (!stop.signal.aborted) {
        for (let k = 0; k < PER_10_MS; k++, count++) {
          const streamId = `FDSN:XX_S${count % STREAMS}/JSON`;
          void writer.write({ streamId, dataStart: START + count * 10_000, payload: `{"i":${count}}` });
        }
        await Promise.all([writer.ready(), delay(10)]);
      }
    })();
    for (let kill = 0; kill < KILLS; kill++) {
      const program = start("dali2jsonl", ["-c", conf, "--earliest"]);
      const before = bytesIn(folder.path);
      while (bytesIn(folder.path) === before) await delay(5);
      await delay(Math.random() * 500);
      program.kill("SIGKILL");
      await once(program, "close");
    }
    stop.abort();
    await feeding;

    const last = start("dali2jsonl", ["-c", conf, "--earliest"]);
    last.stderr.pipe(process.stderr);
    while (archived(folder.path).length < count) await delay(500);
    last.kill("SIGTERM");
    assert.deepEqual(await once(last, "close"), [0, null]);
    const found = archived(folder.path);
    assert.equal(found.length, count);
    assert.equal(new Set(found).size, count);
  });
});

function bytesIn(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".jsonl"),
  );
  return files.reduce((sum, file) => sum + statSync(path.join(folder, file)).size, 0);
}

/** The numbers of all packets in the files; fails on a line that is torn in the middle. */
function archived(folder: string): number[] {
  const numbers: number[] = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.name.endsWith(".jsonl")) continue;
    const lines = readFileSync(path.join(entry.parentPath, entry.name), "utf8").split("\n").slice(0, -1);
    for (const line of lines) numbers.push((JSON.parse(line) as { i: number }).i);
  }
  return numbers;
}
