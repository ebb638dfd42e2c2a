// `mseed archive`: every record in the file of its channel and day, byte for byte, and only once.
import assert from "node:assert/strict";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { archive } from "../../../lib/cli/mseed/archive.ts";
import { details } from "../../../lib/cli/mseed/details.ts";
import { packRecords, readRecords } from "../../../lib/mseed/index.ts";
import { run, temporaryFolder } from "../shell.ts";

function record(station: string, time: string, samples: number[], formatVersion: 2 | 3 = 2): Uint8Array {
  const series = { sourceId: `FDSN:XX_${station}_00_L_H_Z`, startTime: time, sampleRate: 1, samples };
  return Buffer.concat([...packRecords(series, { formatVersion, recordLength: 256 })]);
}

const PIECES = [
  record("A", "2024-02-29T23:59:58Z", [1, 2, 3, 4]),
  record("B", "2024-02-29T12:00:00Z", [5], 3),
  record("A", "2024-03-01T00:00:02Z", [6, 7]),
  record("A", "2024-12-31T12:00:00Z", [8]),
];

async function tree(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    found[path.relative(folder, file)] = (await readFile(file)).toString("hex");
  }
  return found;
}

const hex = (...pieces: Uint8Array[]) => Buffer.concat(pieces).toString("hex");

const EXPECTED = {
  "2024/XX/A/LHZ.D/XX.A.00.LHZ.D.2024.060": hex(PIECES[0]!),
  "2024/XX/A/LHZ.D/XX.A.00.LHZ.D.2024.061": hex(PIECES[2]!),
  "2024/XX/A/LHZ.D/XX.A.00.LHZ.D.2024.366": hex(PIECES[3]!),
  "2024/XX/B/LHZ.D/XX.B.00.LHZ.D.2024.060": hex(PIECES[1]!),
};

describe("mseed archive", () => {
  it("sorts records by channel and day, and adds none twice", async () => {
    await using folder = await temporaryFolder();
    const [input, sds] = [path.join(folder.path, "in"), path.join(folder.path, "sds")];
    await writeFile(input, Buffer.concat(PIECES));
    assert.deepEqual(await run(archive, ["--sds", sds, input]), {
      exitCode: 0,
      stdout: "Records: 4, Added: 4, There already: 0\n",
      stderr: "",
    });
    assert.deepEqual(await tree(sds), EXPECTED);
    // Again; from itself; twice in one input.
    for (const again of [[input], [sds], [input, input]]) {
      const { exitCode, stdout } = await run(archive, ["--sds", sds, ...again]);
      assert.equal(exitCode, 0);
      assert.match(stdout, /Added: 0, There already: [48]\n/);
      assert.deepEqual(await tree(sds), EXPECTED);
    }
    // What is missing is added, and nothing else.
    await rm(path.join(sds, "2024/XX/A/LHZ.D/XX.A.00.LHZ.D.2024.061"));
    assert.match((await run(archive, ["--sds", sds, input])).stdout, /Added: 1, There already: 3/);
    assert.deepEqual(await tree(sds), EXPECTED);
    // What the archive compressed counts as there.
    const day = path.join(sds, "2024/XX/A/LHZ.D/XX.A.00.LHZ.D.2024.060");
    await writeFile(`${day}.gz`, gzipSync(PIECES[0]!));
    await rm(day);
    assert.match((await run(archive, ["--sds", sds, input])).stdout, /Added: 0, There already: 4/);
  });

  it("mends a file inside whose last record it was stopped", async () => {
    await using folder = await temporaryFolder();
    const [input, sds] = [path.join(folder.path, "in"), path.join(folder.path, "sds")];
    const two = [PIECES[2]!, record("A", "2024-03-01T00:00:04Z", [8, 9])];
    await writeFile(input, Buffer.concat(two));
    await run(archive, ["--sds", sds, input]);
    const file = path.join(sds, "2024/XX/A/LHZ.D/XX.A.00.LHZ.D.2024.061");
    await writeFile(file, Buffer.concat(two).subarray(0, 400));
    assert.match((await run(archive, ["--sds", sds, input])).stdout, /Added: 1, There already: 1/);
    assert.equal((await readFile(file)).toString("hex"), hex(...two));
  });

  it("takes patterns, streams and windows of time", async () => {
    await using folder = await temporaryFolder();
    const input = path.join(folder.path, "in");
    await writeFile(input, Buffer.concat(PIECES));
    const pattern = path.join(folder.path, "days", "%n.%s.%Y.%j");
    const window = ["--start", "2024-02-29T23:59:59", "--end", "2024-03-01T00:00:00"];
    assert.equal(
      (await run(archive, ["--pattern", pattern, "-m", "XX.A.00.LH?", ...window, input])).exitCode,
      0,
    );
    const [file, ...more] = await readdir(path.join(folder.path, "days"));
    assert.deepEqual([file, more.length], ["XX.A.2024.060", 0]);
    const [cut] = readRecords(await readFile(path.join(folder.path, "days", file!)));
    assert.deepEqual(cut!.samples, Int32Array.from([2, 3]));
    assert.equal((await run(archive, ["--pattern", pattern, "-m", "QQQ", input])).exitCode, 1);
    assert.match((await run(details, [path.join(folder.path, "days")])).stdout, /2 samples/);
  });

  it("says what is wrong with its arguments", async () => {
    for (const [argv, message] of [
      [["x"], /--sds DIR or --pattern PATH/],
      [["--sds", "a", "--pattern", "b", "x"], /--sds DIR or --pattern PATH/],
      [["--pattern", "/data/%Z", "x"], /%Z/],
      [["--sds", "/tmp"], /no file is named/],
    ] as const) {
      const { exitCode, stderr } = await run(archive, [...argv]);
      assert.equal(exitCode, 2);
      assert.match(stderr, message);
    }
  });

  it("fails where the archive cannot be written", async () => {
    await using folder = await temporaryFolder();
    const input = path.join(folder.path, "in");
    await writeFile(input, Buffer.concat(PIECES));
    const { exitCode, stderr } = await run(archive, ["--sds", input, input]);
    assert.equal(exitCode, 1);
    assert.match(stderr, /^mseed archive: /);
  });
});
