/**
 * Appends to many files with one message to a thread, which all archives of the process share; to a few, by Node.js's own
 * threads, so that a small archive does not need one.
 */
import fs from "node:fs";
import { COLUMNS, FAILED, type Failure, TOUCHED } from "./file-task.ts";
import { FileThread } from "./file-thread.ts";

/** Bytes for one file. */
export interface WriteJob {
  descriptor: number;
  bytes: Uint8Array;
  /** When the file was changed last, as far as its writer knows: with another time nothing is written. 0: whenever. */
  changedAt: number;
}

/** What became of a job. */
export type WriteOutcome =
  | { state: "written"; changedAt: number; links: number }
  /** Something else has happened to the file; nothing was written. */
  | { state: "touched" }
  /** @property written bytes that are in the file all the same */
  | { state: "failed"; written: number; error: NodeJS.ErrnoException };

/** The thread: whoever writes uses it from before the first write until after the last. */
export const writeThread = new FileThread();

/** From so many files on, the message costs less than a call for each. */
export const MANY_FILES = 4;

/**
 * Writes to one file after the other.
 * @throws where the thread has ended: what was written is not known then
 */
export async function writeAll(jobs: readonly WriteJob[]): Promise<WriteOutcome[]> {
  const isThreadWorth = jobs.length >= MANY_FILES && (await writeThread.start());
  return isThreadWorth ? await writeByThread(jobs) : await Promise.all(jobs.map(writeOne));
}

/** Looks at files synchronously: what is looked at is in memory, and a thread would cost five times as much. */
async function writeOne({ descriptor, bytes, changedAt }: WriteJob): Promise<WriteOutcome> {
  let written = 0;
  try {
    if (changedAt !== 0 && fs.fstatSync(descriptor).ctimeMs !== changedAt) return { state: "touched" };
    // A disk that is nearly full takes a part, and says why with the next one.
    while (written < bytes.length) written += await write(descriptor, bytes, written);
    const { ctimeMs, nlink } = fs.fstatSync(descriptor);
    return { state: "written", changedAt: ctimeMs, links: nlink };
  } catch (error) {
    return { state: "failed", written, error: error as NodeJS.ErrnoException };
  }
}

function write(descriptor: number, bytes: Uint8Array, from: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.write(descriptor, bytes, from, bytes.length - from, null, (error, written) =>
      error ? reject(error) : resolve(written),
    );
  });
}

async function writeByThread(jobs: readonly WriteJob[]): Promise<WriteOutcome[]> {
  const bytes = new Uint8Array(jobs.reduce((sum, job) => sum + job.bytes.length, 0));
  const table = new Float64Array(jobs.length * COLUMNS);
  let at = 0;
  for (const [i, job] of jobs.entries()) {
    bytes.set(job.bytes, at);
    at += job.bytes.length;
    table[i * COLUMNS] = job.descriptor;
    table[i * COLUMNS + 1] = job.bytes.length;
    table[i * COLUMNS + 2] = job.changedAt;
  }
  const { table: answers, failures } = await writeThread.run({ kind: "write", bytes, table });
  return jobs.map((_, i) => outcomeOf(answers!, i, failures.get(i)));
}

function outcomeOf(table: Float64Array, place: number, failure: Failure | undefined): WriteOutcome {
  const row = place * COLUMNS;
  const state = table[row]!;
  if (state === TOUCHED) return { state: "touched" };
  if (state === FAILED) return { state: "failed", written: table[row + 1]!, error: errorOf(failure!) };
  return { state: "written", changedAt: table[row + 1]!, links: table[row + 2]! };
}

/** The error of a file system as Node.js makes it. */
export function errorOf({ message, code }: Failure): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code });
}
