// `mseed get` and `mseed set`: one extra header, and not a byte more.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { get } from "../../../lib/cli/mseed/get.ts";
import { set } from "../../../lib/cli/mseed/set.ts";
import { type MiniSeedRecord, packRecords, readRecords } from "../../../lib/mseed/index.ts";
import { readOwn } from "../../mseed/vectors.ts";
import { run, runProgramForBytes, temporaryFolder } from "../shell.ts";

const vector = (name: string) => path.join(__dirname, "../../mseed/vectors", name);

function record(station: string, extraHeaders: string): Uint8Array {
  const samples = Int32Array.from({ length: 100 }, (_, i) => i * i);
  const series = {
    sourceId: `FDSN:XX_${station}__B_H_Z`,
    startTime: "2024-02-29T12:00:00Z",
    sampleRate: 20,
    samples,
    extraHeaders,
  };
  return Buffer.concat([...packRecords(series)]);
}

const A = record("A", '{ "Gain": 2.0, "Clock": {"Model": "GPS \\u00e9"}, "list":[1,2] }');
const B = record("B", "");
const C = record("C", '{"Gain":1e3}');

/** Runs `mseed set` on a file of these bytes; what is in the file after. */
async function edit(bytes: Uint8Array, ...argv: string[]): Promise<Uint8Array> {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, "file");
  await writeFile(file, bytes);
  const outcome = await run(set, [...argv, file]);
  assert.deepEqual(outcome, { exitCode: 0, stdout: "", stderr: "" });
  return readFile(file);
}

function headers(bytes: Uint8Array): string[] {
  return [...readRecords(bytes, { strict: true })].map((r) => r.extraHeadersText);
}

describe("mseed get", () => {
  const stdin = Buffer.concat([A, B, C]);

  it("shows the value of each record, as it is written there", async () => {
    assert.deepEqual(await run(get, ["/Gain", "-"], { stdin }), {
      exitCode: 0,
      stdout: "2.0\n\n1e3\n",
      stderr: "",
    });
    assert.equal((await run(get, ["/Clock", "-"], { stdin })).stdout, '{"Model": "GPS \\u00e9"}\n\n\n');
    assert.equal((await run(get, ["/list/1", "-", "--first"], { stdin })).stdout, "2\n");
    assert.equal((await run(get, ["", "-", "-m", "_C_"], { stdin })).stdout, '{"Gain":1e3}\n');
  });

  it("puts a value of many lines on one", async () => {
    const many = record("A", '{"a": [\n  1.0,\n  "x y"\n]}');
    assert.equal((await run(get, ["/a", "-"], { stdin: many })).stdout, '[1.0,"x y"]\n');
  });

  it("tells the record in JSON", async () => {
    const { stdout } = await run(get, ["--json", "/Gain", "-"], { stdin });
    const [a, b, c] = stdout.trimEnd().split("\n");
    const where = '"sourceId":"FDSN:XX_A__B_H_Z","startTime":"2024-02-29T12:00:00Z"';
    assert.equal(a, `{"file":"-","offset":0,${where},"value":2.0}`);
    assert.equal("value" in JSON.parse(b!), false);
    assert.deepEqual(JSON.parse(c!).value, 1000);
  });

  it("reads what miniSEED 2 says in flags and blockettes", async () => {
    const { stdout } = await run(get, ["/FDSN/Time/Quality", vector("generated/all-extra-headers.mseed2")]);
    assert.equal(stdout, "87\n");
  });

  it("fails if nothing is there, the pointer is none, or the headers are broken", async () => {
    assert.deepEqual(await run(get, ["/None", "-"], { stdin }), {
      exitCode: 1,
      stdout: "\n\n\n",
      stderr: "",
    });
    assert.equal((await run(get, ["Gain", "-"], { stdin })).exitCode, 2);
    assert.equal((await run(get, [])).exitCode, 2);
    const broken = await run(get, ["/Gain", vector("mutants/v3-eh-array.mseed3")]);
    assert.equal(broken.exitCode, 1);
    assert.match(
      broken.stderr,
      /^mseed: .+v3-eh-array\.mseed3: offset 0: error EXTRA_HEADERS_INVALID: .+\n$/,
    );
  });
});

describe("mseed set", () => {
  it("changes one value where it stands, and nothing else", async () => {
    const changed = await edit(A, "/Clock/Model", '"PTP"');
    assert.deepEqual(headers(changed), ['{ "Gain": 2.0, "Clock": {"Model": "PTP"}, "list":[1,2] }']);
    assert.deepEqual(await edit(changed, "/Clock/Model", '"GPS \\u00e9"'), A);
    assert.deepEqual(headers(await edit(A, "--text", "/Clock/Model", "a b")), [
      '{ "Gain": 2.0, "Clock": {"Model": "a b"}, "list":[1,2] }',
    ]);
    assert.deepEqual(headers(await edit(C, "/Gain", "2.50")), ['{"Gain":2.50}']);
    assert.deepEqual(headers(await edit(B, "/FDSN/Time/Quality", "95")), [
      '{"FDSN":{"Time":{"Quality":95}}}',
    ]);
    assert.deepEqual(await edit(await edit(B, "/Gain", "1"), "--delete", "/Gain"), B);
  });

  it("keeps every byte that it does not mean: other records, and what is no record", async () => {
    const noise = Buffer.from("some noise between, \x00\x01\x02 ".repeat(50));
    const two = readOwn("generated/text-log.mseed2");
    const file = [noise, A, two, noise, C, A, noise.subarray(0, 30)];
    const { exitCode, stdout } = await runProgramForBytes(
      "mseed",
      ["set", "/Gain", "7", "-m", "_C_", "-"],
      Buffer.concat(file),
    );
    assert.equal(exitCode, 1); // for the noise, which is told
    file[4] = record("C", '{"Gain":7}');
    assert.deepEqual(stdout, Buffer.concat(file));
  });

  it("changes only the first record if asked", async () => {
    const changed = await edit(Buffer.concat([C, C]), "--first", "/Gain", "7");
    assert.deepEqual(headers(changed), ['{"Gain":7}', '{"Gain":1e3}']);
  });

  it("takes the value from a file, and writes to another one", async () => {
    await using folder = await temporaryFolder();
    const [input, output, value] = ["in", "out", "value"].map((name) => path.join(folder.path, name));
    await writeFile(input!, C);
    await writeFile(value!, '{ "a": 1.0 }\n');
    assert.equal((await run(set, ["/Gain", "--value-file", value!, "-o", output!, input!])).exitCode, 0);
    assert.deepEqual(headers(await readFile(output!)), ['{"Gain":{ "a": 1.0 }}']);
    assert.deepEqual(await readFile(input!), Buffer.from(C));
  });

  it("changes what miniSEED 2 has a place for, and refuses the rest", async () => {
    const before = readOwn("generated/all-extra-headers.mseed2");
    const [was] = readRecords(before);
    const [is] = readRecords(await edit(before, "/FDSN/Time/Quality", "12"));
    const without = ({ extraHeaders }: MiniSeedRecord) =>
      JSON.stringify(extraHeaders).replace(/"Quality":\d+/, "");
    assert.match(is!.extraHeadersText, /"Quality":12/);
    assert.equal(without(is!), without(was!));
    assert.deepEqual(is!.payload.slice(), was!.payload.slice());

    const refused = await run(set, ["/Mine", "1", "-"], { stdin: before });
    assert.equal(refused.exitCode, 1);
    assert.match(
      refused.stderr,
      /^mseed set: -: offset 0: no place in miniSEED 2 .*\/Mine.*convert --format 3/,
    );
  });

  it("does not touch a broken record", async () => {
    const broken = Buffer.from(A);
    broken[broken.length - 1]! ^= 1;
    const { exitCode, stdout, stderr } = await runProgramForBytes(
      "mseed",
      ["set", "/Gain", "7", "-"],
      broken,
    );
    assert.equal(exitCode, 1);
    assert.match(stderr, /CRC_MISMATCH/);
    assert.deepEqual(stdout, broken);
  });

  it("says what is wrong with its arguments", async () => {
    const wrong: [string[], number, RegExp][] = [
      [[], 2, /no pointer is given/],
      [["Gain", "1", "-"], 2, /"Gain" is not a JSON pointer/],
      [["/Gain", "1"], 2, /no file is named/],
      [["/Gain", "GPS", "-"], 2, /GPS is not JSON: text needs quotes/],
      [["-o", "x", "/Gain", "1", "a", "b"], 2, /--output takes the result of one FILE/],
      [["/Gain/deep", "1", "-"], 1, /-: offset 0: \/Gain\/deep: there is no place for "deep" in 1e3/],
      [["/Gain", "1", "-", "-m", "nothing"], 1, /no record matches/],
      [["/Gain", JSON.stringify("x".repeat(70_000)), "-"], 1, /room for 65535/],
    ];
    for (const [argv, exitCode, message] of wrong) {
      const outcome = await run(set, argv, { stdin: C });
      assert.equal(outcome.exitCode, exitCode, outcome.stderr);
      assert.match(outcome.stderr, message);
      assert.equal(outcome.stderr.split("\n").length, 2);
    }
  });
});
