// `mseed details` and `mseed validate`, against what libmseed says of the same files, and as a process.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { details } from "../../../lib/cli/mseed/details.ts";
import { validate } from "../../../lib/cli/mseed/validate.ts";
import { packRecords } from "../../../lib/mseed/index.ts";
import { readOwn, vectorsOf } from "../../mseed/vectors.ts";
import { run, runProgram, Screen, start, temporaryFolder } from "../shell.ts";

const vectors = path.join(__dirname, "../../mseed/vectors");
const vector = (name: string) => path.join(vectors, name);

describe("mseed details", () => {
  it("lists records as msi does", async () => {
    const { exitCode, stdout } = await run(details, [vector("generated/rate-33.3333.mseed3"), "-d", "-s"]);
    assert.equal(exitCode, 0);
    // What msi 4.3.0 prints, to the letter.
    assert.equal(
      stdout,
      [
        "FDSN:XX_RATE__H_H_Z, 1, 251, 231 samples, 33.3333 Hz, 2020-06-30T12:00:00.000000Z (182)",
        "        92          84          84          86          92          85  ",
        "FDSN:XX_RATE__H_H_Z, 1, 187, 69 samples, 33.3333 Hz, 2020-06-30T12:00:06.930006930Z (182)",
        "       261         346         219         264         148         241  ",
        "Files: 1, Records: 2, Samples: 300",
        "",
      ].join("\n"),
    );
  });

  it("shows all of a header", async () => {
    const bytes = [
      ...packRecords({
        sourceId: "FDSN:XX_TEST__L_H_Z",
        startTime: "2022-06-05T20:32:38.123Z",
        sampleRate: 1,
        samples: Int32Array.of(1, 2, 3),
        flags: 4,
        extraHeaders: '{"Maker":{"Gain":2.0,"Text":"a, {b}"}}',
      }),
    ][0]!;
    const { stdout } = await run(details, ["--headers", "--offsets", "-"], { stdin: bytes });
    assert.deepEqual(stdout.split("\n"), [
      `0           FDSN:XX_TEST__L_H_Z, version 1, ${bytes.length} bytes (format: 3)`,
      "             start time: 2022-06-05T20:32:38.123000Z (156)",
      "      number of samples: 3",
      "       sample rate (Hz): 1",
      "                  flags: [00000100] 8 bits",
      "                         [Bit 2] Clock locked",
      `                    CRC: 0x${new DataView(bytes.buffer, bytes.byteOffset).getUint32(28, true).toString(16).toUpperCase().padStart(8, "0")}`,
      "    extra header length: 38 bytes",
      "    data payload length: 64 bytes",
      "       payload encoding: steim2 (val: 11)",
      "          extra headers:",
      '                "Maker": {',
      '                  "Gain": 2.0,',
      '                  "Text": "a, {b}"',
      "                }",
      "",
    ]);
  });

  it("names the blockettes of miniSEED 2", async () => {
    const { stdout } = await run(details, ["-p", vector("generated/all-extra-headers.mseed2")]);
    assert.match(stdout, /^ +data quality: Q$/m);
    assert.match(stdout, /^ +byte order: big endian$/m);
    assert.match(
      stdout,
      /^ +blockettes: 1000 \(data only SEED\), 1001 \(data extension\).* 390 \(generic calibration\)/m,
    );
  });

  it("gives each record as JSON, as libmseed reads it", async () => {
    const { records } = vectorsOf("generated").find(
      ({ name }) => name === "generated/sweep-v2-e11-512.mseed2",
    )!.strict;
    const file = vector("generated/sweep-v2-e11-512.mseed2");
    const { stdout } = await run(details, ["--json", "--samples", file]);
    const objects = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      objects.map(({ offset, length, sourceId, sampleCount, samples }) => [
        offset,
        length,
        sourceId,
        sampleCount,
        samples.length,
      ]),
      records.map((record) => [
        record.offset,
        record.length,
        record.sid,
        record.samplesInHeader,
        record.samplesInHeader,
      ]),
    );
    assert.deepEqual(Object.keys(objects[0]), [
      "file",
      "offset",
      "length",
      "sourceId",
      "network",
      "station",
      "location",
      "channel",
      "startTime",
      "endTime",
      "sampleRate",
      "sampleCount",
      "encoding",
      "formatVersion",
      "publicationVersion",
      "flags",
      "extraHeaders",
      "samples",
    ]);
    assert.equal(objects[0].startTime, "2024-02-29T23:59:58.123456Z");
    assert.equal(objects[0].encoding, "steim2");
  });

  it("chooses records by source id", async () => {
    const files = [vector("generated/rate-pi.mseed3"), vector("generated/headeronly.mseed3")];
    const all = await run(details, files);
    const some = await run(details, [...files, "--match", "_RATE_"]);
    assert.equal(all.stdout.trimEnd().split("\n").length, 3);
    assert.equal(some.stdout.trimEnd().split("\n").length, 2);
    assert.equal(some.exitCode, 0);
    assert.equal((await run(details, [...files, "--match", "("])).exitCode, 2);
  });

  it("goes on after a file that it cannot read, and tells", async () => {
    const good = vector("generated/headeronly.mseed3");
    const { exitCode, stdout, stderr } = await run(details, [
      "/no/such/file",
      vector("mutants/text.mseed"),
      good,
    ]);
    assert.equal(exitCode, 1);
    assert.equal(stdout.trimEnd().split("\n").length, 1);
    assert.match(stderr, /^mseed: \/no\/such\/file: no such file or directory$/m);
    assert.match(stderr, /text\.mseed: no miniSEED record in it$/m);
  });

  it("tells a few problems of a kind, and the number of the others", async () => {
    const noisy = Buffer.concat(
      Array.from({ length: 8 }, () => [readOwn("mutants/v3-noise-between.mseed3")]).flat(),
    );
    const { exitCode, stderr } = await run(details, ["-"], { stdin: noisy });
    assert.equal(exitCode, 1);
    assert.equal(stderr.match(/error NOT_MINISEED/g)?.length, 5);
    assert.match(stderr, /-: 3 more of NOT_MINISEED/);
  });

  it("does not let a record steer the terminal", async () => {
    const [record] = packRecords({
      sourceId: "FDSN:XX_\x1b[2J__L_O_G",
      startTime: 0,
      sampleRate: 0,
      samples: "line\n\x1b]0;title\x07",
      extraHeaders: '{"a":"\u009b2J"}',
    });
    const { stdout } = await run(details, ["-D", "-p", "-"], { stdin: record });
    assert.doesNotMatch(stdout.replaceAll("\n", ""), /\p{Cc}/u);
    assert.match(stdout, /^line\n\\u001b\]0;title\\u0007$/m);
  });

  it("reads standard input as a process", async () => {
    const outcome = await runProgram("mseed", ["details", "-"], readOwn("generated/headeronly.mseed3"));
    assert.deepEqual(outcome, {
      exitCode: 0,
      stdout: "FDSN:XX_HDR__B_H_Z, 0, 58, 0 samples, 0 Hz, 2020-01-01T00:00:00.000000Z (001)\n",
      stderr: "",
    });
  });

  it("ends quietly when the reader of its output goes away", async () => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, "many.mseed");
    const record = readOwn("generated/headeronly.mseed3");
    await writeFile(file, Buffer.concat(Array.from({ length: 20_000 }, () => record)));
    const child = start("mseed", ["details", file]);
    let stderr = "";
    child.stderr.on("data", (piece) => {
      stderr += piece;
    });
    child.stdout.once("data", () => child.stdout.destroy());
    const exitCode = await new Promise((resolve) => child.on("close", resolve));
    assert.deepEqual([exitCode, stderr], [141, ""]);
  });
});

describe("mseed validate", () => {
  it("finds nothing wrong with good files", async () => {
    const outcome = await run(validate, [
      vector("generated/sweep-v2-e11-512.mseed2"),
      vector("generated/text-utf8.mseed3"),
    ]);
    assert.equal(outcome.exitCode, 0);
    assert.match(outcome.stdout, /^Files: 2, Records: \d+, Errors: 0, Warnings: 0\n$/);
  });

  it("names every problem with file, offset and code", async () => {
    const file = vector("mutants/v3-steim2-dnib-2-0.mseed3");
    const { exitCode, stdout } = await run(validate, [file]);
    assert.equal(exitCode, 1);
    assert.ok(stdout.startsWith(`${file}: offset 0: error STEIM_INVALID: FDSN:XX_MUT__B_H_Z: `), stdout);
    const json = JSON.parse((await run(validate, ["--json", file])).stdout);
    assert.deepEqual(
      { ...json, message: "" },
      {
        file,
        offset: 0,
        length: json.length,
        severity: "error",
        code: "STEIM_INVALID",
        sourceId: "FDSN:XX_MUT__B_H_Z",
        message: "",
      },
    );
  });

  it("takes warnings for errors only if asked", async () => {
    const file = vector("mutants/v3-sid-xfdsn.mseed3");
    const { exitCode, stdout } = await run(validate, [file]);
    assert.equal(exitCode, 0);
    assert.match(stdout, /warning SOURCE_ID_INVALID.*\n.*Errors: 0, Warnings: 1\n$/);
    assert.equal((await run(validate, ["--strict", file])).exitCode, 1);
  });

  it("uses colours on a terminal only", async () => {
    const stdout = new Screen();
    stdout.isTTY = true;
    const file = vector("mutants/v3-sid-xfdsn.mseed3");
    const before = process.env.FORCE_COLOR;
    process.env.FORCE_COLOR = "1"; // as in a terminal of today, whatever the test runs in
    try {
      await run(validate, [file], { stdout });
    } finally {
      if (before === undefined) delete process.env.FORCE_COLOR;
      else process.env.FORCE_COLOR = before;
    }
    assert.ok(stdout.text.includes("\x1b[33mwarning SOURCE_ID_INVALID\x1b[39m"), stdout.text);
    assert.ok(!(await run(validate, [file])).stdout.includes("\x1b"));
  });
});
