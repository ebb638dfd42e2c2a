// lib/mseed/join/joiner.ts: joining moves no sample, and neither makes nor closes a gap, however clocks drift.
import assert from "node:assert/strict";
import fc from "fast-check";
import { joinRecords, type MiniSeedRecord, packRecords, readRecords } from "../../lib/mseed/index.ts";
import { Joiner } from "../../lib/mseed/join/joiner.ts";
import { rateOf, sampleOffset } from "../../lib/mseed/rate.ts";

/** Records one after the other, each so many parts of a sample later than it is due. */
function drifting(
  rate: number,
  formatVersion: 2 | 3,
  steps: readonly number[],
  count: number,
): MiniSeedRecord[] {
  const period = 1e9 / Math.abs(rate);
  let due = 1_700_000_000_000_000_000n;
  const records = steps.map((step, i) => {
    // To the microsecond, as miniSEED 2 has it.
    const startTime = ((due + BigInt(Math.round(step * period))) / 1000n) * 1000n;
    due = startTime + sampleOffset(rateOf(rate), count);
    const samples = Int32Array.from({ length: count }, (_, k) => ((i * count + k) * 7919) % 100_003);
    const series = { sourceId: "FDSN:XX_A_00_H_H_Z", startTime, sampleRate: rate, samples };
    return Buffer.concat([...packRecords(series, { formatVersion, recordLength: 1024, encoding: "steim2" })]);
  });
  return [...readRecords(Buffer.concat(records))];
}

function joined(records: MiniSeedRecord[], recordLength: number, tolerance?: number): MiniSeedRecord[] {
  const joiner = new Joiner({ recordLength, tolerance });
  const out = records.flatMap((record) => [...joiner.add(record)]);
  return [...readRecords(Buffer.concat([...out, ...joiner.finish()]))];
}

const allSamples = (records: MiniSeedRecord[]) => records.flatMap((r) => Array.from(r.samples as Int32Array));
const allTimes = (records: MiniSeedRecord[]) =>
  records.flatMap((r) => Array.from({ length: r.sampleCount }, (_, i) => r.timeOfSample(i)));
const shape = (records: MiniSeedRecord[], tolerance?: number) =>
  joinRecords(records, { tolerance })[0]!.segments.map(({ sampleCount }) => sampleCount);

describe("Joiner", () => {
  it("moves no sample by more than a twentieth of its period, and keeps every gap and none else", () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.double({ min: -0.06, max: 0.06, noNaN: true }) },
      { weight: 2, arbitrary: fc.double({ min: -0.6, max: 0.6, noNaN: true }) },
      { weight: 1, arbitrary: fc.constantFrom(0.5, -0.5, 0.49, 0.51, 3, -2) },
      { weight: 6, arbitrary: fc.constant(0) },
    );
    let joins = 0;
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 2, maxLength: 60 }),
        fc.constantFrom(1, 20, 100, 33.3, 250),
        fc.constantFrom(2 as const, 3 as const),
        fc.constantFrom(128, 512, 4096),
        fc.constantFrom(undefined, undefined, 0.4, 2),
        (steps, rate, version, recordLength, part) => {
          const tolerance = part === undefined ? undefined : part / rate;
          const before = drifting(rate, version, steps, 53);
          const after = joined(before, recordLength, tolerance);
          assert.deepEqual(allSamples(after), allSamples(before));
          const [a, b] = [allTimes(before), allTimes(after)];
          // Besides the microsecond to which miniSEED 2 rounds the start of a record.
          const most = 1e9 / rate / 20 / Math.max(1, 0.5 / (part ?? 0.5)) + 1001;
          for (const [i, time] of a.entries()) {
            assert.ok(Math.abs(Number(time - b[i]!)) <= most, `sample ${i} moved by ${b[i]! - time} ns`);
          }
          // Steps that are as long as the tolerance to a microsecond may go either way.
          const isClose = steps.some((s) => Math.abs(Math.abs(s) - (part ?? 0.5)) * (1e9 / rate) < 3000);
          if (!isClose) assert.deepEqual(shape(after, tolerance), shape(before, tolerance));
          if (after.length < before.length) joins++;
        },
      ),
      { numRuns: 300 },
    );
    assert.ok(joins > 0);
  });

  it("lets a clock that drifts keep its times: one trace before and after", () => {
    for (const step of [0.12, -0.12, 0.011, 0.4]) {
      const before = drifting(100, 2, Array(400).fill(step), 40);
      const after = joined(before, 512);
      assert.deepEqual(shape(after), shape(before));
      assert.equal(shape(after).length, 1);
      const last = (records: MiniSeedRecord[]) => records.at(-1)!.endTime;
      assert.ok(Math.abs(Number(last(after) - last(before))) < 501_000);
    }
  });

  it("still fills records where clocks are steady", () => {
    const before = drifting(100, 2, Array(400).fill(0), 40);
    assert.ok(joined(before, 512).length < before.length / 4);
  });
});
