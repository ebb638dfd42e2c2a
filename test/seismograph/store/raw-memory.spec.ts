// Raw samples come back as they were given, from any stretch of time, whoever added them and in whatever pieces.
import assert from "node:assert/strict";
import fc from "fast-check";
import { RawMemory, rawBytesOf } from "../../../lib/seismograph/store/raw-memory.ts";
import { rawSamples } from "../../../lib/seismograph/store/samples.ts";

const PERIOD = 10_000;

describe("raw memory", () => {
  it("gives back every sample at its time, and knows what belongs together", () => {
    const run = fc.record({
      gap: fc.constantFrom(0, 0, 0, 3, 1000),
      samples: fc.array(fc.constantFrom(0, 1, -1, 40_000, 70_000, 2 ** 31 - 1, -(2 ** 31)), {
        minLength: 1,
        maxLength: 300,
      }),
    });
    fc.assert(
      fc.property(
        fc.array(run, { minLength: 1, maxLength: 25 }),
        fc.integer({ min: -50, max: 3000 }),
        fc.nat(4000),
        (runs, from, length) => {
          const memory = new RawMemory(60);
          const write = memory.writer();
          const known = new Map<number, number>();
          let at = 0;
          for (const { gap, samples } of runs) {
            at += gap;
            write({ start: at * PERIOD, sampleRate: 100, samples: Int32Array.from(samples) });
            for (const sample of samples) known.set(at++, sample);
          }
          const pieces = memory.pieces(from * PERIOD, (from + length) * PERIOD);
          const got = new Map<number, number>();
          for (const { start, samples } of pieces) {
            assert.ok(samples instanceof Int32Array);
            for (const [i, sample] of samples.entries()) got.set(Math.round(start / PERIOD) + i, sample);
          }
          assert.deepEqual(got, new Map([...known].filter(([i]) => i >= from && i < from + length)));
          // One piece for each stretch without a gap.
          const starts = [...got.keys()].filter((i) => !got.has(i - 1));
          assert.equal(pieces.length, starts.length);
        },
      ),
    );
  });

  it("takes the past besides, from a second writer", () => {
    const memory = new RawMemory(60);
    const [now, past] = [memory.writer(), memory.writer()];
    const piece = (start: number) => ({
      start: start * 1e6,
      sampleRate: 100,
      samples: new Int32Array(100).fill(start),
    });
    now(piece(100));
    past(piece(98));
    now(piece(101));
    past(piece(99));
    const [whole, ...more] = memory.pieces(0, 1e12);
    assert.equal(more.length, 0);
    assert.deepEqual(whole, {
      start: 98e6,
      sampleRate: 100,
      samples: Int32Array.from({ length: 400 }, (_, i) => 98 + Math.floor(i / 100)),
    });
  });

  it("forgets what is too old, and holds quiet samples in two bytes", () => {
    const memory = new RawMemory(10);
    const write = memory.writer();
    for (let second = 0; second < 3600; second++) {
      write({
        start: second * 1e6,
        sampleRate: 100,
        samples: new Int32Array(100).fill(5_000_000 + (second % 7)),
      });
    }
    assert.ok(memory.begin >= (3600 - 600 - 60) * 1e6 && memory.begin <= 3000e6, String(memory.begin));
    assert.ok(memory.bytes < 2 * 100 * 700 + 4 * 100 * 60, String(memory.bytes));
    write({ start: 1e6, sampleRate: 100, samples: new Int32Array(100) });
    assert.ok(memory.begin > 2e9, "what is older than all that is kept is not taken");
  });

  it("takes no more bytes than it may, whatever the rate, the numbers, and the gaps", () => {
    for (const [sampleRate, count, step, make] of [
      [1e6, 16_000, 0.016, (n: number) => new Int32Array(n).map((_, i) => i * 40_000_000)],
      [100, 1, 1, (n: number) => new Float64Array(n).fill(0.5)],
      [100, 100, 1.5, (n: number) => new Float32Array(n).fill(0.5)],
    ] as const) {
      const memory = new RawMemory(1440, 140_000);
      const [write, late] = [memory.writer(), memory.writer()];
      for (let i = 0; i < 600; i++) {
        write({ start: i * step * 1e6, sampleRate, samples: make(count) });
        if (i % 100 === 99) late({ start: (i - 50.5) * step * 1e6, sampleRate, samples: make(1) });
        assert.ok(memory.bytes <= 140_000 + 2 * 140_000, `${memory.bytes} at ${sampleRate} Hz`);
      }
      const newest = memory.pieces(599 * step * 1e6, 1e15);
      assert.equal(
        newest.reduce((sum, { samples }) => sum + samples.length, 0),
        count,
      );
    }
    // What is asked for is kept whole.
    const piece = (i: number) => ({ start: i * 1e6, sampleRate: 100, samples: make(100) });
    const make = (n: number) => new Int32Array(n).map((_, i) => i * 40_000_000);
    const memory = new RawMemory(10, rawBytesOf(10, piece(0)));
    const write = memory.writer();
    for (let i = 0; i < 2000; i++) write(piece(i));
    assert.ok(memory.begin <= 1400e6 && memory.begin >= 1300e6, String(memory.begin));
  });

  it("keeps floats, and integers as what they are", () => {
    assert.ok(rawSamples([1, 2, -3]) instanceof Int32Array);
    assert.ok(rawSamples([1, 2.5]) instanceof Float64Array);
    assert.ok(rawSamples([1, Number.NaN]) instanceof Float64Array);
    assert.ok(rawSamples([2 ** 31]) instanceof Float64Array);
    assert.ok(rawSamples(new Int16Array([1])) instanceof Int32Array);
    const floats = new Float32Array([0.1]);
    assert.equal(rawSamples(floats), floats);
    const memory = new RawMemory(1);
    memory.writer()({ start: 0, sampleRate: 1, samples: new Float64Array([0.1, 1e300]) });
    assert.deepEqual(memory.pieces(0, 1e9)[0]?.samples, new Float64Array([0.1, 1e300]));
  });
});
