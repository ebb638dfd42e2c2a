// lib/mseed/steim/byte-order.ts: Steim frames in little-endian order, as some data loggers wrote them.
import assert from "node:assert/strict";
import { convertRecord, packRecords, readRecords } from "../../lib/mseed/index.ts";

/** Differences of 8, 16 and 32 bits, so that words of every kind are in the frames. */
const SAMPLES = Int32Array.from({ length: 300 }, (_, i) =>
  i % 50 < 20 ? i % 7 : i % 50 < 40 ? 300 * (i % 11) - 1000 : 100_000 * (i % 13) - 700_000,
);

/** The frames of a record of version 2 in little-endian order, and said to be in its blockette 1000. */
function turned(record: Uint8Array, version: 1 | 2): Uint8Array {
  const bytes = Uint8Array.from(record);
  const view = new DataView(bytes.buffer);
  bytes[48 + 5] = 0;
  for (let frame = view.getUint16(44); frame < bytes.length; frame += 64) {
    const codes = view.getUint32(frame);
    const isFirst = frame === view.getUint16(44);
    for (let i = 0; i < 16; i++) {
      const word = bytes.subarray(frame + 4 * i, frame + 4 * i + 4);
      const code = (codes >>> (30 - 2 * i)) & 3;
      const isSample = isFirst && (i === 1 || i === 2);
      if (i === 0 || isSample || code === 0 || code === 3 || (code === 2 && version === 2)) word.reverse();
      else if (code === 2) word.set([word[1]!, word[0]!, word[3]!, word[2]!]);
    }
  }
  return bytes;
}

for (const version of [1, 2] as const) {
  describe(`Steim ${version} in little-endian order`, () => {
    const series = { sourceId: "FDSN:XX_ABC_00_H_H_Z", startTime: 0n, sampleRate: 100, samples: SAMPLES };
    const packed = [
      ...packRecords(series, { formatVersion: 2, encoding: `steim${version}`, recordLength: 4096 }),
    ];
    const little = turned(packed[0]!, version);

    it("has the same samples", () => {
      const [record] = [...readRecords(little)];
      assert.equal(packed.length, 1);
      assert.deepEqual(record!.samples, SAMPLES);
      assert.notDeepEqual(little, packed[0]);
    });

    it("is converted to the same payload as in big-endian order", () => {
      const convert = (bytes: Uint8Array) =>
        convertRecord([...readRecords(bytes)][0]!, { formatVersion: 3 }).map((each) => Buffer.from(each));
      assert.deepEqual(convert(little), convert(packed[0]!));
    });
  });
}
