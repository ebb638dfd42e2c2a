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

  it("have times of 64 bits, and no others", () => {
    for (const [text, time] of [
      ["9223372036854775807", 2n ** 63n - 1n],
      ["9223372036854775808", undefined],
      ["-9223372036854775808", -(2n ** 63n)],
      ["-9223372036854775809", undefined],
      ["+9007199254740992", 2n ** 53n],
      ["-9007199254740991", -(2 ** 53 - 1)],
      ["-0", -0],
      ["1e3", undefined],
      ["9".repeat(201), undefined],
    ] as const) {
      const command = read(`WRITE A ${text} ${text} A 1`);
      const times = command.kind === "WRITE" ? [command.dataStart, command.dataEnd] : [undefined, undefined];
      assert.deepEqual(times, [time, time], text);
    }
  });

  it("have packet ids of 64 bits, where their flags say so", () => {
    for (const [flags, text, id] of [
      ["AI", "18446744073709551615", 2n ** 64n - 1n],
      ["AI", "18446744073709551616", "MALFORMED"],
      ["I", "0", 0n],
      ["AI", "-1", "MALFORMED"],
      ["AI", "9".repeat(401), "MALFORMED"],
      ["A", "5", undefined],
      ["A", "x", undefined],
    ] as const) {
      const command = read(`WRITE A 1 2 ${flags} 1 ${text}`.slice(0, 700));
      assert.equal(command.kind === "WRITE" ? command.packetId : command.kind, id, `${flags} ${text}`);
    }
    assert.equal(read("WRITE A 1 2 I 1 5").kind, "WRITE");
    const unacknowledged = read("WRITE A 1 2 I 1 5");
    assert.ok(unacknowledged.kind === "WRITE" && !unacknowledged.acknowledge);
  });
});

describe("other requests", () => {
  const message = (header: string) => {
    const command = read(header);
    return command.kind === "MALFORMED" ? command.message : command.kind;
  };

  it("are read in capitals or not, whatever separates their words, up to a NUL", () => {
    for (const header of ["READ 5", "read\t5", " READ \r\n 5 ", "READ 5\0 6"])
      assert.deepEqual(read(header), { kind: "READ", packetId: 5n, size: 0, payload: Buffer.alloc(0) });
    assert.equal(read("  ").kind, "EMPTY");
    for (const kind of ["STREAM", "ENDSTREAM", "BYE"]) assert.equal(read(kind.toLowerCase()).kind, kind);
    assert.equal(read("HELP").kind, "UNKNOWN");
    assert.throws(() => read("X"), { code: "PROTOCOL" });
    const id = read("ID  me \x01\xe9 ");
    assert.equal(id.kind === "ID" && id.clientId, "me ??");
  });

  it("are told what is wrong with them", () => {
    for (const [header, words] of [
      ["READ", "Error parsing READ command parameters"],
      ["READ 1 2", "Error parsing READ command parameters"],
      ["POSITION", "POSITION requires 2 or 3 arguments"],
      ["POSITION SET", "POSITION requires 2 or 3 arguments"],
      ["POSITION SET 1 2 3", "POSITION requires 2 or 3 arguments"],
      ["POSITION GET 1", "Unsupported POSITION subcommand"],
      ["POSITION SET x", "Error with POSITION SET value"],
      ["POSITION SET 1 x", "Error with POSITION SET time"],
      ["POSITION AFTER x", "Error with POSITION AFTER time"],
      ["MATCH 1 2", "MATCH requires a single argument"],
      ["REJECT x", "REJECT size argument is invalid"],
      ["MATCH 8193", "match expression too large, must be <= 8192 with packets of 512 bytes"],
      ["MATCH 1048577", "match expression too large, must be <= 1048576"],
      ["MATCH 1048576", "match expression too large, must be <= 8192 with packets of 512 bytes"],
      ["MATCH 9007199254740992", "MATCH size argument is invalid"],
      ["INFO", "INFO request has no type"],
      ["INFO GAPS\xe9", "Unrecognized INFO request type: GAPS?"],
      ["INFO STREAMS 1 2", "INFO request has extra arguments"],
      ["INFO STREAMS 8193", "match expression too large, must be <= 8192 with packets of 512 bytes"],
      ["AUTH JWT", "AUTH requires 2 arguments"],
      ["AUTH JWT 1 2", "AUTH requires 2 arguments"],
      ["AUTH JWT x", "AUTH size argument is invalid"],
      ["AUTH JWT 4096", "AUTH credentials are too large"],
      ["WRITE A 1 2 A 513", "Packet size (513) is too large for ring, maximum is 512 bytes"],
      [`WRITE ${"x".repeat(64)} 1 2 A 1`, "Error, stream ID too long"],
      ["WRITE A 1 2 A 1 2 3", "Error parsing WRITE command parameters"],
    ] as const)
      assert.equal(message(header), words, header);
  });

  it("are taken at their limits", () => {
    const read4 = (header: string) => {
      const { payload: _, ...command } = read(header);
      return command;
    };
    assert.deepEqual(read4("MATCH 8192"), { kind: "MATCH", clear: false, size: 8192 });
    assert.deepEqual(read4("REJECT"), { kind: "REJECT", clear: true, size: 0 });
    assert.deepEqual(read4("auth jwt 4095"), { kind: "AUTH", type: "JWT", size: 4095 });
    assert.deepEqual(read4("AUTHORIZATION 5"), { kind: "AUTH", type: "JWT", size: 5 });
    assert.deepEqual(read4("position set latest"), {
      ...{ kind: "POSITION SET", at: "LATEST", packetTime: undefined, size: 0 },
    });
    assert.deepEqual(read4("POSITION SET 5 -7"), {
      ...{ kind: "POSITION SET", at: 5n, packetTime: -7, size: 0 },
    });
    assert.deepEqual(read4("POSITION AFTER 9223372036854775807"), {
      ...{ kind: "POSITION AFTER", time: 2 ** 63, size: 0 },
    });
    assert.deepEqual(read4("INFO streams"), {
      ...{ kind: "INFO", type: "STREAMS", inlinePattern: undefined, size: 0 },
    });
    assert.deepEqual(read4("INFO STREAMS 12"), {
      ...{ kind: "INFO", type: "STREAMS", inlinePattern: undefined, size: 12 },
    });
    assert.deepEqual(read4("INFO STREAMS A.*"), {
      ...{ kind: "INFO", type: "STREAMS", inlinePattern: "A.*", size: 0 },
    });
  });
});
