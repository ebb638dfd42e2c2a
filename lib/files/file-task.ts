/**
 * What a thread of its own does to files: the writes of many files, or what makes them safe, with one message there and one
 * back. A call to Node.js's pool of threads costs ten times what a small write itself takes; here a message is that call.
 */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { release } from "node:os";

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
  /** To be synchronised as a whole first: then what follows finds little to do. */
  fileSystems: FileSystem[];
}

/** A file system. */
export interface FileSystem {
  /** As {@link fs.Stats} has it. */
  device: string;
  /** A file or directory in it. */
  path: string;
}

/** Files to be opened for appending, if they are there, after others were closed. */
export interface OpenTask {
  kind: "open";
  /** Descriptors. */
  closes: number[];
  paths: string[];
}

export type FileTask = WriteTask | SyncTask | OpenTask;

/** A file that was opened. */
export interface Opened {
  descriptor: number;
  /** Of {@link fs.Stats}, as the next three. */
  dev: number;
  ino: number;
  size: number;
  nlink: number;
  /** Directories that got a new directory for the file, innermost first. */
  createdIn: string[];
}

/** What the file system said: the fields of its error, which would not come through as an `Error`. */
export interface Failure {
  message: string;
  code: string | undefined;
}

/** The answer to a task: its table, and the failures of each place in it (of a sync: descriptors, then paths; of closes only). */
export interface FileAnswer {
  table: Float64Array<ArrayBuffer> | undefined;
  failures: Map<number, Failure>;
  /** The devices of file systems that were synchronised as a whole, beyond doubt: nothing in them is left to be. */
  safe: string[];
  /** Of each path, `undefined` where it could not be opened: opened alone, it tells why. */
  opened: (Opened | undefined)[];
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
  switch (task.kind) {
    case "write":
      return writeAll(task);
    case "sync":
      return syncAll(task);
    case "open":
      return openAll(task);
  }
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
  return { table, failures, safe: [], opened: [] };
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
  const safe = fileSystems.filter(syncFileSystem).map(({ device }) => device);
  for (const [i, descriptor] of descriptors.entries())
    attempt(failures, i, () => fs.fdatasyncSync(descriptor));
  for (const [i, path] of paths.entries()) attempt(failures, descriptors.length + i, () => syncPathNow(path));
  return { table: undefined, failures, safe, opened: [] };
}

function attempt(failures: Map<number, Failure>, place: number, action: () => void): void {
  try {
    action();
  } catch (error) {
    failures.set(place, failureOf(error));
  }
}

function openAll({ closes, paths }: OpenTask): FileAnswer {
  const failures = new Map<number, Failure>();
  for (const [i, descriptor] of closes.entries()) attempt(failures, i, () => fs.closeSync(descriptor));
  return { table: undefined, failures, safe: [], opened: paths.map(openOne) };
}

function openOne(file: string): Opened | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = fs.openSync(file, EXISTING);
    const found = fs.fstatSync(descriptor);
    if (!found.isFile()) throw new Error("not a file");
    const { dev, ino, size, nlink } = found;
    return { descriptor, dev, ino, size, nlink, createdIn: [] };
  } catch {
    if (descriptor !== undefined) fs.closeSync(descriptor);
    return undefined;
  }
}

/** To append to what is there: new files are created faster by several threads, which wait for the disk together. */
const EXISTING = fs.constants.O_RDWR | fs.constants.O_APPEND;

function syncPathNow(path: string): void {
  const descriptor = fs.openSync(path, "r");
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** How often in a row the command may fail that synchronises one file system, as Linux has it, before it is left alone. */
const MOST_FAILURES = 3;
let failuresOfCommand = process.platform === "linux" ? 0 : MOST_FAILURES;

/**
 * Synchronises a whole file system with one commit of its journal, instead of one for each file. Whether all that was written
 * to it before is safe now beyond doubt; what this cannot do, or does not tell of, the synchronisation of each file does and tells.
 */
function syncFileSystem(place: FileSystem): boolean {
  if (failuresOfCommand === MOST_FAILURES || !isIn(place)) return false;
  const { error, status } = spawnSync("sync", ["-f", "--", place.path], { stdio: "ignore" });
  const isDone = error === undefined && status === 0;
  failuresOfCommand = isDone ? 0 : failuresOfCommand + 1;
  return isDone && isIn(place) && tellsOfAll(place.path);
}

/** Whether the path is there, and in this file system. */
function isIn({ device, path }: FileSystem): boolean {
  return String(fs.statSync(path, { throwIfNoEntry: false })?.dev) === device;
}

/**
 * The file systems, by statfs(2), whose synchronisation as a whole does for each file what the file's own does: ext2 to ext4, XFS,
 * Btrfs, F2FS, tmpfs. Behind others, such as those of networks and of FUSE, stands a server that does not hear of it.
 */
const WHOLE_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x01021994,
]);

/** Since Linux 5.8 the synchronisation of a file system tells of what could not be written before, if nobody was told yet. */
const TELLS_SINCE = [5, 8] as const;

function tellsOfAll(path: string): boolean {
  const [major = 0, minor = 0] = release().split(".").map(Number);
  const isNew = major > TELLS_SINCE[0] || (major === TELLS_SINCE[0] && minor >= TELLS_SINCE[1]);
  return isNew && WHOLE_FILE_SYSTEMS.has(fs.statfsSync(path).type);
}

function failureOf(error: unknown): Failure {
  const { message, code } = error as NodeJS.ErrnoException;
  return { message, code };
}
