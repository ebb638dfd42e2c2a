// lib/datalink/protocol/replies.ts: what a server's header means at the edges, and what is not taken for one.
import assert from "node:assert/strict";
import { encodeFrame, FrameReader } from "../../lib/datalink/protocol/frame.ts";
import { type PacketReply, parseReplyHeader, type Reply } from "../../lib/datalink/protocol/replies.ts";
import { MAX_INFO_BYTES } from "../../lib/limits.ts";

/** The header in the middle of other bytes. */
function read(header: string): Reply {
  const bytes = Buffer.from(`9 ${header} 9`, "latin1");
  return parseReplyHeader(bytes, 2, bytes.length - 2);
}
const packet = (header: string): Omit<PacketReply, "payload"> => {
  const { payload: _, ...reply } = read(`PACKET ${header}`) as PacketReply;
  return reply;
};
const refused = (header: string, code = "PROTOCOL") => assert.throws(() => read(header), { code }, header);

describe("the header of a PACKET", () => {
  const plain = {
    kind: "PACKET",
    streamId: "A/T",
    packetId: 5n,
    packetTime: 1,
    dataStart: 2,
    dataEnd: 3,
    size: 4,
  };

  it("is read to the digit, whatever stands between its words", () => {
    assert.deepEqual(packet("A/T 5 1 2 3 4"), plain);
    assert.deepEqual(packet(" A/T\t5\r1\n2  3 4 "), plain);
    assert.deepEqual(packet("A/T +5 +1 -2 3 04"), { ...plain, dataStart: -2 });
    assert.deepEqual(packet("A/T 18446744073709551615 1 2 3 4"), { ...plain, packetId: 2n ** 64n - 1n });
    const last = "9007199254740991";
    assert.deepEqual(packet(`A/T ${last} ${last} -${last} 3 4`), {
      ...plain,
      ...{ packetId: 2n ** 53n - 1n, packetTime: 2 ** 53 - 1, dataStart: -(2 ** 53 - 1) },
    });
    assert.equal(packet("\xc3\xa9\x7f 5 1 2 3 4").streamId, "\u00e9\x7f");
  });

  it("has the nearest that can be told where its numbers are beyond that, with its own words", () => {
    const flawed = (header: string, more: object) =>
      assert.deepEqual(packet(header), { ...plain, ...more, flaw: `PACKET ${header}` }, header);
    flawed("A/T 5 9007199254740992 2 3 4", { packetTime: 2 ** 53 });
    flawed("A/T 5 1.5 2.4 -3.6 4", { packetTime: 2, dataStart: 2, dataEnd: -4 });
    flawed("A/T 5 1e3 2 3 4", { packetTime: 1000 });
    flawed("A/T 5 1 -1e30 1e30 4", { dataStart: -8.6e18, dataEnd: 8.6e18 });
    flawed("A/T 18446744073709551616 1 2 3 4", { packetId: 2n ** 64n });
    flawed("A/T -5 1 2 3 4", { packetId: -5n });
    flawed("A/T 5 - 2 nan 4", { packetTime: 2, dataEnd: 2 });
    flawed("A/T 5 inf 2 3 4", { packetTime: 3 });
    flawed("A/T 5 1 -Infinity 3 4", { dataStart: 3 });
    flawed("A/T 5 1 - - 4", { dataStart: 1, dataEnd: 1 });
    flawed("A/T 5 - - - 4", { packetTime: 0, dataStart: 0, dataEnd: 0 });
    flawed("A/T 5 1  3 4", { dataStart: 3 });
    assert.equal(packet(`A/T 5 1.0 2 3 ${"0".repeat(150)}4`).flaw?.length, 120);
  });

  it("is none where its id, its size or a word is none, or there are more or fewer", () => {
    for (const header of [
      ...["A/T 5 1 2 3", "A/T 5 1 2 3 4 5", "A/T x 1 2 3 4", "A/T 5.5 1 2 3 4", "A/T 5 x 2 3 4"],
      ...["A/T 5 1 2 3 -4", "A/T 5 1 2 3 x", "A/T 5 1 2 3 4x", "A/T 5 1 2x 3 4", "", " ", "A/T 5 1 2 3 1e3"],
      ...["A/T 5 1 2 3 4.0", " 5 1 2 3 4"],
    ])
      refused(`PACKET ${header}`);
    refused("PACKETS A/T 5 1 2 3 4");
  });
});

describe("the header of another reply", () => {
  it("is a number and a size for OK and ERROR", () => {
    const status = (header: string) => {
      const { payload: _, ...reply } = read(header);
      return reply;
    };
    assert.deepEqual(status("OK 5 0"), { kind: "OK", value: 5n, size: 0 });
    assert.deepEqual(status("OK -1 12"), { kind: "OK", value: -1n, size: 12 });
    assert.deepEqual(status("OK 18446744073709551615 1"), { kind: "OK", value: 2n ** 64n - 1n, size: 1 });
    assert.deepEqual(status("ERROR 0 7"), { kind: "ERROR", value: 0n, size: 7 });
    for (const header of ["OK", "OK 5", "OK 5 x", "OK x 5", "OK 5 -1", "OK 5 0 0", "ERROR 1.5 0", "OKAY 5 0"])
      refused(header);
  });

  it("is a type and a size for INFO, of which there is a limit", () => {
    const info = read(`INFO STATUS ${MAX_INFO_BYTES}`);
    assert.ok(info.kind === "INFO");
    assert.deepEqual([info.type, info.size], ["STATUS", MAX_INFO_BYTES]);
    refused(`INFO STATUS ${MAX_INFO_BYTES + 1}`, "TOO_LARGE");
    for (const header of ["INFO", "INFO STATUS", "INFO STATUS x", "INFO STATUS 5 5"]) refused(header);
  });

  it("is whatever the server says of itself for ID, and nothing more for ENDSTREAM", () => {
    const id = read(" ID  DataLink v1 :: X ");
    assert.ok(id.kind === "ID");
    assert.deepEqual([id.text, id.size], ["DataLink v1 :: X", 0]);
    assert.equal(read("ENDSTREAM").size, 0);
    for (const header of ["", "id x", "HELLO", "IDX"]) refused(header);
  });

  it("does not show more of what is none than a line, nor what a terminal would obey", () => {
    const reader = new FrameReader(parseReplyHeader, 1000);
    reader.push(encodeFrame(`\x1b[31m${"x".repeat(200)}`));
    assert.throws(() => reader.next(), {
      code: "PROTOCOL",
      message: `The server sent a header that is not DataLink: "?[31m${"x".repeat(115)}".`,
    });
  });
});
