// `--match` of every command of `mseed`: what it takes, and that nothing is lost where it matches nothing, or not all.
import assert from "node:assert/strict";
import { copyFile, link, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { convert } from "../../../lib/cli/mseed/convert.ts";
import { details } from "../../../lib/cli/mseed/details.ts";
import { get } from "../../../lib/cli/mseed/get.ts";
import { merge } from "../../../lib/cli/mseed/merge.ts";
import { set } from "../../../lib/cli/mseed/set.ts";
import { validate } from "../../../lib/cli/mseed/validate.ts";
import { packRecords, readRecords } from "../../../lib/mseed/index.ts";
import { run, temporaryFolder } from "../shell.ts";

const STREAMS = [
  "XX_STA_00_B_H_Z",
  "XX_STA_00_B_H_N",
  "XX_STA__L_H_Z",
  "YY_BHZ_10_H_H_Z",
  "YY_ROBH_10_C_H_E",
];

function record(stream: string, formatVersion: 2 | 3 = 2, second = 0): Uint8Array {
  const startTime = BigInt(second) * 1_000_000_000n + 1_700_000_000_000_000_000n;
  const series = { sourceId: `FDSN:${stream}`, startTime, sampleRate: 1, samples: [1, 2, 3] };
  return Buffer.concat([...packRecords(series, { formatVersion, recordLength: 256 })]);
}

const ALL = Buffer.concat(STREAMS.flatMap((stream) => [record(stream), record(stream, 3, 3)]));
const streamsIn = (bytes: Uint8Array) => [
  ...new Set([...readRecords(bytes)].map((r) => r.sourceId.text.slice(5))),
];

async function matched(pattern: string): Promise<string[]> {
  const { stdout } = await run(details, ["--json", "-m", pattern, "-"], { stdin: ALL });
  return [
    ...new Set(
      stdout
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line).sourceId.slice(5)),
    ),
  ] as string[];
}

describe("mseed --match", () => {
  const [BHZ, BHN, LHZ, HHZ, CHE] = STREAMS as [string, string, string, string, string];
  const takes: Record<string, string[]> = {
    CHE: [CHE],
    BHN: [BHN],
    // A whole code: of a channel, and of a station.
    BHZ: [BHZ, HHZ],
    STA: [BHZ, BHN, LHZ],
    YY: [HHZ, CHE],
    ST: [],
    "BH?": [BHZ, BHN],
    "?HZ": [BHZ, LHZ, HHZ],
    "BH*": [BHZ, BHN],
    "[BL]HZ": [BHZ, LHZ],
    "XX.STA.00.BHZ": [BHZ],
    "XX.STA..LHZ": [LHZ],
    "XX.STA.--.LHZ": [LHZ],
    "XX.*.*.BH?": [BHZ, BHN],
    "*.*.*.?H[ZE]": [BHZ, LHZ, HHZ, CHE],
    XX_STA_00_BHZ: [BHZ],
    "YY_*_10_?HE": [CHE],
    XX_STA_00_B_H_Z: [BHZ],
    "FDSN:XX_STA_00_B_H_Z": [BHZ],
    "XX_STA_??_B_H_?": [BHZ, BHN],
    "FDSN:XX_*_*_?_H_Z": [BHZ, LHZ],
    "YY_R*": [CHE],
    "_H_?": [...STREAMS],
    // Regular expressions, as ever.
    "STA_.*_H_Z": [BHZ, LHZ],
    STA_: [BHZ, BHN, LHZ],
    "(BHZ|ROBH)_": [HHZ, CHE],
    "^FDSN:YY": [HHZ, CHE],
    nothing: [],
  };
  for (const [pattern, streams] of Object.entries(takes)) {
    it(`takes ${pattern}`, async () => assert.deepEqual(await matched(pattern), streams));
  }

  const commands: [string, (file: string) => [Parameters<typeof run>[0], string[]]][] = [
    ["convert", (file) => [convert, ["-F", "3", "-o", file, file]]],
    ["merge", (file) => [merge, ["-o", file, file]]],
    ["merge --sort", (file) => [merge, ["-s", "-o", file, file]]],
    ["merge --dedupe", (file) => [merge, ["--dedupe", "-o", file, file]]],
    ["set", (file) => [set, ["/FDSN/Time/Quality", "77", file]]],
  ];

  for (const [name, argv] of commands) {
    it(`leaves the file as it was where ${name} matches nothing`, async () => {
      await using folder = await temporaryFolder();
      const file = path.join(folder.path, "day");
      await writeFile(file, ALL);
      const [command, given] = argv(file);
      const { exitCode, stderr } = await run(command, ["-m", "QQQ", ...given]);
      assert.equal(exitCode, 1);
      assert.equal(stderr, `mseed: ${file}: no record matches QQQ\n`);
      assert.deepEqual(await readFile(file), ALL);
      assert.deepEqual(await readdir(folder.path), ["day"]);
    });

    it(`keeps what does not match where ${name} replaces the file that it reads`, async () => {
      await using folder = await temporaryFolder();
      const file = path.join(folder.path, "day");
      const noise = Buffer.from("no record here, ".repeat(20));
      const tail = record(LHZ).subarray(0, 200);
      await writeFile(file, Buffer.concat([ALL, noise, ALL, tail]));
      const [command, given] = argv(file);
      await run(command, ["-m", "BHN", ...given]);
      const after = await readFile(file);
      assert.deepEqual(streamsIn(after).sort(), [...STREAMS].sort());
      assert.ok(after.includes(noise), "what is no record");
      assert.ok(after.subarray(-200).equals(tail), "the record inside which the file ends");
      for (const stream of STREAMS.filter((stream) => stream !== BHN)) {
        const bytes = [...readRecords(after)]
          .filter((r) => r.sourceId.text.endsWith(stream))
          .map((r) => r.bytes);
        const [two, three] = [record(stream), record(stream, 3, 3)];
        assert.deepEqual(
          bytes.map((b) => Buffer.from(b).toString("hex")),
          [two, three, two, three].map((b) => Buffer.from(b).toString("hex")),
        );
      }
    });

    it(`leaves the output as it was where ${name} finds no record`, async () => {
      if (name === "set") return;
      await using folder = await temporaryFolder();
      const [output, input] = [path.join(folder.path, "out"), path.join(folder.path, "in")];
      await writeFile(output, ALL);
      for (const text of ["<html>no data</html>", ""]) {
        await writeFile(input, text);
        const [command, given] = argv(output);
        const { exitCode, stderr } = await run(command, [...given.slice(0, -1), input]);
        assert.equal(exitCode, 1);
        assert.match(stderr, /no miniSEED record in it/);
        assert.deepEqual(await readFile(output), ALL);
      }
    });
  }

  it("knows the file that it replaces by any name", async () => {
    await using folder = await temporaryFolder();
    const [file, soft, hard] = ["day", "soft", "hard"].map((name) => path.join(folder.path, name)) as [
      string,
      string,
      string,
    ];
    for (const other of [soft, hard]) {
      await writeFile(file, ALL);
      await (other === soft ? symlink : link)(file, other);
      assert.equal((await run(convert, ["-F", "3", "-m", "BHN", "-o", other, file])).exitCode, 0);
      assert.deepEqual(streamsIn(await readFile(other)), STREAMS);
    }
  });

  it("does not mix up another file, of which only what matches is written", async () => {
    await using folder = await temporaryFolder();
    const [input, output] = [path.join(folder.path, "in"), path.join(folder.path, "out")];
    await writeFile(input, ALL);
    await copyFile(input, output);
    assert.equal((await run(convert, ["-F", "3", "-m", "BHN", "-o", output, input])).exitCode, 0);
    assert.deepEqual(streamsIn(await readFile(output)), [BHN]);
    assert.deepEqual(await readFile(input), ALL);
  });

  it("fails in the commands that only read, too, where nothing matches", async () => {
    for (const [command, argv] of [
      [details, []],
      [details, ["-T"]],
      [validate, []],
      [get, [""]],
    ] as const) {
      const { exitCode, stderr } = await run(command, [...argv, "-m", "QQQ", "-"], { stdin: ALL });
      assert.deepEqual([exitCode, stderr], [1, "mseed: -: no record matches QQQ\n"]);
    }
  });
});
