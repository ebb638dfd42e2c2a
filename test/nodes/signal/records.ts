// Records in messages, for the tests of the nodes for signals.
import { formatNanoseconds, toNanoseconds } from "../../../lib/time.ts";

export const ID = "FDSN:XX_DEMO_00_H_H_Z";
export const START = toNanoseconds("2026-01-01T00:00:00Z")!;

/** The time so many seconds after the start of the tests' data. */
export const at = (seconds: number): bigint => START + BigInt(Math.round(seconds * 1e6)) * 1000n;

export interface TestRecord {
  [name: string]: unknown;
  sourceId: string;
  startTime: string;
  sampleRate: number;
  sampleCount: number;
  samples: Int32Array | number[];
}

/** A record as mseed decode sends it, so many seconds after the start. */
export function record(seconds: number, samples: ArrayLike<number>, more: object = {}): TestRecord {
  return {
    sourceId: ID,
    network: "XX",
    station: "DEMO",
    location: "00",
    channel: "HHZ",
    startTime: formatNanoseconds(at(seconds)),
    sampleRate: 100,
    sampleCount: samples.length,
    encoding: "steim2",
    formatVersion: 3,
    samples: Int32Array.from(samples),
    ...more,
  };
}

/** Noise with an offset, and strong motion from `from` to `to`; samples at 100 Hz. */
export function quake(count: number, from: number, to: number, seed = 1): Int32Array {
  let random = seed;
  return Int32Array.from({ length: count }, (_, i) => {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    const noise = (random >>> 16) / 65_536 - 0.5;
    const isShaking = i >= from && i < to;
    return 16_000 + 100 * noise + (isShaking ? 4000 * Math.sin(i * 0.3) * noise : 0);
  });
}

/** The series as records of 100 samples, with what they are to have besides. */
export function recordsOf(samples: Int32Array, more: object = {}): TestRecord[] {
  return Array.from({ length: Math.ceil(samples.length / 100) }, (_, i) =>
    record(i, samples.subarray(100 * i, 100 * i + 100), more),
  );
}
