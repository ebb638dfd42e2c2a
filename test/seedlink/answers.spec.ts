// lib/seedlink/protocol/server/answers.ts: INFO of protocol 3 is text in log records that any reader of miniSEED can read.
import assert from "node:assert/strict";
import fc from "fast-check";
import { readRecords } from "../../lib/mseed/index.ts";
import { encodeInfo3 } from "../../lib/seedlink/protocol/server/answers.ts";

const HEADER = 8;

describe("INFO of a SeedLink 3 server", () => {
  it("comes in records whose text and time are those of the answer", () => {
    const millisecond = fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2090, 0, 1) });
    fc.assert(
      fc.property(
        fc.string({ maxLength: 1500, unit: "grapheme-ascii" }),
        fc.boolean(),
        millisecond,
        (text, isError, time) => {
          const frames = encodeInfo3(Buffer.from(text), isError, time);
          const heads = frames.map((frame) => frame.toString("latin1", 0, HEADER));
          assert.equal(heads.pop(), "SLINFO  ");
          assert.ok(heads.every((head) => head === "SLINFO *"));
          const records = frames.flatMap((frame) => [
            ...readRecords(frame.subarray(HEADER), { strict: true }),
          ]);
          assert.equal(records.length, frames.length);
          assert.equal(records.map(({ samples }) => String(samples)).join(""), text);
          for (const { startTime, sampleRate, length, sourceId } of records) {
            assert.equal(startTime, BigInt(time) * 1_000_000n);
            assert.deepEqual([sampleRate, length], [0, 512]);
            assert.equal(sourceId.text, isError ? "FDSN:XX_INFO__E_R_R" : "FDSN:XX_INFO__I_N_F");
          }
        },
      ),
    );
  });
});
