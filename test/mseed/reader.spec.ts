// lib/mseed/reader.ts and detect.ts: what lies between records, half records, lengths that nothing tells, limits.
import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import {
  type MiniSeed2Record,
  MiniSeedError,
  type MiniSeedRecord,
  type Problem,
  packRecords,
  type ReadOptions,
  RecordReader,
  readRecordStream,
  readRecords,
} from "../../lib/mseed/index.ts";
import { readOwn } from "./vectors.ts";

const SAMPLES = Int32Array.from({ length: 800 }, (_, i) => Math.round(5000 * Math.sin(i / 7)));

function pack(formatVersion: 2 | 3, recordLength: number): Uint8Array[] {
  const series = {
    sourceId: "FDSN:XX_A_00_H_H_Z",
    startTime: "2026-01-01",
    sampleRate: 100,
    samples: SAMPLES,
  };
  return [...packRecords(series, { formatVersion, recordLength })];
}

const two = pack(2, 512);
const three = pack(3, 400);

function noise(length: number, seed = 7): Uint8Array {
  let x = seed;
  return Uint8Array.from({ length }, () => {
    x = Math.imul(x, 1_103_515_245) + 12_345;
    return x >>> 16;
  });
}

function read(
  bytes: Uint8Array,
  options: ReadOptions = {},
): { records: MiniSeedRecord[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const records = [...readRecords(bytes, { ...options, onProblem: (problem) => problems.push(problem) })];
  return { records, problems };
}

/** Offsets of the records that are found, and code, offset and length of the problems. */
function outline(bytes: Uint8Array, options?: ReadOptions): [number[], [string, number, number][]] {
  const { records, problems } = read(bytes, options);
  return [
    records.map(({ offset }) => offset),
    problems.map(({ code, offset, length }) => [code, offset, length]),
  ];
}

const [a2, b2] = two as [Uint8Array, Uint8Array];
const [a3, b3] = three as [Uint8Array, Uint8Array];

describe("between records", () => {
  const between: [string, Uint8Array][] = [
    ["random bytes", noise(777)],
    ["NULs", new Uint8Array(512)],
    ["spaces", new Uint8Array(512).fill(0x20)],
    ["a SEED noise record", Buffer.from(`000003${" ".repeat(506)}`)],
    ["a volume header", Buffer.from(`000001V 010009502.4121994,001,00:00:00.0000~${" ".repeat(200)}`)],
    ["a line end", Buffer.from("\r\n")],
    ["a page", Buffer.from("<html><body>Error 500: MS no data</body></html>\n")],
  ];
  for (const [name, bytes] of between) {
    it(`${name} are passed over, and told`, () => {
      const all = Buffer.concat([bytes, a2, bytes, a3, bytes, b2, b3, bytes]);
      const n = bytes.length;
      const offsets = [n, 2 * n + 512, 3 * n + 512 + a3.length, 3 * n + 1024 + a3.length];
      const end = 3 * n + 1024 + a3.length + b3.length;
      const [found, problems] = outline(all);
      assert.deepEqual(found, offsets);
      assert.deepEqual(problems.slice(0, 3), [
        ["NOT_MINISEED", 0, n],
        ["NOT_MINISEED", n + 512, n],
        ["NOT_MINISEED", 2 * n + 512 + a3.length, n],
      ]);
      // Too few for a record, the last ones may be the beginning of one.
      assert.deepEqual(problems.slice(3), [[n < 48 ? "TRUNCATED" : "NOT_MINISEED", end, n]]);
      assert.throws(
        () => [...readRecords(all, { strict: true })],
        (error) =>
          error instanceof MiniSeedError && error.code === "NOT_MINISEED" && error.problem?.length === n,
      );
    });
  }

  it("half a record is passed over, and the one after it is not lost", () => {
    for (const half of [a2, a3]) {
      for (const length of [100, half.length - 20]) {
        const all = Buffer.concat([b3, half.subarray(0, length), b2, a3, a2]);
        const [found, problems] = outline(all);
        const start = b3.length + length;
        assert.deepEqual(found, [0, start, start + 512, start + 512 + a3.length]);
        assert.deepEqual(problems, [["HALF_RECORD", b3.length, length]]);
      }
    }
  });

  it("a record that has lost its last bytes is given, and told when the next one has come", () => {
    const bytes = Buffer.concat([a2.subarray(0, 511), b2, a3]);
    const { records, problems } = read(bytes);
    assert.deepEqual(
      records.map(({ offset }) => offset),
      [0, 511, 1023],
    );
    const [problem] = problems;
    assert.deepEqual([problem?.code, problem?.offset, problem?.length], ["HALF_RECORD", 0, 511]);
    assert.equal(problem?.record, records[0]);
  });

  it("a length that is too great does not hide the records after it", () => {
    const tooLong = Uint8Array.from(a2);
    tooLong[48 + 6] = 20;
    const [found, problems] = outline(Buffer.concat([tooLong, b2, a3]));
    assert.deepEqual(found, [512, 1024]);
    assert.deepEqual(problems, [["HALF_RECORD", 0, 512]]);
  });

  it("a length that ends just where a record ends does not hide what begins before it", () => {
    const begun = Buffer.from(a3.subarray(0, 100));
    begun.writeUInt32LE(begun.readUInt32LE(36) + begun.length + b3.length - a3.length, 36);
    for (const checkCrc of [true, false]) {
      const expected = [[100], [["HALF_RECORD", 0, 100]]];
      assert.deepEqual(outline(Buffer.concat([begun, b3]), { checkCrc }), expected);
    }
    // Where more follows, only the checksum tells that it is not as long as it says.
    const [found, problems] = outline(Buffer.concat([begun, b3, a2]));
    assert.deepEqual([found, problems], [[100, 100 + b3.length], [["HALF_RECORD", 0, 100]]]);
    assert.deepEqual(outline(Buffer.concat([begun, b3, a2]), { checkCrc: false })[0], [0, 100 + b3.length]);
  });

  it("a record that is cut at the end is told, with what is there", () => {
    assert.deepEqual(outline(Buffer.concat([a2, b2.subarray(0, 200)])), [[0], [["TRUNCATED", 512, 200]]]);
    assert.deepEqual(outline(Buffer.concat([a3, b3.subarray(0, 30)])), [[0], [["TRUNCATED", a3.length, 30]]]);
    assert.equal([...readRecords(Buffer.concat([a2, b2.subarray(0, 200)]), { strict: true })].length, 1);
  });

  it("nothing is nothing", () => {
    assert.deepEqual(outline(new Uint8Array(0)), [[], []]);
  });
});

describe("a miniSEED 2 record without blockette 1000", () => {
  /** The record without its blockettes. */
  function bare(record: Uint8Array): Uint8Array {
    const copy = Uint8Array.from(record);
    const view = new DataView(copy.buffer);
    view.setUint8(39, 0);
    view.setUint16(46, 0);
    return copy;
  }
  const series = {
    sourceId: "FDSN:XX_A_00_H_H_Z",
    startTime: "2026-01-01",
    sampleRate: 100,
    samples: SAMPLES,
  };
  const bareRecords = [
    ...packRecords(series, { formatVersion: 2, encoding: "steim1", recordLength: 512 }),
  ].map(bare);

  it("is as long as it is to the next header, or to the end", () => {
    const [found, problems] = outline(Buffer.concat([...bareRecords, a2]));
    assert.deepEqual(
      found,
      [...bareRecords.keys(), bareRecords.length].map((i) => i * 512),
    );
    assert.ok(problems.every(([code]) => code === "ENCODING_ASSUMED"));
    const alone = read(bareRecords[0] as Uint8Array);
    assert.equal(alone.records[0]?.length, 512);
    assert.equal(alone.records[0]?.samples.length, alone.records[0]?.sampleCount);
  });

  it("is as long as the one before it where the end tells nothing", () => {
    const [first, second] = bareRecords as [Uint8Array, Uint8Array];
    const [found, problems] = outline(Buffer.concat([first, second, noise(100)]));
    assert.deepEqual(found, [0, 512]);
    assert.deepEqual(problems.at(-1), ["NOT_MINISEED", 1024, 100]);
  });

  it("is no record where nothing tells its length", () => {
    const [found, problems] = outline((bareRecords[0] as Uint8Array).subarray(0, 500));
    assert.deepEqual(found, []);
    assert.deepEqual(problems, [
      ["RECORD_LENGTH", 0, 48],
      ["NOT_MINISEED", 0, 500],
    ]);
  });
});

describe("RecordReader", () => {
  it("gives a record as soon as its last byte is there", () => {
    const reader = new RecordReader();
    reader.push(a2.subarray(0, 511));
    assert.equal(reader.next(), undefined);
    assert.equal(reader.buffered, 511);
    reader.push(a2.subarray(511));
    assert.equal(reader.next()?.length, 512);
    assert.equal(reader.buffered, 0);
    reader.push(a3);
    assert.equal(reader.next()?.offset, 512);
  });

  it("takes a long record byte by byte without moving it again and again", () => {
    const samples = Float64Array.from({ length: 20_000 }, (_, i) => i);
    const series = { sourceId: "FDSN:XX_A__H_H_Z", startTime: 0n, sampleRate: 1, samples };
    const [long] = packRecords(series, { recordLength: 200_000 });
    const reader = new RecordReader();
    for (let i = 0; i < (long?.length ?? 0); i++) {
      assert.equal(reader.next(), undefined);
      reader.push(long?.subarray(i, i + 1) as Uint8Array);
    }
    assert.deepEqual(reader.next()?.samples, samples);
  });

  it("takes bytes of any kind, and nothing else", () => {
    const foreign = runInNewContext(`Uint8Array.from(${JSON.stringify([...a2])})`) as Uint8Array;
    assert.equal(foreign instanceof Uint8Array, false);
    for (const bytes of [a2, Buffer.from(a2), foreign]) {
      const [record] = readRecords(bytes);
      assert.equal(record?.sampleCount, [...readRecords(a2)][0]?.sampleCount);
      assert.equal(record?.bytes.constructor, Uint8Array);
    }
    for (const bytes of ["text", [1], a2.buffer, new Int32Array(9), null, undefined]) {
      assert.throws(() => [...readRecords(bytes as never)], MiniSeedError);
      assert.throws(() => new RecordReader().push(bytes as never), MiniSeedError);
    }
  });

  it("tells the same of noise, however it comes", () => {
    const all = Buffer.concat([noise(333), a2, noise(1111), a3, noise(70)]);
    const [offsets, expected] = outline(all);
    for (const size of [1, 7, 48, 1000]) {
      const problems: [string, number, number][] = [];
      const reader = new RecordReader({
        onProblem: ({ code, offset, length }) => problems.push([code, offset, length]),
      });
      const found: number[] = [];
      for (let at = 0; at < all.length; at += size) {
        reader.push(all.subarray(at, at + size));
        for (let record = reader.next(); record; record = reader.next()) found.push(record.offset);
      }
      reader.finish();
      while (reader.next()) assert.fail();
      assert.deepEqual(found, offsets);
      assert.deepEqual(problems, expected);
    }
  });

  it("refuses records above a limit, and bytes after the end", () => {
    const [found, problems] = outline(Buffer.concat([a2, a3]), { maxRecordLength: 450 });
    assert.deepEqual(found, [512]);
    assert.deepEqual(problems[0]?.[0], "RECORD_LENGTH");
    const reader = new RecordReader();
    reader.finish();
    assert.throws(() => reader.push(a2), MiniSeedError);
    assert.throws(() => new RecordReader({ maxRecordLength: 0 }), MiniSeedError);
    assert.throws(() => new RecordReader({ maxRecordLength: Number.NaN }), MiniSeedError);
  });

  it("goes on after an error that it threw", () => {
    const reader = new RecordReader({ strict: true });
    reader.push(Buffer.concat([noise(100), a2]));
    assert.throws(() => reader.next(), MiniSeedError);
    assert.equal(reader.next()?.offset, 100);
  });

  it("reads a stream no faster than its records are taken", async () => {
    let given = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      for (const piece of [a2, a3, b2]) {
        given++;
        yield await Promise.resolve(piece);
      }
    }
    const records = readRecordStream(source());
    assert.equal((await records.next()).value?.offset, 0);
    assert.equal(given, 1);
    const rest: number[] = [];
    for await (const record of records) rest.push(record.offset);
    assert.deepEqual(rest, [512, 512 + a3.length]);
  });
});

describe("records", () => {
  it("tell both checksums where they differ", () => {
    const changed = Uint8Array.from(a3);
    changed[100] = (changed[100] as number) ^ 1;
    const { problems, records } = read(changed);
    assert.equal(records.length, 1);
    assert.match(problems[0]?.message ?? "", /checksum is 0x[0-9a-f]{8}, but the header tells 0x[0-9a-f]{8}/);
    assert.equal(problems[0]?.record, records[0]);
    assert.deepEqual(
      read(changed, { checkCrc: false }).problems.filter(({ code }) => code === "CRC_MISMATCH"),
      [],
    );
  });

  it("give what can be decoded, and a problem for the rest", () => {
    const cases: [string, string, number][] = [
      ["v2-steim2-more-samples.mseed2", "PAYLOAD_SHORT", 371],
      ["v3-steim2-too-many-samples.mseed3", "PAYLOAD_SHORT", 371],
      ["v3-int32-payload-short.mseed3", "PAYLOAD_SHORT", 10],
      ["v3-steim2-samples-no-payload.mseed3", "PAYLOAD_SHORT", 0],
      ["v2-doff-beyond.mseed2", "PAYLOAD_SHORT", 0],
      ["v3-encoding-19.mseed3", "ENCODING_UNKNOWN", 0],
      ["v3-encoding-30.mseed3", "SAMPLE_INVALID", 0],
    ];
    for (const [name, code, count] of cases) {
      const { records, problems } = read(readOwn(`mutants/${name}`));
      const [record] = records as [MiniSeedRecord];
      assert.equal(problems.length, 0, name);
      assert.equal(record.samples.length, count, name);
      assert.deepEqual(
        problems.map((problem) => [problem.code, problem.record === record]),
        [[code, true]],
        name,
      );
      assert.throws(
        () => [...readRecords(readOwn(`mutants/${name}`), { strict: true })].map(({ samples }) => samples),
        (error) => error instanceof MiniSeedError && error.code === code,
      );
    }
    const { records, problems } = read(readOwn("mutants/v3-steim2-dnib-2-0.mseed3"));
    const [bad] = records as [MiniSeedRecord];
    assert.ok(bad.samples.length > 0 && bad.samples.length < bad.sampleCount);
    assert.equal(problems[0]?.code, "STEIM_INVALID");
  });

  it("warn of a last sample that is not the one announced", () => {
    const { records, problems } = read(readOwn("mutants/v2-steim2-fewer-samples.mseed2"));
    assert.equal(records[0]?.samples.length, records[0]?.sampleCount);
    assert.deepEqual(
      problems.map(({ code, severity }) => [code, severity]),
      [["STEIM_LAST_SAMPLE", "warning"]],
    );
  });

  it("have every blockette by its name, unknown ones raw", () => {
    const blockettes = (name: string) => {
      const [record] = readRecords(readOwn(name));
      return (record as MiniSeed2Record).blockettes;
    };
    assert.deepEqual(
      blockettes("generated/all-extra-headers.mseed2").map(({ type, name }) => `${type} ${name}`),
      [
        "1000 data only SEED",
        "1001 data extension",
        "500 timing",
        "201 Murdock event detection",
        "200 generic event detection",
        "200 generic event detection",
        "300 step calibration",
        "395 calibration abort",
        "310 sine calibration",
        "320 pseudo-random calibration",
        "390 generic calibration",
        "395 calibration abort",
      ],
    );
    const unknown = blockettes("mutants/v2-unknown-blockette-last.mseed2").at(-1);
    assert.equal(unknown?.type, 999);
    assert.equal(unknown?.name, "unknown");
    assert.ok((unknown?.bytes.length ?? 0) >= 4);
    const opaque = blockettes("mutants/v2-b2000.mseed2").find(({ type }) => type === 2000);
    assert.ok(Array.isArray(opaque?.fields.headers));
    assert.ok(opaque?.fields.data instanceof Uint8Array);
  });

  it("decode only into an array that can take them", () => {
    const [record] = readRecords(a2) as Iterable<MiniSeedRecord>;
    assert.ok(record);
    assert.throws(() => record.decodeInto(new Float32Array(1000)), /Float32Array/);
    assert.throws(() => record.decodeInto(new Int32Array(10)), /do not fit/);
    const all = new Int32Array(SAMPLES.length);
    let at = 0;
    for (const next of readRecords(Buffer.concat(two))) at += next.decodeInto(all, at);
    assert.deepEqual(all, SAMPLES);
  });

  it("are the same in little-endian order", () => {
    const series = {
      sourceId: "FDSN:XX_A_00_H_H_Z",
      startTime: "2056-01-01",
      sampleRate: 0.1,
      samples: SAMPLES,
    };
    for (const encoding of ["int16", "int32", "steim1", "steim2"] as const) {
      const read1 = (littleEndian: boolean) =>
        [
          ...readRecords(
            Buffer.concat([...packRecords(series, { formatVersion: 2, encoding, littleEndian })]),
          ),
        ].map(({ samples, startTime, sampleRate }) => ({ samples, startTime, sampleRate }));
      assert.deepEqual(read1(true), read1(false));
    }
  });
});
