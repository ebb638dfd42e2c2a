// lib/mseed/with-extra-headers.ts and declaredLength: what programs would otherwise need byte offsets of the formats for.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  convertRecord,
  declaredLength,
  MiniSeed3Record,
  MiniSeedError,
  type MiniSeedRecord,
  packRecords,
  readRecords,
  withExtraHeaders,
} from "../../lib/mseed/index.ts";
import { OWN_FOLDERS, vectorsOf } from "./vectors.ts";

const records = OWN_FOLDERS.flatMap(vectorsOf).flatMap(({ bytes }) => [...readRecords(bytes)].slice(0, 2));

function only(bytes: Uint8Array): MiniSeedRecord {
  const problems: string[] = [];
  const [record, ...others] = readRecords(bytes, { onProblem: ({ code }) => problems.push(code) });
  assert.ok(record);
  assert.equal(others.length, 0);
  assert.ok(!problems.includes("CRC_MISMATCH"));
  return record;
}

describe("withExtraHeaders", () => {
  it("changes nothing but the extra headers and the checksum of miniSEED 3", () => {
    const threes = records.filter((record) => record instanceof MiniSeed3Record);
    assert.ok(threes.length > 20);
    fc.assert(
      fc.property(fc.constantFrom(...threes), fc.json({ maxDepth: 2 }), (record, value) => {
        const text = `{"own" : ${value}}`;
        const changed = only(withExtraHeaders(record, text));
        assert.equal(changed.extraHeadersText, text);
        assert.deepEqual(changed.payload, record.payload);
        const back = only(withExtraHeaders(changed, "")).bytes;
        const plain = only(withExtraHeaders(record, "")).bytes;
        assert.deepEqual(back, plain);
        assert.deepEqual(plain.subarray(0, 28), record.bytes.subarray(0, 28));
      }),
    );
  });

  it("puts them into flags and blockettes of miniSEED 2, and refuses what has no place there", () => {
    const series = {
      sourceId: "FDSN:XX_A_00_H_H_Z",
      startTime: "2026-01-01",
      sampleRate: 100,
      samples: [1, 2, 3],
    };
    const [bytes] = packRecords(series, { formatVersion: 2 });
    assert.ok(bytes);
    const record = only(bytes);
    const changed = only(
      withExtraHeaders(record, { FDSN: { Time: { Quality: 77 }, Flags: { Spikes: true } } }),
    );
    assert.deepEqual(changed.extraHeaders, { FDSN: { Time: { Quality: 77 }, Flags: { Spikes: true } } });
    assert.deepEqual(changed.samples, record.samples);
    assert.equal(changed.length, record.length);
    const thrown = (headers: string, code: string) =>
      assert.throws(
        () => withExtraHeaders(record, headers),
        (error) => error instanceof MiniSeedError && error.code === code,
      );
    thrown('{"own":1}', "HEADER_LOST");
    thrown("[]", "EXTRA_HEADERS_INVALID");
    thrown("{", "EXTRA_HEADERS_INVALID");
    const [three] = convertRecord(record, { formatVersion: 3 });
    assert.ok(three);
    assert.throws(() => withExtraHeaders(only(three), { long: "x".repeat(70_000) }), /70011 bytes/);
  });
});

describe("declaredLength", () => {
  it("is the length of the record that begins there, told by its first bytes", () => {
    for (const record of records) {
      const { bytes } = record;
      const length = declaredLength(bytes);
      assert.ok(length === undefined || length === bytes.length, `${record.toString()}: ${length}`);
      assert.equal(declaredLength(Buffer.concat([Buffer.from("x"), bytes]), 1), length);
    }
    assert.ok(
      records.filter(({ bytes }) => declaredLength(bytes.subarray(0, 64)) === bytes.length).length > 100,
    );
    assert.equal(declaredLength(new Uint8Array(100)), undefined);
    assert.equal(declaredLength(new Uint8Array(0)), undefined);
    assert.equal(declaredLength(Buffer.from("no record at all, whatever the length of this is")), undefined);
  });
});
