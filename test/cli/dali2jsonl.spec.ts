// The program dali2jsonl: what it archives, where it goes on, and what it says of a configuration.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, readFile, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { dali2jsonl } from "../../lib/cli/dali2jsonl/command.ts";
import { readConfig } from "../../lib/cli/dali2jsonl/config.ts";
import { DataLinkServer, PacketWriter, PathPattern } from "../../lib/index.ts";
import { run, runProgram, start, temporaryFolder } from "./shell.ts";

const START = Date.UTC(2026, 10, 22, 23, 59, 58) * 1000;
const STREAMS = [
  "FDSN:CO_BIRD_00_H_H_Z/JSON",
  "FDSN:CO_JSC__W_K_Z/JSON",
  "FDSN:CO_JSC__V_K_O/JSON",
  "FDSN:CO_HODGE_00_H_H_Z/MSEED",
];

/** Packet `i` of a mixed lot, every fourth one no JSON. */
function packet(i: number) {
  return { streamId: STREAMS[i % 4]!, dataStart: START + i * 10_000, payload: `{"i": ${i},\n "x": [1.50]}` };
}

async function write(writer: PacketWriter, from: number, to: number): Promise<void> {
  const writes = [];
  for (let i = from; i < to; i++) {
    await writer.ready();
    writes.push(writer.write(packet(i)));
  }
  await Promise.all(writes);
}

/** The configuration of simpledali's example, for this server and this folder. */
function configuration(port: number, folder: string): string {
  return `
[datalink]
# datalink host, defaults to localhost
host='127.0.0.1'
# datalink port, defaults to 16000
port=${port}

# Match regular expression pattern on stream ids, ex '.*/JSON'
match='.*/(BZ)?JSON'

[jsonl]
write='${folder}/jsonl/%n/%s/%Y/%j/%n_%s_%l_%c_%Y_%j_%H.jsonl'

[jsonl.bandwrite]
W='${folder}/jsonl/%n/%s/%Y/%j/%n_%s_%l_%c_%Y_%j.jsonl'
# also reuse the same pattern for U and V
V='W'
U='W'
`;
}

/** What is in the files: by path, the numbers of the packets. */
function archived(folder: string): Record<string, number[]> {
  const files: Record<string, number[]> = {};
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".jsonl")) continue;
    const file = path.join(entry.parentPath, entry.name);
    const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
    files[path.relative(folder, file)] = lines.map((line) => (JSON.parse(line) as { i: number }).i);
  }
  return files;
}

/** Resolves when so many packets are archived. */
async function until(count: number, folder: string): Promise<void> {
  while (Object.values(archived(folder)).flat().length < count) await delay(50);
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, k) => from + k).filter((i) => i % 4 !== 3);
}

describe("dali2jsonl", () => {
  it("archives what simpledali's example configuration says, and goes on where it stopped", async () => {
    await using folder = await temporaryFolder();
    await using server = await DataLinkServer.listen({ port: 0 });
    await using writer = new PacketWriter(`127.0.0.1:${server.port}`);
    const conf = path.join(folder.path, "dali2jsonl.toml");
    const jsonl = path.join(folder.path, "jsonl");
    await mkdir(jsonl);
    await writeFile(conf, configuration(server.port, folder.path));

    await write(writer, 0, 400);
    let program = start("dali2jsonl", ["-c", conf, "--earliest", "-v"]);
    program.stdout.resume();
    await until(300, jsonl);
    await write(writer, 400, 500);
    await until(375, jsonl);
    program.kill("SIGTERM");
    assert.deepEqual(await once(program, "close"), [0, null]);

    await write(writer, 500, 800);
    program = start("dali2jsonl", ["-c", conf]);
    await until(600, jsonl);
    // No chance to keep the position: the journal knows.
    program.kill("SIGKILL");
    await once(program, "close");

    await write(writer, 800, 1000);
    program = start("dali2jsonl", ["-c", conf]);
    await until(750, jsonl);
    program.kill("SIGINT");
    assert.deepEqual(await once(program, "close"), [0, null]);

    const files = archived(jsonl);
    assert.deepEqual(Object.keys(files).sort(), [
      "CO/BIRD/2026/326/CO_BIRD_00_HHZ_2026_326_23.jsonl",
      "CO/BIRD/2026/327/CO_BIRD_00_HHZ_2026_327_00.jsonl",
      "CO/JSC/2026/326/CO_JSC__VKO_2026_326.jsonl",
      "CO/JSC/2026/326/CO_JSC__WKZ_2026_326.jsonl",
      "CO/JSC/2026/327/CO_JSC__VKO_2026_327.jsonl",
      "CO/JSC/2026/327/CO_JSC__WKZ_2026_327.jsonl",
    ]);
    assert.deepEqual(
      Object.values(files)
        .flat()
        .sort((a, b) => a - b),
      numbers(0, 1000),
    );
    const text = await readFile(
      path.join(jsonl, "CO/BIRD/2026/326/CO_BIRD_00_HHZ_2026_326_23.jsonl"),
      "utf8",
    );
    assert.ok(text.startsWith('{"i":0,"x":[1.50]}\n{"i":4,'));
  });

  it("begins anew without a position, and shows every packet", async () => {
    await using folder = await temporaryFolder();
    await using server = await DataLinkServer.listen({ port: 0 });
    await using writer = new PacketWriter(`127.0.0.1:${server.port}`);
    const conf = path.join(folder.path, "c.toml");
    await writeFile(conf, configuration(server.port, folder.path));
    await write(writer, 0, 4);
    await writer.write({ ...packet(4), payload: "no JSON" });
    for (const argv of [["--earliest"], ["--earliest", "--no-resume"]]) {
      const program = start("dali2jsonl", ["--conf", conf, "--verbose", ...argv]);
      let shown = "";
      let said = "";
      program.stderr.on("data", (piece) => {
        said += piece;
      });
      while (shown.split("\n").length < 4 || !said.includes("not archived")) {
        shown += (
          await Promise.race([once(program.stdout, "data"), once(program.stderr, "data").then(() => [""])])
        )[0];
      }
      program.kill("SIGTERM");
      // A packet that cannot be archived ends nothing.
      assert.deepEqual(await once(program, "close"), [0, null]);
      // In the order in which they are on the disk, which is that of the packets within one file only.
      assert.match(shown, /^\S+Z 1 FDSN:CO_BIRD_00_H_H_Z\/JSON 22 bytes: \S+_2026_326_23\.jsonl$/m);
      assert.match(
        said,
        /Packet 5 of FDSN:CO_BIRD_00_H_H_Z\/JSON is not archived: it is not JSON: .*\.rejected\./,
      );
    }
  });

  it("says that where it stopped goes before --earliest", async () => {
    await using folder = await temporaryFolder();
    await using server = await DataLinkServer.listen({ port: 0 });
    const conf = path.join(folder.path, "c.toml");
    await writeFile(conf, configuration(server.port, folder.path));
    for (let i = 0; i < 3; i++) server.write(packet(i));
    const archive = async (...argv: string[]) => {
      const program = start("dali2jsonl", ["--conf", conf, "--verbose", ...argv]);
      let said = "";
      program.stderr.on("data", (piece) => {
        said += piece;
      });
      return { program, said: () => said };
    };
    const first = await archive("--earliest");
    await until(3, folder.path);
    first.program.kill("SIGTERM");
    await once(first.program, "close");
    assert.ok(!first.said().includes("--earliest"), first.said());
    const second = await archive("--earliest");
    server.write(packet(4));
    await until(4, folder.path);
    second.program.kill("SIGTERM");
    await once(second.program, "close");
    assert.match(
      second.said(),
      /dali2jsonl: --earliest has no effect: it goes on behind packet 3, where it stopped .*\.c\.position\); with --no-resume/,
    );
  });

  it("compresses files from before, when they are as old as the configuration says", async () => {
    await using folder = await temporaryFolder();
    await using server = await DataLinkServer.listen({ port: 0 });
    const conf = path.join(folder.path, "c.toml");
    const text = configuration(server.port, folder.path);
    await writeFile(conf, text.replace("[jsonl]", "[jsonl]\ngzip_after_days = 1.5"));
    const directory = path.join(folder.path, "jsonl/CO/JSC/2026/326");
    await mkdir(directory, { recursive: true });
    const now = Date.now() / 1000;
    for (const [name, days] of Object.entries({ CO_JSC__WKZ_2026_326: 2, CO_JSC_00_HHZ_2026_326_23: 1 })) {
      const file = path.join(directory, `${name}.jsonl`);
      await writeFile(file, "1\n");
      await utimes(file, now, now - days * 86_400);
    }
    const program = start("dali2jsonl", ["-c", conf, "-v"]);
    for await (const line of createInterface(program.stderr)) {
      if (/2026_326\.jsonl is compressed: it is now in .*2026_326\.jsonl\.gz\.$/.test(line)) break;
    }
    program.kill("SIGTERM");
    await once(program, "close");
    assert.deepEqual(readdirSync(directory).sort(), [
      "CO_JSC_00_HHZ_2026_326_23.jsonl",
      "CO_JSC__WKZ_2026_326.jsonl.gz",
    ]);
  });

  it("ends with a sentence where the server does not let it in", async () => {
    await using folder = await temporaryFolder();
    await using server = await DataLinkServer.listen({ port: 0 });
    const conf = path.join(folder.path, "c.toml");
    await writeFile(conf, configuration(server.port, folder.path).replace("'.*/(BZ)?JSON'", "'(unclosed'"));
    const { exitCode, stderr } = await runProgram("dali2jsonl", ["-c", conf]);
    assert.equal(exitCode, 1);
    assert.match(stderr, /^dali2jsonl: .*match/i);
  });

  describe("told a configuration that simpledali takes", () => {
    const good = configuration(16000, "/nowhere");
    const read = async (text: string | Buffer) => {
      await using folder = await temporaryFolder();
      const conf = path.join(folder.path, "c.toml");
      await writeFile(conf, text);
      return await readConfig(conf);
    };
    const within = (lines: string) => good.replace("[datalink]", `[datalink]\n${lines}`);

    it("takes an empty match for all streams, a port as text, an empty websocket for none", async () => {
      assert.equal((await read(good.replace(/match=.*/, "match=''"))).match, "");
      assert.equal(
        (await read(good.replace("port=16000", "port='18000'"))).url,
        "datalink://127.0.0.1:18000",
      );
      assert.equal((await read(within("websocket=''"))).url, (await read(good)).url);
    });

    it("passes over keys that it does not know, and says so", async () => {
      const { notes } = await read(within("verbose=true\nx=1"));
      assert.equal(notes.length, 2);
      assert.match(notes[0]!, /c\.toml: datalink\.verbose is not known here, and has no effect/);
    });

    it("takes any name, and any process id", async () => {
      const names = "programname='my prog'\nusername='jü:rgen'\nprocessid='x'\narchitecture=''";
      assert.equal((await read(within(names))).clientId, "my prog:j_:rgen:x:");
      const long = await read(within(`username='${"u".repeat(500)}'\nprocessid=7`));
      assert.equal(long.clientId.length, 200);
    });

    it("takes # and a % at the end of a pattern as they stand", async () => {
      const fields = { network: "XX", station: "ONE", location: "00", channel: "SOH", time: 0 };
      const pathOf = async (pattern: string) => {
        const { write } = await read(good.replace(/write=.*/, `write='/nowhere/${pattern}'`));
        return new PathPattern(write).path(fields);
      };
      assert.equal(await pathOf("#1/%n.%s.jsonl"), "/nowhere/#1/XX.ONE.jsonl");
      assert.equal(await pathOf("%n.%s.100%"), "/nowhere/XX.ONE.100%");
      assert.equal(await pathOf("%n.%s.%%"), "/nowhere/XX.ONE.%");
      assert.equal(await pathOf("%n#.%%H"), "/nowhere/XX#.%H");
    });

    it("takes Latin-1 in a comment, and names the key where it is in a value", async () => {
      await read(Buffer.from(`# Zürich\n${good}`, "latin1"));
      const values = [
        ["[datalink]", "[datalink]\nusername='Jürg'"],
        ["127.0.0.1", "zürich.example"],
        ["/nowhere", "/daten-ä"],
      ] as const;
      for (const [from, to] of values) {
        await assert.rejects(
          read(Buffer.from(good.replace(from, to), "latin1")),
          /c\.toml: \w+\.[\w.]+ has letters that are not UTF-8, perhaps Latin-1: save the file as UTF-8/,
        );
      }
      assert.match((await read(good.replace("/nowhere", "/daten-ä\ufffd"))).write, /ä\ufffd/);
    });
  });

  describe("told a configuration that makes no sense", () => {
    const good = configuration(16000, "/nowhere");
    const cases: [what: string, text: string, expected: RegExp][] = [
      ["not TOML", good.replace("match=", "match"), /c\.toml:9:\d+: not TOML: ./],
      [
        "no [datalink]",
        good.replace("[datalink]", "[dalink]"),
        /c\.toml: datalink is missing: a table \[datalink\]/,
      ],
      ["no match", good.replace("match=", "#"), /c\.toml: datalink\.match is missing/],
      ["no write", good.replace("write=", "#"), /c\.toml: jsonl\.write is missing/],
      [
        "a port that is none",
        good.replace("port=16000", "port='x'"),
        /c\.toml: datalink\.port must be a whole number from 1 to 65535/,
      ],
      ["a host that is none", good.replace("127.0.0.1", "a b"), /c\.toml: datalink\.host cannot be used: /],
      [
        "a websocket that is none",
        `${good}`.replace("port=", "websocket='http://x'\nport="),
        /c\.toml: datalink\.websocket must be/,
      ],
      [
        "an unknown key",
        good.replace("host=", "hots="),
        /c\.toml: datalink\.hots is not known: allowed are host, port, websocket, match,/,
      ],
      [
        "an age that is none",
        good.replace("[jsonl]", "[jsonl]\ngzip_after_days=0"),
        /c\.toml: jsonl\.gzip_after_days must be a number from 0\.01 to 36500/,
      ],
      [
        "an unknown flag",
        good.replace("%l_%c_%Y_%j_%H", "%x"),
        /c\.toml: jsonl\.write cannot be used: .*%x.*%n network/,
      ],
      [
        "a band that is none",
        good.replace("U=", "UX="),
        /c\.toml: jsonl\.bandwrite\.UX is not a band: a band code is one letter/,
      ],
      [
        "a band that has no pattern",
        good.replace("U='W'", "U='X'"),
        /c\.toml: jsonl\.bandwrite\.U names the band X, .*W, V, U/,
      ],
      [
        "bands in a circle",
        good.replace("V='W'", "V='U'").replace("U='W'", "U='V'"),
        /bandwrite\.V leads in a circle: V = U = V/,
      ],
      ["a table that is none", good.replace("[jsonl]", "jsonl=1\n[jsonl2]"), /jsonl/],
    ];
    for (const [what, text, expected] of cases) {
      it(`says so of ${what}`, async () => {
        await using folder = await temporaryFolder();
        const conf = path.join(folder.path, "c.toml");
        await writeFile(conf, text);
        const { exitCode, stdout, stderr } = await run(dali2jsonl, ["-c", conf]);
        assert.match(stderr, expected);
        assert.deepEqual([exitCode, stdout], [2, ""]);
      });
    }
  });
});
