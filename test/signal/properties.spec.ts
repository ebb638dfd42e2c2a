// What holds for every input of the signal room, not only for the vectors: the same in pieces as in one piece, nothing of a constant
// behind a high-pass, triggers that end behind their beginning, and no NaN but for a missing sample.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  Continuity,
  Decimator,
  Derivative,
  designButterworth,
  type FilterKind,
  GroundMotion,
  IirFilter,
  Integral,
  RunningMean,
  StaLta,
  TriggerDetector,
  type TriggerEvent,
  triggerOnsets,
  type WindowResult,
  WindowStatistics,
} from "../../lib/signal/index.ts";
import "../support/properties.ts";

const RATE = 100;
const PERIOD = 10_000_000n;
const START = 1_780_000_000_000_000_000n;

/** Samples as instruments have them, and as they do not: spikes, extremes, dead stretches, missing ones. */
const sample = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: -20_000, max: 20_000 }) },
  { weight: 2, arbitrary: fc.constantFrom(0, 2 ** 31 - 1, -(2 ** 31), 1e30, -1e99) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 1e200) },
);
const real = fc.integer({ min: -20_000, max: 20_000 });
const stretch = fc
  .tuple(sample, fc.integer({ min: 1, max: 60 }))
  .map(([value, length]) => Array<number>(length).fill(value));
const series = fc
  .array(fc.oneof(fc.array(sample, { minLength: 1, maxLength: 80 }), stretch), { minLength: 1, maxLength: 8 })
  .map((parts) => Float64Array.from(parts.flat()));
const cuts = fc.array(fc.integer({ min: 0, max: 90 }), { minLength: 1, maxLength: 12 });

/** The series in pieces of the given lengths, in turn; with their places. */
function pieces(samples: Float64Array, lengths: number[]): [number, Float64Array][] {
  const parts: [number, Float64Array][] = [];
  const atLeastOne = lengths.some((length) => length > 0) ? lengths : [1];
  for (let at = 0, turn = 0; at < samples.length; turn++) {
    const next = Math.min(samples.length, at + atLeastOne[turn % atLeastOne.length]!);
    parts.push([at, samples.subarray(at, next)]);
    at = next;
  }
  return parts;
}

const kinds = fc.constantFrom<FilterKind>("highpass", "lowpass", "bandpass", "bandstop");
const designs = fc
  .record({
    kind: kinds,
    order: fc.integer({ min: 1, max: 10 }),
    low: fc.double({ min: 0.01, max: 20, noNaN: true }),
  })
  .map(({ kind, order, low }) => {
    const corners = kind === "highpass" || kind === "lowpass" ? low : [low, 2 * low];
    return { kind, order, corners, sampleRate: RATE };
  });

/** Each step that gives values for samples, made anew. */
const steps: Record<string, () => { push(samples: Float64Array): Float64Array; reset(): void }> = {
  "a filter from rest": () =>
    new IirFilter(designButterworth({ kind: "bandpass", corners: [0.8, 9], sampleRate: RATE })),
  "a filter from zero": () =>
    new IirFilter(designButterworth({ kind: "highpass", corners: 0.5, order: 3, sampleRate: RATE }), {
      start: "zero",
    }),
  "a running mean": () => new RunningMean({ seconds: 0.37, sampleRate: RATE }),
  "STA/LTA, recursive": () => new StaLta({ method: "recursive", sta: 0.05, lta: 0.3, sampleRate: RATE }),
  "STA/LTA, classic": () => new StaLta({ method: "classic", sta: 0.05, lta: 0.3, sampleRate: RATE }),
  "an integral": () => new Integral(RATE),
  "a derivative": () => new Derivative(RATE),
  "ground motion": () =>
    new GroundMotion({ sensitivity: 4e8, sampleRate: RATE, to: "displacement", highpass: { corner: 0.5 } }),
  "a decimator": () => new Decimator({ factor: 10 }),
};

describe("behind a gap exactly as at the start", () => {
  for (const [name, make] of Object.entries(steps)) {
    it(name, () => {
      fc.assert(
        fc.property(series, series, (before, behind) => {
          const step = make();
          step.push(before);
          step.reset();
          assert.deepEqual(step.push(behind), make().push(behind));
        }),
      );
    });
  }

  it("a decimator, which is at the place of its first output again", () => {
    const decimator = new Decimator({ factor: 10 });
    for (const count of [0, 1, 5000]) {
      decimator.push(new Float64Array(count));
      decimator.reset();
      assert.equal(decimator.nextOutputAtInput, decimator.firstOutputAtInput);
      // The first output comes with as many inputs behind its place as before it.
      const needed = 2 * decimator.firstOutputAtInput + 1;
      assert.equal(decimator.push(new Float64Array(needed - 1)).length, 0);
      assert.equal(decimator.push(new Float64Array(1)).length, 1);
    }
  });
});

describe("in pieces exactly as in one piece", () => {
  for (const [name, make] of Object.entries(steps)) {
    it(name, () => {
      fc.assert(
        fc.property(series, cuts, (samples, lengths) => {
          const step = make();
          const parts = pieces(samples, lengths).flatMap(([, piece]) => [...step.push(piece)]);
          assert.deepEqual(Float64Array.from(parts), make().push(samples));
        }),
      );
    });
  }

  it("any design of a filter", () => {
    fc.assert(
      fc.property(designs, series, cuts, (design, samples, lengths) => {
        const sections = designButterworth(design);
        const filter = new IirFilter(sections);
        const parts = pieces(samples, lengths).flatMap(([, piece]) => [...filter.push(piece)]);
        assert.deepEqual(Float64Array.from(parts), new IirFilter(sections).push(samples));
      }),
    );
  });

  const detectors = fc.record({
    method: fc.constantFrom("recursive" as const, "classic" as const),
    holdLta: fc.boolean(),
    minimum: fc.constantFrom(0, 0.02, 0.3),
    deadTime: fc.constantFrom(0, 0.5),
    longest: fc.constantFrom(0, 0.3, 1),
    on: fc.constantFrom(1.2, 2, 3.5),
    off: fc.constantFrom(0, 0.5, 1.1),
  });
  const settings = { sta: 0.05, lta: 0.3, sampleRate: RATE };

  function triggers(samples: Float64Array, lengths: number[], options: object): [TriggerEvent[], number[]] {
    const detector = new TriggerDetector({
      ...settings,
      ...(options as { method: "classic"; on: number; off: number }),
    });
    const events: TriggerEvent[] = [];
    const ratios: number[] = [];
    for (const [at, piece] of pieces(samples, lengths)) {
      const result = detector.push(START + BigInt(at) * PERIOD, piece);
      events.push(...result.events);
      ratios.push(...result.ratios);
    }
    const last = detector.reset("no data");
    return [last ? [...events, last] : events, ratios];
  }

  it("a trigger detector; and its triggers end behind their beginning, one behind the other", () => {
    fc.assert(
      fc.property(series, cuts, detectors, (samples, lengths, options) => {
        const [events, ratios] = triggers(samples, lengths, options);
        assert.deepEqual([events, ratios], triggers(samples, [samples.length], options));
        let before = 0n;
        events.forEach((event, i) => {
          assert.equal(event.event, i % 2 === 0 ? "on" : "off");
          assert.ok(event.onTime >= before && event.ratio >= 0 && event.peakRatio >= 0);
          assert.ok(event.peakTime >= event.onTime && event.peakRatioTime >= event.onTime);
          if (event.event === "on") return;
          assert.equal(event.onTime, events[i - 1]!.onTime);
          assert.ok(event.offTime! >= event.onTime && event.duration! >= 0);
          assert.ok(event.peakTime <= event.offTime! && event.peakRatioTime <= event.offTime!);
          before = event.offTime! + 1n;
        });
        assert.ok(ratios.every((ratio) => ratio >= 0 && Number.isFinite(ratio)));
      }),
      { numRuns: 300 },
    );
  });

  it("a trigger detector without further rules finds what triggerOnsets finds", () => {
    fc.assert(
      fc.property(fc.array(real, { minLength: 1, maxLength: 400 }), cuts, (values, lengths) => {
        const samples = Float64Array.from(values, (value, i) => (i % 97 < 9 ? value : value / 300));
        const thresholds = { on: 2, off: 0.8 };
        const [events] = triggers(samples, lengths, { method: "recursive", ...thresholds });
        const ratios = new StaLta({ ...settings, method: "recursive" }).push(samples);
        const time = (index: number) => START + BigInt(index) * PERIOD;
        assert.deepEqual(
          events.filter(({ event }) => event === "off").map(({ onTime, offTime }) => [onTime, offTime]),
          triggerOnsets(ratios, thresholds).map(([on, off]) => [time(on), time(off)]),
        );
      }),
    );
  });

  it("window statistics", () => {
    fc.assert(
      fc.property(series, cuts, fc.integer({ min: 0, max: 999 }), (samples, lengths, offset) => {
        const measure = (parts: [number, Float64Array][]): WindowResult[] => {
          const statistics = new WindowStatistics({ window: 1 });
          const startOf = (at: number) => START + BigInt(offset) * 1_000_000n + BigInt(at) * PERIOD;
          const results = parts.flatMap(([at, piece]) =>
            statistics.push({ startTime: startOf(at), sampleRate: RATE, samples: piece }),
          );
          const last = statistics.close();
          return last ? [...results, last] : results;
        };
        const results = measure(pieces(samples, lengths));
        assert.deepEqual(results, measure([[0, samples]]));
        const good = samples.filter((value) => Math.abs(value) < 1e100).length;
        assert.equal(
          results.reduce((sum, { count }) => sum + count, 0),
          good,
        );
        for (const { rsam, rms, peak, median, startTime } of results) {
          assert.ok([rsam, rms, peak, median].every((value) => value >= 0 && Number.isFinite(value)));
          assert.equal(startTime % 1_000_000_000n, 0n);
        }
      }),
    );
  });
});

describe("of every input", () => {
  it("a constant gives nothing from a high-pass and from a band-pass", () => {
    fc.assert(
      fc.property(designs, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (design, value) => {
        fc.pre(design.kind === "highpass" || design.kind === "bandpass");
        const output = new IirFilter(designButterworth(design)).push(new Int32Array(5000).fill(value));
        assert.ok(output.every((each) => Math.abs(each) <= 1e-6 * Math.max(1, Math.abs(value))));
      }),
    );
  });

  it("only a missing sample gives NaN, and what is behind it is as from the start", () => {
    fc.assert(
      fc.property(series, (samples) => {
        const sections = designButterworth({ kind: "bandpass", corners: [1, 20], sampleRate: RATE });
        const output = new IirFilter(sections).push(samples);
        const isMissing = (value: number) => !(Math.abs(value) < 1e100);
        for (const [i, value] of samples.entries()) assert.equal(Number.isNaN(output[i]), isMissing(value));
        const last = samples.findLastIndex(isMissing);
        assert.deepEqual(output.slice(last + 1), new IirFilter(sections).push(samples.slice(last + 1)));
      }),
    );
  });

  it("a spike is forgotten: behind the long window the ratio is as if it had not been", () => {
    for (const method of ["recursive", "classic"] as const) {
      const noise = Float64Array.from({ length: 20_000 }, (_, i) => Math.sin(i) + Math.cos(i * i));
      const spiked = noise.slice();
      spiked[100] = 2 ** 31;
      const make = () => new StaLta({ method, sta: 0.5, lta: 3, sampleRate: RATE });
      const [clean, behind] = [make().push(noise), make().push(spiked)];
      // The recursive averages forget by a factor e in each 300 samples; the classic ones all at once.
      const from = method === "classic" ? 401 : 19_500;
      for (let i = from; i < noise.length; i++) {
        assert.ok(Math.abs(clean[i]! - behind[i]!) <= 1e-6 * clean[i]! + 1e-9, `${method} at ${i}`);
      }
    }
  });

  it("a decimator's outputs have the times of their input samples", () => {
    fc.assert(
      fc.property(cuts, fc.constantFrom(2, 4, 5, 12), (lengths, factor) => {
        // The output of a straight line is the line itself, at the place that the decimator tells.
        const samples = Float64Array.from({ length: 6000 }, (_, i) => i);
        const decimator = new Decimator({ factor });
        for (const [, piece] of pieces(samples, lengths)) {
          let place = decimator.nextOutputAtInput;
          for (const value of decimator.push(piece)) {
            assert.ok(Math.abs(value - place) < 1e-6 * 6000);
            place += factor;
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  it("continuity counts each sample once: what is new of the records makes up the time between start and end", () => {
    const steps = fc.array(
      fc.record({ shift: fc.integer({ min: -150, max: 150 }), count: fc.integer({ min: 1, max: 120 }) }),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(steps, (list) => {
        const continuity = new Continuity();
        let [at, seen, gaps] = [0, 0, 0];
        for (const { shift, count } of list) {
          const from = Math.abs(shift) > 40 ? Math.max(0, at + shift) : at;
          const startTime = START + BigInt(from) * PERIOD;
          const result = continuity.push({ startTime, sampleRate: RATE, sampleCount: count });
          seen += count - result.skip;
          gaps += result.kind === "gap" ? result.samples : 0;
          at = Math.max(at, from + count);
        }
        const first = Math.max(0, Math.abs(list[0]!.shift) > 40 ? list[0]!.shift : 0);
        assert.equal(seen + gaps, Number((continuity.end! - START) / PERIOD) - first);
      }),
    );
  });

  it("continuity takes a stream that has gone back for good as it is after a minute, not before", () => {
    const continuity = new Continuity();
    const push = (second: number, arrival: number) =>
      continuity.push(
        { startTime: START + BigInt(second) * 1_000_000_000n, sampleRate: RATE, sampleCount: 100 },
        START + BigInt(arrival) * 1_000_000_000n,
      ).kind;
    push(1_000_000, 0);
    const kinds = Array.from({ length: 70 }, (_, i) => push(i, i + 1));
    assert.equal(kinds.indexOf("back"), 60);
    assert.deepEqual(kinds.slice(61), Array<string>(9).fill("continuous"));
  });

  it("continuity takes late records for the stream only where they follow each other within half a sample", () => {
    const backAt = (off: bigint) => {
      const continuity = new Continuity();
      continuity.push({ startTime: START + 1_000_000_000_000n, sampleRate: RATE, sampleCount: 100 }, START);
      return Array.from({ length: 70 }, (_, i) => {
        const startTime = START + BigInt(i) * (1_000_000_000n + off);
        const arrival = START + BigInt(i + 1) * 1_000_000_000n;
        return continuity.push({ startTime, sampleRate: RATE, sampleCount: 100 }, arrival).kind;
      }).indexOf("back");
    };
    assert.deepEqual([0n, PERIOD / 2n, PERIOD / 2n + 1n, -PERIOD / 2n, -PERIOD / 2n - 1n].map(backAt), [
      ...[60, 60, -1, 60, -1],
    ]);
  });
});
