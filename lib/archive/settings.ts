/** The settings of how an archive writes its files: what they mean, their bounds and their defaults. */
import { readFileSync } from "node:fs";
import { ArchiveError } from "./errors.ts";
import type { ArchiveEvent } from "./events.ts";

/**
 * When what was written is also made to survive a power failure (fdatasync): `none`, never by us; `interval`, at the
 * latest so many milliseconds later (and as long as the disk then takes); `every`, before the write is acknowledged.
 */
export type FsyncPolicy = "none" | "interval" | "every";

/** How an archive writes its files. */
export interface AppenderOptions {
  /** Default `interval`. */
  fsync?: FsyncPolicy | undefined;
  /** For the policy `interval`: milliseconds, default 1000. */
  fsyncInterval?: number | undefined;
  /**
   * Files kept open at once; any other is closed for one that is needed. Default: half of what the system
   * allows this process, at most 16,000.
   */
  maxOpenFiles?: number | undefined;
  /** Bytes held in memory until they are written, default 16 MiB: then `append` waits, and four times as much may wait. */
  maxPendingBytes?: number | undefined;
  /** Milliseconds to go on trying after the file system refused, default 5000. */
  retryFor?: number | undefined;
  /** Told as it happens; must not throw. */
  onEvent?: ((event: ArchiveEvent) => void) | undefined;
}

/** The options, checked, with the defaults where none were given. */
export type AppenderSettings = {
  readonly [Name in keyof AppenderOptions]-?: NonNullable<AppenderOptions[Name]>;
};

/**
 * Checks the options, and fills in the defaults.
 * @throws ArchiveError `INVALID_ARGUMENT`
 */
export function settingsOf(options: AppenderOptions): AppenderSettings {
  return {
    fsync: policyOf(options.fsync ?? "interval"),
    maxOpenFiles: atLeast(1, "maxOpenFiles", options.maxOpenFiles ?? defaultOpenFiles()),
    maxPendingBytes: atLeast(1, "maxPendingBytes", options.maxPendingBytes ?? 16 * 2 ** 20),
    retryFor: atLeast(0, "retryFor", options.retryFor ?? 5000),
    onEvent: options.onEvent ?? (() => {}),
    fsyncInterval: atLeast(1, "fsyncInterval", options.fsyncInterval ?? 1000),
  };
}

/**
 * The value of a setting, where it is a number and not too small.
 * @throws ArchiveError `INVALID_ARGUMENT`
 */
export function atLeast(least: number, name: string, value: number): number {
  if (typeof value === "number" && value >= least) return value;
  throw new ArchiveError("INVALID_ARGUMENT", `${name} must be a number of at least ${least}, not ${value}.`);
}

function policyOf(fsync: FsyncPolicy): FsyncPolicy {
  if (["none", "interval", "every"].includes(fsync)) return fsync;
  throw new ArchiveError(
    "INVALID_ARGUMENT",
    `The fsync policy "${fsync}" is not known: use none, interval or every.`,
  );
}

/** An open file takes about a kilobyte of memory here and in the system. */
const MOST_OPEN_FILES = 16_000;

/** Half of the files that this process may have open, at most 16,000; 500 where the system does not tell. */
function defaultOpenFiles(): number {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"));
    if (limit) return Math.min(MOST_OPEN_FILES, Math.max(1, Math.floor(Number(limit[1]) / 2)));
  } catch {
    // Only Linux has that file.
  }
  return 500;
}
