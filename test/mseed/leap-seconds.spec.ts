// Second 60, inside a leap second: in start times, in what follows from them, and in the times of blockettes.
import assert from "node:assert/strict";
import {
  convertRecord,
  MiniSeed2Record,
  type MiniSeedRecord,
  packRecords,
  readRecords,
} from "../../lib/mseed/index.ts";
import { toNanoseconds } from "../../lib/time.ts";

const AFTER = toNanoseconds("2017-01-01") as bigint;
const SECOND = 1_000_000_000n;

function only(bytes: Uint8Array | undefined): MiniSeedRecord {
  const [record] = readRecords(bytes as Uint8Array, { checkCrc: false });
  assert.ok(record);
  return record;
}

/** A record of version 2 that starts at 23:59:60 and a fraction in 0.1 ms. */
function recordIn60(samples: number, sampleRate: number, fraction = 0): MiniSeedRecord {
  const series = { sourceId: "FDSN:XX_A_00_H_H_Z", startTime: "2016-12-31T23:59:59", sampleRate };
  const [bytes] = packRecords({ ...series, samples: new Int32Array(samples) }, { formatVersion: 2 });
  const view = new DataView((bytes as Uint8Array).buffer);
  view.setUint8(26, 60);
  view.setUint16(28, fraction);
  return only(bytes);
}

describe("a record that starts in second 60", () => {
  it("is followed by the one that starts a second later, in the first second of the year", () => {
    const record = recordIn60(20, 20);
    assert.equal(record.startTime, AFTER);
    assert.equal(record.startsInLeapSecond, true);
    assert.equal(record.endTime, AFTER + (19n * SECOND) / 20n);
    assert.equal(record.nextTime, AFTER);
    const longer = recordIn60(100, 20, 5000);
    assert.equal(longer.startTime, AFTER + SECOND / 2n);
    assert.equal(longer.nextTime, AFTER + SECOND / 2n + 5n * SECOND - SECOND);
  });

  it("is followed by the same time in other versions and lengths", () => {
    const record = recordIn60(400, 20, 2500);
    const [three] = convertRecord(record, { formatVersion: 3 });
    assert.equal(only(three).nextTime, record.nextTime);
    assert.deepEqual(only(three).calendarTime, record.calendarTime);
    const pieces = convertRecord(record, { encoding: "int32", recordLength: 256 }).map(only);
    assert.ok(pieces.length > 3);
    for (const [i, piece] of pieces.entries()) {
      if (i > 0) assert.equal(piece.startTime, (pieces[i - 1] as MiniSeedRecord).nextTime);
    }
    assert.equal(pieces.at(-1)?.nextTime, record.nextTime);
  });

  it("does not, where a correction moves it out of that second", () => {
    const record = recordIn60(20, 20);
    new DataView(record.bytes.buffer, record.bytes.byteOffset).setInt32(40, 10_000);
    const moved = only(record.bytes);
    assert.equal(moved.startTime, AFTER + SECOND);
    assert.equal(moved.startsInLeapSecond, false);
    assert.equal(moved.nextTime, AFTER + 2n * SECOND);
  });
});

describe("a record that ends in second 60", () => {
  it("is followed by the first second of the year", () => {
    const series = { sourceId: "FDSN:XX_A_00_H_H_Z", startTime: AFTER - SECOND, sampleRate: 20 };
    const record = only([...packRecords({ ...series, samples: new Int32Array(40) })][0]);
    assert.equal(record.startsInLeapSecond, false);
    assert.equal(record.nextTime, AFTER);
    const half = only([...packRecords({ ...series, samples: new Int32Array(30) })][0]);
    assert.equal(half.nextTime, AFTER + SECOND / 2n);
  });
});

describe("second 60 in blockettes", () => {
  const headers = {
    FDSN: {
      Time: {
        Exception: [{ Time: "2016-12-31T23:59:60.123456Z", VCOCorrection: 0, ReceptionQuality: 0, Count: 1 }],
      },
      Event: { Detection: [{ Type: "MURDOCK", OnsetTime: "2016-12-31T23:59:60.5Z", Wave: "DILATATION" }] },
      Calibration: {
        Sequence: [
          { Type: "STEP", BeginTime: "2016-12-31T23:59:60Z", Trigger: "MANUAL", Duration: 1 },
          { Type: "ABORT", EndTime: "2016-12-31T23:59:60.0001Z" },
          { Type: "ABORT", EndTime: "2017-01-01T00:00:00Z" },
        ],
      },
    },
  };
  const times = (extraHeaders: unknown) => JSON.stringify(extraHeaders).match(/\d{4}-[^"]*Z/g);

  it("stays second 60 from version 3 to 2 and back", () => {
    const series = {
      sourceId: "FDSN:XX_A_00_H_H_Z",
      startTime: "2016-12-31T23:59:50",
      sampleRate: 1,
      samples: [1],
    };
    const [bytes] = packRecords(
      { ...series, extraHeaders: headers },
      { formatVersion: 2, recordLength: 1024 },
    );
    const two = only(bytes);
    assert.ok(two instanceof MiniSeed2Record);
    assert.deepEqual(times(two.extraHeaders), times(headers));
    for (const { type, bytes: blockette } of two.blockettes) {
      if (type === 201)
        assert.deepEqual([...blockette.subarray(18, 28)], [0x07, 0xe0, 1, 110, 23, 59, 60, 0, 0x13, 0x88]);
    }
    const [three] = convertRecord(two, { formatVersion: 3 });
    assert.deepEqual(times(only(three).extraHeaders), times(headers));
    const [again] = convertRecord(only(three), { formatVersion: 2, recordLength: 1024 });
    assert.deepEqual((only(again) as MiniSeed2Record).blockettes, two.blockettes);
  });
});
