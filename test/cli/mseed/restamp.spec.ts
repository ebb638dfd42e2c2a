// `mseed convert` with other codes and qualities: these change, and neither samples nor other headers.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { convert } from "../../../lib/cli/mseed/convert.ts";
import { packRecords, readRecords } from "../../../lib/mseed/index.ts";
import { run, temporaryFolder } from "../shell.ts";

function record(formatVersion: 2 | 3, sourceId = "FDSN:CO_JSC_00_H_H_Z"): Uint8Array {
  const series = {
    sourceId,
    startTime: "2024-02-29T12:00:00.123456Z",
    sampleRate: 20,
    samples: Int32Array.from({ length: 100 }, (_, i) => i * i),
    extraHeaders: { FDSN: { Time: { Quality: 90 } } },
    flags: 4,
  };
  return Buffer.concat([...packRecords(series, { formatVersion, recordLength: 512 })]);
}

async function stamped(bytes: Uint8Array, ...argv: string[]) {
  await using folder = await temporaryFolder();
  const [input, output] = [path.join(folder.path, "in"), path.join(folder.path, "out")];
  await writeFile(input, bytes);
  assert.deepEqual(await run(convert, [...argv, "-o", output, input]), {
    exitCode: 0,
    stdout: "",
    stderr: "",
  });
  return [...readRecords(await readFile(output), { strict: true })];
}

describe("mseed convert with other codes", () => {
  for (const version of [2, 3] as const) {
    it(`stamps codes and quality, and nothing else, on version ${version}`, async () => {
      const [was] = [...readRecords(record(version))];
      const [is, ...more] = await stamped(
        record(version),
        "--network",
        "XX",
        "--channel",
        "BHN",
        "--quality",
        "M",
      );
      assert.equal(more.length, 0);
      assert.equal(is!.sourceId.text, "FDSN:XX_JSC_00_B_H_N");
      assert.equal(is!.publicationVersion, 4);
      assert.deepEqual(is!.samples, was!.samples);
      assert.deepEqual(Buffer.from(is!.payload), Buffer.from(was!.payload));
      assert.deepEqual(
        [is!.startTime, is!.flags, is!.extraHeaders, is!.sampleRate, is!.formatVersion, is!.length],
        [was!.startTime, was!.flags, was!.extraHeaders, was!.sampleRate, version, was!.length],
      );
    });
  }

  it("takes an empty location, and channels of long codes", async () => {
    assert.equal((await stamped(record(2), "--location", ""))[0]!.sourceId.text, "FDSN:CO_JSC__H_H_Z");
    assert.equal((await stamped(record(2), "--location=--"))[0]!.sourceId.text, "FDSN:CO_JSC__H_H_Z");
    assert.equal(
      (await stamped(record(3), "--channel", "B_HX_Z"))[0]!.sourceId.text,
      "FDSN:CO_JSC_00_B_HX_Z",
    );
    const long = record(3, "FDSN:CO2024_JSC_00_H_HX_Z");
    assert.equal((await stamped(long, "--station", "ABC"))[0]!.sourceId.text, "FDSN:CO2024_ABC_00_H_HX_Z");
    assert.equal((await stamped(record(3), "--publication", "200"))[0]!.publicationVersion, 200);
  });

  it("stamps what matches alone, in the file that it replaces", async () => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, "day");
    await writeFile(file, Buffer.concat([record(2), record(2, "FDSN:CO_BIRD_00_H_H_Z")]));
    assert.equal((await run(convert, ["--network", "XX", "-m", "JSC", "-o", file, file])).exitCode, 0);
    assert.deepEqual(
      [...readRecords(await readFile(file))].map((r) => r.sourceId.text),
      ["FDSN:XX_JSC_00_H_H_Z", "FDSN:CO_BIRD_00_H_H_Z"],
    );
  });

  it("says what is no code", async () => {
    for (const [argv, message] of [
      [["--network", "A_B"], /--network "A_B" is not a network code/],
      [["--channel", "BHZZ"], /--channel "BHZZ" is not a channel code/],
      [["--quality", "X"], /there are R, D, Q and M/],
      [["--publication", "256"], /from 0 to 255/],
      [["--publication", "1", "--quality", "M"], /give one/],
    ] as const) {
      const { exitCode, stderr } = await run(convert, [...argv, "-"]);
      assert.equal(exitCode, 2);
      assert.match(stderr, message);
    }
    const stdin = Buffer.from(record(2));
    const { exitCode, stderr } = await run(convert, ["--station", "TOOLONG", "-"], { stdin });
    assert.equal(exitCode, 1);
    assert.match(stderr, /no codes in miniSEED 2/);
  });
});
