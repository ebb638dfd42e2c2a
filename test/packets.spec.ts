// lib/packets.ts: payloads as values and back, by the type in the stream id.
import assert from "node:assert/strict";
import { decodePayload, encodePayload } from "../lib/packets.ts";

const packet = (streamId: string, payload: Uint8Array | string) => ({
  streamId,
  packetId: 7n,
  payload: Buffer.from(payload as string),
});

describe("payloads", () => {
  const values: unknown[] = [{ a: [1, "ä", null, { b: true }] }, [], "text", 5, null];
  for (const type of ["JSON", "BZJSON"]) {
    it(`${type} is a value`, () => {
      for (const value of values) {
        const payload = encodePayload(type, typeof value === "string" ? JSON.stringify(value) : value);
        assert.deepEqual(decodePayload(packet(`X/${type}`, payload)), value);
      }
    });
  }

  it("TEXT is a string, and all others are bytes", () => {
    assert.equal(decodePayload(packet("X/TEXT", encodePayload("TEXT", "grün"))), "grün");
    for (const type of ["MSEED", "MSEED3", "OTHER", ""]) {
      const bytes = Buffer.of(1, 2, 255);
      assert.equal(encodePayload(type, bytes), bytes);
      assert.deepEqual(decodePayload(packet(`X/${type}`, bytes)), bytes);
    }
  });

  it("reads BZJSON of the program bzip2", () => {
    const compressed = Buffer.from(
      "QlpoOTFBWSZTWcGufAEAABqbgFAEOBAACgZkjEogADFMJpoDTEGmqenqRmobU9JdwR60wVRHPQw8ZCZ41pspAyZbgNeqS3v8XckU4UJDBrnwBA==",
      "base64",
    );
    const value = { id: 1, text: "hello hello hello", list: [1, 2, 3] };
    assert.deepEqual(decodePayload(packet("X/BZJSON", compressed)), value);
    assert.throws(() => decodePayload(packet("X/BZJSON", compressed), 20), { code: "TOO_LARGE" });
  });

  it("says which packet is not what it says it is", () => {
    const wrong = {
      name: "DataLinkError",
      code: "INVALID_PAYLOAD",
      message: /^Packet 7 of X\/\w+ is no \w+: /,
    };
    for (const type of ["JSON", "BZJSON"]) {
      assert.throws(() => decodePayload(packet(`X/${type}`, '{"a":')), wrong);
      assert.throws(() => decodePayload(packet(`X/${type}`, "")), wrong);
    }
  });

  it("says what cannot be sent", () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    const invalid = { name: "DataLinkError", code: "INVALID_PAYLOAD" };
    assert.throws(() => encodePayload("JSON", circular), invalid);
    assert.throws(() => encodePayload("BZJSON", undefined), invalid);
    assert.throws(() => encodePayload("JSON", 5n), invalid);
    assert.throws(() => encodePayload("MSEED", { a: 1 }), invalid);
  });

  for (const [open, close] of [
    ["[", "]"],
    ['{"a":', "}"],
    ['[{"]":', "}]"],
  ] as const) {
    it(`takes JSON that is 128 deep and none that is deeper, made of ${open}`, () => {
      const each = open.replace(/"[^"]*"/g, "").replace(/[^[{]/g, "").length;
      const nested = (depth: number) => `${open.repeat(depth)}"\\"[[["${close.repeat(depth)}`;
      decodePayload(packet("X/JSON", nested(128 / each)));
      for (const depth of [128 / each + 1, 5000, 200_000]) {
        for (const type of ["JSON", "BZJSON"]) {
          const payload = encodePayload(type, nested(depth));
          assert.throws(() => decodePayload(packet(`X/${type}`, payload)), { code: "TOO_LARGE" });
        }
      }
    });
  }

  it("takes JSON that is wide and flat, with brackets in its strings", () => {
    const value = Array.from({ length: 1000 }, (_, i) => ({ text: "[".repeat(i % 300), list: [[i]] }));
    assert.deepEqual(decodePayload(packet("X/JSON", JSON.stringify(value))), value);
  });
});
