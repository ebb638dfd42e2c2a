// `mseed details --traces --gaps`: continuous stretches and what lies between them.
import assert from "node:assert/strict";
import type { Command } from "../../../lib/cli/command.ts";
import { availability } from "../../../lib/cli/mseed/availability.ts";
import { details } from "../../../lib/cli/mseed/details.ts";
import { packRecords, type Series } from "../../../lib/mseed/index.ts";
import { readOwn, vectorsOf } from "../../mseed/vectors.ts";
import { run, Screen } from "../shell.ts";

/** A record of 1 Hz that begins so many seconds after 2020. */
function record(second: number, count: number, change: Partial<Series> = {}): Uint8Array {
  const startTime = BigInt(Date.UTC(2020, 0, 1)) * 1_000_000n + BigInt(Math.round(second * 1e9));
  const samples = new Int32Array(count);
  return Buffer.concat([
    ...packRecords({ sourceId: "FDSN:XX_A__L_H_Z", startTime, sampleRate: 1, samples, ...change }),
  ]);
}

async function list(records: Uint8Array[], ...argv: string[]): Promise<string[]> {
  const { exitCode, stdout, stderr } = await run(details, [...argv, "-"], { stdin: Buffer.concat(records) });
  assert.deepEqual([exitCode, stderr], [0, ""]);
  return stdout.trimEnd().split("\n");
}

async function objects(records: Uint8Array[], ...argv: string[]) {
  return (await list(records, "--json", ...argv))
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

describe("mseed details --traces --gaps", () => {
  const B = { sourceId: "FDSN:XX_B__L_H_Z", sampleRate: 100 };

  it("lists traces in msi's columns, by source id and time", async () => {
    const records = [record(0, 10, B), record(100, 50), record(10, 20), record(0, 10), record(0.1, 400, B)];
    assert.deepEqual(await list(records, "-T"), [
      "SourceID                    Start sample                 End sample                   Hz  Samples",
      "FDSN:XX_A__L_H_Z            2020-01-01T00:00:00.000000Z  2020-01-01T00:00:29.000000Z  1   30",
      "FDSN:XX_A__L_H_Z            2020-01-01T00:01:40.000000Z  2020-01-01T00:02:29.000000Z  1   50",
      "FDSN:XX_B__L_H_Z            2020-01-01T00:00:00.000000Z  2020-01-01T00:00:04.090000Z  100 410",
      "Total: 2 trace(s) with 3 segment(s)",
    ]);
  });

  it("fits in 80 columns of a terminal", async () => {
    const id = { sourceId: "FDSN:XX_DEMO_00_H_H_Z", sampleRate: 100 };
    const stdin = Buffer.concat([
      record(0, 1_234_567, { ...id, samples: new Int32Array(100_000) }),
      record(200_000, 10, id),
    ]);
    const shown = async (command: Command, ...argv: string[]) => {
      const stdout = new Screen();
      stdout.isTTY = true;
      return (await run(command, [...argv, "-"], { stdin, stdout })).stdout.trimEnd().split("\n");
    };
    const lists = await Promise.all([shown(details, "-T"), shown(details, "-G"), shown(availability)]);
    for (const lines of lists)
      assert.ok(
        lines.every((line) => line.length <= 80),
        lines.join("\n"),
      );
    assert.equal(lists[0][1], "XX_DEMO_00_H_H_Z 2020-01-01 00:00:00 2020-01-01 00:16:39 100 100000");
  });

  it("lists gaps and overlaps, from sample to sample", async () => {
    const records = [record(0, 30), record(100, 50), record(140, 20), record(4000, 10), record(200_000, 1)];
    assert.deepEqual(await list(records, "-G"), [
      "SourceID                    Last Sample                  Next Sample                  Gap  Samples",
      "FDSN:XX_A__L_H_Z            2020-01-01T00:00:29.000000Z  2020-01-01T00:01:40.000000Z  71   70",
      "FDSN:XX_A__L_H_Z            2020-01-01T00:02:29.000000Z  2020-01-01T00:02:20.000000Z  -10  10",
      "FDSN:XX_A__L_H_Z            2020-01-01T00:02:39.000000Z  2020-01-01T01:06:40.000000Z  1.1h 3840",
      "FDSN:XX_A__L_H_Z            2020-01-01T01:06:49.000000Z  2020-01-03T07:33:20.000000Z  2.3d 195990",
      "Total: 4 gap(s)",
    ]);
  });

  it("counts a gap from the sample that came last, also where a shorter segment came after it", async () => {
    const [overlap, gap] = await objects([record(0, 100), record(10, 20), record(150, 10)], "-G");
    assert.deepEqual(overlap, {
      kind: "overlap",
      sourceId: "FDSN:XX_A__L_H_Z",
      startTime: "2020-01-01T00:00:10Z",
      endTime: "2020-01-01T00:00:29Z",
      samples: 20,
    });
    assert.deepEqual(
      [gap.kind, gap.startTime, gap.endTime, gap.samples],
      ["gap", "2020-01-01T00:01:40Z", "2020-01-01T00:02:30Z", 50],
    );
  });

  it("shows second 60 where a trace begins or ends in a leap second", async () => {
    const midnight = (Date.UTC(2017, 0, 1) - Date.UTC(2020, 0, 1)) / 1000;
    const two = { sampleRate: 2 };
    const [ending] = await objects([record(midnight - 1, 4, two)], "-T");
    assert.deepEqual([ending.startTime, ending.endTime], ["2016-12-31T23:59:59Z", "2016-12-31T23:59:60.5Z"]);
    const [after] = await objects([record(midnight - 1, 4, two), record(midnight, 2, two)], "-T");
    assert.deepEqual([after.endTime, after.sampleCount], ["2017-01-01T00:00:00.5Z", 6]);
    const [, first] = await list([readOwn("mutants/v2-second-60.mseed2")], "-T");
    assert.match(first!, /:60\.\d+Z .*Z /);
    const { stdout } = await run(details, ["-"], { stdin: readOwn("mutants/v2-second-60.mseed2") });
    assert.match(stdout, /T\d\d:\d\d:60\.\d+Z \(\d+\)/);
  });

  it("joins within the tolerance", async () => {
    const records = [record(0, 10), record(10.5, 10), record(21.1, 10)];
    assert.deepEqual(
      (await objects(records, "-T")).map(({ sampleCount }) => sampleCount),
      [20, 10],
    );
    assert.equal((await objects(records, "-T", "-t", "0.1")).length, 3);
    assert.equal((await objects(records, "-T", "-t", "0.6")).length, 1);
    assert.equal((await objects([record(0, 10), record(9, 10)], "-T", "-t", "1")).length, 1);
  });

  it("keeps publication versions apart if asked", async () => {
    const records = [record(0, 10), record(10, 10, { publicationVersion: 2 }), record(20, 10)];
    assert.equal((await objects(records, "-T")).length, 1);
    assert.deepEqual(
      (await objects(records, "-T", "-P")).map(({ startTime, sampleCount }) => [
        startTime.slice(17, 19),
        sampleCount,
      ]),
      [
        ["00", 10],
        ["20", 10],
        ["10", 10],
      ],
    );
  });

  it("leaves text and headers alone", async () => {
    const text = record(0, 0, { sampleRate: 0, samples: "one" });
    const later = record(60, 0, { sampleRate: 0, samples: "two" });
    assert.equal((await objects([text, later], "-T")).length, 2);
    assert.deepEqual(await list([text, later], "-G"), [
      "SourceID                    Last Sample                  Next Sample                  Gap  Samples",
      "Total: 0 gap(s)",
    ]);
  });

  it("refuses more overlaps than can be joined in a reasonable time", async () => {
    const one = record(0, 10);
    const { exitCode, stderr } = await run(details, ["-T", "-"], {
      stdin: Buffer.concat(Array.from({ length: 50_002 }, () => one)),
    });
    assert.equal(exitCode, 1);
    assert.match(stderr, /^mseed details: 50001 stretches of records overlap others.*merge --dedupe/m);
  });

  it("finds the traces that libmseed finds", async () => {
    let compared = 0;
    for (const { name, bytes, strict } of vectorsOf("generated")) {
      if (strict.finalStatus !== "MS_ENDOFFILE" || strict.traces.length === 0) continue;
      const found = await objects([bytes], "-T");
      assert.deepEqual(
        found.map((segment) => [segment.sourceId, segment.sampleCount, segment.sampleRate]),
        strict.traces.map((trace) => [trace.sid, trace.samples, trace.sampleRateHz]),
        name,
      );
      compared++;
    }
    assert.ok(compared > 60, `${compared} compared`);
  });
});
