// What every command of `mseed` reads: compressed files, folders, lists; and that what is compressed stays so.
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { convert } from "../../../lib/cli/mseed/convert.ts";
import { details } from "../../../lib/cli/mseed/details.ts";
import { gunzipped } from "../../../lib/cli/mseed/files/gunzip.ts";
import { get } from "../../../lib/cli/mseed/get.ts";
import { merge } from "../../../lib/cli/mseed/merge.ts";
import { set } from "../../../lib/cli/mseed/set.ts";
import { validate } from "../../../lib/cli/mseed/validate.ts";
import { packRecords, readRecords } from "../../../lib/mseed/index.ts";
import { run, temporaryFolder } from "../shell.ts";

const START = 1_700_000_000n;

function record(station: string, second: number): Uint8Array {
  const series = {
    sourceId: `FDSN:XX_${station}__L_H_Z`,
    startTime: (START + BigInt(second)) * 1_000_000_000n,
    sampleRate: 1,
    samples: [1, 2, 3],
  };
  return Buffer.concat([...packRecords(series)]);
}

/** Stations and seconds of the records that details lists. */
async function listed(...argv: string[]): Promise<string[]> {
  const { stdout, stderr } = await run(details, ["--json", ...argv]);
  assert.equal(stderr, "");
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line))
    .map(({ station, startTime }) => `${station}${Date.parse(startTime) / 1000 - Number(START)}`);
}

describe("mseed inputs", () => {
  it("reads compressed files in every command, also those of several parts", async () => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, "day.gz");
    // As the archive makes them: a later part is added as a member of its own.
    await writeFile(file, Buffer.concat([gzipSync(record("A", 0)), gzipSync(record("A", 3))]));
    assert.deepEqual(await listed(file), ["A0", "A3"]);
    assert.equal((await run(validate, [file])).exitCode, 0);
    assert.equal((await run(get, ["", file, "--json"])).stdout.split("\n").length, 3);
    const out = path.join(folder.path, "out");
    for (const argv of [[], ["--sort"], ["--dedupe"]]) {
      assert.equal((await run(merge, [...argv, "-o", out, file])).exitCode, 0);
      assert.deepEqual(
        [...readRecords(await readFile(out))].map((r) => r.sampleCount),
        [6],
      );
    }
    assert.deepEqual((await readdir(folder.path)).sort(), ["day.gz", "out"]);
    // A name that does not tell, and standard input.
    await writeFile(out, gzipSync(record("B", 0)));
    assert.deepEqual(await listed(out), ["B0"]);
    assert.match(
      (await run(details, ["-"], { stdin: gzipSync(record("B", 0)) })).stdout,
      /^FDSN:XX_B__L_H_Z/,
    );
  });

  it("replaces a compressed file by a compressed one", async () => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, "day.gz");
    await writeFile(file, gzipSync(record("A", 0)));
    assert.equal((await run(set, ["/X", "1", file])).exitCode, 0);
    assert.equal([...readRecords(gunzipSync(await readFile(file)))][0]!.extraHeadersText, '{"X":1}');
    assert.equal((await run(convert, ["-F", "2", "-m", "NO", "-o", file, file])).exitCode, 1);
    assert.equal((await run(convert, ["-E", "int32", "-o", file, file])).exitCode, 0);
    assert.equal([...readRecords(gunzipSync(await readFile(file)))][0]!.encoding, 3);
    assert.deepEqual(await readdir(folder.path), ["day.gz"]);
  });

  it("tells a compressed file that is damaged or cut off, and writes nothing", async () => {
    await using folder = await temporaryFolder();
    const [file, out] = [path.join(folder.path, "day.gz"), path.join(folder.path, "out")];
    const whole = gzipSync(Buffer.concat(Array.from({ length: 50 }, (_, i) => record("A", i * 3))));
    const damaged = Buffer.from(whole);
    damaged[20]! ^= 0xff;
    for (const bytes of [whole.subarray(0, whole.length - 20), damaged]) {
      await writeFile(file, bytes);
      for (const command of [merge, convert]) {
        const { exitCode, stderr } = await run(command, [
          ...(command === convert ? ["-F", "2"] : []),
          "-o",
          out,
          file,
        ]);
        assert.equal(exitCode, 1);
        assert.match(stderr, /day\.gz: damaged as a gzip file: /);
      }
      assert.equal((await run(details, [file])).exitCode, 1);
    }
    assert.deepEqual(await readdir(folder.path), ["day.gz"]);
  });

  it("does not follow a compressed file without end", async () => {
    async function* pieces(): AsyncGenerator<Uint8Array, void> {
      const bomb = gzipSync(Buffer.alloc(50_000_000));
      for (let at = 0; at < bomb.length; at += 1000) yield bomb.subarray(at, at + 1000);
    }
    let most = 0;
    const reading = async () => {
      for await (const piece of gunzipped("bomb.gz", pieces(), 1_000_000))
        most = Math.max(most, piece.length);
    };
    await assert.rejects(reading, /bomb\.gz: more than 1000000 bytes when it is decompressed/);
    assert.ok(most <= 1_000_000);
  });

  it("reads folders with all below them, sorted, and passes over what else lies there", async () => {
    await using folder = await temporaryFolder();
    const at = (...names: string[]) => path.join(folder.path, ...names);
    await mkdir(at("2023", "XX", "A"), { recursive: true });
    await mkdir(at("2023", "XX", "B"), { recursive: true });
    await writeFile(at("2023", "XX", "B", "x.gz"), gzipSync(record("B", 0)));
    await writeFile(at("2023", "XX", "A", "2"), record("A", 3));
    await writeFile(at("2023", "XX", "A", "1"), record("A", 0));
    await writeFile(at("2023", "XX", "A", ".hidden"), record("C", 0));
    await symlink(at("2023"), at("2023", "XX", "up"));
    assert.deepEqual(await listed(folder.path), ["A0", "A3", "B0"]);

    await writeFile(at("2023", "README.txt"), "no records\n".repeat(100));
    const { exitCode, stderr } = await run(validate, [folder.path]);
    assert.equal(exitCode, 0);
    assert.equal(stderr, `mseed: ${at("2023", "README.txt")}: no miniSEED record in it, passed over\n`);
    // A broken file is told of as ever, also where its first bytes are the broken ones.
    await writeFile(at("2023", "broken"), Buffer.concat([Buffer.from("x".repeat(100)), record("D", 0)]));
    const broken = await run(validate, [folder.path]);
    assert.equal(broken.exitCode, 1);
    assert.match(broken.stdout, /broken: offset 0: error NOT_MINISEED/);
    await rm(at("2023", "broken"));

    assert.equal((await run(set, ["/X", "1", "-m", "B", folder.path])).exitCode, 0);
    assert.match((await run(get, ["/X", "-m", "B", folder.path])).stdout, /^1\n$/);
    assert.equal((await run(set, ["/X", "1", "-m", "QQQ", folder.path])).exitCode, 1);
  });

  it("reads the files of a list", async () => {
    await using folder = await temporaryFolder();
    const at = (name: string) => path.join(folder.path, name);
    await writeFile(at("a"), record("A", 0));
    await writeFile(at("b"), record("B", 0));
    await writeFile(at("list"), `# both\n${at("b")}\r\n\n  ${at("a")}\n`);
    assert.deepEqual(await listed(`@${at("list")}`, at("a")), ["B0", "A0", "A0"]);
    const wrong: [string, number, RegExp][] = [
      ["# nothing\n", 1, /list: no name in this list/],
      ["@other\n", 1, /list: @other: a list names files and folders, not lists/],
      ["-\n-\n", 2, /standard input can be read only once/],
    ];
    for (const [text, code, message] of wrong) {
      await writeFile(at("list"), text);
      const { exitCode, stderr } = await run(details, [`@${at("list")}`]);
      assert.equal(exitCode, code);
      assert.match(stderr, message);
    }
    assert.match((await run(details, ["@/no/list"])).stderr, /\/no\/list: no such file or directory/);
  });

  it("passes over the control headers of SEED volumes, also where nothing else is there", async () => {
    await using folder = await temporaryFolder();
    const [full, dataless, out] = ["full", "dataless", "out"].map((name) => path.join(folder.path, name)) as [
      string,
      string,
      string,
    ];
    const control = ["000001V 010009502.4121994,001,00:00:00.0000~", "000002A 0300040", "000003S 0500090"];
    const headers = Buffer.concat(control.map((text) => Buffer.from(text.padEnd(4096))));
    const series = { sourceId: "FDSN:XX_A__L_H_Z", startTime: "2020-001", sampleRate: 1, samples: [1, 2, 3] };
    const data = Buffer.concat([...packRecords(series, { formatVersion: 2, recordLength: 4096 })]);
    await writeFile(full, Buffer.concat([headers, data]));
    await writeFile(dataless, headers);
    await writeFile(out, "as it was");
    for (const [command, ...argv] of [
      [details],
      [details, "-T"],
      [validate],
      [convert, "-F", "3", "-o", out],
      [merge, "-o", out],
      [merge, "--dedupe", "-o", out],
    ] as [Parameters<typeof run>[0], ...string[]][]) {
      const nothing = await run(command, [...argv, dataless]);
      assert.equal(nothing.exitCode, 0, nothing.stderr);
      assert.match(nothing.stderr, /dataless: no miniSEED record in it, passed over\n$/);
      assert.equal(await readFile(out, "utf8"), "as it was");
      const some = await run(command, [...argv, full]);
      assert.equal(some.exitCode, 0, some.stderr);
      assert.match(some.stdout + some.stderr, /warning SEED_HEADERS.*3 control headers of a SEED volume/);
      if (argv.includes(out)) assert.equal([...readRecords(await readFile(out))].length, 1);
      await writeFile(out, "as it was");
    }
    // In the file that is replaced they stay.
    assert.equal((await run(set, ["/FDSN/Time/Quality", "77", full])).exitCode, 0);
    const after = await readFile(full);
    assert.ok(after.subarray(0, headers.length).equals(headers));
    assert.deepEqual([...readRecords(after)][0]!.extraHeaders, { FDSN: { Time: { Quality: 77 } } });
  });

  it("says that a folder is empty", async () => {
    await using folder = await temporaryFolder();
    const { exitCode, stderr } = await run(details, [folder.path]);
    assert.deepEqual([exitCode, stderr], [1, `mseed details: ${folder.path}: no file in this folder\n`]);
  });
});
