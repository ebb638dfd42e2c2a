// lib/seismograph/drawing/: amplitudes, clocks, ticks and colours, as people read them.
import assert from "node:assert/strict";
import { formatAmplitude, formatValue } from "../../../lib/seismograph/drawing/amplitude.ts";
import { formatClock, formatDate, formatDay } from "../../../lib/seismograph/drawing/clock.ts";
import { PALETTES } from "../../../lib/seismograph/drawing/palette.ts";
import { minuteStep, timeTicks, valueTicks } from "../../../lib/seismograph/drawing/ticks.ts";
import { MIDNIGHT, SECOND } from "./views.ts";

const plain = (text: string) => text.replaceAll("\u202f", " ");

describe("amplitudes", () => {
  it("have three digits that count and the prefix of their unit", () => {
    const texts: [number, string, string][] = [
      [2.4e-6, "m/s", "2.4 µm/s"],
      [8e-7, "m/s", "800 nm/s"],
      [0, "m/s", "0 m/s"],
      [-0.000345, "M/S**2", "−345 µm/s²"],
      [9.999e-7, "m", "1 µm"],
      [123_456, "Pa", "123 kPa"],
      [2500, "counts", "2 500"],
      [1_234_567, "", "1 234 567"],
      [0.25, "counts", "0.25"],
      [3.5, "°C", "3.5 °C"],
      [1e300, "counts", "1e+300"],
      [1e300, "m/s", "1e+291 Gm/s"],
      [Number.POSITIVE_INFINITY, "counts", "∞"],
      [Number.NaN, "counts", "–"],
    ];
    for (const [value, units, text] of texts) assert.equal(plain(formatValue(value, units)), text);
  });

  it("have two digits below 10 where they say how far something reaches", () => {
    assert.equal(formatAmplitude(3.1472e-6, "m/s"), "±3.1 µm/s");
    assert.equal(formatAmplitude(-16.8123e-6, "m/s"), "±16.8 µm/s");
    assert.equal(plain(formatAmplitude(312_466, "counts")), "±312 000");
    assert.equal(formatAmplitude(Number.NaN, "m"), "–");
    assert.equal(formatAmplitude(0, "counts"), "±0");
  });
});

describe("clocks", () => {
  it("are UTC", () => {
    const time = MIDNIGHT + (14 * 3600 + 42 * 60 + 31.256) * SECOND;
    assert.equal(formatClock(time), "14:42");
    assert.equal(formatClock(time, "seconds"), "14:42:31");
    assert.equal(formatClock(time, "seconds", 2), "14:42:31.25");
    assert.equal(formatDay(time), "11-28");
    assert.equal(formatDate(time), "2026-11-28");
    assert.equal(formatClock(-1, "seconds", 3), "23:59:59.999");
  });

  it("show nothing for what has no date", () => {
    for (const time of [Number.NaN, Number.POSITIVE_INFINITY, 1e300]) {
      assert.equal(formatClock(time), "--:--");
      assert.equal(formatDate(time), "--");
    }
    assert.equal(formatClock(8.64e18), "00:00");
  });
});

describe("ticks", () => {
  it("are round times, no more than asked for", () => {
    const { step, times } = timeTicks(MIDNIGHT + 7 * SECOND, MIDNIGHT + 307 * SECOND, 6);
    assert.equal(step, 60 * SECOND);
    assert.deepEqual(
      times,
      [1, 2, 3, 4, 5].map((minute) => MIDNIGHT + minute * 60 * SECOND),
    );
    assert.ok(timeTicks(0, 1e300, 1e9).times.length <= 200);
    assert.deepEqual(timeTicks(Number.NaN, 5, 3).times, []);
  });

  it("are round values", () => {
    assert.deepEqual(valueTicks(-10, 10, 5), [-10, -5, 0, 5, 10]);
    assert.deepEqual(valueTicks(5, 5, 5), []);
    assert.ok(valueTicks(-Number.MAX_VALUE, Number.MAX_VALUE, 5).length <= 200);
  });

  it("divide each line that a drum may have", () => {
    assert.deepEqual([5, 10, 15, 20, 30, 60, 120].map(minuteStep), [1, 2, 5, 5, 5, 10, 20]);
  });
});

describe("the palettes", () => {
  const channel = (value: number) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const light = (color: string) =>
    [0.2126, 0.7152, 0.0722].reduce(
      (sum, weight, i) =>
        sum + weight * channel(Number.parseInt(color.slice(1 + 2 * i, 3 + 2 * i), 16) / 255),
      0,
    );
  const contrast = (a: string, b: string) =>
    (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);

  it("have a contrast of at least 4.5 : 1 for all that carries meaning", () => {
    for (const palette of Object.values(PALETTES)) {
      const { ground, lines, trace, clip, trigger, live, late, text, muted, cursor, box } = palette;
      for (const color of [...lines, trace, clip, trigger, live, late, text, muted, cursor]) {
        assert.ok(contrast(color, ground) >= 4.5, `${color} on ${ground}: ${contrast(color, ground)}`);
      }
      assert.ok(contrast(text, box) >= 4.5 && contrast(muted, box) >= 4.5);
    }
  });
});
