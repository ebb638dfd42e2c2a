// `mseed details -T -G` on more segments than a function call takes arguments.
import assert from "node:assert/strict";
import { details } from "../../lib/cli/mseed/details.ts";
import { packRecords } from "../../lib/mseed/index.ts";
import { run } from "../cli/shell.ts";

describe("mseed details --traces --gaps, much of it", () => {
  it("lists as many segments as there are", async () => {
    const [one = new Uint8Array()] = packRecords({
      sourceId: "FDSN:XX_A__L_H_Z",
      startTime: "2020-01-01",
      sampleRate: 1,
      samples: [0],
    });
    const apart = Buffer.alloc(one.length * 130_000);
    for (let i = 0; i < 130_000; i++) {
      apart.set(one, i * one.length);
      // Hours, minutes and seconds of the start time; the checksum is not what this is about.
      const second = (i % 43_200) * 2;
      apart[i * one.length + 12] = second / 3600;
      apart[i * one.length + 13] = (second / 60) % 60;
      apart[i * one.length + 14] = second % 60;
      apart.writeUInt16LE(1 + Math.floor(i / 43_200), i * one.length + 10);
    }
    const { stdout } = await run(details, ["-T", "-G", "-"], { stdin: apart });
    assert.match(stdout, /^Total: 1 trace\(s\) with 130000 segment\(s\)$/m);
    assert.match(stdout, /^Total: 129999 gap\(s\)$/m);
  });
});
