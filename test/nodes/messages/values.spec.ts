// nodes/messages: where the borders are of what is read of a message, and what is said of the rest.
import assert from "node:assert/strict";
import { textOfPayload, textToKeep } from "../../../nodes/messages/json-text.ts";
import { shownValue } from "../../../nodes/messages/message-error.ts";
import { packetMessage, readPayload } from "../../../nodes/messages/packet-message.ts";
import { seedLinkMessage } from "../../../nodes/messages/seedlink-message.ts";
import { readPacketId, readPacketTime, readText, readTime } from "../../../nodes/messages/times-and-ids.ts";
import { type WhatCame, whatCame, whatCameText } from "../../../nodes/messages/what-came.ts";

const INVALID = { code: "INVALID_MESSAGE" };

describe("values of messages: times and ids", () => {
  it("are microseconds from 1973 on, or before 1967, as numbers; nanoseconds as bigint", () => {
    const time = (value: unknown) => readTime("msg.time", value);
    for (const value of [0, 1e14, -1e14, 2 ** 53 - 1, 0n, 10n ** 17n, -(10n ** 17n)])
      assert.equal(time(value), value);
    for (const value of [1, 1e14 - 1, -1e14 + 1, 2 ** 53, 1e14 + 0.5, 1n, 10n ** 17n - 1n, 1n - 10n ** 17n])
      assert.throws(() => time(value), {
        ...INVALID,
        message: /^msg\.time is -?[\de+.]+, a number that may count/,
      });
    for (const value of [undefined, null, "", "  "]) assert.equal(time(value), undefined);
  });

  it("are times that a packet can tell", () => {
    const time = (value: unknown) => readPacketTime("msg.time", value);
    assert.equal(time("1970-01-01T00:00:01Z"), 1_000_000);
    assert.equal(time(undefined), undefined);
    assert.equal(time(2 ** 53 - 1), 2 ** 53 - 1);
    // The last microsecond that is exact, and the next one.
    assert.equal(time("2255-06-05T23:47:34.740991Z"), 2 ** 53 - 1);
    assert.throws(() => time("2255-06-05T23:47:34.740992Z"), { ...INVALID, message: /outside of the years/ });
  });

  it("are packet ids with as many digits as one has", () => {
    const id = (value: unknown) => readPacketId("msg.id", value);
    assert.deepEqual([" 7 ", "0", 0, 5n, "", null].map(id), [7n, 0n, 0n, 5n, undefined, undefined]);
    assert.equal(id("9".repeat(19)), BigInt("9".repeat(19)));
    for (const value of ["9".repeat(20), "0".repeat(21), 1.5, -1, true])
      assert.throws(() => id(value), INVALID);
  });

  it("are text without spaces around it", () => {
    assert.deepEqual(
      [" a ", "", "  ", undefined, null].map((value) => readText("msg.x", value)),
      ["a", "", "", "", ""],
    );
    assert.throws(() => readText("msg.x", 5), { ...INVALID, message: /^msg\.x is not text/ });
  });
});

describe("values of messages: in sentences", () => {
  it("are shown as what they are, and never at length", () => {
    assert.deepEqual(["a b", 5, true, undefined, null, {}, [], 5n, () => 1, Symbol("s")].map(shownValue), [
      '"a b"',
      "5",
      "true",
      "missing",
      "null",
      "an object",
      "an object",
      "a bigint",
      "a function",
      "a symbol",
    ]);
    assert.equal(shownValue("x".repeat(80)), `"${"x".repeat(80)}"`);
    assert.equal(shownValue("x".repeat(81)), `"${"x".repeat(80)}…"`);
  });

  it("are called by what they carry", () => {
    const bytes = Buffer.from("not a record");
    const cases: [msg: object, what: WhatCame, words: string][] = [
      [{ payload: bytes, topic: "XX/MSEED" }, "mseed", "miniSEED (XX/MSEED)"],
      [{ payload: bytes, topic: "XX/MSEED3" }, "mseed", "miniSEED (XX/MSEED3)"],
      [{ payload: bytes, topic: "XX/JSON" }, "json", "JSON (XX/JSON)"],
      [{ payload: bytes, topic: "XX/BZJSON" }, "json", "JSON (XX/BZJSON)"],
      [{ payload: bytes, topic: "XX/TEXT" }, "text", "text (XX/TEXT)"],
      [{ payload: bytes, topic: "XX/OTHER" }, "other", "something else (XX/OTHER)"],
      [{ payload: bytes, topic: "XX", datalink: { streamId: "YY/TEXT" } }, "text", "text (YY/TEXT)"],
      [{ payload: bytes, topic: "XX/TEXT", datalink: { streamId: "" } }, "text", "text (XX/TEXT)"],
      [{ payload: bytes, topic: "XX/TEXT", datalink: { streamId: 5 } }, "text", "text (XX/TEXT)"],
      [{ payload: bytes, topic: 5, datalink: null }, "other", "something else"],
      [{ payload: Buffer.concat([Buffer.from("MS\x03"), Buffer.alloc(60)]) }, "mseed", "miniSEED"],
      [{ payload: "text", topic: "x".repeat(200) }, "text", `text (${"x".repeat(100)})`],
      [{ payload: { samples: [] } }, "record", "a decoded record"],
      [{ payload: { a: 1 } }, "json", "JSON"],
      [{ payload: 5 }, "json", "JSON"],
      [{ payload: null }, "other", "something else"],
      [{}, "other", "something else"],
    ];
    for (const [msg, what, words] of cases) {
      assert.equal(whatCame(msg, ["mseed", "record", "json", "text"]), what, words);
      assert.equal(whatCame(msg, []), "other");
      assert.equal(whatCameText(msg), words);
    }
  });
});

describe("values of messages: texts of JSON", () => {
  const kept = (payload: unknown, text: unknown, property = "datalink") =>
    textOfPayload({ payload, [property]: { text } });

  it("stay for as long as the payload says the same", () => {
    const same: [unknown, string][] = [
      [{ a: 1, b: [1, { c: null }] }, '{"b":[1.0,{"c":null}],"a":1.00}'],
      [[], "[]"],
      [null, "null"],
      [1.5, "1.50"],
      ["x", '"x"'],
      [{}, "{ }"],
      [{}, '{"__proto__":{"a":1}}'],
    ];
    for (const [payload, text] of same) {
      assert.equal(kept(payload, text), text);
      assert.equal(kept(payload, text, "seedlink"), text);
    }
    const changed: [unknown, unknown][] = [
      [{ a: 1 }, '{"a":2}'],
      [{ a: 1, b: 2 }, '{"a":1}'],
      [{ a: 1 }, '{"a":1,"b":2}'],
      [{ b: 1 }, '{"a":1}'],
      [[1], '{"0":1}'],
      [{ 0: 1 }, "[1]"],
      [[1, 2], "[1]"],
      [null, "{}"],
      [undefined, "null"],
      ["1", "1"],
      [{}, "{"],
      [{}, 5],
    ];
    for (const [payload, text] of changed) assert.equal(kept(payload, text), undefined, String(text));
    assert.equal(textOfPayload({ payload: 1, datalink: {}, seedlink: { text: "1.0" } }), "1.0");
    assert.equal(textOfPayload({ payload: 1 }), undefined);
  });

  it("are kept where the value does not bring them back", () => {
    const cases: [value: unknown, text: string, isKept: boolean][] = [
      [{ a: 1 }, '{"a":1}', false],
      [{ a: 1 }, ' { "a" :\n1 } ', false],
      [{ a: "b  c" }, '{"a": "b  c"}', false],
      [{ a: 1 }, '{"a":1.0}', true],
      ["x", '"x"', true],
    ];
    for (const [value, text, isKept] of cases)
      assert.equal(textToKeep(value, text), isKept ? text : undefined, text);
  });
});

describe("values of messages: payloads of packets", () => {
  const packet = (type: string, text: string) => ({
    ...{
      streamId: `XX_A/${type}`,
      packetId: 7n,
      packetTime: 3_000_000,
      dataStart: 1_000_000,
      dataEnd: 2_000_000,
    },
    payload: Buffer.from(text),
  });
  const fail = (sentence: string) => assert.fail(sentence);

  it("are told with all that tells of the packet", () => {
    const { message } = packetMessage(packet("JSON", '{"a":1.0}'), "here", false, fail);
    assert.deepEqual(message, {
      ...{ topic: "XX_A/JSON", payload: { a: 1 } },
      datalink: {
        ...{ streamId: "XX_A/JSON", sourceId: "XX_A", type: "JSON", packetId: "7", server: "here" },
        packetTime: "1970-01-01T00:00:03.000000Z",
        dataStart: "1970-01-01T00:00:01.000000Z",
        dataEnd: "1970-01-01T00:00:02.000000Z",
        text: '{"a":1.0}',
      },
    });
    const raw = packetMessage(packet("JSON", '{"a":1.0}'), "here", true, fail).message;
    assert.deepEqual([raw.payload, raw.datalink.text], [Buffer.from('{"a":1.0}'), undefined]);
  });

  it("take memory by what they are: bytes once, text twice, values sixteen times besides", () => {
    const bytes = (type: string, isRaw = false) =>
      packetMessage(packet(type, "[1,2]"), "here", isRaw, fail).bytes;
    assert.deepEqual(
      [bytes("OTHER"), bytes("JSON", true), bytes("TEXT"), bytes("JSON")],
      [517, 517, 522, 597],
    );
  });

  it("stay bytes where they are not what they are called, with a sentence", () => {
    const told: string[] = [];
    const read = readPayload(packet("JSON", "[1,"), (sentence) => told.push(sentence));
    assert.deepEqual(read, { payload: Buffer.from("[1,"), bytes: 3 });
    assert.equal(told.length, 1);
    assert.match(told[0]!, / It stays a Buffer\.$/);
  });

  it("of SeedLink are told in the same way", () => {
    const seedLink = {
      ...packet("JSON", '{"a":1.0}'),
      ...{ station: "XX_A", sequence: 9n, format: "J", subformat: "D", sourceId: "XX_A" },
    };
    const { message, bytes } = seedLinkMessage(seedLink as never, { server: "here", protocol: "4.0" }, fail);
    assert.deepEqual(message, {
      ...{ topic: "XX_A/JSON", payload: { a: 1 } },
      seedlink: {
        ...{ station: "XX_A", sequence: "9", format: "J", subformat: "D", protocol: "4.0", server: "here" },
        ...{
          dataStart: "1970-01-01T00:00:01.000000Z",
          dataEnd: "1970-01-01T00:00:02.000000Z",
          text: '{"a":1.0}',
        },
      },
    });
    assert.equal(bytes, 9 + 16 * 9 + 512);
    assert.equal(
      "text" in
        seedLinkMessage(
          { ...seedLink, payload: Buffer.from("[1]") } as never,
          { server: "", protocol: "" },
          fail,
        ).message.seedlink,
      false,
    );
  });
});
