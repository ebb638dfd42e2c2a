/**
 * What a thread of its own does to files: the writes of many files, or what makes them safe, with one message there and one
 * back. A call to Node.js's pool of threads costs ten times what a small write itself takes; here a message is that call.
 */
import { spawnSync } from "node:child_process";
import fs from "node:fs";

/** Bytes to be appended to files, one file behind the other. */
export interface WriteTask {
  kind: "write";
  /** All of them, in the order of the table. */
  bytes: Uint8Array<ArrayBuffer>;
  /**
   * Of each file: its descriptor, how many of the bytes are for it, and when it was changed last (0: whenever). The answer
   * is written over it: what became of it, when it was changed last, and how many links it has.
   */
  table: Float64Array<ArrayBuffer>;
}

/** What is to survive a power failure. */
export interface SyncTask {
  kind: "sync";
  descriptors: number[];
  /** Files that are not open, and directories. */
  paths: string[];
  /** A path in each file system to be synchronised as a whole first: then what follows finds little to do. */
  fileSystems: string[];
}

export type FileTask = WriteTask | SyncTask;

/** What the file system said: the fields of its error, which would not come through as an `Error`. */
export interface Failure {
  message: string;
  code: string | undefined;
}

/** The answer to a task: its table, and the failures of each place in it (of a sync: descriptors, then paths). */
export interface FileAnswer {
  table: Float64Array<ArrayBuffer> | undefined;
  failures: Map<number, Failure>;
}

/** Columns of a table. */
export const COLUMNS = 3;

/** What became of a write, in the first column. */
export const WRITTEN = 0;
/** Something has happened to the file: it may have been renamed. Nothing was written. */
export const TOUCHED = 1;
/** The file system refused; the second column says how many bytes are in the file all the same. */
export const FAILED = 2;

/** Does a task, and never throws. */
export function perform(task: FileTask): FileAnswer {
  return task.kind === "write" ? writeAll(task) : syncAll(task);
}

function writeAll({ bytes, table }: WriteTask): FileAnswer {
  const failures = new Map<number, Failure>();
  let from = 0;
  for (let row = 0; row < table.length; row += COLUMNS) {
    const length = table[row + 1]!;
    const failure = writeOne(table, row, bytes, from);
    if (failure) failures.set(row / COLUMNS, failure);
    from += length;
  }
  return { table, failures };
}

function writeOne(table: Float64Array, row: number, bytes: Uint8Array, from: number): Failure | undefined {
  const descriptor = table[row]!;
  const length = table[row + 1]!;
  const changedAt = table[row + 2]!;
  let written = 0;
  try {
    if (changedAt !== 0 && fs.fstatSync(descriptor).ctimeMs !== changedAt) {
      answer(table, row, TOUCHED, 0, 0);
      return undefined;
    }
    // A disk that is nearly full takes a part, and says why with the next one.
    while (written < length) {
      written += fs.writeSync(descriptor, bytes, from + written, length - written, null);
    }
    const { ctimeMs, nlink } = fs.fstatSync(descriptor);
    answer(table, row, WRITTEN, ctimeMs, nlink);
    return undefined;
  } catch (error) {
    answer(table, row, FAILED, written, 0);
    return failureOf(error);
  }
}

function answer(table: Float64Array, row: number, outcome: number, second: number, third: number): void {
  table[row] = outcome;
  table[row + 1] = second;
  table[row + 2] = third;
}

function syncAll({ descriptors, paths, fileSystems }: SyncTask): FileAnswer {
  const failures = new Map<number, Failure>();
  for (const path of fileSystems) syncFileSystem(path);
  const attempt = (place: number, action: () => void) => {
    try {
      action();
    } catch (error) {
      failures.set(place, failureOf(error));
    }
  };
  for (const [i, descriptor] of descriptors.entries()) attempt(i, () => fs.fdatasyncSync(descriptor));
  for (const [i, path] of paths.entries()) attempt(descriptors.length + i, () => syncPathNow(path));
  return { table: undefined, failures };
}

function syncPathNow(path: string): void {
  const descriptor = fs.openSync(path, "r");
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Whether this system has a command that synchronises one file system, as Linux has. */
let hasSyncCommand = process.platform === "linux";

/**
 * Synchronises a whole file system with one commit of its journal, instead of one for each file. What this cannot do, or
 * does not tell of, the synchronisation of each file does and tells.
 */
function syncFileSystem(path: string): void {
  if (!hasSyncCommand) return;
  const { error, status } = spawnSync("sync", ["-f", "--", path], { stdio: "ignore" });
  hasSyncCommand = error === undefined && status === 0;
}

function failureOf(error: unknown): Failure {
  const { message, code } = error as NodeJS.ErrnoException;
  return { message, code };
}
