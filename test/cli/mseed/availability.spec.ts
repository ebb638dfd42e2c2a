// `mseed availability`: percent, gaps, and the forms in which they are written.
import assert from "node:assert/strict";
import { availability } from "../../../lib/cli/mseed/availability.ts";
import { packRecords } from "../../../lib/mseed/index.ts";
import { run } from "../shell.ts";

function record(second: number, count: number, station = "A"): Uint8Array {
  const startTime = BigInt(Date.UTC(2020, 0, 1)) * 1_000_000n + BigInt(second) * 1_000_000_000n;
  const series = {
    sourceId: `FDSN:XX_${station}__L_H_Z`,
    startTime,
    sampleRate: 1,
    samples: new Int32Array(count),
  };
  return Buffer.concat([...packRecords(series)]);
}

const stdin = Buffer.concat([
  record(30, 30),
  record(0, 20),
  record(0, 60, "B"),
  record(61, 39),
  record(10, 5),
]);

async function list(...argv: string[]): Promise<string[]> {
  const { exitCode, stdout, stderr } = await run(availability, [...argv, "-"], { stdin });
  assert.deepEqual([exitCode, stderr], [0, ""]);
  return stdout.trimEnd().split("\n");
}

describe("mseed availability", () => {
  it("lists streams with their gaps", async () => {
    assert.deepEqual(await list(), [
      "SourceID                    Start                        End                           Percent     Gaps  Missing",
      "FDSN:XX_A__L_H_Z            2020-01-01T00:00:00.000000Z  2020-01-01T00:01:40.000000Z    89.000        2     11 s",
      "  gap                       2020-01-01T00:00:20.000000Z  2020-01-01T00:00:30.000000Z                        10 s",
      "  gap                       2020-01-01T00:01:00.000000Z  2020-01-01T00:01:01.000000Z                         1 s",
      "FDSN:XX_B__L_H_Z            2020-01-01T00:00:00.000000Z  2020-01-01T00:01:00.000000Z   100.000        0      0 s",
    ]);
  });

  it("writes CSV", async () => {
    assert.deepEqual(await list("--csv", "--min-gap", "5", "-m", "A"), [
      "kind,sourceId,startTime,endTime,seconds,percent",
      "data,FDSN:XX_A__L_H_Z,2020-01-01T00:00:00Z,2020-01-01T00:01:40Z,90,90.000",
      "gap,FDSN:XX_A__L_H_Z,2020-01-01T00:00:20Z,2020-01-01T00:00:30Z,10,",
    ]);
  });

  it("writes JSON, of a window", async () => {
    const [a, b] = (
      await list("--json", "--start", "2020-01-01T00:00:10", "--end", "2020-01-01T00:01:50")
    ).map((line) => JSON.parse(line));
    assert.deepEqual(
      [a.percent, a.seconds, a.gaps.length, a.gaps[2]],
      [79, 79, 3, { startTime: "2020-01-01T00:01:40Z", endTime: "2020-01-01T00:01:50Z", seconds: 10 }],
    );
    assert.deepEqual([b.sourceId, b.percent, b.gaps.length], ["FDSN:XX_B__L_H_Z", 50, 1]);
  });

  it("says what is wrong", async () => {
    assert.equal((await run(availability, ["--min-gap", "x", "-"], { stdin })).exitCode, 2);
    assert.equal((await run(availability, ["-m", "QQQ", "-"], { stdin })).exitCode, 1);
    assert.equal((await run(availability, ["-"], { stdin: Buffer.from("nothing") })).exitCode, 1);
  });
});
