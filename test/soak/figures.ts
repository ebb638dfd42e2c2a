// What the processes of a soak hold, in figures that can be put beside each other.
import { readdirSync, readFileSync } from "node:fs";
import type { Inventory } from "../support/inventory.ts";

const MIB = 1 << 20;

/** What Node-RED holds; memory in bytes. */
export interface Figures {
  handles: number;
  /** All timers, sockets, watches and the like. */
  resources: number;
  timers: number;
  listeners: number;
  hooks: number;
  nodes: number;
  descriptors: number;
  archiveFiles: number;
  files: number;
  heap: number;
  resident: number;
}

/** Archive files that are open: their names come with the data's days, their number must not grow beyond the streams. */
export const ARCHIVE_FILES = "archive files";

const THREADS = "resource WORKER of lib/files/file-thread";
/** One to open files, one to write them, one to synchronise them: each begins when there is enough for it to do. */
const MOST_THREADS = 3;
/** What a thread of Node.js takes. */
const OF_A_THREAD: Inventory = {
  [THREADS]: 1,
  "resource MESSAGEPORT of lib/files/file-thread": 3,
  "descriptor anon_inode:[eventpoll]": 1,
  "descriptor anon_inode:[io_uring]": 1,
  "descriptor anon_inode:[eventfd]": 1,
  "descriptor pipe": 2,
};

/** What a connection waits for has a timer that begins anew when something is asked, and ends when nothing is any more. */
const ANSWERS = "resource Timeout of lib/net/timer";
/** One for each connection of the flows. */
const MOST_ANSWERS = 9;

/**
 * An inventory in which the open files of the archives below a folder are one figure, and without the threads for files and the timers
 * of connections, as long as there are no more of them than there may be.
 */
export function folded(inventory: Inventory, folder: string): Inventory {
  const found = inventory[THREADS] ?? 0;
  const threads = found <= MOST_THREADS ? found : 0;
  const result: Inventory = {};
  for (const [name, count] of Object.entries(inventory)) {
    const key = name.startsWith(`descriptor ${folder}`) ? ARCHIVE_FILES : name;
    if (key === ANSWERS && count <= MOST_ANSWERS) continue;
    const others = count - threads * (OF_A_THREAD[key] ?? 0);
    if (others > 0) result[key] = (result[key] ?? 0) + others;
  }
  return result;
}

export function figuresOf(inventory: Inventory, pid: number): Figures {
  const sum = (pattern: RegExp) =>
    Object.entries(inventory).reduce((total, [name, count]) => total + (pattern.test(name) ? count : 0), 0);
  return {
    handles: sum(/^active /),
    resources: sum(/^resource /),
    timers: sum(/^resource Timeout/),
    listeners: sum(/^listener /),
    hooks: inventory.hooks ?? 0,
    nodes: inventory.nodes ?? 0,
    descriptors: sum(/^descriptor /),
    archiveFiles: inventory[ARCHIVE_FILES] ?? 0,
    files: sum(/^file /),
    heap: inventory.heap ?? 0,
    resident: residentOf(pid),
  };
}

/** Bytes that a process has in memory; 0 where the system does not tell. */
export function residentOf(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

export function descriptorsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

export const megabytes = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;

/** Columns of text, the first to the left and the others to the right. */
export function tableOf(rows: readonly (readonly (string | number)[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => String(row[i] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? String(cell).padEnd(widths[i]!) : String(cell).padStart(widths[i]!)))
      .join("  "),
  );
}
