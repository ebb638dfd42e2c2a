// lib/datalink/protocol/frame.ts and replies.ts: bytes cut into replies, however they are split, and never anything else.
import assert from "node:assert/strict";
import fc from "fast-check";
import { DataLinkError } from "../../lib/datalink/protocol/errors.ts";
import { encodeFrame, FrameReader } from "../../lib/datalink/protocol/frame.ts";
import { MAX_PACKET_ID } from "../../lib/datalink/protocol/packet.ts";
import {
  encodeError,
  encodeInfo,
  encodeOk,
  packetHeader,
  parseReplyHeader,
  type Reply,
  writePacketHead,
} from "../../lib/datalink/protocol/replies.ts";

const LIMIT = 1_000_000;

/** Where the number of digits changes, or of the parts that a number is written in. */
const EDGES = Array.from({ length: 16 }, (_, n) => 10 ** n)
  .flatMap((n) => [n - 1, n, n + 1, 2 * n - 1])
  .concat(2 ** 31, 2 ** 32, 9e15 - 1, 4_294_967_296e6 - 1, Number.MAX_SAFE_INTEGER);

function readAll(pieces: Buffer[]): Reply[] {
  const reader = new FrameReader(parseReplyHeader, LIMIT);
  const replies: Reply[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let reply = reader.next(); reply; reply = reader.next()) replies.push(reply);
  }
  assert.equal(reader.buffered, 0);
  return replies;
}

function read(text: string): Reply | undefined {
  const reader = new FrameReader(parseReplyHeader, LIMIT);
  reader.push(encodeFrame(text));
  return reader.next();
}

/** Cuts bytes at the given places (any numbers). */
function cut(bytes: Buffer, places: number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((start, i) => bytes.subarray(start, at[i] ?? bytes.length));
}

const packetId = fc.bigInt({ min: 0n, max: MAX_PACKET_ID });
const packet = fc.record(
  {
    streamId: fc.stringMatching(/^[!-~]{1,63}$/),
    packetId,
    packetTime: fc.maxSafeInteger(),
    dataStart: fc.maxSafeInteger(),
    dataEnd: fc.maxSafeInteger(),
  },
  { noNullPrototype: true },
);

describe("frames and replies", () => {
  it("of OK mean the same however they are spelt", () => {
    const outcome = (header: string) => {
      try {
        return read(header);
      } catch (error) {
        return (error as DataLinkError).code;
      }
    };
    const number = fc.oneof(
      fc.nat().map(String),
      fc.bigInt({ min: 0n, max: 2n ** 65n }).map(String),
      fc.constantFrom("", "0", "-1", "007", "9007199254740991", "9007199254740993", "1x", "x", "1\t2", "1\0"),
    );
    const small = fc.oneof(fc.constant("0"), fc.constantFrom("", "-1", "x", "0\t", "00", "\t0", "0 0"));
    const gap = fc.oneof({ weight: 4, arbitrary: fc.constant(" ") }, fc.constantFrom("\t", "  ", ""));
    fc.assert(
      fc.property(number, small, gap, gap, (value, size, before, between) => {
        const header = `OK${before}${value}${between}${size}`;
        // With white space behind it, it is always read word by word.
        assert.deepEqual(outcome(header), outcome(`${header} `));
      }),
    );
  });

  it("of packets are the same bytes whether written into a place or made of text", () => {
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    const time = fc.oneof(fc.maxSafeInteger(), int64, fc.constantFrom(...EDGES, ...EDGES.map((n) => -n)));
    const written = fc.record({
      streamId: fc.stringMatching(/^[!-~]{1,63}$/),
      packetId: fc.oneof(packetId, fc.constantFrom(...EDGES.map(BigInt))),
      packetTime: fc.oneof(fc.maxSafeInteger(), fc.constantFrom(...EDGES)),
      dataStart: time,
      dataEnd: time,
    });
    fc.assert(
      fc.property(written, fc.oneof(fc.nat(), fc.constantFrom(...EDGES)), (it, size) => {
        const place = Buffer.alloc(258);
        const end = writePacketHead(place, it, size);
        assert.deepEqual(place.subarray(0, end), encodeFrame(packetHeader(it, size)));
      }),
    );
  });

  it("come back as they were written, wherever the stream is cut", () => {
    const payload = fc.uint8Array({ maxLength: 700 });
    const written = fc.array(fc.tuple(packet, payload), { maxLength: 6 });
    fc.assert(
      fc.property(written, fc.array(fc.nat(), { maxLength: 40 }), (packets, places) => {
        const stream = Buffer.concat(
          packets.map(([p, data]) => encodeFrame(packetHeader(p, data.length), data)),
        );
        const replies = readAll(cut(stream, places));
        assert.equal(replies.length, packets.length);
        packets.forEach(([p, data], i) => {
          const reply = replies[i]!;
          assert.ok(reply.kind === "PACKET");
          const { kind: _kind, size, payload: received, ...rest } = reply;
          assert.deepEqual(rest, p);
          assert.equal(size, data.length);
          assert.deepEqual(new Uint8Array(received), new Uint8Array(data));
        });
      }),
    );
  });

  it("reads every kind of reply byte by byte", () => {
    const stream = Buffer.concat([
      encodeFrame("ID DataLink 2020.075 :: DLPROTO:1.0 PACKETSIZE:512 WRITE"),
      encodeOk(42n, "Positioned to packet ID 42"),
      encodeOk(7n),
      encodeError("Packet not found"),
      encodeInfo("STATUS", "<DataLink/>"),
      encodeFrame("ENDSTREAM"),
    ]);
    const replies = readAll([...stream].map((byte) => Buffer.from([byte])));
    assert.deepEqual(
      replies.map((reply) => reply.kind),
      ["ID", "OK", "OK", "ERROR", "INFO", "ENDSTREAM"],
    );
    assert.equal(
      replies[0]?.kind === "ID" && replies[0].text,
      "DataLink 2020.075 :: DLPROTO:1.0 PACKETSIZE:512 WRITE",
    );
    assert.equal(replies[1]?.kind === "OK" && replies[1].value, 42n);
    assert.equal(replies[1]!.payload.toString(), "Positioned to packet ID 42");
    assert.equal(replies[4]!.payload.toString(), "<DataLink/>");
  });

  it("copies only what straddles two pieces", () => {
    const piece = encodeFrame(
      packetHeader({ streamId: "A/B", packetId: 1n, packetTime: 0, dataStart: 0, dataEnd: 0 }, 4),
      Buffer.from("abcd"),
    );
    const [reply] = readAll([piece]);
    assert.equal(reply!.payload.buffer, piece.buffer);
  });

  it("takes any white space between words, and UTF-8 in a stream id", () => {
    assert.equal(read("OK\t1 \r\n 0 ")?.kind, "OK");
    const reply = read("PACKET  Ä_b/TEXT\t18446744073709551605  -5 +6 7 0  ");
    assert.ok(reply?.kind === "PACKET");
    assert.deepEqual(
      [reply.streamId, reply.packetId, reply.packetTime, reply.dataStart, reply.dataEnd],
      ["Ä_b/TEXT", MAX_PACKET_ID, -5, 6, 7],
    );
  });

  it("takes ids from 0 to the largest of 64 bits, tells the flaw of other numbers, and refuses what is none", () => {
    const toldOf = (id: string) => {
      const reply = read(`PACKET A/B ${id} 1 2 3 0`);
      assert.ok(reply?.kind === "PACKET");
      return [reply.packetId, reply.flaw !== undefined];
    };
    for (const id of [0n, 1n, 2n ** 53n, 2n ** 64n - 1n]) assert.deepEqual(toldOf(String(id)), [id, false]);
    for (const id of [-1n, 2n ** 64n]) assert.deepEqual(toldOf(String(id)), [id, true]);
    assert.throws(() => toldOf("1x"), { code: "PROTOCOL" });
  });

  const malformed = [
    "HELLO",
    "packet A/B 1 2 3 4 0",
    "PACKET ",
    "PACKET A/B 1 2 3 4",
    "PACKET A/B 1 2 3 4 5 6",
    "PACKET A/B x 2 3 4 0",
    "PACKET A/B  2 3 4 0",
    "PACKET A/B 1 2 3 4 -1",
    "PACKET A/B 1 ?2 3 4 0",
    "PACKET A/B 1 2 3 4x 0",
    "PACKET A/B 1 2 3  ",
    "PACKET A/B 1 2 3 4 0x10",
    "PACKET A/B 1 99999999999999999 3 4",
    "OK 1",
    "OK - 0",
    "OK 1 -1",
    "ERROR x 0",
    "INFO STATUS",
    "INFO STATUS many",
  ];
  for (const header of malformed) {
    it(`refuses "${header}" in words`, () => {
      assert.throws(() => read(header), { name: "DataLinkError", code: "PROTOCOL" });
    });
  }

  /** Header, and what is told of it: packet id, packet time, data start, data end. */
  const inexact: [string, bigint, number, number, number][] = [
    ["PACKET A/B 1 2 9100000000000000 9200000000000001 0", 1n, 2, 9.1e15, 9.2e15],
    ["PACKET A/B 1 99999999999999999 3 4 0", 1n, 1e17, 3, 4],
    ["PACKET A/B 1 2 -9223372036854775807 4 0", 1n, 2, -8.6e18, 4],
    ["PACKET A/B 1 2 1767270600000000000 1e300 0", 1n, 2, 1767270600000000000, 8.6e18],
    [`PACKET A/B 1 2 ${"9".repeat(150)} 4 0`, 1n, 2, 8.6e18, 4],
    ["PACKET A/B 1 2.4 3.5 -4.6 0", 1n, 2, 4, -5],
    ["PACKET A/B 1 2 - nan 0", 1n, 2, 2, 2],
    ["PACKET A/B 1 2 3 - 0", 1n, 2, 3, 3],
    ["PACKET A/B 1 - 3 4 0", 1n, 4, 3, 4],
    ["PACKET A/B 1 - - - 0", 1n, 0, 0, 0],
    ["PACKET A/B 1  3 4 0", 1n, 4, 3, 4],
    ["PACKET A/B 1 2   0", 1n, 2, 2, 2],
    ["PACKET A/B 99999999999999999999 2 3 4 0", 99999999999999999999n, 2, 3, 4],
    ["PACKET A/B 18446744073709551616 2 3 4 0", 2n ** 64n, 2, 3, 4],
    ["PACKET A/B -1 2 3 4 0", -1n, 2, 3, 4],
  ];
  for (const [header, ...told] of inexact) {
    it(`tells "${header.slice(0, 60)}" as well as it can, since its size is known`, () => {
      const reader = new FrameReader(parseReplyHeader, 100);
      reader.push(encodeFrame(header.replace(/0$/, "3"), Buffer.from("abc")));
      reader.push(encodeFrame("OK 7 0"));
      const reply = reader.next();
      assert.ok(reply?.kind === "PACKET");
      const { streamId, packetId, packetTime, dataStart, dataEnd, payload, flaw } = reply;
      assert.deepEqual([packetId, packetTime, dataStart, dataEnd], told);
      assert.equal(streamId, "A/B");
      assert.equal(payload.toString(), "abc");
      assert.match(String(flaw), /^PACKET A\/B/);
      assert.equal(reader.next()?.kind, "OK");
    });
  }

  it("refuses what is not DataLink at its first byte, and a size over the limit before its bytes", () => {
    const reader = () => new FrameReader(parseReplyHeader, 10);
    const garbage = reader();
    garbage.push(Buffer.from("H"));
    assert.throws(() => garbage.next(), { code: "PROTOCOL" });
    const empty = reader();
    empty.push(Buffer.from([0x44, 0x4c, 0]));
    empty.push(Buffer.from([0x44]));
    assert.throws(() => empty.next(), { code: "PROTOCOL" });
    const large = reader();
    large.push(encodeFrame("INFO STREAMS 11"));
    assert.throws(() => large.next(), { code: "TOO_LARGE" });
  });

  it("throws nothing but DataLinkError, whatever arrives", () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.string({ minLength: 1, maxLength: 80 }).map((text) => encodeFrame(`PACKET ${text}`)),
    );
    fc.assert(
      fc.property(fc.array(noise, { maxLength: 5 }), (pieces) => {
        try {
          readAll(pieces);
        } catch (error) {
          assert.ok(error instanceof DataLinkError || error instanceof assert.AssertionError, String(error));
        }
      }),
    );
  });

  it("refuses a header that is too long to send", () => {
    assert.throws(() => encodeFrame("x".repeat(256)), { code: "INVALID_ARGUMENT" });
    assert.throws(() => encodeFrame(""), { code: "INVALID_ARGUMENT" });
    assert.equal(encodeFrame("x".repeat(255)).length, 258);
  });
});
