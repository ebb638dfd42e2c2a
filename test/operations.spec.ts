// docs/operations: the systemd unit and the container files, as far as they can be run without systemd and without an engine: their
// commands start, serve, end, and go on on their folder.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { DataLinkClient } from "../lib/index.ts";
import { runProgram, start } from "./cli/shell.ts";
import { freePort, temporaryFolder } from "./support/folders.ts";

const folder = path.join(__dirname, "../docs/operations");
const read = (file: string): string => readFileSync(path.join(folder, file), "utf8");
const manifest = JSON.parse(readFileSync(path.join(__dirname, "../package.json"), "utf8")) as {
  name: string;
  version: string;
  engines: { node: string };
};

/** The instructions of a container file, without comments, each on one line. */
function instructions(text: string): [string, string][] {
  const lines = text
    .replace(/^#.*\n/gm, "")
    .replace(/\\\n\s*/g, "")
    .trim()
    .split("\n");
  return lines.map((line) => {
    const [, word, rest] = /^(\w+) (.*)$/.exec(line)!;
    return [word!, rest!];
  });
}

/** The words of a `datalink serve`, with a folder, an address and a port of this test in place of its own. */
function onThisMachine(words: string[], directory: string): string[] {
  const kept = words.map((word, i) => {
    if (words[i - 1] === "--directory") return directory;
    return words[i - 1] === "--host" ? "127.0.0.1" : word;
  });
  assert.deepEqual(kept.slice(0, 2), ["datalink", "serve"]);
  assert.ok(kept.includes(directory), "it names no folder");
  return [...kept.slice(1), "--port", "0"];
}

/** Starts a server; gives the process and its address. */
async function serve(words: string[]): Promise<[ChildProcess, string]> {
  const child = start("datalink", words);
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return [child, /datalink:\S+/.exec(line)![0]];
}

async function end(child: ChildProcess): Promise<void> {
  child.kill("SIGTERM");
  const [code] = (await once(child, "close")) as [number | null];
  assert.equal(code, 0);
}

/** What is written to it is there again when it has been ended and started anew. */
async function keepsItsRing(words: string[]): Promise<void> {
  await using ring = await temporaryFolder();
  const argv = onThisMachine(words, ring.path);
  const [first, url] = await serve(argv);
  await using writer = await DataLinkClient.connect(url);
  assert.equal(writer.server.packetSize, 4096);
  const packet = { streamId: "FDSN:XX_TEST__S_O_H/JSON", dataStart: new Date(), payload: Buffer.from("{}") };
  const packetId = await writer.write(packet, { ack: true });
  await writer.close();
  await end(first);
  const [second, again] = await serve(argv);
  await using reader = await DataLinkClient.connect(again);
  assert.equal((await reader.read(packetId!)).streamId, packet.streamId);
  await reader.close();
  await end(second);
}

describe("the systemd unit", function () {
  this.timeout(30_000);
  const text = read("datalink-serve.service").replace(/\\\n\s*/g, "");

  it("runs a server that keeps its ring", async () => {
    const command = /^ExecStart=\/usr\/bin\/env (.*)$/m.exec(text)![1]!;
    await keepsItsRing(command.split(" "));
  });

  it("keeps the ring in the folder that systemd makes for it", () => {
    const state = /^StateDirectory=(.*)$/m.exec(text)![1];
    assert.match(text, new RegExp(`--directory /var/lib/${state} `));
  });

  it("satisfies systemd-analyze verify", function () {
    const found = spawnSync("systemd-analyze", ["--version"]);
    if (found.error) {
      this.test!.title += ": there is no systemd-analyze";
      this.skip();
    }
    // It throws on an exit code; what it does not like it also writes.
    const file = path.join(folder, "datalink-serve.service");
    execFileSync("systemd-analyze", ["verify", "--recursive-errors=no", file], { stdio: "pipe" });
  });
});

const containerFiles = readdirSync(folder).filter((name) => name.endsWith(".Containerfile"));

describe("the container files", function () {
  this.timeout(30_000);

  it("are told of in docs/operations.md", () => {
    const page = readFileSync(path.join(folder, "../operations.md"), "utf8");
    assert.deepEqual(containerFiles, ["node-red.Containerfile", "serve.Containerfile"]);
    for (const name of containerFiles) assert.ok(page.includes(`(operations/${name})`), name);
    assert.match(page, /no image was built/);
  });

  for (const name of containerFiles) {
    const text = read(name);
    const steps = instructions(text);
    const of = (word: string) => steps.filter(([name]) => name === word).map(([, rest]) => rest);

    it(`${name} takes the file that npm pack makes, and ends as a user without rights`, () => {
      assert.ok(text.includes(`docker build -f docs/operations/${name} `));
      const pattern = of("COPY")[0]!.split(" ")[0]!;
      const tarball = `${manifest.name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`;
      assert.match(tarball, new RegExp(`^${pattern.replaceAll(".", "\\.").replace("*", ".*")}$`));
      assert.deepEqual(of("USER"), ["node"]);
      assert.deepEqual(of("FROM"), ["node:24-slim"]);
      const words = steps.map(([word]) => word);
      assert.ok(words.indexOf("USER") > words.indexOf("RUN"));
      assert.ok(words.indexOf("USER") < words.indexOf("ENTRYPOINT"));
    });

    it(`${name} has arguments that are JSON`, () => {
      for (const list of [...of("ENTRYPOINT"), ...of("HEALTHCHECK").map((text) => text.replace("CMD ", ""))])
        assert.ok((JSON.parse(list) as string[]).length > 0);
    });
  }

  it("serve.Containerfile runs a server that keeps its ring", async () => {
    const [, list] = instructions(read("serve.Containerfile")).find(([word]) => word === "ENTRYPOINT")!;
    await keepsItsRing(JSON.parse(list) as string[]);
  });

  it("serve.Containerfile is healthy where the server answers, and only there", async () => {
    const [, text] = instructions(read("serve.Containerfile")).find(([word]) => word === "HEALTHCHECK")!;
    const [program, word, address] = JSON.parse(text.replace("CMD ", "")) as string[];
    assert.deepEqual([program, address], ["datalink", "127.0.0.1:16000"]);
    const [server, url] = await serve(["serve", "--port", "0"]);
    assert.equal((await runProgram("datalink", [word!, url])).exitCode, 0);
    await end(server);
    assert.equal((await runProgram("datalink", [word!, `127.0.0.1:${await freePort()}`])).exitCode, 1);
  });
});
