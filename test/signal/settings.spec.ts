// What cannot be used is refused with a code and a sentence that names it, whatever it is.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  bandAt,
  Coincidence,
  Continuity,
  Decimator,
  designButterworth,
  type FilterKind,
  Gain,
  GroundMotion,
  IirFilter,
  Level,
  powerSpectralDensity,
  RunningMean,
  SignalError,
  type SignalErrorCode,
  StaLta,
  StationMonitor,
  TriggerDetector,
  WindowStatistics,
} from "../../lib/signal/index.ts";
import "../support/properties.ts";

const sta = { method: "recursive" as const, sta: 1, lta: 10, sampleRate: 100 };

const refused: [string, SignalErrorCode, RegExp, () => unknown][] = [
  [
    "a corner at half the sample rate",
    "CORNER_ABOVE_NYQUIST",
    /50 Hz.*100 Hz/,
    () => designButterworth({ kind: "lowpass", corners: 50, sampleRate: 100 }),
  ],
  [
    "both corners above",
    "CORNER_ABOVE_NYQUIST",
    /60 Hz/,
    () => designButterworth({ kind: "bandpass", corners: [60, 70], sampleRate: 100 }),
  ],
  [
    "a corner far below the sample rate",
    "INVALID_SETTING",
    /millionth/,
    () => designButterworth({ kind: "highpass", corners: 1e-5, sampleRate: 100 }),
  ],
  [
    "corners the wrong way round",
    "INVALID_SETTING",
    /lower and a higher/,
    () => designButterworth({ kind: "bandpass", corners: [9, 1], sampleRate: 100 }),
  ],
  [
    "one corner of two",
    "INVALID_SETTING",
    /two frequencies/,
    () => designButterworth({ kind: "bandpass", corners: [9], sampleRate: 100 }),
  ],
  [
    "an order of 11",
    "INVALID_SETTING",
    /order is 11/,
    () => designButterworth({ kind: "lowpass", corners: 1, order: 11, sampleRate: 100 }),
  ],
  [
    "no sample rate",
    "BAD_SAMPLE_RATE",
    /sample rate is 0/,
    () => designButterworth({ kind: "lowpass", corners: 1, sampleRate: 0 }),
  ],
  ["sections that would grow", "INVALID_SETTING", /not stable/, () => new IirFilter([[1, 0, 0, 1, -2, 1]])],
  ["no sections", "INVALID_SETTING", /sections/, () => new IirFilter([])],
  ["a long window that is short", "INVALID_SETTING", /lta is 1/, () => new StaLta({ ...sta, lta: 1 })],
  [
    "a window of a year",
    "INVALID_SETTING",
    /at most 10000000 samples/,
    () => new StaLta({ ...sta, lta: 3e7 }),
  ],
  ["off above on", "INVALID_SETTING", /off is 5/, () => new TriggerDetector({ ...sta, on: 4, off: 5 })],
  [
    "a trigger that cannot last",
    "INVALID_SETTING",
    /longest/,
    () => new TriggerDetector({ ...sta, on: 4, off: 1, minimum: 5, longest: 2 }),
  ],
  ["a level without a number", "INVALID_SETTING", /on is NaN/, () => new Level({ on: Number.NaN })],
  [
    "a window of a week",
    "INVALID_SETTING",
    /window is 604800/,
    () => new WindowStatistics({ window: 604_800 }),
  ],
  [
    "a window shorter than a sample",
    "INVALID_SETTING",
    /shorter than a sample/,
    () => new WindowStatistics({ window: 0.5 }).push({ startTime: 0n, sampleRate: 1, samples: [1] }),
  ],
  [
    "a time that is none",
    "BAD_TIME",
    /start time is never/,
    () => new WindowStatistics().push({ startTime: "never", sampleRate: 1, samples: [1] }),
  ],
  ["a sensitivity of 0", "INVALID_SETTING", /sensitivity is 0/, () => new Gain(0)],
  [
    "a motion of another kind",
    "INVALID_SETTING",
    /to is jerk/,
    () => new GroundMotion({ sensitivity: 1, sampleRate: 100, to: "jerk" as "velocity" }),
  ],
  ["a factor of 7", "INVALID_SETTING", /factor is 7/, () => new Decimator({ factor: 7 })],
  [
    "a segment of 1000",
    "INVALID_SETTING",
    /power of two/,
    () => powerSpectralDensity([], { sampleRate: 100, segment: 1000 }),
  ],
  ...[1, -0.1, Number.NaN].map((overlap): (typeof refused)[number] => [
    `segments that share ${overlap} of them`,
    "INVALID_SETTING",
    /overlap is .*from 0 to below 1/,
    () => powerSpectralDensity([], { sampleRate: 100, overlap }),
  ]),
  [
    "a mean over no time",
    "INVALID_SETTING",
    /seconds is -1/,
    () => new RunningMean({ seconds: -1, sampleRate: 100 }),
  ],
  [
    "a record without samples",
    "NO_SAMPLES",
    /number of samples is 0/,
    () => new Continuity().push({ startTime: 0n, sampleRate: 100, sampleCount: 0 }),
  ],
  [
    "a record beyond all dates",
    "BAD_TIME",
    /record's time/,
    () => new Continuity().push({ startTime: 0n, sampleRate: 1e-9, sampleCount: 1e6 }),
  ],
  ["no station", "INVALID_SETTING", /stations is 0/, () => new Coincidence({ stations: 0 })],
  [
    "silence at once",
    "INVALID_SETTING",
    /silentAfter is 0/,
    () => new StationMonitor({ silentAfter: 0 }, 0n),
  ],
  ...(["minimumCompleteness", "minimumTimingQuality"] as const).map((name): (typeof refused)[number] => [
    `a ${name} of more than all`,
    "INVALID_SETTING",
    new RegExp(`${name} is 100.1`),
    () => new StationMonitor({ [name]: 100.1 }, 0n),
  ]),
  ...[0, 10_001, 1.5].map((streams): (typeof refused)[number] => [
    `${streams} streams`,
    "INVALID_SETTING",
    /streams is .*from 1 to 10000/,
    () => new StationMonitor({ streams }, 0n),
  ]),
  [
    "an expected stream without a name",
    "INVALID_SETTING",
    /expected/,
    () => new StationMonitor({ expected: [" "] }, 0n),
  ],
];

describe("what cannot be used", () => {
  for (const [what, code, message, use] of refused) {
    it(`${what}: ${code}`, () => {
      assert.throws(use, (error) => {
        assert.ok(error instanceof SignalError);
        assert.equal(error.code, code);
        assert.match(error.message, message);
        return true;
      });
    });
  }

  it("and what is at a limit can be used", () => {
    assert.equal(powerSpectralDensity([], { sampleRate: 100, overlap: 0 }).segments, 0);
    new StationMonitor({ minimumCompleteness: 100, minimumTimingQuality: 100, streams: 10_000 }, 0n);
    new StationMonitor({ backAfter: 0, gapFrom: 0, deadAfter: 0, streams: 1 }, 0n);
    for (const window of [0.1, 86_400]) new WindowStatistics({ window });
    for (const order of [1, 10]) designButterworth({ kind: "lowpass", corners: 1, order, sampleRate: 100 });
    new TriggerDetector({ ...sta, on: 4, off: 4, minimum: 5, longest: 5 });
  });

  it("whatever is given for a filter gives a filter, or a SignalError", () => {
    const anything = fc.oneof(fc.double(), fc.anything());
    fc.assert(
      fc.property(anything, anything, anything, anything, (kind, corners, order, sampleRate) => {
        try {
          const options = { kind, corners, order, sampleRate } as {
            kind: FilterKind;
            corners: number;
            sampleRate: number;
          };
          new IirFilter(designButterworth(options));
        } catch (error) {
          assert.ok(error instanceof SignalError, String(error));
        }
      }),
    );
  });

  it("every filter that is designed is stable and gives numbers", () => {
    const corner = fc.double({ min: 1e-4, max: 60, noNaN: true });
    const kind = fc.constantFrom<FilterKind>("highpass", "lowpass", "bandpass", "bandstop");
    fc.assert(
      fc.property(kind, corner, corner, fc.integer({ min: 1, max: 10 }), (each, a, b, order) => {
        const isOne = each === "highpass" || each === "lowpass";
        const corners = isOne ? [a] : [Math.min(a, b), Math.max(a, b)];
        try {
          const filter = new IirFilter(designButterworth({ kind: each, corners, order, sampleRate: 100 }));
          const output = filter.push(
            Float64Array.from({ length: 3000 }, (_, i) => (i === 5 ? 2 ** 31 : 1e5)),
          );
          assert.ok(output.every(Number.isFinite));
        } catch (error) {
          assert.ok(error instanceof SignalError, String(error));
        }
      }),
    );
  });

  it("a band-pass whose upper corner is too high is a high-pass", () => {
    const options = { kind: "bandpass" as const, corners: [1, 20], sampleRate: 20 };
    assert.deepEqual(bandAt(options), { kind: "highpass", corners: [1] });
    assert.deepEqual(
      designButterworth(options),
      designButterworth({ kind: "highpass", corners: 1, sampleRate: 20 }),
    );
  });
});
