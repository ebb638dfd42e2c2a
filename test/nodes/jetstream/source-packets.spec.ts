// Which packet a message becomes for JetStream: the same one whoever sends it, and another one where its data is another.
import assert from "node:assert/strict";
import fc from "fast-check";
import { messageId } from "../../../lib/jetstream/format/message.ts";
import { packRecords } from "../../../lib/mseed/index.ts";
import { SourcePackets } from "../../../nodes/messages/jetstream/source-packets.ts";

const bytesOf = (...samples: number[]): Buffer =>
  Buffer.from(
    [
      ...packRecords(
        { sourceId: "FDSN:XX_A_00_H_H_Z", startTime: 0n, sampleRate: 1, samples: Int32Array.from(samples) },
        { formatVersion: 2 },
      ),
    ][0]!,
  );

const RECORD = bytesOf(1, 2, 3);
const STREAM_ID = "FDSN:XX_A_00_H_H_Z/MSEED";
const datalink = {
  ...{ streamId: STREAM_ID, packetId: "42", packetTime: "2026-11-22T12:00:03.000000Z" },
  ...{ dataStart: "1970-01-01T00:00:00.000000Z", dataEnd: "1970-01-01T00:00:02.000000Z" },
  server: "datalink://ring.example.org:16000",
};
const seedlink = {
  ...{ station: "XX_A", sequence: "7", format: "2", subformat: "D", protocol: "4.0" },
  ...{ dataStart: "1970-01-01T00:00:00.000000Z", dataEnd: "1970-01-01T00:00:02.000000Z" },
  server: "seedlink://sl.example.org:18000",
};

const node = (settings: object = {}) =>
  new SourcePackets({ source: "", own: "node-red:n", streamId: "", ...settings });
const ids = (packets: SourcePackets, msg: object) => packets.of(msg).map(messageId);

describe("packets of a message for JetStream", () => {
  it("keep what datalink in has said of them, whichever node sends them", () => {
    const [packet] = node().of({ topic: STREAM_ID, payload: RECORD, datalink });
    assert.equal(packet!.source, "ring.example.org:16000");
    assert.equal(packet!.packetId, 42n);
    assert.equal(packet!.packetTime, Date.parse("2026-11-22T12:00:03Z") * 1000);
    assert.deepEqual(packet!.payload, RECORD);
    assert.ok(Buffer.isBuffer(packet!.payload));
    const msg = { payload: RECORD, datalink };
    assert.deepEqual(ids(node(), msg), ids(node({ own: "node-red:other" }), msg));
  });

  it("keep what seedlink in has said of them, station by station", () => {
    const of = (fields: object) => ids(node(), { payload: RECORD, seedlink: { ...seedlink, ...fields } })[0]!;
    assert.match(of({}), /^sl\.example\.org:18000:\d+:0:x[0-9a-f]+$/);
    assert.equal(of({}), of({ protocol: "3.1" }));
    assert.notEqual(of({}), of({ sequence: "8" }));
  });

  it("are other packets where the data is another, though they come of one", () => {
    const filtered = { payload: bytesOf(1, 2, 4), datalink };
    assert.notDeepEqual(ids(node(), filtered), ids(node(), { payload: RECORD, datalink }));
    const pick = (sta: number) => ({ payload: { sta }, datalink });
    const picks = node({ streamId: "FDSN:XX_A/JSON" });
    assert.notDeepEqual(ids(picks, pick(1)), ids(picks, pick(2)));
    assert.deepEqual(ids(picks, pick(1)), ids(picks, pick(1)));
  });

  it("are two where a Buffer has two records, and each is another", () => {
    const two = ids(node(), { payload: Buffer.concat([RECORD, bytesOf(4, 5)]), datalink });
    assert.equal(new Set(two).size, 2);
    assert.ok(two.every((id) => id.startsWith("ring.example.org:16000:42:")));
  });

  it("are new ones where no reader has sent them", () => {
    const packets = node();
    const msg = { topic: "FDSN:XX_A/JSON", payload: { volt: 12 } };
    const [one, two] = [ids(packets, msg)[0]!, ids(packets, msg)[0]!];
    assert.match(one, /^node-red:n:1:\d{16}:x/);
    assert.match(two, /^node-red:n:2:\d{16}:x/);
    // datalink out has written it elsewhere: its time is not known.
    const written = { ...msg, datalink: { server: datalink.server, packetId: "9" } };
    assert.match(ids(packets, written)[0]!, /^node-red:n:3:/);
  });

  it("have the source that is set", () => {
    const set = node({ source: "ring" });
    assert.match(ids(set, { payload: RECORD, datalink })[0]!, /^ring:42:/);
    assert.match(ids(set, { topic: "A/TEXT", payload: "x" })[0]!, /^ring:1:/);
  });

  it("say what is wrong with what a reader would not say", () => {
    for (const wrong of [{ packetId: "x" }, { packetTime: "yesterday" }, { packetId: {} }])
      assert.throws(() => node().of({ payload: RECORD, datalink: { ...datalink, ...wrong } }), {
        code: "INVALID_MESSAGE",
      });
    // A server without a name that a header can have is none.
    const odd = { payload: RECORD, datalink: { ...datalink, server: "a b\r\nX: 1" } };
    assert.match(ids(node(), odd)[0]!, /^node-red:n:1:/);
  });

  it("never have an id with white space or control characters, whatever the message says", () => {
    const field = fc.oneof(fc.string({ unit: "binary" }), fc.bigInt().map(String), fc.anything());
    fc.assert(
      fc.property(fc.record({ server: field, packetId: field, packetTime: field }), (fields) => {
        try {
          for (const id of ids(node(), { payload: RECORD, datalink: fields }))
            assert.match(id, /^[\x21-\x7e]+$/);
        } catch (error) {
          assert.equal((error as { code?: string }).code, "INVALID_MESSAGE");
        }
      }),
    );
  });
});
