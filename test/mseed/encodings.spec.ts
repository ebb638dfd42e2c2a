// lib/mseed/encodings.ts: codes and names, as people write them.
import assert from "node:assert/strict";
import { ENCODINGS, encodingCode, encodingName } from "../../lib/mseed/encodings.ts";
import { type Problem, packRecords, readRecords } from "../../lib/mseed/index.ts";

describe("encodings", () => {
  it("are known by code and by name", () => {
    for (const [name, code] of Object.entries(ENCODINGS)) {
      assert.equal(encodingCode(name), code);
      assert.equal(encodingCode(code), code);
      assert.equal(encodingName(code), name);
    }
  });

  it("may be spelled as people do", () => {
    for (const name of ["Steim 2", "STEIM2", "steim-2", "Steim_2"]) assert.equal(encodingCode(name), 11);
    assert.equal(encodingCode("INT32"), 3);
    assert.equal(encodingCode("GEOSCOPE 24"), 12);
  });

  it("SRO says which sample has an exponent that it does not have, and otherwise that the payload is short", () => {
    const samples = Int32Array.from({ length: 100 }, (_, i) => i);
    const series = { sourceId: "FDSN:XX_A__B_H_Z", startTime: "2026-01-01", sampleRate: 1, samples };
    const [packed] = [...packRecords(series, { formatVersion: 3, encoding: "int16", recordLength: 4096 })];
    const read = (bad: number | undefined, claimed: number) => {
      const bytes = Uint8Array.from(packed!);
      const view = new DataView(bytes.buffer);
      // Where miniSEED 3 has the encoding and the number of samples.
      bytes[15] = ENCODINGS.sro;
      view.setUint32(24, claimed, true);
      const at = bytes.length - 2 * samples.length;
      for (let i = 0; i < samples.length; i++) view.setUint16(at + 2 * i, 0xa000 | i, true);
      if (bad !== undefined) view.setUint16(at + 2 * bad, 0xf001, true);
      const problems: string[] = [];
      const options = {
        checkCrc: false,
        onProblem: ({ code, message }: Problem) => problems.push(`${code} ${message}`),
      };
      const [record] = [...readRecords(bytes, options)];
      return { decoded: record!.samples.length, problems };
    };
    assert.deepEqual(read(undefined, 100), { decoded: 100, problems: [] });
    for (const bad of [0, 1, 49, 50, 51, 98, 99]) {
      const { decoded, problems } = read(bad, 100);
      assert.equal(decoded, bad);
      assert.match(problems.join(), new RegExp(`^SAMPLE_INVALID sample ${bad} has an exponent`));
    }
    assert.match(read(undefined, 120).problems.join(), /^PAYLOAD_SHORT /);
  });

  for (const encoding of ["steim1", "steim2"] as const) {
    describe(`${encoding} in frames as others may write them`, () => {
      /** Where miniSEED 2 has the number of samples and, here, its frames. */
      const [COUNT, FRAMES, FRAME] = [30, 64, 64];

      function decoded(samples: number[], count: number, change: (frames: DataView) => void): number[] {
        const series = { sourceId: "FDSN:XX_A__B_H_Z", startTime: "2026-01-01", sampleRate: 1 };
        const [bytes] = packRecords(
          { ...series, samples: Int32Array.from(samples) },
          { formatVersion: 2, encoding, recordLength: 256 },
        );
        new DataView(bytes!.buffer, bytes!.byteOffset).setUint16(COUNT, count);
        change(new DataView(bytes!.buffer, bytes!.byteOffset + FRAMES));
        const [record] = readRecords(bytes!, { strict: true });
        return [...(record!.samples as Int32Array)];
      }

      it("takes the first and the last sample for no differences, whatever is said of those words", () => {
        const many = Array.from({ length: 20 }, (_, i) => 1000 + i * i);
        const setBoth = (frames: DataView) => frames.setUint32(0, frames.getUint32(0) | 0x3c00_0000);
        assert.deepEqual(decoded(many, 20, setBoth), many);
        assert.deepEqual(
          decoded([1234], 1, (frames) => frames.setUint32(0, 0x3c00_0000)),
          [1234],
        );
      });

      it("takes the first sample from a frame without differences, if any is asked for, and goes on in the next", () => {
        // One difference of 32 or 30 bits.
        const [code, difference] = encoding === "steim1" ? [3, 5] : [2, 0x4000_0005];
        const goOn = (frames: DataView) => {
          frames.setUint32(0, 0);
          frames.setUint32(FRAME, code << 28);
          frames.setUint32(FRAME + 4, difference);
        };
        assert.deepEqual(decoded([1234], 2, goOn), [1234, 1239]);
        assert.deepEqual(decoded([1234], 1, goOn), [1234]);
        assert.deepEqual(decoded([1234], 0, goOn), []);
      });
    });
  }

  it("are refused where they are none", () => {
    for (const no of ["steim4", "", "toString", "__proto__", 1.5, -1, 256, Number.NaN]) {
      assert.throws(() => encodingCode(no), { name: "MiniSeedError", code: "INVALID_ARGUMENT" });
    }
  });
});
