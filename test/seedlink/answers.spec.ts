// lib/seedlink/protocol/server/answers.ts: INFO of protocol 3 is text in log records that any reader of miniSEED can read.
import assert from "node:assert/strict";
import fc from "fast-check";
import { readRecords } from "../../lib/mseed/index.ts";
import { FrameReader } from "../../lib/seedlink/protocol/frame.ts";
import {
  encodeInfo3,
  encodeInfo4,
  encodeRefusal,
  writeHeader3,
  writeHeader4,
} from "../../lib/seedlink/protocol/server/answers.ts";

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

describe("packets of a SeedLink server", () => {
  const read = (...pieces: Buffer[]) => {
    const reader = new FrameReader({ maxPayload: 1 << 20, maxInfo: 1 << 20 });
    reader.push(Buffer.concat(pieces));
    const frame = reader.nextFrame();
    assert.equal(reader.buffered, 0);
    return frame;
  };

  it("of protocol 4 are read as they were written, behind whatever is before them", () => {
    fc.assert(
      fc.property(
        fc.nat(40),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.stringMatching(/^[A-Z0-9]{1,8}_[A-Z0-9]{1,8}$/),
        fc.uint8Array({ maxLength: 300 }),
        (at, sequence, station, payload) => {
          const target = Buffer.alloc(at + 17 + station.length, 0x7e);
          const header = { format: 0x4a, subformat: 0x20, length: payload.length, sequence };
          assert.equal(writeHeader4(target, at, { ...header, station: Buffer.from(station) }), target.length);
          assert.ok(target.subarray(0, at).every((byte) => byte === 0x7e));
          const frame = read(target.subarray(at), Buffer.from(payload));
          const { payload: back, ...rest } = frame?.kind === "data" ? frame : { payload: undefined };
          assert.deepEqual(rest, { kind: "data", sequence, format: "J", subformat: " ", station });
          assert.deepEqual([...(back ?? [])], [...payload]);
        },
      ),
    );
  });

  it("of protocol 3 have the lower 24 bits of their number", () => {
    for (const [sequence, digits] of [
      [0n, "000000"],
      [0x12ab9fn, "12AB9F"],
      [0xff_ffffn, "FFFFFF"],
      [2n ** 64n - 2n, "FFFFFE"],
      [0x100_0001n, "000001"],
    ] as const) {
      const target = Buffer.alloc(12, 0x7e);
      assert.equal(writeHeader3(target, 2, sequence), 10);
      assert.equal(target.toString("latin1"), `~~SL${digits}~~`);
    }
  });

  it("of INFO are JSON in protocol 4, also where they are about an error", () => {
    for (const isError of [false, true]) {
      const frame = read(...encodeInfo4(Buffer.from('{"a":1}'), isError));
      assert.ok(frame?.kind === "info");
      assert.deepEqual(
        [frame.protocol, frame.isLast, frame.isError, String(frame.payload)],
        [4, true, isError, '{"a":1}'],
      );
    }
  });

  it("are not sent where something is refused, in one of three forms", () => {
    assert.deepEqual(
      (["bare", "extended", 4] as const).map((form) => String(encodeRefusal(form, "ARGUMENTS", "no"))),
      ["ERROR\r\n", "ERROR\rARGUMENTS no\r\n", "ERROR ARGUMENTS no\r\n"],
    );
  });
});
