// lib/mseed/convert.ts: between the versions and back, with what has no place told.
import assert from "node:assert/strict";
import {
  convertRecord,
  ENCODINGS,
  type MiniSeed2Record,
  MiniSeedError,
  type MiniSeedRecord,
  type Problem,
  packRecords,
  readRecords,
  setExtraHeaderText,
} from "../../lib/mseed/index.ts";
import { OWN_FOLDERS, readOwn, vectorsOf } from "./vectors.ts";

const SERIES = {
  sourceId: "FDSN:XX_TEST_00_H_H_Z",
  startTime: 1_000_000_000_123_456_000n,
  sampleRate: 100,
  samples: Int32Array.from({ length: 300 }, (_, i) => Math.round(1e6 * Math.sin(i / 9))),
};

function one(bytes: Uint8Array | Uint8Array[]): MiniSeedRecord {
  const [record, ...more] = readRecords(Buffer.concat([bytes].flat()), { strict: true });
  assert.ok(record);
  assert.equal(more.length, 0);
  return record;
}

function read(pieces: Uint8Array[]): MiniSeedRecord[] {
  return [...readRecords(Buffer.concat(pieces), { strict: true })];
}

/** What two records must share, whatever their format. */
function content(record: MiniSeedRecord): object {
  return {
    sourceId: record.sourceId.text,
    startTime: record.startTime,
    sampleRate: record.sampleRate.toPrecision(14),
    flags: record.flags,
    publicationVersion: record.publicationVersion,
    sampleCount: record.sampleCount,
    samples: record.samples,
    extraHeaders: record.extraHeadersText.replace(ONLY_FOR_MICROSECONDS, ""),
  };
}

/** Timing quality 0 is what a blockette 1001 tells that is there for its microseconds. */
const ONLY_FOR_MICROSECONDS = /^\{"FDSN":\{"Time":\{"Quality":0\}\}\}$/;

describe("convertRecord", () => {
  it("gives a record without changes back byte for byte", () => {
    for (const { bytes } of OWN_FOLDERS.flatMap(vectorsOf)) {
      for (const record of readRecords(bytes)) {
        const { encoding, formatVersion } = record;
        assert.deepEqual(convertRecord(record), [record.bytes]);
        assert.deepEqual(convertRecord(record, { encoding, formatVersion }), [record.bytes]);
      }
    }
  });

  for (const { name, bytes, strict } of vectorsOf("generated")) {
    it(`takes ${name} to the other version and back with the same content`, () => {
      for (const record of readRecords(bytes, { strict: true })) {
        const problems: Problem[] = [];
        const onProblem = (problem: Problem) => problems.push(problem);
        const formatVersion = record.formatVersion === 2 ? 3 : 2;
        if (record.formatVersion === 3 && record.sourceId.toNslc() === undefined) {
          assert.throws(() => convertRecord(record, { formatVersion }), /has no codes in miniSEED 2/);
          continue;
        }
        const there = read(convertRecord(record, { formatVersion, onProblem }));
        const back = there.flatMap((other) =>
          read(convertRecord(other, { formatVersion: record.formatVersion, onProblem })),
        );
        if (problems.length === 0 && back.length === 1) {
          assert.deepEqual(there.map(content), [content(record)]);
          assert.deepEqual(back.map(content), [content(record)]);
        } else {
          const isRounded = problems.some(({ message }) => message.includes("microsecond"));
          const startTime = isRounded ? ((record.startTime + 500n) / 1000n) * 1000n : record.startTime;
          assert.deepEqual(joined(there), { ...joined([record]), startTime });
        }
      }
      assert.ok(strict.records.length > 0);
    });
  }

  it("takes Steim frames over as they are, little-endian ones in big-endian order", () => {
    const [record] = readRecords(
      Buffer.concat([...packRecords(SERIES, { formatVersion: 2, encoding: "steim1", recordLength: 4096 })]),
    );
    const converted = one(convertRecord(record as MiniSeedRecord, { formatVersion: 3 }));
    const frames = converted.payload;
    assert.deepEqual(frames, record?.payload.subarray(0, frames.length));
    assert.equal(frames.length % 64, 0);
  });

  it("splits a record that the other version cannot hold", () => {
    const [big] = vectorsOf("generated").filter(({ name }) => name.endsWith("big-v3-steim2-150000.mseed3"));
    const record = one(big?.bytes as Uint8Array);
    const pieces = read(convertRecord(record, { formatVersion: 2 }));
    assert.deepEqual(joined(pieces), joined([record]));
    assert.ok(pieces.every(({ length, sampleCount }) => length === 4096 && sampleCount <= 65_535));
    assert.ok(pieces.length > 2);
  });

  it("writes retired encodings as int32 or float32", () => {
    for (const [code, successor] of [
      [2, 3],
      [13, 4],
      [14, 4],
      [16, 3],
      [30, 3],
      [32, 3],
    ] as const) {
      const [record] = readRecords(readOwn(`mutants/v2-encoding-${code}.mseed2`));
      const converted = one(convertRecord(record as MiniSeedRecord, { formatVersion: 3 }));
      assert.equal(converted.encoding, successor);
      assert.deepEqual(converted.samples, record?.samples);
    }
  });

  it("takes over a payload that nobody can decode", () => {
    const [record] = readRecords(readOwn("mutants/v3-encoding-19.mseed3"));
    const [bytes] = convertRecord(record as MiniSeedRecord, { formatVersion: 2 });
    const [converted] = readRecords(bytes as Uint8Array);
    assert.equal(converted?.encoding, ENCODINGS.steim3);
    assert.equal(converted?.sampleCount, record?.sampleCount);
    const payload = record?.payload as Uint8Array;
    assert.deepEqual(converted?.payload.subarray(0, payload.length), payload);
  });

  it("makes up no timing quality where microseconds need a blockette 1001, and keeps one of 0 %", () => {
    for (const startTime of [SERIES.startTime + 12_345_000n, SERIES.startTime - 49_000n]) {
      for (const headers of [
        undefined,
        { FDSN: { Time: { Quality: 0 } } },
        { FDSN: { Time: { Quality: 1 } } },
      ]) {
        const record = one([
          ...packRecords({ ...SERIES, startTime, extraHeaders: headers }, { encoding: "int32" }),
        ]);
        const two = one(convertRecord(record, { formatVersion: 2 }));
        assert.equal(two.startTime, startTime);
        const again = one(convertRecord(two, { publicationVersion: 3 }));
        for (const version2 of [two, again]) {
          assert.deepEqual(version2.extraHeaders, headers ?? {});
          assert.deepEqual(one(convertRecord(version2, { formatVersion: 3 })).extraHeaders, headers ?? {});
        }
      }
    }
  });

  it("keeps second 60", () => {
    const [record] = readRecords(readOwn("mutants/v2-second-60.mseed2"));
    const converted = one(convertRecord(record as MiniSeedRecord, { formatVersion: 3 }));
    assert.deepEqual(converted.calendarTime, record?.calendarTime);
    assert.equal(converted.calendarTime.second, 60);
    assert.equal(converted.startTime, record?.startTime);
    const back = one(convertRecord(converted, { formatVersion: 2 }));
    assert.deepEqual(back.calendarTime, record?.calendarTime);
  });

  it("changes extra headers and leaves every other byte but the checksum", () => {
    const text = '{"FDSN":{"Time":{"Quality":100}},"X":{"n":2.0}}';
    const record = one([...packRecords({ ...SERIES, extraHeaders: text }, { encoding: "int32" })]);
    assert.equal(record.extraHeadersText, text);
    const changed = setExtraHeaderText(text, "/FDSN/Time/Quality", "50");
    const converted = one(convertRecord(record, { extraHeaders: changed }));
    assert.equal(converted.extraHeadersText, '{"FDSN":{"Time":{"Quality":50}},"X":{"n":2.0}}');
    assert.deepEqual(converted.payload, record.payload);
    assert.deepEqual(converted.bytes.subarray(0, 28), record.bytes.subarray(0, 28));
  });

  it("keeps extra headers under another name, but for the codes of the old one", () => {
    const given = [
      ['{"X":{"n":2.0}}', '{"X":{"n":2.0}}'],
      ['{"SEED":{"Station":"TEST "},"X":{"n":2.0}}', '{"X":{"n":2.0}}'],
    ] as const;
    for (const [extraHeaders, kept] of given) {
      const record = one([...packRecords({ ...SERIES, extraHeaders }, { encoding: "int32" })]);
      const renamed = one(convertRecord(record, { sourceId: "FDSN:XX_OTHER_00_H_H_Z" }));
      assert.equal(renamed.extraHeadersText, kept);
      assert.equal(one(convertRecord(record, { publicationVersion: 2 })).extraHeadersText, extraHeaders);
    }
    const short = { ...SERIES, samples: SERIES.samples.slice(0, 9) };
    const extraHeaders = { FDSN: { Time: { Quality: 70 } } };
    const two = one([...packRecords({ ...short, extraHeaders }, { formatVersion: 2 })]);
    const renamed = one(convertRecord(two, { sourceId: "FDSN:XX_OTHER_00_H_H_Z", formatVersion: 3 }));
    assert.deepEqual(renamed.extraHeaders, { FDSN: { Time: { Quality: 70 } } });
  });

  it("changes headers without touching the payload, whatever its encoding", () => {
    for (const { bytes } of OWN_FOLDERS.flatMap(vectorsOf)) {
      for (const record of [...readRecords(bytes)].slice(0, 2)) {
        // Read, but not written in miniSEED 2: years that other readers do not know.
        if (record.formatVersion === 2 && record.calendarTime.year > 2100) {
          assert.throws(() => convertRecord(record, { publicationVersion: 3 }), MiniSeedError);
          continue;
        }
        const [changed, ...more] = convertRecord(record, { publicationVersion: 3 });
        assert.equal(more.length, 0);
        const [converted] = readRecords(changed as Uint8Array);
        assert.ok(converted);
        assert.equal(converted.publicationVersion, 3);
        assert.equal(converted.encoding, record.encoding);
        if (record.formatVersion === 2) assert.ok(converted.length >= record.length);
        assert.deepEqual(converted.samples, record.samples);
        assert.equal(converted.startTime, record.startTime);
        // Samples that are missing are not made up.
        const isMissing = record.formatVersion === 2 && record.payload.length === 0;
        assert.equal(converted.sampleCount, isMissing ? 0 : record.sampleCount);
      }
    }
  });

  it("tells what miniSEED 2 has no place for", () => {
    const problems: Problem[] = [];
    const record = one([
      ...packRecords(
        {
          ...SERIES,
          startTime: SERIES.startTime + 1n,
          sampleRate: 33.3333,
          flags: 0x81,
          publicationVersion: 7,
          extraHeaders: { FDSN: { Logger: { Model: "Q" }, Event: { Begin: true } }, Other: [1] },
        },
        { encoding: "int32" },
      ),
    ]);
    const converted = one(
      convertRecord(record, { formatVersion: 2, onProblem: (problem) => problems.push(problem) }),
    );
    assert.deepEqual(converted.extraHeaders, { FDSN: { Event: { Begin: true } } });
    const messages = problems.map(({ code, message }) => `${code} ${message}`).join("\n");
    assert.match(messages, /HEADER_LOST publication version 7/);
    assert.match(messages, /HEADER_LOST reserved bits of flags 129/);
    assert.match(messages, /HEADER_LOST .*\/FDSN\/Logger\/Model, \/Other\/0/);
    assert.match(messages, /PRECISION_LOST .*microsecond/);
    assert.match(messages, /PRECISION_LOST sample rate 33.3333 Hz/);
    assert.equal(problems.length, 5);
    assert.ok(problems.every((problem) => problem.record === record));
  });

  it("tells of blockettes that miniSEED 3 has no place for", () => {
    const [record] = readRecords(readOwn("mutants/v2-b2000.mseed2"));
    assert.deepEqual((record as MiniSeed2Record).blockettes.map(({ type }) => type).includes(2000), true);
    const problems: Problem[] = [];
    one(
      convertRecord(record as MiniSeedRecord, {
        formatVersion: 3,
        onProblem: (problem) => problems.push(problem),
      }),
    );
    assert.deepEqual(
      problems.map(({ code }) => code),
      ["HEADER_LOST"],
    );
    assert.match(problems[0]?.message ?? "", /2000 \(opaque data\)/);
  });

  it("refuses what the other version cannot hold", () => {
    const record = one([...packRecords({ ...SERIES, sourceId: "FDSN:XX_LONGNAME__H_H_Z" }, {})]);
    assert.throws(
      () => convertRecord(record, { formatVersion: 2 }),
      (error) =>
        error instanceof MiniSeedError && error.code === "INVALID_ARGUMENT" && /LONGNAME/.test(error.message),
    );
    assert.throws(() => convertRecord(record, { encoding: "int16" }), /sample \d+ is/);
  });
});

function joined(records: MiniSeedRecord[]): object {
  return {
    startTime: records[0]?.startTime,
    samples: records.flatMap(({ samples }) => Array.from(samples as Int32Array)),
  };
}
