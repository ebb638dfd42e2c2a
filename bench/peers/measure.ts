// Measures what a program, or a server while a program uses it, takes of time and of the processor.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Milliseconds after which a program is not waited for any more. */
const PATIENCE = 120_000;

/** In seconds. */
export interface Cost {
  seconds: number;
  /** Of the processors, in the program's own code and in the system's, all threads. */
  processor: number;
}

export type Command = readonly [program: string, ...argv: string[]];

/** What a command takes, as the shell tells. */
export function timed([program, ...argv]: Command): Cost {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>/dev/null';
  const { stderr, status, signal } = spawnSync("bash", ["-c", script, "bash", program, ...argv], {
    encoding: "utf8",
    timeout: PATIENCE,
  });
  const what = [program, ...argv].join(" ");
  if (status !== 0) throw new Error(`${what} ${signal ? "does not end" : `failed with ${status}`}`);
  const [seconds, user, system] = stderr.trim().split(" ").map(Number);
  return { seconds: seconds!, processor: user! + system! };
}

/** What one of our programs, which measure themselves, tells. */
export function told(argv: readonly string[]): Cost {
  const { stdout, status, signal } = spawnSync(process.execPath, argv, {
    encoding: "utf8",
    timeout: PATIENCE,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`${argv.join(" ")} ${signal ? "does not end" : `failed with ${status}`}`);
  return JSON.parse(stdout) as Cost;
}

/** Seconds that a process has taken of the processors so far; only Linux tells. */
export function processorTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // In ticks, which are hundredths of a second on every Linux that runs Node.js.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export function minus(a: Cost, b: Cost): Cost {
  return { seconds: a.seconds - b.seconds, processor: a.processor - b.processor };
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
