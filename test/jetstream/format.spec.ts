// lib/jetstream/format: what packets are called in a stream, and what stands in their headers. Streams outlive programs: these vectors
// must never change.
import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_PACKET_ID } from "../../lib/datalink/protocol/packet.ts";
import { JetStreamError } from "../../lib/jetstream/errors.ts";
import { checkPacket, messageId, readHeaders, writeHeaders } from "../../lib/jetstream/format/message.ts";
import type { SourcePacket } from "../../lib/jetstream/format/packet.ts";
import { filterSubject, PARTITIONS, packetSubject, partitionOf } from "../../lib/jetstream/format/subject.ts";

const SUBJECTS: [streamId: string, subject: string][] = [
  ["FDSN:CO_JSC_00_H_H_Z/MSEED", "seis.09.FDSN.CO.JSC.00.H.H.Z.MSEED"],
  ["FDSN:CO_JSC__H_H_Z/MSEED3", "seis.09.FDSN.CO.JSC._.H.H.Z.MSEED3"],
  ["CO_JSC_00_HHZ/MSEED", "seis.09.-.CO.JSC.00.H.H.Z.MSEED"],
  ["FDSN:XA2002_AB-1__L__1/MSEED", "seis.09.FDSN.XA2002.AB-1._.L._.1.MSEED"],
  ["FDSN:CO_JSC_00_H_H_Z", "seis.09.FDSN.CO.JSC.00.H.H.Z._"],
  ["FDSN:CO_JSC_00_H_H_Z/JSON/raw", "seis.09.FDSN.CO.JSC.00.H.H.Z.JSON"],
  ["FDSN:AGENCY:CO_JSC_00_H_H_Z/MSEED", "seis.09.FDSN%3AAGENCY.CO.JSC.00.H.H.Z.MSEED"],
  ["*/JSON", "seis.13.other.%2A.JSON"],
  ["a.b>c/TEXT", "seis.15.other.a%2Eb%3Ec.TEXT"],
  ["XX_A*_00_BHZ/MSEED", "seis.06.-.XX.A%2A.00.B.H.Z.MSEED"],
  ["größe/TEXT", "seis.10.other.gr%C3%B6%C3%9Fe.TEXT"],
];

const packet: SourcePacket = {
  source: "rtserve.example.org:16000",
  packetId: 18_446_744_073_709_551_605n,
  packetTime: 1_700_000_000_123_456,
  streamId: "FDSN:CO_JSC_00_H_H_Z/MSEED",
  dataStart: -5,
  dataEnd: 1_700_000_000_000_000,
  payload: Buffer.from("x"),
};

function headersOf(given: SourcePacket): Map<string, string> {
  const headers = new Map<string, string>();
  writeHeaders(given, messageId(given), (name, value) => headers.set(name, value));
  return headers;
}

const read = (headers: Map<string, string>) => readHeaders((name) => headers.get(name) ?? "");
const hasCode = (code: string) => (error: unknown) => error instanceof JetStreamError && error.code === code;

/** Text that may stand in a stream id. */
const word = fc
  .string({ unit: "grapheme", minLength: 0, maxLength: 12 })
  .map((text) => text.replace(/[\s\p{Cc}\p{Cs}/]/gu, ""));

describe("subjects of packets", () => {
  for (const [streamId, subject] of SUBJECTS)
    it(`${streamId} is ${subject}`, () => assert.equal(packetSubject(streamId), subject));

  it("deals stations into shares by FNV-1a", () => {
    // From the algorithm's own test vectors: "foobar" is 0xbf9cf968.
    assert.equal(partitionOf("foobar"), 0xbf9cf968 % PARTITIONS);
    assert.equal(partitionOf(""), 0x811c9dc5 % PARTITIONS);
  });

  it("never has a token that is empty or means something to NATS, and none is another's", () => {
    const id = fc.oneof(
      fc.tuple(word, word).map(([a, b]) => `${a}/${b}`),
      fc
        .array(word, { minLength: 6, maxLength: 6 })
        .map((codes) => `FDSN:${codes.map((it) => it.replaceAll(/[_:]/g, "")).join("_")}/MSEED`),
      fc.array(word, { minLength: 4, maxLength: 4 }).map((codes) => `${codes.join("_")}/MSEED`),
    );
    fc.assert(
      fc.property(id, id, (one, other) => {
        const tokens = packetSubject(one).split(".");
        for (const token of tokens) assert.match(token, /^(?:[A-Za-z0-9-]|%[0-9A-F]{2})+$|^_$/);
        assert.match(tokens[1]!, /^(0\d|1[0-5])$/);
        if (one !== other) assert.notEqual(packetSubject(one), packetSubject(other));
      }),
    );
  });

  it("are matched by filters of their codes", () => {
    assert.equal(filterSubject({}), "seis.>");
    assert.equal(filterSubject({ network: "*" }, "eew", "07"), "eew.07.>");
    assert.equal(filterSubject({ network: "CO", station: "JSC" }), "seis.*.*.CO.JSC.*.*.*.*.*");
    assert.equal(
      filterSubject({ location: "", band: "H", sourceCode: "H", subsource: "Z", type: "MSEED" }),
      "seis.*.*.*.*._.H.H.Z.MSEED",
    );
    assert.equal(filterSubject({ station: "A*" }), "seis.*.*.*.A%2A.*.*.*.*.*");
  });
});

describe("packets as messages", () => {
  it("have the id by which the stream knows them again", () => {
    assert.equal(messageId(packet), "rtserve.example.org:16000:18446744073709551605:1700000000123456");
    assert.deepEqual(
      [...headersOf(packet)],
      [
        ["Nats-Msg-Id", "rtserve.example.org:16000:18446744073709551605:1700000000123456"],
        ["Seis-Stream", "FDSN:CO_JSC_00_H_H_Z/MSEED"],
        ["Seis-Start", "-5"],
        ["Seis-End", "1700000000000000"],
      ],
    );
  });

  it("come back as they were", () => {
    const { payload, ...header } = packet;
    assert.deepEqual(read(headersOf(packet)), header);
    const time = fc.integer({ min: -(2 ** 53), max: 2 ** 53 });
    const arbitrary = fc.record(
      {
        source: fc.stringMatching(/^[\x21-\x7e]{1,40}$/),
        packetId: fc.bigInt({ min: 0n, max: MAX_PACKET_ID }),
        packetTime: time,
        streamId: word.filter((text) => text !== ""),
        dataStart: time,
        dataEnd: fc.constantFrom(2 ** 63, 10_000_000_000_000_000_000, 2 ** 60),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(arbitrary, (some) => {
        const whole = { ...some, payload };
        checkPacket(whole);
        assert.deepEqual(read(headersOf(whole)), some);
      }),
    );
  });

  for (const [name, value] of [
    ["Nats-Msg-Id", ""],
    ["Nats-Msg-Id", "a:b:c"],
    ["Nats-Msg-Id", ":1:2"],
    ["Nats-Msg-Id", "s:99999999999999999999:2"],
    ["Seis-Stream", ""],
    ["Seis-Stream", "a b"],
    ["Seis-Stream", "x".repeat(256)],
    ["Seis-Start", "1.5"],
    ["Seis-End", "1e9"],
  ] as const)
    it(`are refused with ${name} "${value.slice(0, 30)}", which the error names`, () => {
      const headers = headersOf(packet).set(name, value);
      assert.throws(
        () => read(headers),
        (error) => hasCode("UNREADABLE")(error) && (error as Error).message.includes(name),
      );
    });

  it("read hostile headers, or say what is wrong", function () {
    this.timeout(20_000);
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...headersOf(packet).keys()), fc.string({ unit: "binary" })),
        (given) => {
          const headers = new Map([...headersOf(packet), ...Object.entries(given)]);
          try {
            read(headers);
          } catch (error) {
            assert.ok(hasCode("UNREADABLE")(error), String(error));
          }
        },
      ),
    );
  });

  for (const [what, part] of Object.entries({
    "a source with a space": { source: "a b" },
    "no source": { source: "" },
    "a stream id of two lines": { streamId: "a\r\nNats-Msg-Id: x" },
    "a long stream id": { streamId: "x".repeat(256) },
    "a negative id": { packetId: -1n },
    "an id that is a number": { packetId: 1 as unknown as bigint },
    "half a microsecond": { packetTime: 0.5 },
    "no time": { dataStart: Number.NaN },
    "an endless time": { dataEnd: Number.POSITIVE_INFINITY },
  }))
    it(`are not made with ${what}`, () =>
      assert.throws(() => checkPacket({ ...packet, ...part }), hasCode("INVALID_ARGUMENT")));
});
