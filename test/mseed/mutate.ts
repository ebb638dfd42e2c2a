// Records made wrong at random, and everything that is done with records tried on them: nothing but a MiniSeedError may come
// of it, soon, whatever the bytes. The same seed makes the same mutations.
import assert from "node:assert/strict";
import {
  convertRecord,
  joinRecords,
  MiniSeed2Record,
  MiniSeedError,
  type MiniSeedRecord,
  RecordReader,
  readRecords,
  samplesOf,
} from "../../lib/mseed/index.ts";
import { crc32c } from "../../lib/mseed/v3/crc32c.ts";
import { pick, type Random } from "../fuzz/random.ts";
import { OWN_FOLDERS, vectorsOf } from "./vectors.ts";

/** Longer ones only take longer. */
const MAX_LENGTH = 4096;

/** Values that headers are sensitive to. */
const ODD_NUMBERS = [
  0, 1, 2, 47, 48, 63, 64, 100, 127, 128, 200, 255, 256, 366, 405, 500, 1000, 1001, 2000, 65_535,
];

/** All records of this repository's vectors that are not too long, each as bytes; files that are no records as they are. */
export function seeds(): Uint8Array[] {
  return OWN_FOLDERS.flatMap(vectorsOf).flatMap(({ bytes }) => {
    const records = [...readRecords(bytes)].filter(({ length }) => length <= MAX_LENGTH);
    // Of long series the first records are enough.
    const pieces = records.slice(0, 3).map((record) => record.bytes);
    return pieces.length > 0 || bytes.length > MAX_LENGTH ? pieces : [bytes];
  });
}

/** One to eight changes to one or several records. */
export function mutate(pool: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes = Uint8Array.from(pick(pool, random));
  for (let changes = 1 + random(8); changes > 0; changes--) bytes = change(bytes, pool, random);
  if (bytes[0] === 0x4d && bytes.length >= 40 && random(2) === 0) repairChecksum(bytes);
  return bytes;
}

function change(
  bytes: Uint8Array<ArrayBuffer>,
  pool: readonly Uint8Array[],
  random: Random,
): Uint8Array<ArrayBuffer> {
  const at = random(bytes.length + 1);
  // Most of what can go wrong is in the first bytes.
  const inHeader = random(Math.min(bytes.length, 80) || 1);
  switch (random(10)) {
    case 0:
      if (bytes.length > 0) bytes[at % bytes.length] = random(256);
      return bytes;
    case 1:
    case 2:
      if (bytes.length > 0) bytes[inHeader] = random(256);
      return bytes;
    case 3:
    case 4:
    case 5:
      if (inHeader + 2 <= bytes.length) {
        new DataView(bytes.buffer).setUint16(inHeader, pick(ODD_NUMBERS, random), random(2) === 0);
      }
      return bytes;
    case 6:
      if (bytes.length > 0)
        bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ (1 << random(8));
      return bytes;
    case 7:
      return bytes.slice(0, at);
    case 8: {
      const other = pick(pool, random);
      return joined(bytes.slice(0, at), other.slice(random(other.length + 1)));
    }
    default:
      return joined(bytes, pick(pool, random));
  }
}

/** Reads what there is, in both ways, and does with it all that can be done. */
export function tryEverything(bytes: Uint8Array, random: Random): void {
  onlyMiniSeedErrors(() => void [...readRecords(bytes, { strict: true })].map(({ samples }) => samples));
  const records = [...readRecords(bytes)];
  for (const record of records) tryRecord(record);
  const kind = random(8);
  if (kind === 0) tryPieces(bytes, records, random);
  if (kind === 1) tryJoining(records);
  if (kind === 2) for (const record of records) tryConverting(record, random);
}

function tryRecord(record: MiniSeedRecord): void {
  const { samples } = record;
  assert.ok(samples.length <= record.sampleCount);
  assert.ok(record.length <= record.bytes.length);
  const { sourceId, nslc, startTime, endTime, calendarTime, sampleRate, samplePeriod, extraHeaders, flags } =
    record;
  void [
    sourceId.problems(),
    nslc,
    startTime,
    endTime,
    calendarTime,
    sampleRate,
    samplePeriod,
    extraHeaders,
    flags,
  ];
  if (record instanceof MiniSeed2Record) void [record.blockettes, record.sequenceNumber, record.quality];
  if (typeof samples !== "string") {
    const into = new (samples.constructor as Int32ArrayConstructor)(record.sampleCapacity);
    assert.equal(record.decodeInto(into), samples.length);
  }
}

function tryPieces(bytes: Uint8Array, whole: readonly MiniSeedRecord[], random: Random): void {
  const reader = new RecordReader();
  let count = 0;
  for (let at = 0; at < bytes.length; ) {
    const next = at + 1 + random(200);
    reader.push(bytes.subarray(at, next));
    at = next;
    while (reader.next()) count++;
  }
  reader.finish();
  while (reader.next()) count++;
  assert.equal(count, whole.length);
}

function tryJoining(records: readonly MiniSeedRecord[]): void {
  for (const { segments } of joinRecords(records)) {
    for (const segment of segments) onlyMiniSeedErrors(() => void samplesOf(segment));
  }
}

function tryConverting(record: MiniSeedRecord, random: Random): void {
  const formatVersion = random(2) === 0 ? 2 : 3;
  const recordLength = pick([undefined, 128, 512, 4096], random);
  onlyMiniSeedErrors(() => {
    const pieces = convertRecord(record, { formatVersion, recordLength });
    for (const piece of pieces) for (const other of readRecords(piece)) void other.samples;
  });
}

function onlyMiniSeedErrors(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof MiniSeedError)) throw error;
  }
}

function repairChecksum(bytes: Uint8Array<ArrayBuffer>): void {
  const view = new DataView(bytes.buffer);
  const length = 40 + view.getUint8(33) + view.getUint16(34, true) + view.getUint32(36, true);
  if (length > bytes.length) return;
  view.setUint32(28, 0, true);
  view.setUint32(28, crc32c(view, 0, length), true);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
