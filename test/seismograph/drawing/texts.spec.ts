// lib/seismograph/drawing/: amplitudes, clocks, ticks and colours, as people read them.
import assert from "node:assert/strict";
import { formatAmplitude, formatValue } from "../../../lib/seismograph/drawing/amplitude.ts";
import { formatClock, formatDate, formatDay } from "../../../lib/seismograph/drawing/clock.ts";
import { PALETTES } from "../../../lib/seismograph/drawing/palette.ts";
import { LabelRow, minuteStep, timeTicks, valueTicks } from "../../../lib/seismograph/drawing/ticks.ts";
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
      [Number.NEGATIVE_INFINITY, "m", "−∞ Gm"],
      [999.5, "counts", "1 000"],
      [999.4, "counts", "999"],
      [12.345, "counts", "12.3"],
      [1_234_567_890, "counts", "1 230 000 000"],
      [999_999_999, "counts", "999 999 999"],
      [0.0001, "counts", "0.0001"],
      [0.000099, "counts", "0.000099"],
      [-0.00001, "counts", "−0.00001"],
      [-1.2345e-9, "counts", "−1.23e-9"],
      [-12_345, "counts", "−12 345"],
      [1e-15, "m", "1 fm"],
      [1e-18, "m", "0.001 fm"],
      [999.6, "m", "1 km"],
      [1e-3, "V", "1 mV"],
      [2e6, "T", "2 MT"],
      [3, "A/m", "3 A/m"],
      [7e3, "Volts", "7 000 Volts"],
      [5, "M/S", "5 m/s"],
      [5, "m/s^2", "5 m/s²"],
      [5, "COUNT", "5"],
      [5, " a unit without end ", "5 a unit without e"],
    ];
    for (const [value, units, text] of texts) assert.equal(plain(formatValue(value, units)), text);
  });

  it("have two digits below 10 where they say how far something reaches", () => {
    assert.equal(formatAmplitude(3.1472e-6, "m/s"), "±3.1 µm/s");
    assert.equal(formatAmplitude(-16.8123e-6, "m/s"), "±16.8 µm/s");
    assert.equal(plain(formatAmplitude(312_466, "counts")), "±312 000");
    assert.equal(formatAmplitude(Number.NaN, "m"), "–");
    assert.equal(formatAmplitude(0, "counts"), "±0");
    assert.equal(formatAmplitude(Number.POSITIVE_INFINITY, "counts"), "±∞");
    assert.deepEqual(
      [0.3456, 3.456, 34.56, 345.6, 3456].map((reach) => plain(formatAmplitude(reach, "counts"))),
      ["±0.346", "±3.5", "±34.6", "±346", "±3 500"],
    );
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

  it("have steps that people count in, from a hundredth of a second to a day", () => {
    const steps: number[] = [];
    for (let room = 1e4; room <= 86_400e6; room = steps.at(-1)! + 1)
      steps.push(timeTicks(MIDNIGHT, MIDNIGHT + room, 1).step);
    assert.deepEqual(
      steps.map((step) => step / SECOND),
      [
        ...[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800],
        ...[3600, 7200, 10_800, 21_600, 43_200, 86_400],
      ],
    );
    assert.equal(timeTicks(MIDNIGHT, MIDNIGHT + 9 * 86_400e6, 1).step, 86_400e6, "a day at most");
    assert.equal(timeTicks(MIDNIGHT, MIDNIGHT + 60 * SECOND, 0).step, 60 * SECOND, "one at least");
    assert.equal(timeTicks(MIDNIGHT, MIDNIGHT + 400 * SECOND, 1e9).step, 2 * SECOND, "200 at most");
  });

  it("stand at the ends, too, where these are round", () => {
    const { times } = timeTicks(MIDNIGHT, MIDNIGHT + 3 * SECOND, 3);
    assert.deepEqual(
      times,
      [0, 1, 2, 3].map((second) => MIDNIGHT + second * SECOND),
    );
    assert.deepEqual(timeTicks(MIDNIGHT + 1, MIDNIGHT + 3 * SECOND - 1, 3).times, [
      MIDNIGHT + SECOND,
      MIDNIGHT + 2 * SECOND,
    ]);
    assert.deepEqual(timeTicks(MIDNIGHT + 1, MIDNIGHT + 2, 1).times, []);
  });

  it("have labels that keep apart from each other, and within their axis", () => {
    const row = new LabelRow(0, 100);
    assert.equal(row.place(3, 20), 10, "from the left edge on");
    assert.equal(row.place(37, 20), undefined, "less than 8 px behind it");
    assert.equal(row.place(38, 20), 38);
    assert.equal(row.place(99, 20), 90, "up to the right edge");
    assert.equal(row.place(Number.NaN, 20), undefined);
  });

  it("are of 1, 2, 5 or 10, as many as wanted or fewer", () => {
    for (const [low, high, wanted, values] of [
      [0, 10, 10, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
      [0, 10, 9, [0, 2, 4, 6, 8, 10]],
      [0, 10, 4, [0, 5, 10]],
      [0, 10, 1, [0, 10]],
      [0, 10, 0, [0, 10]],
      [-0.3, 0.3, 3, [-0.2, 0, 0.2]],
      [1100, 1900, 2, [1500]],
    ] as const) {
      const found = valueTicks(low, high, wanted).map((value) => Number(value.toPrecision(6)) || 0);
      assert.deepEqual(found, values, `${low} to ${high}, ${wanted}`);
    }
    for (const [low, high] of [
      [5, 4],
      [0, Number.POSITIVE_INFINITY],
      [Number.NaN, 1],
    ] as const)
      assert.deepEqual(valueTicks(low, high, 5), []);
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
