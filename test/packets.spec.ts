// lib/packets.ts: records as packets, and payloads as values and back, by the type in the stream id.
import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import type { ServerIdentity } from "../lib/datalink/protocol/capabilities.ts";
import { write } from "../lib/datalink/protocol/client-requests.ts";
import { encodePayload, packetValue, packRecords, readRecords, recordPacket } from "../lib/index.ts";

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
        assert.deepEqual(packetValue(packet(`X/${type}`, payload)), { type, value });
      }
    });
  }

  it("TEXT is a string, and all others are bytes", () => {
    const text = packet("X/TEXT", encodePayload("TEXT", "grün"));
    assert.deepEqual(packetValue(text), { type: "TEXT", value: "grün" });
    for (const type of ["MSEED", "MSEED3", "OTHER", ""]) {
      const bytes = Buffer.of(1, 2, 255);
      assert.equal(encodePayload(type, bytes), bytes);
      assert.deepEqual(packetValue(packet(`X/${type}`, bytes)), { type, value: bytes });
    }
  });

  it("reads BZJSON of the program bzip2", () => {
    const compressed = Buffer.from(
      "QlpoOTFBWSZTWcGufAEAABqbgFAEOBAACgZkjEogADFMJpoDTEGmqenqRmobU9JdwR60wVRHPQw8ZCZ41pspAyZbgNeqS3v8XckU4UJDBrnwBA==",
      "base64",
    );
    const value = { id: 1, text: "hello hello hello", list: [1, 2, 3] };
    assert.deepEqual(packetValue(packet("X/BZJSON", compressed)), { type: "BZJSON", value });
    assert.throws(() => packetValue(packet("X/BZJSON", compressed), 20), { code: "TOO_LARGE" });
  });

  it("says which packet is not what it says it is", () => {
    const wrong = {
      name: "DataLinkError",
      code: "INVALID_PAYLOAD",
      message: /^Packet 7 of X\/\w+ is not \w+: /,
    };
    for (const type of ["JSON", "BZJSON"]) {
      assert.throws(() => packetValue(packet(`X/${type}`, '{"a":')), wrong);
      assert.throws(() => packetValue(packet(`X/${type}`, "")), wrong);
    }
  });

  it("takes bytes that are not a Buffer, a part of a larger one, and a packet without an id", () => {
    const bytes = new TextEncoder().encode('x{"a":"ü"}x').subarray(1, -1);
    assert.deepEqual(packetValue({ streamId: "X/JSON", payload: bytes }).value, { a: "ü" });
    assert.equal(packetValue({ streamId: "X/TEXT", payload: bytes }).value, '{"a":"ü"}');
    assert.deepEqual(
      packetValue({ streamId: "X/BZJSON", payload: encodePayload("BZJSON", { a: 1 }) }).value,
      {
        a: 1,
      },
    );
    assert.throws(() => packetValue({ streamId: "X/JSON", payload: Buffer.from("{") }), {
      message: /^A packet of X\/JSON is not JSON: /,
    });
  });

  it("takes bytes that another realm has made, as a function node's sandbox does", () => {
    const bytes = runInNewContext("Uint8Array.of(91, 93)") as Uint8Array;
    assert.ok(!(bytes instanceof Uint8Array));
    for (const type of ["JSON", "BZJSON", "TEXT", "MSEED"]) assert.equal(encodePayload(type, bytes), bytes);
    const server = {} as ServerIdentity;
    const { frame } = write({ streamId: "A/JSON", dataStart: 0, payload: bytes }, false, server);
    assert.equal(frame.subarray(-2).toString(), "[]");
  });

  it("says what cannot be sent", () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    const invalid = { name: "DataLinkError", code: "INVALID_PAYLOAD" };
    assert.throws(() => encodePayload("JSON", circular), invalid);
    assert.throws(() => encodePayload("BZJSON", undefined), invalid);
    assert.throws(() => encodePayload("JSON", 5n), invalid);
    assert.throws(() => encodePayload("MSEED", { a: 1 }), invalid);
    assert.throws(() => encodePayload("JSON", '{"a":'), invalid);
    assert.throws(() => encodePayload("BZJSON", ""), invalid);
  });

  for (const [open, close] of [
    ["[", "]"],
    ['{"a":', "}"],
    ['[{"]":', "}]"],
  ] as const) {
    it(`takes JSON that is 128 deep and none that is deeper, made of ${open}`, () => {
      const each = open.replace(/"[^"]*"/g, "").replace(/[^[{]/g, "").length;
      const nested = (depth: number) => `${open.repeat(depth)}"\\"[[["${close.repeat(depth)}`;
      packetValue(packet("X/JSON", nested(128 / each)));
      for (const depth of [128 / each + 1, 5000, 200_000]) {
        for (const type of ["JSON", "BZJSON"]) {
          const payload = encodePayload(type, nested(depth));
          assert.throws(() => packetValue(packet(`X/${type}`, payload)), { code: "TOO_LARGE" });
        }
      }
    });
  }

  it("takes JSON that is wide and flat, with brackets in its strings", () => {
    const value = Array.from({ length: 1000 }, (_, i) => ({ text: "[".repeat(i % 300), list: [[i]] }));
    assert.deepEqual(packetValue(packet("X/JSON", JSON.stringify(value))).value, value);
  });
});

describe("records as packets", () => {
  // Version 2 has whole microseconds, so that its last sample is rounded from another time.
  for (const [formatVersion, type, dataEnd] of [
    [2, "MSEED", -1_333_307],
    [3, "MSEED3", -1_333_308],
  ] as const) {
    it(`name the stream, the times and the bytes of a record of version ${formatVersion}`, () => {
      const series = {
        sourceId: "FDSN:XX_A_00_H_H_Z",
        startTime: "1969-12-31T23:59:58.0000256Z",
        sampleRate: 3,
        samples: Int32Array.of(1, 2, 3),
      };
      const [bytes] = packRecords(series, { formatVersion });
      const [record] = readRecords(bytes!);
      assert.deepEqual(recordPacket(record!), {
        streamId: `FDSN:XX_A_00_H_H_Z/${type}`,
        dataStart: -1_999_974,
        dataEnd,
        payload: record!.bytes,
      });
      assert.equal(recordPacket(record!).payload.buffer, record!.bytes.buffer);
    });
  }
});
