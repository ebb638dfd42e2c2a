// The loop of fuzzing, and the files of what it has found. Nothing may come of an input but what the target allows: no other
// error, none that nobody catches, no long work, no large memory.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { getHeapStatistics } from "node:v8";
import { processorTime } from "../support/processor-time.ts";
import { randomFrom, seedOf } from "./random.ts";
import type { Fuzzer, Target } from "./target.ts";

/** Milliseconds of processor time that one input may take, on a busy and slow machine. */
const MAX_MILLISECONDS = 5000;

/** Bytes that one input may take before anything is given back. */
const MAX_BYTES = 384 * 1024 * 1024;

/** Inputs after which what nobody catches is looked for, where a target does not wait for anything. */
const TURN = 100;

const CASES = path.join(__dirname, "cases");

/** What an input did that it must not; it can be tried again. */
export interface Finding {
  readonly target: string;
  /** The seed and the number of the input in the run that found it. */
  readonly seed: number;
  readonly iteration: number;
  readonly found: string;
  readonly input: unknown;
}

export interface FuzzOptions {
  readonly seed: number;
  /** Number of the first input. */
  readonly from?: number;
  readonly count?: number;
  /** When to stop, by `performance.now()`. */
  readonly until?: number;
  readonly onFinding: (finding: Finding) => void;
}

/** Gives a target one input after the other; how many they were. */
export async function fuzz(name: string, target: Target, options: FuzzOptions): Promise<number> {
  const { seed, from = 0, count = Number.POSITIVE_INFINITY, until = Number.POSITIVE_INFINITY } = options;
  const fuzzer = await target.open();
  const uncaught = new Uncaught();
  let iteration = from;
  try {
    for (; iteration < from + count && performance.now() < until; iteration++) {
      const own = seedOf(seed, iteration);
      const input = fuzzer.make(randomFrom(own));
      const error = await failureOf(fuzzer, input, seedOf(own, 0), uncaught, iteration);
      if (error === undefined) continue;
      options.onFinding({ target: name, seed, iteration, found: textOf(error), input });
    }
    await nextTurn();
    uncaught.check();
  } finally {
    uncaught.stop();
    await fuzzer[Symbol.asyncDispose]?.();
  }
  return iteration - from;
}

/** Tries the inputs of cases again; fails at the first that does what it must not. */
export async function replay(target: Target, cases: readonly Finding[]): Promise<void> {
  const fuzzer = await target.open();
  const uncaught = new Uncaught();
  try {
    for (const { seed, iteration, input } of cases) {
      const error = await failureOf(fuzzer, input, seedOf(seedOf(seed, iteration), 0), uncaught, 0);
      if (error !== undefined) throw new Error("a case fails again", { cause: error });
    }
  } finally {
    uncaught.stop();
    await fuzzer[Symbol.asyncDispose]?.();
  }
}

async function failureOf(
  fuzzer: Fuzzer<unknown>,
  input: unknown,
  seed: number,
  uncaught: Uncaught,
  iteration: number,
): Promise<unknown> {
  const started = processorTime();
  const before = bytesInUse();
  try {
    const work = fuzzer.check(input, randomFrom(seed));
    if (work) await work;
    else if (iteration % TURN === 0) await nextTurn();
    uncaught.check();
    const took = processorTime() - started;
    assert.ok(took < MAX_MILLISECONDS, `it took ${Math.round(took)} ms of processor time`);
    const taken = bytesInUse() - before;
    assert.ok(taken < MAX_BYTES, `it took ${taken} bytes of memory`);
    return undefined;
  } catch (error) {
    return error ?? new Error("something was thrown that is nothing");
  }
}

/** Without what the whole process has from the system, which takes longer to find out than most inputs do. */
function bytesInUse(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** What is thrown where nobody catches it, which would end the process. */
class Uncaught {
  readonly #errors: unknown[] = [];
  readonly #hear = (error: unknown) => void this.#errors.push(error);

  constructor() {
    process.on("unhandledRejection", this.#hear);
    process.on("uncaughtException", this.#hear);
  }

  check(): void {
    const [error] = this.#errors.splice(0);
    if (error !== undefined) throw new Error("it was thrown where nobody caught it", { cause: error });
  }

  stop(): void {
    process.off("unhandledRejection", this.#hear);
    process.off("uncaughtException", this.#hear);
  }
}

/** Writes what was found as a case that the quick suite tries again; the name of its file. */
export function writeCase(finding: Finding): string {
  // The rest of it are places on this machine.
  const [found] = finding.found.split("\n");
  const text = `${JSON.stringify(packed({ ...finding, found }), undefined, 1)}\n`;
  const input = JSON.stringify(packed(finding.input));
  const id = createHash("sha256").update(input).digest("hex").slice(0, 8);
  const file = path.join(CASES, `${finding.target}-${id}.json`);
  mkdirSync(CASES, { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** The committed cases of a target. */
export function casesOf(name: string): Finding[] {
  return readdirSync(CASES)
    .filter((file) => file.endsWith(".json"))
    .map((file) => unpacked(JSON.parse(readFileSync(path.join(CASES, file), "utf8"))) as Finding)
    .filter(({ target }) => target === name);
}

/** Bytes as JSON has them here. */
function packed(value: unknown): unknown {
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString("base64") };
  return mapped(value, packed);
}

function unpacked(value: unknown): unknown {
  const { base64 } = (value ?? {}) as { base64?: unknown };
  return typeof base64 === "string" ? Buffer.from(base64, "base64") : mapped(value, unpacked);
}

function mapped(value: unknown, change: (inner: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(change);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, change(inner)]));
}
