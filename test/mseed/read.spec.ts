// Every vector is read as libmseed 3.5.4 reads it, strictly and passing over noise; and where libmseed is wrong (each file by
// name), as it is right.
import assert from "node:assert/strict";
import {
  type JsonObject,
  type JsonValue,
  joinRecords,
  MiniSeedError,
  type MiniSeedRecord,
  type Problem,
  readRecords,
  type Segment,
  samplesOf,
} from "../../lib/mseed/index.ts";
import { formatNanoseconds, toNanoseconds } from "../../lib/time.ts";
import {
  type Expected,
  type ExpectedRecord,
  OWN_FOLDERS,
  SHARED_FOLDERS,
  sha256,
  type Vector,
  vectorsOf,
} from "./vectors.ts";

/** What libmseed says of some records, put right. */
const CORRECTIONS: Record<string, { why: string; records: Record<number, Partial<ExpectedRecord>> }> = {
  "mutants/v2-loc-dashes.mseed2": {
    why: "location -- stands for an empty one",
    records: { 0: { sid: "FDSN:XX_MUT__B_H_Z" } },
  },
  "mutants/v2-sta-latin1.mseed2": {
    why: "a station code in Latin-1 is no reason to cut it",
    records: { 0: { sid: "FDSN:XX_MÜT__B_H_Z" } },
  },
  "generated/rate-1e-5.mseed2": {
    why: "230 periods of 100,000 s are not 4 ns less",
    records: { 0: { end: "2021-03-23T16:53:20Z" } },
  },
  "generated/rate-1e-5.mseed3": {
    why: "230 periods of 99999.99999999999 s, as the header has it, are 2 ns less, not 4",
    records: { 0: { end: "2021-03-23T16:53:19.999999998Z" }, 1: { end: "2021-06-11T13:33:19.999999995Z" } },
  },
};

/** Records that libmseed refuses although nothing is wrong, or only odd: what is in them. */
const REFUSED: Record<string, { why: string; start: string; sid?: string; samples?: number[] }> = {
  "mutants/v2-fract-10000.mseed2": {
    why: "a fraction of 10000 is in files of real stations: it is carried, with a warning",
    start: "2020-02-29T01:02:04Z",
  },
  "mutants/v2-fract-65535.mseed2": {
    why: "so is a greater one",
    start: "2020-02-29T01:02:09.5535Z",
  },
  "mutants/v2-year-2056-day-256.mseed2": {
    why: "that header makes sense in both byte orders, but only in one all of it does",
    start: "2056-09-12T01:02:03.4567Z",
  },
  "mutants/v2-year-2056-day-257.mseed2": {
    why: "as day 256",
    start: "2056-09-13T01:02:03.4567Z",
  },
  "mutants/v2-encoding-2.mseed2": {
    why: "24-bit integers are in the SEED manual",
    start: "2020-02-29T01:02:03.4567Z",
    samples: [
      0x00010f, -0x00e001, 0x23453f, -0x00c000, 0x56787f, -0x008000, -0x654360, 0x00a001, -0x700070, 0x00a800,
    ],
  },
  "mutants/v3-sid-64.mseed3": {
    why: "a source identifier may have 255 bytes",
    start: "2020-02-29T01:02:03.456789012Z",
    sid: `FDSN:${"A".repeat(59)}`,
  },
  "mutants/v3-sid-255.mseed3": {
    why: "a source identifier may have 255 bytes",
    start: "2020-02-29T01:02:03.456789012Z",
    sid: `FDSN:${"A".repeat(250)}`,
  },
  "mutants/v3-year-1600.mseed3": {
    why: "the format has all years from 0 on",
    start: "1600-02-29T01:02:03.456789012Z",
  },
};

/** Errors of libmseed at the end of a file that are none. */
const ENDS_WELL: Record<string, string> = {
  "mutants/v2-b1000-exp-24.mseed2": "a record of 16 MiB is within the limit here: it is cut short",
};

interface Reading {
  records: MiniSeedRecord[];
  problems: Problem[];
  error: unknown;
}

function readAll(bytes: Uint8Array, strict: boolean): Reading {
  const reading: Reading = { records: [], problems: [], error: undefined };
  try {
    for (const record of readRecords(bytes, {
      strict,
      onProblem: (problem) => reading.problems.push(problem),
    })) {
      void record.samples;
      reading.records.push(record);
    }
  } catch (error) {
    reading.error = error;
  }
  return reading;
}

function assertRecord(record: MiniSeedRecord, expected: ExpectedRecord): void {
  const { samples } = record;
  const bytes = typeof samples === "string" ? record.payload.subarray(0, record.sampleCount) : samples;
  assert.deepEqual(
    {
      offset: record.offset,
      length: record.length,
      formatVersion: record.formatVersion,
      sid: record.sourceId.text,
      start: record.startTime,
      end: record.endTime,
      sampleRateHz: record.sampleRate,
      encoding: record.encoding,
      pubVersion: record.publicationVersion,
      flags: record.flags,
      samplesInHeader: record.sampleCount,
      sha256: bytes.length > 0 ? sha256(bytes) : undefined,
    },
    {
      offset: expected.offset,
      length: expected.length,
      formatVersion: expected.formatVersion,
      sid: fromLatin1(expected.sid),
      start: BigInt(expected.startNs),
      end: toNanoseconds(expected.end),
      sampleRateHz: expected.sampleRateHz,
      encoding: expected.encoding,
      pubVersion: expected.pubVersion,
      flags: expected.flags,
      samplesInHeader: expected.samplesInHeader,
      sha256: expected.sha256,
    },
  );
  if (expected.extraHeaders !== undefined) assertExtraHeaders(record, fromLatin1(expected.extraHeaders));
}

/** The expected files have one character for each byte that is not ASCII; the corrections have what they mean. */
function fromLatin1(text: string): string {
  const utf8 = Buffer.from(text, "latin1").toString();
  return utf8.includes("\ufffd") ? text : utf8;
}

/** In miniSEED 3 it is the text of the record; in miniSEED 2 what its fields mean, where times may be written in several ways. */
function assertExtraHeaders(record: MiniSeedRecord, expected: string): void {
  if (record.formatVersion === 3) {
    assert.equal(record.extraHeadersText, expected);
    return;
  }
  const actual = structuredClone(record.extraHeaders);
  // libmseed does not tell the sequence number.
  if (actual.FDSN) delete (actual.FDSN as JsonObject).Sequence;
  assert.deepEqual(sameTimes(actual), sameTimes(correctWaves(JSON.parse(expected) as JsonObject)));
}

/** libmseed takes bit 2 of blockette 200's flags the wrong way round: it tells the wave only where it is undetermined. */
function correctWaves(headers: JsonObject): JsonObject {
  const event = (headers.FDSN as JsonObject | undefined)?.Event as JsonObject | undefined;
  for (const detection of (event?.Detection ?? []) as JsonObject[]) {
    if (detection.Type !== "GENERIC") continue;
    if (detection.Wave !== undefined) delete detection.Wave;
    else detection.Wave = "COMPRESSION";
  }
  return headers;
}

function sameTimes(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sameTimes);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, sameTimes(child)]));
  }
  const time = typeof value === "string" && value.includes("T") ? toNanoseconds(value) : undefined;
  return time === undefined ? value : formatNanoseconds(time);
}

function expectedOf(name: string, expected: ExpectedRecord, index: number): ExpectedRecord {
  return { ...expected, ...CORRECTIONS[name]?.records[index] };
}

function assertRefused(record: MiniSeedRecord, name: string): void {
  const { start, sid, samples } = REFUSED[name] as (typeof REFUSED)[string];
  assert.equal(formatNanoseconds(record.startTime), start);
  assert.equal(record.sourceId.text, sid ?? "FDSN:XX_MUT__B_H_Z");
  assert.deepEqual(Array.from(record.samples as Int32Array), samples ?? [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4]);
}

function checkStrict({ name, bytes, strict }: Vector): void {
  const { records, error } = readAll(bytes, true);
  if (name in REFUSED) {
    assert.equal(error, undefined);
    assert.equal(records.length, 1);
    assertRefused(records[0] as MiniSeedRecord, name);
    return;
  }
  assert.equal(records.length, strict.records.length);
  for (const [i, record] of records.entries()) {
    assertRecord(record, expectedOf(name, strict.records[i] as ExpectedRecord, i));
  }
  const endsWell = strict.finalStatus === "MS_ENDOFFILE" || name in ENDS_WELL;
  if (endsWell) assert.equal(error, undefined);
  else assert.ok(error instanceof MiniSeedError, `${strict.finalStatus}: ${String(error)}`);
  if (strict.finalStatus === "MS_ENDOFFILE") checkSegments(records, strict, name);
}

/** Nothing that libmseed gives is missing. What it does not give comes with a problem that says why. */
function checkSkipping({ name, bytes, skipping }: Vector): void {
  const { records, problems, error } = readAll(bytes, false);
  assert.equal(error, undefined);
  const missing = new Map(skipping.records.map((record, i) => [record.offset, expectedOf(name, record, i)]));
  for (const record of records) {
    const expected = missing.get(record.offset);
    if (expected) assertRecord(record, expected);
    else if (name in REFUSED) assertRefused(record, name);
    else {
      const why = problems.find((problem) => problem.record === record && problem.severity === "error");
      assert.ok(why, `record at ${record.offset} is not expected, and has no problem`);
    }
    missing.delete(record.offset);
  }
  assert.equal(missing.size, 0);
}

function checkSegments(records: MiniSeedRecord[], { traces }: Expected, name: string): void {
  const corrected = (name in CORRECTIONS ? Object.values(CORRECTIONS[name]?.records ?? {}) : []).length > 0;
  const segments = joinRecords(records).flatMap(({ sourceId, segments }) =>
    segments.map((segment) => {
      return {
        sid: sourceId.text,
        start: formatNanoseconds(segment.startTime),
        end: formatNanoseconds(segment.endTime),
        sampleRateHz: segment.sampleRate,
        samples: segment.sampleCount,
        sha256: segment.sampleCount > 0 ? sha256(sampleBytes(segment)) : undefined,
      };
    }),
  );
  const expected = traces.map((trace) => ({
    sid: fromLatin1(trace.sid),
    start: sameTimes(trace.start),
    end: sameTimes(trace.end),
    sampleRateHz: trace.sampleRateHz,
    samples: trace.samples,
    sha256: trace.sha256,
  }));
  const bySid = (a: { sid: string }, b: { sid: string }) => (a.sid < b.sid ? -1 : a.sid > b.sid ? 1 : 0);
  if (corrected) assert.equal(segments.length, expected.length);
  else assert.deepEqual(segments.sort(bySid), expected.sort(bySid));
}

/** As the digests have them: text as it was in the records, also where it is not UTF-8. */
function sampleBytes(segment: Segment): NodeJS.TypedArray {
  const samples = samplesOf(segment);
  if (typeof samples !== "string") return samples;
  return Buffer.concat(segment.records.map(({ payload, sampleCount }) => payload.subarray(0, sampleCount)));
}

describe("miniSEED vectors", () => {
  for (const folder of [...OWN_FOLDERS, ...SHARED_FOLDERS]) {
    const vectors = vectorsOf(folder);
    for (const vector of vectors) {
      it(`${vector.name}, strictly`, () => checkStrict(vector));
      it(`${vector.name}, passing over noise`, () => checkSkipping(vector));
    }
    if (vectors.length === 0) {
      it(`${folder}: needs the folder ../shared/vectors/mseed/${folder}`, function () {
        // Where everything must be run, nothing may be missing.
        if (process.env.CI) assert.fail(`../shared/vectors/mseed/${folder} is not there`);
        this.skip();
      });
    }
  }
});
