// Runs processes of mocha side by side. What they write comes out one after the other, whole; the counts of each are added to
// those of the others; and what ends without counts, whatever its exit code, has failed.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import path from "node:path";
import { PassThrough, type Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { newFolder } from "../folders.ts";

const MOCHA = require.resolve("mocha/bin/mocha.js");

/** What a lane may write ahead of its turn. One that has written more waits: nothing of it is lost. */
const MOST_WAITING_BYTES = 16 * 1024 * 1024;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface Run {
  name: string;
  /** What mocha is called with. */
  words: string[];
}

interface Running {
  name: string;
  child: ChildProcess;
  /** What it writes, from when on somebody reads it. */
  output: PassThrough;
  /** Resolves with what is wrong with how it ended. */
  fault: Promise<string | undefined>;
  /** Resolves when nobody can write any more. */
  closed: Promise<void>;
}

export interface Options {
  out?: Writable;
  counts?: string | undefined;
  /** Milliseconds that programs which a lane has left behind may go on writing. */
  leftBehind?: number;
}

/**
 * Runs all of them at once; resolves with the exit code of the whole, 0 if each has ended well. `out` gets what the first one
 * writes as it comes, then that of the next. The counts (see counting-reporter.ts) are appended to the file `counts`. A signal
 * that ends programs is passed on to all; a second one kills them.
 */
export async function sideBySide(runs: readonly Run[], options: Options = {}): Promise<number> {
  const { out = process.stdout, counts = process.env.TEST_COUNTS, leftBehind = 10_000 } = options;
  const all = runs.map((run) => start(run, counts));
  let asked: NodeJS.Signals | undefined;
  const passOn = (signal: NodeJS.Signals) => {
    for (const { child } of all) child.kill(asked ? "SIGKILL" : signal);
    asked ??= signal;
  };
  const kill = () => all.forEach(({ child }) => void child.kill("SIGKILL"));
  for (const signal of SIGNALS) process.on(signal, passOn);
  process.once("exit", kill);
  try {
    const faults: string[] = [];
    for (const running of all) {
      const { name, output } = running;
      out.write(`\n  Lane: ${name}\n`);
      output.pipe(out, { end: false });
      const what = await running.fault;
      await silence(running, leftBehind);
      await finished(output);
      if (what) faults.push(`  Lane ${name} failed: ${what}.\n`);
    }
    // Once more at the end, where one looks.
    for (const what of faults) out.write(what);
    if (asked) return 128 + constants.signals[asked];
    return faults.length > 0 ? 1 : 0;
  } finally {
    for (const signal of SIGNALS) process.off(signal, passOn);
    process.off("exit", kill);
  }
}

function start({ name, words }: Run, counts?: string): Running {
  const own = path.join(newFolder(), "counts");
  const child = spawn(process.execPath, [MOCHA, ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TEST_COUNTS: own },
  });
  const output = new PassThrough({ highWaterMark: MOST_WAITING_BYTES });
  child.stdout!.pipe(output, { end: false });
  child.stderr!.pipe(output, { end: false });
  const closed = new Promise<void>((resolve) => void child.once("close", () => resolve()));
  const fault = once(child, "exit").then(
    ([code, signal]) => {
      const counted = existsSync(own) ? readFileSync(own, "utf8") : "";
      if (counts) appendFileSync(counts, counted);
      if (signal) return `it was ended by ${signal}`;
      if (code !== 0) return `it ended with ${code}`;
      return counted === "" ? "it ended without counts of its tests" : undefined;
    },
    (error: Error) => `it could not be started: ${error.message}`,
  );
  return { name, child, output, fault, closed };
}

/** Ends a lane's output when all of it is there, or when only programs that the lane has left behind could still write. */
async function silence({ child, output, closed }: Running, leftBehind: number): Promise<void> {
  const timer = setTimeout(() => {
    child.stdout?.destroy();
    child.stderr?.destroy();
  }, leftBehind);
  await closed;
  clearTimeout(timer);
  output.end();
}
