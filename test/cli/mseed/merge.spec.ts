// `mseed merge`: what is joined, what is not, and that no sample, time or header changes.
import assert from "node:assert/strict";
import { readdir, readFile, readlink, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Command } from "../../../lib/cli/command.ts";
import { convert } from "../../../lib/cli/mseed/convert.ts";
import { details } from "../../../lib/cli/mseed/details.ts";
import { get } from "../../../lib/cli/mseed/get.ts";
import { merge } from "../../../lib/cli/mseed/merge.ts";
import {
  type MiniSeedRecord,
  type PackOptions,
  packRecords,
  readRecords,
  type Series,
} from "../../../lib/mseed/index.ts";
import { readOwn } from "../../mseed/vectors.ts";
import { run, runProgramForBytes, Screen, temporaryFolder } from "../shell.ts";

const START = 1_700_000_000_000_000_000n;

/** A record of 100 Hz that begins at sample `from` of a common series. */
function record(
  from: number,
  count: number,
  change: Partial<Series> = {},
  options: PackOptions = {},
): Uint8Array {
  const series = {
    sourceId: "FDSN:XX_A__H_H_Z",
    startTime: START + BigInt(from) * 10_000_000n,
    sampleRate: 100,
    samples: Int32Array.from({ length: count }, (_, i) => (from + i) ** 2 % 1009),
    ...change,
  };
  return Buffer.concat([...packRecords(series, { recordLength: 65_536, ...options })]);
}

/** What `mseed merge` makes of records, on standard input or, to sort, in a file. */
async function merged(records: Uint8Array[], ...argv: string[]): Promise<MiniSeedRecord[]> {
  const bytes = Buffer.concat(records);
  await using folder = await temporaryFolder();
  const [input, output] = [path.join(folder.path, "in"), path.join(folder.path, "out")];
  await writeFile(input, bytes);
  const outcome = await run(merge, [...argv, "-o", output, input]);
  assert.deepEqual(outcome, { exitCode: 0, stdout: "", stderr: "" });
  return [...readRecords(await readFile(output), { strict: true })];
}

function shape(records: MiniSeedRecord[]): string[] {
  return records.map((r) => `${r.sourceId.station} ${(r.startTime - START) / 10_000_000n}+${r.sampleCount}`);
}

function allSamples(records: MiniSeedRecord[]): number[] {
  return records.flatMap((r) => Array.from(r.samples as Int32Array));
}

describe("mseed merge", () => {
  const squares = (count: number) => Array.from({ length: count }, (_, i) => i ** 2 % 1009);

  it("joins records that follow each other, also between those of other source ids", async () => {
    const other = { sourceId: "FDSN:XX_B__H_H_Z" };
    const records = await merged([
      record(0, 50),
      record(0, 10, other),
      record(50, 50),
      record(100, 7),
      record(10, 5, other),
    ]);
    assert.deepEqual(shape(records), ["A 0+107", "B 0+15"]);
    assert.deepEqual(allSamples(records.slice(0, 1)), squares(107));
  });

  for (const [formatVersion, encoding] of [
    [2, "steim2"],
    [2, "int16"],
    [3, "steim1"],
    [3, "float32"],
    [3, "float64"],
  ] as const) {
    it(`fills records one after the other, version ${formatVersion}, ${encoding}`, async () => {
      const pieces = Array.from({ length: 300 }, (_, i) => {
        const samples = Float64Array.from({ length: 100 }, (_, k) => (i * 100 + k) % 1000);
        return record(i * 100, 100, { samples }, { formatVersion, encoding, recordLength: 4096 });
      });
      const records = await merged(pieces, "-R", "4096");
      assert.deepEqual(
        records.map((r) => [r.formatVersion, r.encoding, r.length <= 4096]),
        records.map(() => [formatVersion, records[0]!.encoding, true]),
      );
      assert.deepEqual(
        allSamples(records),
        Array.from({ length: 30_000 }, (_, i) => i % 1000),
      );
      // All but the last are full: none could take another record's samples.
      const counts = records.slice(0, -1).map((r) => r.sampleCount);
      assert.ok(Math.min(...counts) > 400, counts.join());
      let due = START;
      for (const r of records) {
        assert.equal(r.startTime, due);
        due += BigInt(r.sampleCount) * 10_000_000n;
      }
    });
  }

  it("counts times from the first record, so that they do not drift", async () => {
    const [sampleRate, ns] = [33.3333, 1e13 / 333333];
    const pieces = Array.from({ length: 200 }, (_, i) =>
      record(0, 100, { sampleRate, startTime: START + BigInt(Math.round(i * 100 * ns)) }),
    );
    const records = await merged(pieces, "-R", "512");
    let count = 0;
    for (const r of records) {
      const distance = Number(r.startTime - records[0]!.timeOfSample(count));
      assert.ok(Math.abs(distance) <= 1, `${distance} ns at sample ${count}`);
      count += r.sampleCount;
    }
    assert.equal(count, 20_000);
  });

  it("ends a run at a gap, an overlap, and where headers differ", async () => {
    assert.deepEqual(shape(await merged([record(0, 50), record(51, 9)])), ["A 0+50", "A 51+9"]);
    assert.deepEqual(shape(await merged([record(0, 50), record(49, 9)])), ["A 0+50", "A 49+9"]);
    const changes: [Partial<Series>, PackOptions][] = [
      [{ flags: 2 }, {}],
      [{ publicationVersion: 3 }, {}],
      [{ extraHeaders: { a: 1 } }, {}],
      [{}, { encoding: "steim1" }],
      [{}, { formatVersion: 2, recordLength: 512 }],
      [{ sampleRate: 100.5 }, {}],
    ];
    for (const [change, options] of changes) {
      assert.deepEqual(shape(await merged([record(0, 50), record(50, 9, change, options)])), [
        "A 0+50",
        "A 50+9",
      ]);
    }
  });

  it("joins records that are numbered, into ones without a number", async () => {
    for (const formatVersion of [2, 3] as const) {
      const numbered = (from: number, number: number) => {
        const extraHeaders = `{"FDSN":{"Time":{"Quality":90},"Sequence":${number}}}`;
        return record(from, 50, { extraHeaders }, { formatVersion, recordLength: 512 });
      };
      const [joined, ...others] = await merged([numbered(0, 7), numbered(50, 8), numbered(100, 9)]);
      assert.deepEqual([joined!.sampleCount, others.length], [150, 0]);
      assert.deepEqual(joined!.extraHeaders, { FDSN: { Time: { Quality: 90 } } });
    }
  });

  it("joins what is within a tenth of the tolerance, and keeps the rest at its own time", async () => {
    const late = (us: number) => record(50, 9, { startTime: START + 500_000_000n + BigInt(us) * 1000n });
    const count = async (us: number, ...argv: string[]) =>
      (await merged([record(0, 50), late(us)], ...argv)).length;
    assert.equal(await count(500), 1);
    assert.equal(await count(-500), 1);
    assert.equal(await count(501), 2);
    assert.equal(await count(500, "--tolerance", "0.006"), 1);
    assert.equal(await count(600, "--tolerance", "0.006"), 2);
    assert.equal(await count(200, "--tolerance", "0.002"), 1);
    assert.equal(await count(201, "--tolerance", "0.002"), 2);
    assert.equal(await count(1, "--tolerance", "0"), 2);
    assert.equal(await count(0, "--tolerance", "0"), 1);
  });

  it("copies byte for byte what it does not join", async () => {
    const pieces = [
      record(0, 50),
      record(500, 50, { extraHeaders: '{"a": 2.0}' }),
      readOwn("generated/text-utf8.mseed3"),
      readOwn("generated/all-extra-headers.mseed2"),
      readOwn("generated/headeronly.mseed3"),
    ];
    const records = await merged(pieces);
    assert.deepEqual(new Set(records.map((r) => r.bytes.length)), new Set(pieces.map((p) => p.length)));
    const all = Buffer.concat(records.map((r) => r.bytes));
    for (const piece of pieces) assert.ok(all.includes(Buffer.from(piece)));
  });

  it("keeps the codes of miniSEED 2 byte for byte, whatever they are, also in other encodings and lengths", async () => {
    const odd = [
      "SCR  00H  XX",
      "SCR  00   XX",
      " SCR00 ZHXX",
      "SCR    B_Z X",
      "A_B  --BHZXX",
      "  A  0 \0H\0\0\0",
      "\xc4\xd6   00BHZX\xdf",
      "",
    ];
    const codes = (bytes: Uint8Array) =>
      [...readRecords(bytes)].map((r) => Buffer.from(r.bytes.subarray(8, 20)).toString("latin1"));
    await using folder = await temporaryFolder();
    const [input, output] = [path.join(folder.path, "in"), path.join(folder.path, "out")];
    for (const text of odd) {
      const pieces = [0, 50, 100].map((from) => {
        const bytes = Buffer.from(record(from, 50, {}, { formatVersion: 2, recordLength: 512 }));
        bytes.write(text.padEnd(12), 8, "latin1");
        return bytes;
      });
      await writeFile(input, Buffer.concat(pieces));
      const argvs: [Command, string[]][] = [
        [merge, ["-s"]],
        [merge, []],
        [merge, ["-R", "256"]],
        [convert, ["-R", "1024"]],
        [convert, ["-E", "int32"]],
        [convert, ["-F", "2", "--little-endian"]],
      ];
      for (const [command, argv] of argvs) {
        const outcome = await run(command, [...argv, "-o", output, input]);
        assert.deepEqual([outcome.exitCode, outcome.stderr], [0, ""], JSON.stringify(text));
        const after = await readFile(output);
        assert.deepEqual(new Set(codes(after)), new Set([text.padEnd(12)]));
        assert.equal(allSamples([...readRecords(after)]).length, 150);
        if (command === merge && argv[1] !== "256") assert.equal(codes(after).length, 1);
      }
    }
  });

  it("does not join what differs in the padding or the spelling of codes", async () => {
    const [a, b] = [0, 50].map((from) =>
      Buffer.from(record(from, 50, {}, { formatVersion: 2, recordLength: 512 })),
    );
    b!.write("--", 13);
    assert.deepEqual(shape(await merged([a!, b!])), ["A 0+50", "A 50+50"]);
  });

  it("does not make a broken record look sound", async () => {
    const broken = record(50, 50);
    broken[broken.length - 1]! ^= 1;
    const input = Buffer.concat([record(0, 50), broken, record(100, 50)]);
    const { exitCode, stdout, stderr } = await runProgramForBytes("mseed", ["merge", "-"], input);
    assert.equal(exitCode, 1);
    assert.match(stderr, /^mseed: -: offset \d+: error CRC_MISMATCH: FDSN:XX_A__H_H_Z: .+\n$/);
    assert.deepEqual(stdout, input);
  });

  it("sorts by source id and time, over files", async () => {
    await using folder = await temporaryFolder();
    const files = ["1", "2"].map((name) => path.join(folder.path, name));
    const b = { sourceId: "FDSN:XX_B__H_H_Z" };
    await writeFile(files[0]!, Buffer.concat([record(20, 10, b), record(90, 10), record(50, 40)]));
    await writeFile(files[1]!, Buffer.concat([record(0, 50), record(200, 10), record(0, 20, b)]));
    // Onto one of the files that it reads.
    assert.equal((await run(merge, ["--sort", ...files, "-o", files[0]!])).exitCode, 0);
    const records = [...readRecords(await readFile(files[0]!))];
    assert.deepEqual(shape(records), ["A 0+100", "A 200+10", "B 0+30"]);
    assert.deepEqual(allSamples(records.slice(0, 1)), squares(100));
    assert.deepEqual((await readdir(folder.path)).sort(), ["1", "2"]);
    if (process.platform !== "linux") return;
    const open = (await readdir("/proc/self/fd")).map((fd) =>
      readlink(`/proc/self/fd/${fd}`).catch(() => ""),
    );
    assert.deepEqual(
      (await Promise.all(open)).filter((name) => name.startsWith(folder.path)),
      [],
    );
  });

  it("leaves out samples that are there already, whatever their encoding", async () => {
    const again = record(0, 50, {}, { encoding: "int32" });
    const other = record(0, 50, { samples: new Int32Array(50) });
    const later = record(0, 50, { publicationVersion: 2 });
    const records = await merged(
      [record(0, 50), again, other, record(50, 5), record(0, 50), later],
      "--dedupe",
    );
    // Of the same samples those of the higher version, and those that are not the same.
    const found = records.map((r) => `${r.publicationVersion} ${String(shape([r]))} ${String(r.samples[3])}`);
    assert.deepEqual(found.sort(), ["1 A 0+50 0", `1 A 50+5 ${53 ** 2 % 1009}`, "2 A 0+50 9"]);
  });

  it("leaves out what is contained, cut differently, or of a lower quality", async () => {
    const versions = (records: MiniSeedRecord[]) => records.map((r) => [r.publicationVersion, ...shape([r])]);
    assert.deepEqual(shape(await merged([record(0, 60), record(20, 10), record(60, 20)], "--dedupe")), [
      "A 0+80",
    ]);
    const cuts = [record(0, 30), record(0, 45), record(30, 30), record(45, 45), record(60, 30)];
    const [one, ...more] = await merged(cuts, "--dedupe");
    assert.deepEqual([shape([one!]), more.length, allSamples([one!])], [["A 0+90"], 0, squares(90)]);
    const better = record(20, 30, { publicationVersion: 4 });
    for (const option of ["--dedupe", "--prune"]) {
      assert.deepEqual(versions(await merged([record(0, 80), better], option)), [
        [1, "A 0+20"],
        [4, "A 20+30"],
        [1, "A 50+30"],
      ]);
    }
  });

  it("prunes overlaps whatever the values, and leaves no overlap", async () => {
    const wrong = record(30, 40, { samples: new Int32Array(40) });
    const records = await merged([record(0, 50), record(50, 50), wrong], "--prune");
    assert.deepEqual(shape(records), ["A 0+100"]);
    assert.deepEqual(allSamples(records), squares(100));
    assert.equal((await merged([record(0, 50), record(50, 50), wrong], "--dedupe")).length > 1, true);
  });

  it("sorts once and again, and finds the same", async () => {
    await using folder = await temporaryFolder();
    const [a, b] = ["a", "b"].map((name) => path.join(folder.path, name)) as [string, string];
    const pieces = [0, 30, 60].flatMap((from) => [record(from, 30), record(from, 30)]);
    await writeFile(a, Buffer.concat(pieces));
    assert.equal((await run(merge, ["-s", "-o", b, a])).exitCode, 0);
    assert.equal((await run(merge, ["--dedupe", "-o", a, b])).exitCode, 0);
    assert.deepEqual(allSamples([...readRecords(await readFile(a))]), squares(90));
  });

  it("cuts to the sample between --start and --end", async () => {
    const at = (i: number) => new Date(Number(START / 1_000_000n) + i * 10).toISOString();
    const pieces = [record(0, 50), record(50, 50), record(100, 50)];
    for (const argv of [[], ["-s"], ["--dedupe"], ["--prune"]]) {
      const records = await merged(pieces, ...argv, "--start", at(10), "--end", at(120));
      assert.deepEqual(shape(records), ["A 10+111"]);
      assert.deepEqual(allSamples(records), squares(121).slice(10));
    }
    const wrong: [string[], number, RegExp][] = [
      [["--start", "tomorrow", "x"], 2, /--start tomorrow: give a time/],
      [["--start", at(5), "--end", at(4), "x"], 2, /--end .* is before --start/],
    ];
    for (const [argv, exitCode, message] of wrong) {
      const outcome = await run(merge, argv);
      assert.equal(outcome.exitCode, exitCode);
      assert.match(outcome.stderr, message);
    }
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, "file");
    await writeFile(file, pieces[0]!);
    const onto = await run(merge, ["--start", at(5), "-o", file, file]);
    assert.equal(onto.exitCode, 2);
    assert.match(onto.stderr, /would cut .*file itself/);
    const nothing = await run(merge, ["--start", "2100-001", "-o", "/dev/null", file]);
    assert.deepEqual(
      [nothing.exitCode, nothing.stderr],
      [1, `mseed: ${file}: no record matches --start and --end\n`],
    );
    assert.deepEqual(await readFile(file), Buffer.from(pieces[0]!));
    // Records that are not joined are cut, too, and others copied as they are.
    const { stdout } = await runProgramForBytes(
      "mseed",
      ["convert", "--start", at(10), "-"],
      Buffer.concat(pieces),
    );
    assert.deepEqual(shape([...readRecords(stdout)]), ["A 10+40", "A 50+50", "A 100+50"]);
    assert.ok(stdout.includes(Buffer.from(pieces[1]!)));
    const traces = await run(details, ["-T", "--json", "--start", at(10), "--end", at(120), file]);
    assert.equal(JSON.parse(traces.stdout).sampleCount, 40);
    assert.equal((await run(get, ["", "--json", "--end", at(-1), file])).exitCode, 1);
  });

  it("says what is wrong with its arguments", async () => {
    const file = path.join(__dirname, "../../mseed/vectors/generated/headeronly.mseed3");
    const wrong: [string[], RegExp][] = [
      [["--sort", "-"], /standard input cannot be sorted/],
      [["-R", "many", file], /--record-length many: give a number/],
      [["--tolerance", "", file], /--tolerance : give a number/],
      [["-", "-"], /standard input can be read only once/],
      [[], /no file is named/],
    ];
    for (const [argv, message] of wrong) {
      const { exitCode, stdout, stderr } = await run(merge, argv);
      assert.deepEqual([exitCode, stdout], [2, ""]);
      assert.match(stderr, message);
      assert.equal(stderr.split("\n").length, 2);
    }
    const stdout = new Screen();
    stdout.isTTY = true;
    assert.match((await run(merge, [file], { stdout })).stderr, /nothing to read on a terminal/);
  });

  it("leaves the output as it was if the input fails", async () => {
    await using folder = await temporaryFolder();
    const output = path.join(folder.path, "out");
    await writeFile(output, "as it was");
    const { exitCode, stderr } = await run(merge, ["-o", output, "/no/file"]);
    assert.deepEqual([exitCode, stderr], [1, "mseed merge: /no/file: no such file or directory\n"]);
    assert.equal(await readFile(output, "utf8"), "as it was");
    assert.deepEqual(await readdir(folder.path), ["out"]);
  });
});
