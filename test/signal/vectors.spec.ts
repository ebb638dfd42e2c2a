// lib/signal against values of scipy and of ObsPy's definitions, each within the tolerance that its file is given with.
import assert from "node:assert/strict";
import { halfTaps } from "../../lib/signal/decimator.ts";
import {
  Continuity,
  Decimator,
  Derivative,
  designButterworth,
  type FilterKind,
  frequencyResponse,
  Gain,
  GroundMotion,
  IirFilter,
  Integral,
  newHighNoiseModel,
  newLowNoiseModel,
  powerSpectralDensity,
  type Section,
  StaLta,
  TriggerDetector,
  triggerOnsets,
  type WindowResult,
  WindowStatistics,
} from "../../lib/signal/index.ts";
import { cosineEnds } from "../../lib/signal/spectrum/power.ts";
import { formatMicroseconds, nanosecondsToMicroseconds, toNanoseconds } from "../../lib/time.ts";
import { assertNear, largest, readVectors, seriesOf } from "./vectors.ts";

interface FilterVector {
  type: FilterKind;
  order: number;
  corners: number | number[];
  start?: "rest" | "zero";
}

interface Design extends FilterVector {
  id: string;
  series: string;
  sampleRate: number;
  sos: Section[];
  response: [number, number, number][];
  maxAbs: { zero: number; rest: number };
  rms: { zero: number; rest: number };
  index: number[];
  zero: number[];
  rest: number[];
}

function sectionsOf({ type, order, corners }: FilterVector, sampleRate: number): Section[] {
  return designButterworth({ kind: type, order, corners, sampleRate });
}

/** By how much two angles differ, in radians. */
function turned(a: number, b: number): number {
  const turn = Math.abs(a - b) % (2 * Math.PI);
  return Math.min(turn, 2 * Math.PI - turn);
}

function filtered(samples: number[], filter: FilterVector | null, sampleRate: number): ArrayLike<number> {
  if (!filter) return samples;
  return new IirFilter(sectionsOf(filter, sampleRate), { start: filter.start ?? "rest" }).push(samples);
}

describe("butterworth.json", () => {
  const { designs, chunks } = readVectors<{ designs: Design[]; chunks: number[] }>("butterworth.json");
  for (const design of designs) {
    const sections = () => sectionsOf(design, design.sampleRate);
    it(`${design.id}: response`, () => {
      assert.equal(sections().length, design.sos.length);
      for (const [hertz, magnitude, phase] of design.response) {
        const response = frequencyResponse(sections(), hertz, design.sampleRate);
        assert.ok(Math.abs(response.magnitude - magnitude) <= 1e-7, `magnitude at ${hertz} Hz`);
        if (magnitude <= 1e-6) continue;
        // The listed frequencies are rounded to a millionth of a hertz: what the phase turns by within that does not count.
        const aside = frequencyResponse(sections(), hertz + 5e-7, design.sampleRate).phase;
        const allowed = 1e-7 + turned(aside, response.phase);
        assert.ok(turned(response.phase, phase) <= allowed, `phase at ${hertz} Hz`);
      }
    });
    for (const start of ["zero", "rest"] as const) {
      it(`${design.id}: output from ${start}`, function () {
        const samples = seriesOf(this, design);
        const tolerance = 1e-9 * largest(samples);
        const output = new IirFilter(sections(), { start }).push(samples);
        assertNear(output, design.index, design[start], tolerance);
        assert.ok(Math.abs(largest(output) - design.maxAbs[start]) <= tolerance);
        const rms = Math.sqrt(output.reduce((sum, value) => sum + value * value, 0) / output.length);
        assert.ok(Math.abs(rms - design.rms[start]) <= tolerance);
      });
    }
    it(`${design.id}: in the chunks exactly as in one piece`, function () {
      const samples = seriesOf(this, design);
      const filter = new IirFilter(sections());
      const pieces: number[] = [];
      for (let at = 0, i = 0; at < samples.length; at += chunks[i++ % chunks.length]!) {
        pieces.push(...filter.push(samples.slice(at, at + chunks[i % chunks.length]!)));
      }
      assert.deepEqual(Float64Array.from(pieces), new IirFilter(sections()).push(samples));
    });
  }
});

describe("gap.json", () => {
  type Part = { index: number[]; rest: number[] };
  type Case = FilterVector & {
    series: string;
    sampleRate: number;
    segments: [number, number][];
    first: Part;
    second: Part;
  };
  it("behind a gap the filter begins anew, at rest", function () {
    for (const vector of readVectors<{ cases: Case[] }>("gap.json").cases) {
      const samples = seriesOf(this, vector);
      const filter = new IirFilter(sectionsOf(vector, vector.sampleRate));
      const continuity = new Continuity();
      const outputs = vector.segments.map(([from, to]) => {
        const startTime = BigInt(from) * 10_000_000n;
        const piece = samples.slice(from, to);
        if (continuity.push({ startTime, sampleRate: vector.sampleRate, samples: piece }).restart)
          filter.reset();
        return filter.push(piece);
      });
      const tolerance = 1e-9 * largest(samples);
      assertNear(outputs[0]!, vector.first.index, vector.first.rest, tolerance);
      assertNear(outputs[1]!, vector.second.index, vector.second.rest, tolerance);
    }
  });
});

interface StaLtaVector {
  series: string;
  samples?: number[];
  sampleRate: number;
  filter: FilterVector | null;
  algorithm: "recursive" | "classic";
  sta: number;
  lta: number;
  nsta: number;
  nlta: number;
  on: number;
  off: number;
  maxRatio: number;
  maxRatioIndex: number;
  index?: number[];
  ratio: number[];
  events: {
    on: number;
    off: number;
    open: boolean;
    peakRatio: number;
    peakRatioIndex: number;
    peakAmplitude: number;
    peakAmplitudeIndex: number;
  }[];
}

describe("sta-lta.json", () => {
  const near = (value: number) => 1e-9 * Math.abs(value) + 1e-9;
  for (const vector of readVectors<{ cases: StaLtaVector[] }>("sta-lta.json").cases) {
    const { series, algorithm, sta, lta, on, off, sampleRate, events } = vector;
    const name = `${series}, ${algorithm} ${sta}/${lta} s, ${on}/${off}`;
    it(`${name}: ratios and onsets`, function () {
      const input = filtered(seriesOf(this, vector), vector.filter, sampleRate);
      const staLta = new StaLta({ method: algorithm, sta, lta, sampleRate });
      assert.deepEqual([staLta.nsta, staLta.nlta], [vector.nsta, vector.nlta]);
      const ratios = staLta.push(input);
      assertNear(ratios, vector.index ?? vector.ratio.map((_, i) => i), vector.ratio, near);
      assertNear(ratios, [vector.maxRatioIndex], [vector.maxRatio], near);
      assert.deepEqual(
        triggerOnsets(ratios, { on, off }),
        events.map((event) => [event.on, event.off]),
      );
    });
    it(`${name}: the detector, in pieces, with times and peaks`, function () {
      const input = Float64Array.from(filtered(seriesOf(this, vector), vector.filter, sampleRate));
      const detector = new TriggerDetector({ method: algorithm, sta, lta, sampleRate, on, off });
      const time = (index: number) => BigInt(Math.round((index * 1e9) / sampleRate));
      const told = [];
      for (let at = 0; at < input.length; at += 137) {
        told.push(...detector.push(time(at), input.subarray(at, at + 137)).events);
      }
      const rest = detector.reset("no data");
      if (rest) told.push(rest);
      const ends = told.filter(({ event }) => event === "off");
      assert.equal(told.length, 2 * events.length);
      events.forEach((event, i) => {
        const end = ends[i]!;
        assert.deepEqual(
          [end.onTime, end.offTime, end.peakRatioTime, end.peakTime, end.reason],
          [
            ...[event.on, event.off, event.peakRatioIndex, event.peakAmplitudeIndex].map(time),
            event.open ? "no data" : "ratio",
          ],
        );
        assertNear([end.peakRatio], [0], [event.peakRatio], near);
        assertNear([end.peakAmplitude], [0], [event.peakAmplitude], near(largest(input)));
      });
    });
  }
});

interface WindowVector {
  start: string;
  end: string;
  count: number;
  completeness: number;
  mean: number;
  rsam: number;
  rms: number;
  min: number;
  max: number;
  peak: number;
  peakTime: string;
  median: number;
}

describe("windows.json", () => {
  type Case = {
    series: string;
    start: string;
    sampleRate: number;
    window: number;
    filter: FilterVector | null;
    gaps: [number, number][];
    windows: WindowVector[];
  };
  const iso = (time: bigint) => formatMicroseconds(nanosecondsToMicroseconds(time));
  readVectors<{ cases: Case[] }>("windows.json").cases.forEach((vector, i) => {
    it(`case ${i + 1}: ${vector.window} s${vector.gaps.length > 0 ? ", with a gap" : ""}`, function () {
      const input = Float64Array.from(filtered(seriesOf(this, vector), vector.filter, vector.sampleRate));
      const statistics = new WindowStatistics({ window: vector.window });
      const start = toNanoseconds(vector.start)!;
      const results: WindowResult[] = [];
      for (let at = 0; at < input.length; ) {
        const gap = vector.gaps.find(([from, to]) => at >= from && at < to);
        if (gap) at = gap[1];
        const next = Math.min(at + 113, ...vector.gaps.map(([from]) => from).filter((from) => from > at));
        const samples = input.subarray(at, next);
        const startTime = start + BigInt(Math.round((at * 1e9) / vector.sampleRate));
        results.push(...statistics.push({ startTime, sampleRate: vector.sampleRate, samples }));
        at = next;
      }
      const last = statistics.close();
      if (last) results.push(last);
      assert.equal(results.length, vector.windows.length);
      results.forEach((result, k) => {
        const expected = vector.windows[k]!;
        assert.deepEqual(
          [iso(result.startTime), iso(result.endTime), result.count, iso(result.peakTime)],
          [expected.start, expected.end, expected.count, expected.peakTime],
        );
        const scale = Math.max(Math.abs(result.min), Math.abs(result.max));
        assertNear([result.mean], [0], [expected.mean], 1e-10 * scale);
        assertNear([result.completeness], [0], [expected.completeness], 1e-8);
        for (const name of ["rsam", "rms", "min", "max", "peak", "median"] as const) {
          assertNear([result[name]], [0], [expected[name]], (value) => 1e-10 * Math.abs(value));
        }
      });
    });
  });
});

describe("motion.json", () => {
  it("gain, high-pass, integral and derivative", function () {
    type Case = {
      series: string;
      sampleRate: number;
      gain: number;
      highpass: number;
      order: number;
      index: number[];
      filtered: number[];
      integral: number[];
      derivative: number[];
      peakFiltered: number;
      peakIntegral: number;
      peakDerivative: number;
    };
    for (const vector of readVectors<{ cases: Case[] }>("motion.json").cases) {
      const { sampleRate, gain: sensitivity, order, highpass: corner } = vector;
      const samples = seriesOf(this, vector);
      const sections = designButterworth({ kind: "highpass", order, corners: corner, sampleRate });
      const high = new IirFilter(sections).push(new Gain(sensitivity).push(samples));
      const integral = new Integral(sampleRate).push(high);
      const derivative = new Derivative(sampleRate).push(high);
      assertNear(high, vector.index, vector.filtered, 1e-9 * vector.peakFiltered);
      assertNear(integral, vector.index, vector.integral, 1e-9 * vector.peakIntegral);
      assertNear(derivative, vector.index, vector.derivative, 1e-9 * vector.peakDerivative);
      const motion = { sensitivity, sampleRate, highpass: { corner, order } };
      const velocity = new GroundMotion({ ...motion, from: "acceleration", to: "velocity" });
      const acceleration = new GroundMotion({ ...motion, from: "velocity", to: "acceleration" });
      assert.deepEqual(velocity.push(samples), integral);
      assert.deepEqual(acceleration.push(samples), derivative);
    }
  });
});

describe("psd.json", () => {
  interface Case {
    series: string;
    sampleRate: number;
    from_?: number;
    count: number;
    segment: number;
    mode: "hann" | "mcnamara";
    overlap: number;
    bins: number;
    binWidth: number;
    index: number[];
    power: number[];
  }
  const { cases, taperOf20 } = readVectors<{ cases: Case[]; taperOf20: number[] }>("psd.json");
  it("the taper of 20 samples", () => assert.deepEqual([...cosineEnds(20, 0.1)], taperOf20));
  for (const vector of cases) {
    it(`${vector.series}: ${vector.mode}, segments of ${vector.segment}`, function () {
      const { from_: from = 0, count, segment, mode, overlap, sampleRate } = vector;
      const samples = seriesOf(this, vector).slice(from, from + count);
      const spectrum = powerSpectralDensity(samples, { sampleRate, segment, mode, overlap });
      assert.deepEqual([spectrum.power.length, spectrum.binWidth], [vector.bins, vector.binWidth]);
      const power = spectrum.power.slice();
      power[0] = vector.power[0]!;
      assertNear(power, vector.index, vector.power, (value) => 1e-9 * value);
    });
  }
});

describe("decimate.json", () => {
  interface Fir {
    series: string;
    sampleRate: number;
    factor: number;
    taps: number;
    halfTaps: number[];
    firstOutputAtInput: number;
    count: number;
    index: number[];
    output: number[];
  }
  interface Chebyshev extends Fir {
    sos: Section[];
  }
  const { fir, obspy } = readVectors<{ fir: Fir[]; obspy: Chebyshev[] }>("decimate.json");
  for (const vector of fir) {
    it(`FIR, factor ${vector.factor}`, function () {
      const samples = seriesOf(this, vector);
      const taps = halfTaps(vector.factor);
      assert.equal(2 * taps.length - 1, vector.taps);
      assertNear(
        taps,
        vector.halfTaps.map((_, i) => i),
        vector.halfTaps,
        1e-14,
      );
      const decimator = new Decimator({ factor: vector.factor });
      assert.equal(decimator.firstOutputAtInput, vector.firstOutputAtInput);
      const output = decimator.push(samples);
      assert.equal(output.length, vector.count);
      assertNear(output, vector.index, vector.output, 1e-10 * largest(samples));
    });
  }
  for (const vector of obspy) {
    it(`ObsPy's Chebyshev II by IirFilter, factor ${vector.factor}`, function () {
      const samples = seriesOf(this, vector);
      const output = new IirFilter(vector.sos, { start: "zero" })
        .push(samples)
        .filter((_, i) => i % vector.factor === 0);
      assert.equal(output.length, vector.count);
      assertNear(output, vector.index, vector.output, 1e-8 * largest(samples));
    });
  }
});

describe("noise-models.json", () => {
  it("Peterson's models at the check values", () => {
    const { check } = readVectors<{ check: [number, number, number][] }>("noise-models.json");
    for (const [period, low, high] of check) {
      assert.ok(Math.abs(newLowNoiseModel(period) - low) <= 1e-4, `low at ${period} s`);
      assert.ok(Math.abs(newHighNoiseModel(period) - high) <= 1e-4, `high at ${period} s`);
    }
    assert.ok(Number.isNaN(newLowNoiseModel(0.05)) && Number.isNaN(newHighNoiseModel(2e5)));
  });
});

describe("monitor.json", () => {
  it("each record follows on as it is listed", () => {
    interface Listed {
      start: string;
      sampleRate: number;
      sampleCount: number;
      kind: string;
      offset?: number;
      seconds?: number;
      samples?: number;
      from_?: string;
      to?: string;
    }
    const continuity = new Continuity();
    for (const listed of readVectors<{ records: Listed[] }>("monitor.json").records) {
      const { start: startTime, sampleRate, sampleCount } = listed;
      const result = continuity.push({ startTime, sampleRate, sampleCount });
      assert.equal(result.kind, listed.kind, startTime);
      for (const name of ["offset", "seconds", "samples"] as const) {
        if (listed[name] !== undefined) assert.equal(result[name], listed[name], `${name} at ${startTime}`);
      }
      if (listed.from_ !== undefined) assert.equal(result.from, toNanoseconds(listed.from_));
      if (listed.to !== undefined) assert.equal(result.to, toNanoseconds(listed.to));
    }
  });
});
