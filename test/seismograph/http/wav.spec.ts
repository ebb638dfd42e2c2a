// lib/seismograph/http/wav.ts: samples as a WAV file, byte by byte.
import assert from "node:assert/strict";
import { soundSamples, wavFile } from "../../../lib/seismograph/http/wav.ts";

const SECOND = 1e6;
const piece = (seconds: number, samples: number[], sampleRate = 2) => ({
  start: 1000 * SECOND + seconds * SECOND,
  sampleRate,
  samples: Float64Array.from(samples),
});

/** The levels of the sound, as they are in the file. */
function levelsOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, 44);
  return Array.from({ length: view.byteLength / 2 }, (_, i) => view.getInt16(2 * i, true));
}

describe("samples as sound", () => {
  it("have a header that says how they are to be played", () => {
    const bytes = Buffer.from(wavFile([piece(0, [1, 2, 3])], 60));
    assert.equal(bytes.length, 44 + 6);
    assert.equal(
      bytes.subarray(0, 44).toString("hex"),
      [
        ...[Buffer.from("RIFF").toString("hex"), "2a000000", Buffer.from("WAVEfmt ").toString("hex")],
        ...["10000000", "0100", "0100", "78000000", "f0000000", "0200", "1000"],
        ...[Buffer.from("data").toString("hex"), "06000000"],
      ].join(""),
    );
    const rateOf = (sampleRate: number, speed: number) =>
      Buffer.from(wavFile([piece(0, [1], sampleRate)], speed)).readUInt32LE(24);
    assert.deepEqual([rateOf(100, 1.234), rateOf(0.001, 0.1), rateOf(1e6, 10_000)], [123, 1, 2 ** 31 - 1]);
  });

  it("lie about their mean, the loudest at nine tenths", () => {
    const full = Math.round(0.9 * 32_767);
    assert.deepEqual(levelsOf(wavFile([piece(0, [10, 20, 30])], 1)), [-full, 0, full]);
    assert.deepEqual(levelsOf(wavFile([piece(0, [0, 0, 0, 8])], 1)), [
      ...[0, 0, 0].map(() => Math.round((-2 / 6) * 0.9 * 32_767)),
      full,
    ]);
    assert.deepEqual(levelsOf(wavFile([piece(0, [5, 5])], 1)), [0, 0], "silence");
    assert.deepEqual(
      levelsOf(wavFile([piece(0, [-1, Number.NaN, 1, Number.POSITIVE_INFINITY])], 1)),
      [-full, 0, full, 0],
      "what is no number is silence",
    );
  });

  it("have silence where there is a gap, and all pieces at the rate of the first", () => {
    const full = Math.round(0.9 * 32_767);
    const pieces = [piece(0, [-3, 3]), piece(2, [3, -3])];
    assert.equal(soundSamples(pieces), 6);
    assert.deepEqual(levelsOf(wavFile(pieces, 1)), [-full, full, 0, 0, full, -full]);
    const faster = [piece(0, [-3, 3]), piece(1, [3, -3, 3, -3, 3, -3], 20), piece(2, [3])];
    assert.equal(soundSamples(faster), 5);
    assert.deepEqual(levelsOf(wavFile(faster, 1)).length, 5);
    assert.equal(soundSamples([]), 0);
  });
});
