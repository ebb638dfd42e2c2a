// The program seedlink, against a server with SeisComP's habits: what each command prints, and how it ends.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { seedlink } from "../../lib/cli/seedlink/program.ts";
import { DataLinkServer, subscribe } from "../../lib/index.ts";
import { packRecords, readRecords } from "../../lib/mseed/index.ts";
import { SeisCompServer } from "../seedlink/seiscomp-server.ts";
import { received } from "../seedlink/vectors.ts";
import { type Outcome, run, runProgram, Screen, temporaryFolder } from "./shell.ts";

function record(n: number): Buffer {
  const startTime = BigInt(Date.UTC(2026, 10, 22, 6, 0, n)) * 1_000_000n;
  const series = { sourceId: "FDSN:CO_JSC_00_H_H_Z", startTime, sampleRate: 10, samples: Int32Array.of(n) };
  return Buffer.from([...packRecords(series, { formatVersion: 2, recordLength: 512 })][0]!);
}

const records = [0, 1, 2, 3].map(record);

describe("seedlink", () => {
  let server: SeisCompServer;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeEach(async () => {
    server = await SeisCompServer.start();
    server.stations.set("CO_JSC", { first: 0, records: [...records] });
    folder = await temporaryFolder();
  });
  afterEach(async () => {
    await server[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  it("says who a server is", async () => {
    const { exitCode, stdout } = await run(seedlink, ["id", server.url]);
    assert.equal(exitCode, 0);
    assert.match(stdout, /^software\s+SeedLink v3\.3 \(2024\.020\)\norganization\s+Test\nprotocol\s+3\.0\n/);
    const json = JSON.parse((await run(seedlink, ["id", server.url, "--json"])).stdout) as {
      protocol: string;
    };
    assert.equal(json.protocol, "3.0");
  });

  it("lists stations and streams, and shows INFO as it came", async () => {
    server.habits = { answers: { "INFO STREAMS": received("sc-info-all") } };
    const { stdout } = await run(seedlink, ["streams", server.url, "--streams", "CO_JSC:B*"]);
    assert.deepEqual(
      stdout.split("\n").map((line) => line.split(/ {2,}/)[1] ?? ""),
      ["stream", "CO_JSC_00_B_H_N", "CO_JSC_00_B_H_Z", ""],
    );
    assert.match((await run(seedlink, ["stations", server.url])).stdout, /\nCO_JSC\s+0 to 3/);
    const [station] = JSON.parse((await run(seedlink, ["stations", server.url, "--json"])).stdout) as [
      object,
    ];
    assert.deepEqual(station, { id: "CO_JSC", firstSequence: "0", nextSequence: "4", streams: [] });
    assert.match((await run(seedlink, ["info", server.url])).stdout, /^<seedlink software=/);
  });

  it("shows packets as lines, as JSON and as they are", async () => {
    const all = ["-S", "CO_JSC", "--from", "earliest", "--count", "4"];
    const { exitCode, stdout } = await run(seedlink, ["stream", server.url, ...all]);
    assert.equal(exitCode, 0);
    assert.equal(
      stdout.split("\n")[1],
      "1 FDSN:CO_JSC_00_H_H_Z/MSEED 2026-11-22T06:00:01.000000Z 2026-11-22T06:00:01.000000Z 512 bytes",
    );
    const json = (await run(seedlink, ["stream", server.url, ...all, "--json"])).stdout.split("\n")[3]!;
    const packet = JSON.parse(json) as { sequence: string; base64: string };
    assert.equal(packet.sequence, "3");
    assert.deepEqual(Buffer.from(packet.base64, "base64"), records[3]);
    const raw = new Screen();
    await run(seedlink, ["stream", server.url, ...all, "--raw"], { stdout: raw });
    assert.deepEqual(Buffer.concat(raw.pieces), Buffer.concat(records));
  });

  it("archives records", async () => {
    const file = path.join(folder.path, "all.mseed");
    const all = ["-S", "CO_JSC", "--from", "earliest", "--count", "4"];
    const { exitCode, stderr } = await run(seedlink, ["stream", server.url, ...all, "--write", file]);
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(await readFile(file), Buffer.concat(records));
  });

  it("goes on behind the position in its state file", async () => {
    const state = path.join(folder.path, "state.json");
    const words = [
      "stream",
      server.url,
      "-S",
      "CO_JSC",
      "--from",
      "earliest",
      "--state",
      state,
      "--count",
      "2",
    ];
    const sequences = async () =>
      (await run(seedlink, words)).stdout.split("\n").map((line) => line.split(" ")[0]);
    assert.deepEqual(await sequences(), ["0", "1", ""]);
    assert.deepEqual(await sequences(), ["2", "3", ""]);
  });

  it("tells that the server has gone away, and goes on when it is back", async () => {
    const stopping = new AbortController();
    const [stdout, stderr] = [new Screen(), new Screen()];
    const words = ["stream", server.url, "-S", "CO_JSC", "--from", "earliest"];
    const running = run(seedlink, words, { stdout, stderr, signal: stopping.signal });
    const shows = async (screen: Screen, text: RegExp) => {
      while (!text.test(screen.text)) await once(screen, "drawn");
    };
    await shows(stdout, /^3 FDSN/m);
    server.cut();
    await shows(stderr, /^The connection to .* was lost\. Trying again\.$/m);
    server.push("CO_JSC", record(4));
    await shows(stdout, /^4 FDSN/m);
    stopping.abort();
    assert.equal((await running).exitCode, 0);
  });

  it("ends a time window by itself", async () => {
    server.habits = {
      answers: {
        TIME: "OK\r\n",
        END: Buffer.concat([Buffer.from("SL000002"), records[2]!, Buffer.from("END")]),
      },
    };
    const window = ["--from", "2026-11-22T06:00:02Z", "--to", "2026-11-22T06:00:03Z"];
    const { exitCode, stdout } = await run(seedlink, ["stream", server.url, "-S", "CO_JSC", ...window]);
    assert.equal(exitCode, 0);
    assert.match(stdout, /^2 FDSN:CO_JSC_00_H_H_Z\/MSEED [^\n]*\n$/);
    assert.ok(server.commands.includes("TIME 2026,11,22,06,00,02 2026,11,22,06,00,03"));
  });

  it("says in a sentence what is wrong, and ends with the code for it", async () => {
    for (const [words, code, sentence] of [
      [["stream", server.url, "-S", "ZZ_NO"], 1, /ZZ_NO/],
      [["stream", server.url, "-S", "CO"], 1, /NET_STA/],
      [["stream", server.url, "--from", "noon"], 2, /--from noon/],
      [["stream", server.url, "--json", "--raw"], 2, /choose one/],
      [["stream"], 2, /address/],
      [["relay", server.url], 2, /give two servers/],
      [["info", server.url, "GAPS"], 2, /GAPS/],
      [["id", server.url, "--protocol", "5"], 2, /3\.1 or 4\.0/],
      [["id", server.url, "--protocol", "4.0"], 1, /does not speak protocol 4/],
      [["id", "seedlink://127.0.0.1:1"], 1, /nothing listens/],
    ] as const) {
      const { exitCode, stderr } = await run(seedlink, [...words]);
      assert.equal(exitCode, code, words.join(" "));
      assert.match(stderr, sentence);
    }
  });

  describe("relay", () => {
    let ring: DataLinkServer;
    beforeEach(async () => {
      ring = await DataLinkServer.listen({ port: 0 });
    });
    afterEach(async () => {
      await ring.close();
    });

    /** Relays until the ring has so many packets; all of them, and what was said. */
    async function relayed(count: number, argv: string[]): Promise<{ ids: string[]; outcome: Outcome }> {
      const stop = new AbortController();
      const ending = run(seedlink, ["relay", server.url, ring.url, "-v", "-S", "CO_JSC", ...argv], stop);
      await using packets = subscribe(ring.url, { from: "earliest" });
      const ids: string[] = [];
      for await (const { streamId, dataStart, payload } of packets) {
        const [record] = readRecords(payload);
        assert.equal(dataStart, Number(record!.startTime / 1000n));
        ids.push(`${streamId} ${(dataStart / 1e6) % 60}`);
        if (ids.length === count) break;
      }
      stop.abort();
      return { ids, outcome: await ending };
    }

    const named = (count: number) =>
      Array.from({ length: count }, (_, i) => `FDSN:CO_JSC_00_H_H_Z/MSEED ${i}`);

    it("puts records into a DataLink server's ring, and goes on where it stopped", async () => {
      const argv = ["--from", "earliest", "--state", path.join(folder.path, "relay.json")];
      const first = await relayed(4, argv);
      assert.deepEqual(first.ids, named(4));
      assert.equal(first.outcome.exitCode, 0);
      assert.match(
        first.outcome.stderr,
        /^0 FDSN:CO_JSC_00_H_H_Z\/MSEED 512 bytes, there 1\n(?:.*\n)*4 packets passed on\n$/,
      );
      server.stations.get("CO_JSC")!.records.push(record(4), record(5));
      const second = await relayed(6, argv);
      assert.deepEqual(second.ids, named(6));
      assert.match(second.outcome.stderr, /\n2 packets passed on\n$/);
    });

    it("draws its progress on a terminal", async () => {
      const stderr = new Screen();
      stderr.isTTY = true;
      const stop = new AbortController();
      const setting = { stderr, signal: stop.signal };
      const ending = run(seedlink, ["relay", server.url, ring.url, "--from", "earliest"], setting);
      while (!/\r.*4 packets passed on, [\d.]+\/s, the newest /.test(stderr.text)) {
        await once(stderr, "drawn");
      }
      stop.abort();
      assert.equal((await ending).exitCode, 0);
    });

    it("ends at a packet that the other server refuses, and keeps it for the next time", async () => {
      await using small = await DataLinkServer.listen({ port: 0, packetSize: 128 });
      const state = path.join(folder.path, "relay.json");
      const argv = ["relay", server.url, small.url, "--from", "earliest", "--state", state];
      const { exitCode, stderr } = await run(seedlink, argv);
      assert.equal(exitCode, 1);
      assert.match(stderr, /128/);
      assert.deepEqual((await relayed(4, ["--state", state, "--from", "earliest"])).ids, named(4));
    });

    it("says at once that it may not write", async () => {
      await using closed = await DataLinkServer.listen({
        port: 0,
        access: { rules: [{ from: "127.0.0.1" }] },
      });
      const { exitCode, stderr } = await run(seedlink, ["relay", server.url, closed.url]);
      assert.equal(exitCode, 1);
      assert.match(stderr, /does not let this client write/);
    });
  });

  it("is a program", async () => {
    const { exitCode, stdout } = await runProgram("seedlink", ["--help"]);
    assert.equal(exitCode, 0);
    assert.match(stdout, /Usage: seedlink COMMAND/);
    assert.ok(stdout.split("\n").every((line) => line.length <= 80));
  });
});
