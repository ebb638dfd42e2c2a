// The commands of `mseed` take files of any size: what they hold in memory does not grow with what they read.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { packRecords } from "../../lib/mseed/index.ts";
import { start } from "../cli/shell.ts";

const MB = 1024 * 1024;
const INPUT = 200 * MB;
const LIMIT = 180 * MB;

const SAMPLES = 200_000;

/** The next piece of a long file: three source ids that go on from piece to piece, and noise. */
function piece(number: number): Uint8Array {
  const samples = Int32Array.from({ length: SAMPLES }, (_, i) => Math.round(1000 * Math.sin(i)));
  const startTime = BigInt(number * SAMPLES) * 10_000_000n;
  const records = ["Z", "N", "E"].flatMap((subsource) => [
    ...packRecords(
      { sourceId: `FDSN:XX_BIG__H_H_${subsource}`, startTime, sampleRate: 100, samples },
      { formatVersion: 3, recordLength: 512 },
    ),
  ]);
  return Buffer.concat([...records, Buffer.from("noise ".repeat(20))]);
}

/** The most memory that a process had so far, in bytes. */
function peakMemory(pid: number): number {
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1]) * 1024;
}

describe("memory of mseed", () => {
  for (const argv of [
    ["details", "-"],
    ["details", "-T", "-"],
    ["convert", "-F", "2", "-"],
    ["set", "/FDSN/Time/Quality", "50", "-"],
    ["merge", "-"],
  ]) {
    it(`stays flat in mseed ${argv.join(" ")}`, async function () {
      if (process.platform !== "linux") this.skip();
      this.timeout(300_000);
      const child = start("mseed", argv);
      child.stdout.resume();
      child.stderr.resume();
      for (let number = 0, sent = 0; sent < INPUT; number++) {
        const bytes = piece(number);
        sent += bytes.length;
        if (!child.stdin.write(bytes)) await once(child.stdin, "drain");
      }
      const peak = peakMemory(child.pid!);
      child.stdin.end();
      const [exitCode] = await once(child, "close");
      assert.equal(exitCode, 1); // for the noise
      assert.ok(peak < LIMIT, `${Math.round(peak / MB)} MB`);
    });
  }
});
