// lib/seismograph/drawing/spectrogram/: a tone at its frequency, a step in time at its time, colours from dark to bright.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { drawSpectrogram } from "../../../lib/seismograph/drawing/spectrogram/draw.ts";
import { INFERNO } from "../../../lib/seismograph/drawing/spectrogram/inferno.ts";
import { spectrogramOf } from "../../../lib/seismograph/drawing/spectrogram/power.ts";
import { powerSpectralDensity } from "../../../lib/signal/spectrum/power.ts";
import { RecordingSurface } from "./recording-surface.ts";
import { MIDNIGHT, SECOND } from "./views.ts";

const VIEW = { start: MIDNIGHT, end: MIDNIGHT + 60 * SECOND };

function tone(frequency: number, rate: number, seconds = 60) {
  const samples = Float64Array.from(
    { length: rate * seconds },
    (_, i) => 7 + Math.sin((2 * Math.PI * frequency * i) / rate),
  );
  return { start: MIDNIGHT, period: SECOND / rate, samples };
}

describe("a spectrogram", () => {
  it("has a tone at its frequency, in every column", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(20, 50, 100, 200),
        fc.double({ min: 0.15, max: 0.85, noNaN: true }),
        (rate, part) => {
          const frequency = (part * rate) / 2;
          const { columns, rows, decibels, lowest, highest } = spectrogramOf([tone(frequency, rate)], VIEW)!;
          for (let column = 10; column < columns - 10; column++) {
            const own = decibels.subarray(column * rows, (column + 1) * rows);
            const loudest = own.indexOf(Math.max(...own));
            const found = lowest + ((loudest + 0.5) / rows) * (highest - lowest);
            assert.ok(
              Math.abs(found - frequency) <= (1.5 * highest) / rows,
              `${found} Hz for ${frequency} Hz`,
            );
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  it("has as little of a tone's own above it where the ground drifts far meanwhile", () => {
    const still = tone(2, 20);
    const drifting = { ...still, samples: still.samples.map((value, i) => value + 100_000 + 500 * i) };
    const [alone, both] = [spectrogramOf([still], VIEW)!, spectrogramOf([drifting], VIEW)!];
    for (let i = 0; i < alone.decibels.length; i++) {
      const [one, other] = [alone.decibels[i]!, both.decibels[i]!];
      if (!Number.isNaN(one))
        assert.ok(other < Math.max(one, -60) + 3, `${other} dB, ${one} without the drift`);
    }
  });

  it("has decibels of unit²/Hz, as the power spectral density of the same samples", () => {
    let state = 1;
    const samples = Float64Array.from({ length: 6000 }, () => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647 - 0.5;
    });
    const { decibels } = spectrogramOf([{ start: MIDNIGHT, period: SECOND / 100, samples }], VIEW)!;
    const mean = decibels
      .filter(Number.isFinite)
      .reduce((sum, value, _, all) => sum + 10 ** (value / 10) / all.length, 0);
    // White noise of variance 1/12 over 0 to 50 Hz.
    assert.ok(Math.abs(10 * Math.log10(mean) - 10 * Math.log10(1 / 12 / 50)) < 0.3);
    assert.equal(typeof powerSpectralDensity, "function");
  });

  it("is empty where samples are missing, or all the same", () => {
    const samples = new Float64Array(3000).map((_, i) => (i < 1500 ? 5 : Math.sin(i)));
    const { columns, rows, decibels } = spectrogramOf(
      [{ start: MIDNIGHT, period: SECOND / 100, samples }],
      VIEW,
    )!;
    const isEmpty = (column: number) => Number.isNaN(decibels[column * rows]!);
    assert.ok(isEmpty(Math.floor(columns / 8)), "nothing moves");
    assert.ok(!isEmpty(Math.floor((3 * columns) / 8)));
    assert.ok(isEmpty(Math.floor((3 * columns) / 4)), "nothing there");
  });

  it("is none without samples enough, whatever is asked", () => {
    assert.equal(spectrogramOf([], VIEW), undefined);
    assert.equal(spectrogramOf([{ start: MIDNIGHT, period: 0, samples: [1] }], VIEW), undefined);
    assert.equal(spectrogramOf([{ start: MIDNIGHT, period: SECOND, samples: [1, 2, 3] }], VIEW), undefined);
    assert.equal(spectrogramOf([tone(1, 20)], { start: 5, end: Number.POSITIVE_INFINITY }), undefined);
    assert.ok(spectrogramOf([tone(1, 20)], { ...VIEW, columns: 1e9 })!.columns <= 1000);
  });

  it("is drawn at its times, the lowest frequency at the bottom", () => {
    const surface = new RecordingSurface();
    const spectrogram = spectrogramOf([tone(5, 100)], VIEW)!;
    drawSpectrogram(
      surface,
      spectrogram,
      { x: 0, y: 10, width: 600, height: 100 },
      (time) => (time - MIDNIGHT) / 1e5,
    );
    const { bitmap, target } = surface.images[0]!;
    assert.deepEqual(target, { x: 0, y: 10, width: 600, height: 100 });
    const brightness = (row: number) => bitmap.data[4 * (row * bitmap.width + bitmap.width / 2)]!;
    const rows = Array.from({ length: bitmap.height }, (_, row) => brightness(row));
    const brightest = rows.indexOf(Math.max(...rows));
    assert.ok(Math.abs(brightest / bitmap.height - 0.9) < 0.04, "5 of 50 Hz");
    drawSpectrogram(
      surface,
      spectrogram,
      { x: 0, y: 10, width: 600, height: 100 },
      (time) => time - MIDNIGHT,
    );
    assert.equal(surface.images[1]!.bitmap, bitmap, "made once");
  });

  it("goes from dark to bright", () => {
    const light = Array.from(
      { length: 256 },
      (_, i) => 0.299 * INFERNO[3 * i]! + 0.587 * INFERNO[3 * i + 1]! + 0.114 * INFERNO[3 * i + 2]!,
    );
    light.slice(1).forEach((value, i) => {
      assert.ok(value >= light[i]! - 0.8);
    });
    assert.ok(light[0]! < 2 && light[255]! > 220);
    const digest = createHash("sha256").update(Uint8Array.from(INFERNO)).digest("hex");
    assert.equal(digest.slice(0, 16), "b98dcd548405c641", "no number of it was changed");
  });
});
