// Long records and much noise: the work grows with the bytes and not faster, and room is only made for samples that are there.
import assert from "node:assert/strict";
import { type MiniSeedRecord, packRecords, readRecords } from "../../lib/mseed/index.ts";

const START = { sourceId: "FDSN:XX_A_00_H_H_Z", startTime: "2026-01-01", sampleRate: 100 };

/** Bytes that are one header after the other, each in the record of the one before. */
function headers(bytes: number, step: number, header: Uint8Array): Uint8Array {
  const all = new Uint8Array(bytes);
  for (let at = 0; at + step <= bytes; at += step) all.set(header.subarray(0, step), at);
  return all;
}

function header2(exponent: number, blockettes: number): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes.set(Buffer.from("000001D XXXXX  HHZXX"));
  const view = new DataView(bytes.buffer);
  view.setUint16(20, 2026);
  view.setUint16(22, 1);
  view.setUint8(39, blockettes);
  view.setUint16(46, 48);
  view.setUint16(48, 1000);
  view.setUint8(54, exponent);
  return bytes;
}

function header3(payload: number, samples: number): Uint8Array {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  bytes.set([0x4d, 0x53, 3]);
  bytes[15] = 11;
  view.setUint16(8, 2026, true);
  view.setUint16(10, 1, true);
  view.setUint32(24, samples, true);
  view.setUint32(36, payload, true);
  return bytes;
}

function readAll(bytes: Uint8Array): void {
  for (const record of readRecords(bytes)) void record.samples;
}

/** Processor time, which other programs do not change. */
function seconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

describe("long work", () => {
  it("takes time in proportion to the bytes, whatever they are", function () {
    this.timeout(60_000);
    const kinds: [string, (bytes: number) => Uint8Array][] = [
      ["zeros", (bytes) => new Uint8Array(bytes)],
      ["spaces", (bytes) => new Uint8Array(bytes).fill(0x20)],
      ["headers that count wrongly", (bytes) => headers(bytes, 60, header2(17, 9))],
      ["headers of long records", (bytes) => headers(bytes, 64, header2(23, 1))],
      ["version 3 headers of long records", (bytes) => headers(bytes, 47, header3(4_000_000, 1))],
      ["version 3 headers that follow each other", (bytes) => headers(bytes, 40, header3(1000, 1))],
    ];
    const megabytes = 4;
    for (const [name, make] of kinds) {
      readAll(make(100_000));
      const took = seconds(() => readAll(make(megabytes * 1e6)));
      // Measured: 0.03 s for a MB. Anything that grows faster than the bytes takes minutes.
      assert.ok(took < 0.5 * megabytes, `${name}: ${took} s`);
    }
  });

  it("makes no room for samples that a header only claims", () => {
    const bytes = new Uint8Array(4_000_040);
    bytes.set(header3(4_000_000, 0xffff_ffff));
    const [record] = readRecords(bytes, { checkCrc: false }) as Iterable<MiniSeedRecord>;
    assert.equal(record?.sampleCapacity, 1);
    assert.equal(record?.samples.length, 1);
  });

  it("makes room for all samples that are there, of a very long record too", () => {
    for (const encoding of ["steim1", "steim2"] as const) {
      const samples = Int32Array.from({ length: 300_000 }, (_, i) => (i % 7) * 10 ** (i % 6));
      const [bytes] = packRecords({ ...START, samples }, { encoding, recordLength: 4_000_000 });
      const [record] = readRecords(bytes as Uint8Array) as Iterable<MiniSeedRecord>;
      assert.deepEqual(record?.samples, samples);
      assert.equal(record.sampleCapacity, samples.length);
    }
  });
});
