// The program datalink, against the embedded server: what each command prints, and how it ends.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import { datalink } from "../../lib/cli/datalink/program.ts";
import { DataLinkClient, DataLinkServer, packRecords, SeedLinkClient } from "../../lib/index.ts";
import { run, Screen, start, temporaryFolder } from "./shell.ts";

const START = Date.UTC(2026, 10, 22, 6) * 1000;

function records(count: number): Uint8Array {
  const samples = Int32Array.from({ length: 400 * count }, (_, i) => (i * 7919) % 10_007);
  const series = { sourceId: "FDSN:XX_STA_00_H_H_Z", startTime: START, sampleRate: 100, samples };
  const packed = [...packRecords(series, { formatVersion: 2, recordLength: 512, encoding: "int32" })].slice(
    0,
    count,
  );
  return Buffer.concat(packed);
}

describe("datalink", () => {
  let server: DataLinkServer;
  let url: string;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeEach(async () => {
    server = await DataLinkServer.listen({ port: 0 });
    url = `127.0.0.1:${server.port}`;
    folder = await temporaryFolder();
  });
  afterEach(async () => {
    await server.close();
    await folder[Symbol.asyncDispose]();
  });

  const inFolder = (name: string) => path.join(folder.path, name);

  /** Writes three JSON packets, the last one no JSON. */
  async function fill(): Promise<void> {
    await using client = await DataLinkClient.connect(url);
    for (const [i, payload] of ['{"i":1}', '{"i":2}', "no JSON"].entries()) {
      await client.write({ streamId: `FDSN:XX_S${i}/JSON`, dataStart: START + i, payload }, { ack: true });
    }
  }

  it("says who a server is", async () => {
    const { exitCode, stdout } = await run(datalink, ["id", url]);
    assert.equal(exitCode, 0);
    assert.match(
      stdout,
      /^server\s+DataLink v1\.1 .*\nsoftware\s.*\nprotocol\s+1\.1\nlargest packet\s+512 bytes\nmay write\s+yes\n/,
    );
    const { stdout: json } = await run(datalink, ["id", url, "--json"]);
    assert.equal((JSON.parse(json) as { protocol: string }).protocol, "1.1");
  });

  it("shows status, streams and connections, for people and for scripts", async () => {
    await fill();
    assert.match((await run(datalink, ["status", url])).stdout, /latest packet id\s+3\n/);
    const { stdout } = await run(datalink, ["streams", url, "--match", "S[01]"]);
    const [head, ...rows] = stdout.trim().split("\n");
    assert.match(head!, /^latency {2,}stream {2,}latest data \(UTC\) {2,}earliest data \(UTC\) {2,}packets$/);
    assert.deepEqual(
      rows.map((row) => row.split(/ {2,}/)[1]),
      ["FDSN:XX_S0/JSON", "FDSN:XX_S1/JSON"],
    );
    const status = JSON.parse((await run(datalink, ["status", url, "--json"])).stdout) as {
      status: { latestPacketId: string };
    };
    assert.equal(status.status.latestPacketId, "3");
    assert.match((await run(datalink, ["connections", url])).stdout, /^lag {2}client .*\n0 % {2}datalink:/);
  });

  it("shows units in the status, and no microseconds", async () => {
    await fill();
    const { stdout } = await run(datalink, ["status", url]);
    assert.match(stdout, /\nring size +64\.0 MiB \(67108864 bytes\)\npacket size +632 bytes\n/);
    assert.match(stdout, /\nvolatile ring +yes\n/);
    assert.match(stdout, /\nrx packet rate +[\d.]+ packets\/s\nrx byte rate +[\d.]+ bytes\/s\n/);
    assert.match(stdout, /\nearliest data start +2026-11-22 06:00:00 UTC\n/);
  });

  it("fits its tables in the width of the terminal, the last columns first to go, and cuts what is longer", async () => {
    const write = (streamId: string) => server.write({ streamId, dataStart: START, payload: "{}" });
    write("FDSN:XX_DEMO_00_H_H_Z/MSEED3");
    const lines = async (columns: number, ...words: string[]) => {
      const stdout = new Screen();
      stdout.columns = columns;
      const { stdout: text } = await run(datalink, [...words, url], { stdout });
      return text.trimEnd().split("\n");
    };
    const usual = await lines(80, "streams");
    assert.ok(
      usual.every((line) => line.length <= 80),
      usual.join("\n"),
    );
    assert.match(usual[0]!, /earliest data \(UTC\)$/);
    assert.match((await lines(120, "streams"))[1]!, / {2}1 to 1$/);
    assert.match((await lines(60, "streams"))[0]!, /latest data \(UTC\)$/);
    write(`FDSN:XX_${"A".repeat(30)}_00_H_H_Z/MSEED3`);
    for (const width of [80, 40, 30]) {
      const cut = await lines(width, "streams");
      assert.ok(
        cut.every((line) => line.length <= width),
        cut.join("\n"),
      );
    }
    assert.match((await lines(40, "streams")).join("\n"), /AAA…/);
    const clients = await lines(80, "connections");
    assert.ok(
      clients.every((line) => line.length <= 80),
      clients.join("\n"),
    );
  });

  it("sorts streams by latency, and shows them again and again until it is interrupted", async () => {
    const now = Date.now() * 1000;
    for (const [i, age] of [5, 500, 50_000].entries()) {
      server.write({ streamId: `FDSN:XX_S${i}/T`, dataStart: now - age * 1_000_000, payload: "" });
    }
    const names = (text: string) => [...text.matchAll(/XX_S\d/g)].map(([name]) => name);
    const sorted = ["XX_S2", "XX_S1", "XX_S0"];
    assert.deepEqual(names((await run(datalink, ["streams", url, "--sort", "latency"])).stdout), sorted);
    assert.deepEqual(names((await run(datalink, ["streams", url])).stdout), sorted.toReversed());
    assert.match((await run(datalink, ["streams", url, "--sort", "size"])).stderr, /give id or latency/);

    const stop = new AbortController();
    const stdout = new Screen();
    stdout.isTTY = true;
    const watching = run(datalink, ["streams", url, "--watch", "--sort", "latency", "--interval", "0.1"], {
      stdout,
      signal: stop.signal,
    });
    while (names(stdout.text).length < 9) await new Promise(setImmediate);
    stop.abort();
    const { exitCode, stderr } = await watching;
    assert.deepEqual([exitCode, stderr], [0, ""]);
    assert.deepEqual(names(stdout.text).slice(0, 9), [...sorted, ...sorted, ...sorted]);
    assert.ok(stdout.text.split("\u001b[2J").length >= 3);
    assert.match(stdout.text, /3 streams, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
  });

  it("goes on watching when the server is away for a while", async () => {
    const port = server.port;
    const stop = new AbortController();
    const [stdout, stderr] = [new Screen(), new Screen()];
    const words = ["streams", url, "--watch", "--interval", "0.1"];
    const watching = run(datalink, words, { stdout, stderr, signal: stop.signal });
    const until = async (condition: () => boolean) => {
      while (!condition()) await new Promise(setImmediate);
    };
    await until(() => stdout.text.includes("0 streams"));
    await server.close();
    await until(() => stderr.text.includes("nothing listens"));
    server = await DataLinkServer.listen({ port });
    server.write({ streamId: "FDSN:XX_BACK/T", dataStart: START, payload: "" });
    await until(() => stdout.text.includes("XX_BACK"));
    stop.abort();
    assert.equal((await watching).exitCode, 0);
  });

  it("is colourful on a terminal only", async () => {
    await fill();
    const stdout = new Screen();
    stdout.isTTY = true;
    assert.ok((await run(datalink, ["streams", url], { stdout })).stdout.startsWith("\u001b[1mlatency"));
    assert.ok(!(await run(datalink, ["streams", url])).stdout.includes("\u001b"));
  });

  it("shows packets as lines, as JSON and as they are", async () => {
    await fill();
    const from = ["--from", "earliest", "--count", "3"];
    const { exitCode, stdout } = await run(datalink, ["stream", url, ...from]);
    assert.equal(exitCode, 0);
    assert.equal(
      stdout.split("\n")[0],
      "1 FDSN:XX_S0/JSON 2026-11-22T06:00:00.000000Z 2026-11-22T06:00:00.000000Z 7 bytes",
    );
    const json = (await run(datalink, ["stream", url, "--json", ...from])).stdout.trim().split("\n");
    const parsed = json.map(
      (line) => JSON.parse(line) as { packetId: string; payload?: unknown; base64?: string },
    );
    assert.deepEqual(
      parsed.map(({ payload }) => payload),
      [{ i: 1 }, { i: 2 }, undefined],
    );
    assert.equal(Buffer.from(parsed[2]!.base64!, "base64").toString(), "no JSON");
    assert.equal((await run(datalink, ["stream", url, "--raw", ...from])).stdout, '{"i":1}{"i":2}no JSON');
    const one = await run(datalink, [
      "stream",
      url,
      "--raw",
      "--from",
      "2026-11-22T06:00:00.000001Z",
      "-n",
      "1",
      "-m",
      "S1",
    ]);
    assert.equal(one.stdout, '{"i":2}');
  });

  it("streams until it is interrupted, which is no failure", async () => {
    const program = start("datalink", ["stream", url, "--from", "earliest"]);
    await fill();
    await once(program.stdout, "data");
    program.kill("SIGINT");
    assert.deepEqual(await once(program, "close"), [0, null]);
  });

  it("sends miniSEED record by record, and archives it", async () => {
    const bytes = records(300);
    await writeFile(inFolder("a.mseed"), bytes);
    const sent = await run(datalink, ["send", url, inFolder("a.mseed")]);
    assert.deepEqual([sent.exitCode, sent.stderr], [0, "300 packets sent\n"]);
    const pattern = `SDS@${inFolder("sds")}`;
    await run(datalink, ["stream", url, "--from", "earliest", "-n", "300", "--write", pattern]);
    assert.deepEqual(await readFile(inFolder("sds/2026/XX/STA/HHZ.D/XX.STA.00.HHZ.D.2026.326")), bytes);
  });

  it("says in a sentence which packet the server cannot take, while it still reads the file", async () => {
    const large = packRecords(
      {
        sourceId: "FDSN:XX_STA_00_H_H_Z",
        startTime: 0,
        sampleRate: 100,
        samples: Int32Array.from({ length: 900 }, (_, i) => i * i * i),
      },
      { recordLength: 4096 },
    );
    await writeFile(inFolder("a.mseed"), Buffer.concat([...large]));
    const program = start("datalink", ["send", url, inFolder("a.mseed")]);
    const [complaint, [exitCode]] = await Promise.all([text(program.stderr), once(program, "close")]);
    assert.equal(exitCode, 1);
    assert.match(
      complaint,
      /The packet for FDSN:XX_STA_00_H_H_Z\/MSEED3? has \d+ bytes; the server takes at most 512/,
    );
    assert.doesNotMatch(complaint, /\bat .*\.js:/);
  });

  it("sends a document, and says what is no miniSEED", async () => {
    await writeFile(inFolder("a.json"), "{}");
    const argv = ["send", url, inFolder("a.json"), "-s", "FDSN:XX_A/JSON", "--time", "2026-11-22"];
    assert.equal((await run(datalink, argv)).exitCode, 0);
    await using client = await DataLinkClient.connect(url);
    const { streamId, payload, dataStart } = await client.read(1n);
    assert.deepEqual(
      [streamId, String(payload), dataStart],
      ["FDSN:XX_A/JSON", "{}", Date.UTC(2026, 10, 22) * 1000],
    );
    const { exitCode, stderr } = await run(datalink, ["send", url, inFolder("a.json")]);
    assert.equal(exitCode, 1);
    assert.match(stderr, /a\.json: .*\n0 packets sent/);
  });

  it("serves until it is interrupted", async () => {
    const program = start("datalink", ["serve", "--port", "0", "-v"]);
    const [line] = await once(program.stdout, "data");
    const address = /listening on (\S+)\n/.exec(String(line))![1]!;
    assert.equal((await run(datalink, ["id", address])).exitCode, 0);
    program.kill("SIGTERM");
    assert.deepEqual(await once(program, "close"), [0, null]);
  });

  it("serves SeedLink on the same port, unless told otherwise", async () => {
    for (const [options, isSpoken] of [
      [[], true],
      [["--seedlink", "repack"], true],
      [["--seedlink", "off"], false],
    ] as const) {
      const program = start("datalink", ["serve", "--port", "0", ...options]);
      const [lines] = await once(program.stdout, "data");
      const address = /listening on (seedlink:\S+)\n/.exec(String(lines))?.[1];
      assert.equal(address !== undefined, isSpoken);
      if (address !== undefined) await (await SeedLinkClient.connect(address)).close();
      program.kill("SIGTERM");
      assert.deepEqual(await once(program, "close"), [0, null]);
    }
    const { exitCode, stderr } = await run(datalink, ["serve", "--seedlink", "yes"]);
    assert.deepEqual(
      [exitCode, /--seedlink is convert, repack, omit or off, not yes/.test(stderr)],
      [2, true],
    );
  });

  it("serves what was in its folder before", async () => {
    for (const packetId of ["1", "2"]) {
      const program = start("datalink", ["serve", "--port", "0", "--directory", inFolder("ring")]);
      const [line] = await once(program.stdout, "data");
      const address = /listening on (\S+)\n/.exec(String(line))![1]!;
      await writeFile(inFolder("a.json"), "{}");
      const sent = await run(datalink, ["send", address, "-s", "FDSN:XX_A/JSON", inFolder("a.json")]);
      assert.equal(sent.exitCode, 0, sent.stderr);
      await using client = await DataLinkClient.connect(address);
      assert.equal(String((await client.read(BigInt(packetId))).streamId), "FDSN:XX_A/JSON");
      program.kill("SIGKILL");
      await once(program, "close");
    }
  });

  it("tells what it relays: each packet with --verbose, on a terminal how many and how fast", async () => {
    await fill();
    await using target = await DataLinkServer.listen({ port: 0 });
    target.write({ streamId: "FDSN:XX_OLD/JSON", dataStart: START, payload: "{}", packetId: 10n });
    const to = `127.0.0.1:${target.port}`;
    const relayed = async (isTTY: boolean, ...more: string[]) => {
      const [stop, stderr] = [new AbortController(), new Screen()];
      stderr.isTTY = isTTY;
      const words = ["relay", url, to, "--from", "earliest", ...more];
      const relaying = run(datalink, words, { stderr, signal: stop.signal });
      return {
        stderr,
        end: async () => {
          stop.abort();
          assert.equal((await relaying).exitCode, 0);
          return stderr.text;
        },
      };
    };
    const verbose = await relayed(false, "-v");
    while (verbose.stderr.text.split("\n").length < 4) await new Promise(setImmediate);
    assert.equal(
      await verbose.end(),
      "1 FDSN:XX_S0/JSON 7 bytes, there 11\n2 FDSN:XX_S1/JSON 7 bytes, there 12\n" +
        "3 FDSN:XX_S2/JSON 7 bytes, there 13\n3 packets passed on\n",
    );
    const drawn = await relayed(true);
    while (!/3 packets passed on, [\d.]+\/s, the newest /.test(drawn.stderr.text))
      await new Promise(setImmediate);
    assert.ok((await drawn.end()).endsWith("\r\u001b[K3 packets passed on\n"));
    const quiet = await relayed(false);
    while (target.status.packets < 10) await new Promise(setImmediate);
    assert.equal(await quiet.end(), "");
  });

  it("relays packets with their ids, and goes on where it stopped", async () => {
    await fill();
    await using target = await DataLinkServer.listen({ port: 0 });
    const to = `127.0.0.1:${target.port}`;
    const relayed = async (count: number) => {
      const program = start("datalink", [
        "relay",
        url,
        to,
        "--from",
        "earliest",
        "--state",
        inFolder("state"),
      ]);
      await using client = await DataLinkClient.connect(to);
      const packets = [];
      await client.positionSet("EARLIEST").catch(() => {});
      for (let id = 1n; packets.length < count; ) {
        const packet = await client.read(id).catch(() => undefined);
        if (packet) packets.push(`${id++} ${packet.streamId} ${String(packet.payload)}`);
      }
      program.kill("SIGTERM");
      assert.deepEqual(await once(program, "close"), [0, null]);
      return packets;
    };
    const first = ['1 FDSN:XX_S0/JSON {"i":1}', '2 FDSN:XX_S1/JSON {"i":2}', "3 FDSN:XX_S2/JSON no JSON"];
    assert.deepEqual(await relayed(3), first);
    await fill();
    assert.equal((await relayed(6))[3], '4 FDSN:XX_S0/JSON {"i":1}');
    assert.equal(target.status.packets, 6);
  });

  it("makes tokens that servers take, and reads them", async () => {
    await writeFile(inFolder("secret"), `${"s".repeat(40)}\n`);
    const secret = ["--secret-file", inFolder("secret")];
    const made = await run(datalink, [
      "token",
      "make",
      "-u",
      "me",
      "-w",
      "XX_.*/JSON",
      "-e",
      "1d",
      ...secret,
    ]);
    assert.equal(made.exitCode, 0, made.stderr);
    await writeFile(inFolder("token"), made.stdout);
    const read = await run(datalink, ["token", "read", inFolder("token"), ...secret]);
    const { sub, wpat, valid, expiresInSeconds } = JSON.parse(read.stdout) as Record<string, unknown>;
    assert.deepEqual([sub, wpat, valid], ["me", "XX_.*/JSON", true]);
    assert.ok(Math.abs((expiresInSeconds as number) - 86_400) <= 1);
    await writeFile(inFolder("secret"), "t".repeat(40));
    assert.equal((await run(datalink, ["token", "read", inFolder("token"), ...secret])).exitCode, 1);

    await using guarded = await DataLinkServer.listen({
      port: 0,
      access: { rules: [{ from: "127.0.0.1" }], jwt: { secret: "s".repeat(40) } },
    });
    const address = `127.0.0.1:${guarded.port}`;
    await writeFile(inFolder("a.json"), "{}");
    const send = ["send", address, inFolder("a.json"), "-s", "FDSN:XX_A/JSON"];
    assert.equal((await run(datalink, send)).exitCode, 1);
    assert.equal((await run(datalink, [...send, "--jwt-file", inFolder("token")])).exitCode, 0);
  });

  describe("told what makes no sense", () => {
    const cases: [string, string[], RegExp][] = [
      [
        "no command",
        [],
        /say what to do: id, status, streams, connections, stream, send, serve, relay, token, completion/,
      ],
      ["no server", ["id"], /give the address of a server/],
      ["two servers", ["status", "a", "b"], /b: one server is enough/],
      ["two outputs", ["stream", "a", "--json", "--raw"], /choose one of/],
      [
        "a start that is none",
        ["stream", "a", "--from", "then"],
        /--from then: give earliest, latest, a time/,
      ],
      ["no files", ["send", "a"], /give the address of a server, and files/],
      ["half a certificate", ["serve", "--cert", "x"], /TLS needs --cert and --key/],
      ["one server to relay", ["relay", "a"], /give two servers/],
      ["a token of nobody", ["token", "make"], /say whose token it is/],
      ["a token without end", ["token", "make", "-u", "me"], /say how long it is valid/],
    ];
    for (const [what, argv, expected] of cases) {
      it(`says so of ${what}`, async () => {
        const { exitCode, stderr } = await run(datalink, argv);
        assert.equal(exitCode, 2);
        assert.match(stderr, expected);
      });
    }

    it("says so of a server that is not there", async () => {
      const { exitCode, stderr } = await run(datalink, ["stream", "127.0.0.1:1"]);
      assert.equal(exitCode, 0 + 1);
      assert.match(stderr, /refused|127\.0\.0\.1:1/);
    });
  });
});
