// The vectors of the signal room: values of scipy and of ObsPy's definitions, and the series they were computed from.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

export interface Series {
  samples: number[];
  sampleRate: number;
  start?: string;
}

/** Recorded data that may not be committed lie beside the checkout, where they are there at all. */
const REAL = ["../shared", "../../shared"].map((folder) =>
  path.join(__dirname, "../..", folder, "vectors/signal/series-real.json"),
);

export function readVectors<T>(name: string): T {
  return JSON.parse(readFileSync(path.join(__dirname, "vectors", name), "utf8")) as T;
}

let known: Map<string, Series> | undefined;

function allSeries(): Map<string, Series> {
  if (known) return known;
  known = new Map();
  for (const file of [path.join(__dirname, "vectors/series.json"), ...REAL]) {
    if (!existsSync(file)) continue;
    const read = JSON.parse(readFileSync(file, "utf8")) as Record<string, Series> | { series: Series[] };
    for (const [name, series] of Object.entries(read)) known.set(name, series as Series);
  }
  return known;
}

/** The series of a case; skips the test, visibly, where it is recorded data that are not here. */
export function seriesOf(context: Mocha.Context, vector: { series: string; samples?: number[] }): number[] {
  if (vector.samples) return vector.samples;
  const series = allSeries().get(vector.series);
  if (!series) context.skip();
  return series.samples;
}

/** The largest absolute value. */
export function largest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!));
  return most;
}

/** Checks the values at the listed places. */
export function assertNear(
  actual: ArrayLike<number>,
  index: number[],
  expected: number[],
  tolerance: number | ((value: number) => number),
): void {
  assert.ok(index.length > 0 && index.length === expected.length);
  index.forEach((at, i) => {
    const allowed = typeof tolerance === "number" ? tolerance : tolerance(expected[i]!);
    const error = Math.abs(actual[at]! - expected[i]!);
    assert.ok(error <= allowed, `at ${at}: ${actual[at]} is not ${expected[i]} within ${allowed}`);
  });
}
