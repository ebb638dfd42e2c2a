// lib/mseed/reader.ts and the records: every vector says what libmseed says of it, where libmseed is right.
import assert from "node:assert/strict";
import { type MiniSeedRecord, readRecords } from "../../lib/mseed/index.ts";
import { type ExpectedRecord, sha256, vectorsOf } from "./vectors.ts";

function assertRecord(record: MiniSeedRecord, expected: ExpectedRecord): void {
  const { samples } = record;
  assert.deepEqual(
    {
      offset: record.offset,
      length: record.length,
      formatVersion: record.formatVersion,
      sid: record.sourceId.text,
      startNs: String(record.startTime),
      sampleRateHz: record.sampleRate,
      encoding: record.encoding,
      pubVersion: record.publicationVersion,
      flags: record.flags,
      samplesInHeader: record.sampleCount,
      sha256:
        samples.length === 0
          ? undefined
          : sha256(typeof samples === "string" ? record.payload.subarray(0, record.sampleCount) : samples),
    },
    {
      offset: expected.offset,
      length: expected.length,
      formatVersion: expected.formatVersion,
      sid: expected.sid,
      startNs: expected.startNs,
      sampleRateHz: expected.sampleRateHz,
      encoding: expected.encoding,
      pubVersion: expected.pubVersion,
      flags: expected.flags,
      samplesInHeader: expected.samplesInHeader,
      sha256: expected.sha256,
    },
  );
}

describe("readRecords", () => {
  for (const { name, bytes, strict } of vectorsOf("generated")) {
    it(`reads ${name}`, () => {
      const records = [...readRecords(bytes, { strict: true })];
      assert.equal(records.length, strict.records.length);
      for (const [i, record] of records.entries()) assertRecord(record, strict.records[i] as ExpectedRecord);
    });
  }
});
