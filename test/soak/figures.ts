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

/** An inventory in which the open files of the archives below a folder are one figure. */
export function folded(inventory: Inventory, folder: string): Inventory {
  const result: Inventory = {};
  for (const [name, count] of Object.entries(inventory)) {
    const key = name.startsWith(`descriptor ${folder}`) ? ARCHIVE_FILES : name;
    result[key] = (result[key] ?? 0) + count;
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
