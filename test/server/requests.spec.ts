// lib/datalink/protocol/server-requests.ts: WRITE as nearly all clients send it is read byte by byte, and means what it means when
// it is read word by word, as everything else is.
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Command, commandParser } from "../../lib/datalink/protocol/server-requests.ts";

const PACKET_SIZE = 512;
const parse = commandParser(PACKET_SIZE);

/** What the header means in the middle of other bytes. */
function read(header: string, behind = "DL"): Command {
  const bytes = Buffer.from(`DL_${header}${behind}`, "latin1");
  return parse(bytes, 3, bytes.length - behind.length);
}

/** The same words in a spelling that is always read word by word. */
const wordByWord = (header: string): Command => read(`${header} `);

const digits = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n }).map(String),
  fc.maxSafeInteger().map(String),
  fc.constantFrom("0", "007", "512", "513", "", "-", "+5", "1e3", "9007199254740991", "9007199254740992"),
  fc.constantFrom("9007199254740993", "0009007199254740991", "99999999999999999", "1\0", "1x", "x1", "1\t"),
);
const streamId = fc.oneof(
  fc.stringMatching(/^[!-~]{1,70}$/),
  fc.constantFrom("A", "A\t7", "\x80A", "A\xff", "A\0B", "\x7f", "", "FDSN:XX_ONE_00_H_H_Z/MSEED"),
);
const flags = fc.constantFrom("A", "N", "AI", "I", "NA", "a", "", "\t", "AA", "X");
const separator = fc.oneof(
  { weight: 9, arbitrary: fc.constant(" ") },
  fc.constantFrom("\t", "  ", "\0", "_"),
);
const words = fc.tuple(
  fc.oneof({ weight: 9, arbitrary: fc.constant("WRITE") }, fc.constantFrom("write", "WRITES", "WRIT")),
  streamId,
  digits,
  digits,
  flags,
  digits,
);

describe("requests of WRITE", () => {
  it("mean the same, read byte by byte and word by word", () => {
    const gaps = fc.array(separator, { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(words, gaps, fc.constantFrom("", " 5", " ", "\0 5"), (parts, between, tail) => {
        const header = parts.map((part, i) => part + (between[i] ?? "")).join("") + tail;
        fc.pre(header.length > 1 && header.length < 250);
        assert.deepEqual(read(header), wordByWord(header));
      }),
      { numRuns: 2000 },
    );
  });

  it("are read as they are sent", () => {
    const header = "WRITE FDSN:XX_ONE_00_H_H_Z/MSEED 1700000000000000 9007199254740991 A 512";
    assert.deepEqual(read(header), {
      kind: "WRITE",
      streamId: "FDSN:XX_ONE_00_H_H_Z/MSEED",
      dataStart: 1_700_000_000_000_000,
      dataEnd: Number.MAX_SAFE_INTEGER,
      acknowledge: true,
      packetId: undefined,
      size: 512,
      payload: Buffer.alloc(0),
    });
  });

  it("end where the header does, whatever the payload looks like", () => {
    for (const header of ["WRITE A", "WRITE A 1", "WRITE A 1 2", "WRITE A 1 2 N", "WRITE A 1 2 N "])
      for (const behind of [" 1 2 N 5", "5 ", " 5", "1 2 N 5", "DL"])
        assert.equal(read(header, behind).kind, "MALFORMED", `${header}|${behind}`);
  });
});
