// `mseed convert`: what is written, where to, and what is said about it.
import assert from "node:assert/strict";
import { chmod, copyFile, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { convert } from "../../../lib/cli/mseed/convert.ts";
import { readRecords } from "../../../lib/mseed/index.ts";
import { readOwn } from "../../mseed/vectors.ts";
import { run, runProgramForBytes, temporaryFolder } from "../shell.ts";

const vector = (name: string) => path.join(__dirname, "../../mseed/vectors", name);

function samplesOf(bytes: Uint8Array): number[] {
  return [...readRecords(bytes, { strict: true })].flatMap((r) => Array.from(r.samples as Int32Array));
}

describe("mseed convert", () => {
  it("writes another version, encoding and length", async () => {
    await using folder = await temporaryFolder();
    const output = path.join(folder.path, "out");
    const input = vector("generated/sweep-v2-e11-512.mseed2");
    const outcome = await run(convert, ["-F", "3", "-E", "INT32", "-R", "1024", "-o", output, input]);
    assert.deepEqual(outcome, { exitCode: 0, stdout: "", stderr: "" });
    const converted = await readFile(output);
    const records = [...readRecords(converted)];
    assert.ok(records.every((r) => r.formatVersion === 3 && r.encoding === 3 && r.length <= 1024));
    assert.deepEqual(samplesOf(converted), samplesOf(await readFile(input)));
  });

  it("goes from standard input to standard output, and back again byte for byte", async () => {
    const input = readOwn("generated/sweep-v2-e11-512.mseed2");
    const three = await runProgramForBytes("mseed", ["convert", "--format", "3", "-"], input);
    assert.deepEqual([three.exitCode, three.stderr], [0, ""]);
    const two = await runProgramForBytes(
      "mseed",
      ["convert", "--format", "2", "-R", "512", "-"],
      three.stdout,
    );
    assert.deepEqual([two.exitCode, two.stderr], [0, ""]);
    assert.deepEqual(samplesOf(two.stdout), samplesOf(input));
    const same = await runProgramForBytes("mseed", ["convert", "--format", "3", "-"], three.stdout);
    assert.deepEqual(same.stdout, three.stdout);
  });

  it("replaces the file that it reads, through a link, and keeps its mode", async () => {
    await using folder = await temporaryFolder();
    const [file, link] = [path.join(folder.path, "file"), path.join(folder.path, "link")];
    await copyFile(vector("generated/int16-v2-512.mseed2"), file);
    await chmod(file, 0o640);
    await symlink(file, link);
    assert.equal((await run(convert, ["-F", "3", "-o", link, link])).exitCode, 0);
    assert.ok([...readRecords(await readFile(file))].every((r) => r.formatVersion === 3));
    assert.equal((await stat(file)).mode & 0o777, 0o640);
    assert.deepEqual((await readdir(folder.path)).sort(), ["file", "link"]);
  });

  it("tells what has no place in the other version, and is content with that", async () => {
    const { exitCode, stderr } = await run(convert, [
      "-F",
      "2",
      "-o",
      "/dev/null",
      vector("generated/all-extra-headers.mseed3"),
    ]);
    assert.equal(exitCode, 0);
    assert.match(stderr, /offset 0: warning HEADER_LOST: FDSN:XX_EH__B_H_Z: /);
  });

  it("copies a broken record as it is, for a new one would look sound", async () => {
    const input = Buffer.from(readOwn("generated/sweep-v3-e11-512.mseed3"));
    const [first, second, third] = [...readRecords(input)];
    input[second!.offset + second!.length - 1]! ^= 1;
    const { exitCode, stdout, stderr } = await runProgramForBytes(
      "mseed",
      ["convert", "-F", "2", "-"],
      input,
    );
    assert.equal(exitCode, 1);
    assert.match(stderr, new RegExp(`offset ${second!.offset}: error CRC_MISMATCH`));
    const records = [...readRecords(stdout, { checkCrc: false })];
    assert.deepEqual(
      records.slice(0, 3).map((r) => [r.formatVersion, r.startTime / 1_000_000n]),
      [first, second, third].map((r, i) => [i === 1 ? 3 : 2, r!.startTime / 1_000_000n]),
    );
    assert.ok(stdout.includes(input.subarray(second!.offset, third!.offset)));
  });

  it("stops at what cannot be converted, names it, and leaves the output as it was", async () => {
    await using folder = await temporaryFolder();
    const output = path.join(folder.path, "out");
    await writeFile(output, "as it was");
    const input = vector("generated/sid-63chars.mseed3");
    const { exitCode, stderr } = await run(convert, ["-F", "2", "-o", output, input]);
    assert.equal(exitCode, 1);
    assert.ok(stderr.startsWith(`mseed convert: ${input}: offset 0: source identifier "FDSN:`), stderr);
    assert.equal(stderr.split("\n").length, 2);
    assert.equal(await readFile(output, "utf8"), "as it was");
    assert.deepEqual(await readdir(folder.path), ["out"]);
  });

  it("says what is wrong with its arguments", async () => {
    const file = vector("generated/headeronly.mseed3");
    const wrong: [string[], RegExp][] = [
      [[file], /say what to convert to/],
      [["-F", "4", file], /--format 4: there are 2 and 3/],
      [["-E", "steim9", file], /encoding steim9 is not known/],
      [["-R", "-1", file], /option '-R' argument is ambiguous/],
      [["-R", "1k", file], /--record-length 1k: give a number/],
    ];
    for (const [argv, message] of wrong) {
      const { exitCode, stderr } = await run(convert, argv);
      assert.equal(exitCode, 2, stderr);
      assert.match(stderr, message);
    }
    const folder = await run(convert, ["-F", "2", "-o", "/no/such/folder/file", file]);
    assert.deepEqual(folder, {
      exitCode: 1,
      stdout: "",
      stderr: "mseed convert: /no/such/folder/file: no such file or directory\n",
    });
  });

  it("ends without a trace when it is interrupted", async () => {
    await using folder = await temporaryFolder();
    const output = path.join(folder.path, "out");
    const outcome = await run(convert, ["-F", "2", "-o", output, vector("generated/headeronly.mseed3")], {
      signal: AbortSignal.abort(),
    });
    assert.deepEqual(outcome, { exitCode: 1, stdout: "", stderr: "" });
    assert.deepEqual(await readdir(folder.path), []);
  });
});
