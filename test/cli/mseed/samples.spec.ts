// `mseed samples`: every sample with its time, and nothing made up.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import fc from "fast-check";
import { samples } from "../../../lib/cli/mseed/samples.ts";
import { packRecords, type Series } from "../../../lib/mseed/index.ts";
import { run, runProgramForBytes, temporaryFolder } from "../shell.ts";

function record(second: number, values: Series["samples"], change: Partial<Series> = {}): Uint8Array {
  const startTime = BigInt(Date.UTC(2020, 0, 1)) * 1_000_000n + BigInt(Math.round(second * 1e9));
  const series = { sourceId: "FDSN:XX_A__L_H_Z", startTime, sampleRate: 1, samples: values, ...change };
  return Buffer.concat([...packRecords(series)]);
}

const inputs = [record(0, [1, -2, 3]), record(3, [4, 5])];

describe("mseed samples", () => {
  it("writes a row for each, with its time", async () => {
    const { exitCode, stdout, stderr } = await run(samples, ["-"], { stdin: Buffer.concat(inputs) });
    assert.deepEqual([exitCode, stderr], [0, ""]);
    assert.equal(
      stdout,
      "sourceId,time,value\n" +
        [1, -2, 3, 4, 5].map((value, i) => `FDSN:XX_A__L_H_Z,2020-01-01T00:00:0${i}Z,${value}\n`).join(""),
    );
  });

  it("keeps to a window, and to a stream", async () => {
    const stdin = Buffer.concat([...inputs, record(0, [9], { sourceId: "FDSN:XX_B__L_H_Z" })]);
    const window = ["--start", "2020-01-01T00:00:02", "--end", "2020-01-01T00:00:03.5"];
    const { stdout } = await run(samples, ["-m", "A", ...window, "-"], { stdin });
    assert.deepEqual(
      stdout
        .trimEnd()
        .split("\n")
        .slice(1)
        .map((row) => row.split(",")[2]),
      ["3", "4"],
    );
  });

  it("writes floats in the digits that give them again", async () => {
    await fc.assert(
      fc.asyncProperty(fc.float32Array({ minLength: 1, maxLength: 20 }), async (values) => {
        const stdin = Buffer.from(record(0, values));
        const { stdout } = await run(samples, ["-"], { stdin });
        const texts = stdout
          .trimEnd()
          .split("\n")
          .slice(1)
          .map((row) => row.split(",")[2]!);
        assert.deepEqual(Float32Array.from(texts, Number), values);
      }),
      { numRuns: 50 },
    );
    const { stdout } = await run(samples, ["-"], {
      stdin: Buffer.from(record(0, Float32Array.of(0.1, 1e-7, 16777217))),
    });
    assert.deepEqual(stdout.match(/[^,]+(?=\n)/g)!.slice(1), ["0.1", "1e-7", "16777216"]);
  });

  it("writes raw numbers in either byte order", async () => {
    await using folder = await temporaryFolder();
    const out = path.join(folder.path, "out");
    const [file, floats] = [path.join(folder.path, "in"), path.join(folder.path, "floats")];
    await writeFile(file, Buffer.concat(inputs));
    await writeFile(floats, record(0, Float64Array.of(1.5, -2)));
    assert.equal((await run(samples, ["--raw", "-o", out, file])).exitCode, 0);
    const bytes = await readFile(out);
    assert.deepEqual(
      [0, 4, 8, 12, 16].map((at) => bytes.readInt32LE(at)),
      [1, -2, 3, 4, 5],
    );
    assert.equal((await run(samples, ["--raw", "--big-endian", "-o", out, floats])).exitCode, 0);
    const big = await readFile(out);
    assert.deepEqual([big.readDoubleBE(0), big.readDoubleBE(8), big.length], [1.5, -2, 16]);
    const { stdout } = await runProgramForBytes("mseed", ["samples", "--raw", "-"], Buffer.concat(inputs));
    assert.deepEqual(stdout, bytes);
  });

  it("tells what raw numbers cannot: gaps, and refuses another stream or kind", async () => {
    await using folder = await temporaryFolder();
    const [file, out] = [path.join(folder.path, "in"), path.join(folder.path, "out")];
    await writeFile(file, Buffer.concat([...inputs, record(60, [7])]));
    const gap = await run(samples, ["--raw", "-o", out, file]);
    assert.equal(gap.exitCode, 0);
    assert.match(gap.stderr, /in: offset \d+: sample 5 does not follow the one before/);
    const before = await readFile(out);
    for (const other of [record(5, [7], { sourceId: "FDSN:XX_B__L_H_Z" }), record(5, Float32Array.of(1))]) {
      await writeFile(file, Buffer.concat([...inputs, other]));
      const { exitCode, stderr } = await run(samples, ["--raw", "-o", out, file]);
      assert.equal(exitCode, 1);
      assert.match(stderr, /cannot follow int32 of FDSN:XX_A__L_H_Z in raw numbers/);
      assert.deepEqual(await readFile(out), before);
    }
  });

  it("leaves text out with a note, and fails where nothing matches", async () => {
    const text = record(0, "words", { sampleRate: 0 });
    const { exitCode, stdout, stderr } = await run(samples, ["-"], {
      stdin: Buffer.concat([text, ...inputs]),
    });
    assert.deepEqual([exitCode, stdout.split("\n").length], [0, 7]);
    assert.equal(stderr, "mseed: -: offset 0: text is left out\n");
    assert.equal((await run(samples, ["-m", "QQQ", "-"], { stdin: Buffer.concat(inputs) })).exitCode, 1);
    assert.equal((await run(samples, ["--big-endian", "-"])).exitCode, 2);
  });
});
