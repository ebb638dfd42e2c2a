/**
 * Records of many files in the order of their time, as they once arrived: read as fast as they are taken, or at some pace. Of
 * two files that overlap in time both are open; all others wait.
 */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { createGunzip } from "node:zlib";
import type { ProblemHandler } from "../../mseed/errors.ts";
import { readRecordStream } from "../../mseed/reader.ts";
import type { MiniSeedRecord } from "../../mseed/record.ts";
import { ArchiveError } from "../errors.ts";

/** Where in the replay a record stands: the same files give the same order again. */
export interface ReplayPosition {
  /** Nanoseconds since 1970: of the record, or of one before it in its file, where that is later. */
  time: bigint;
  file: string;
  /** The number of the record in its file, from 0. */
  record: number;
}

export interface ReplayedRecord {
  record: MiniSeedRecord;
  position: ReplayPosition;
}

export interface ReplayOptions {
  /** Nanoseconds since 1970: only records with samples from here on … */
  startTime?: bigint | undefined;
  /** … and up to here. Records are not cut. */
  endTime?: bigint | undefined;
  /** So many times real time; `undefined`: as fast as they are taken. */
  speed?: number | undefined;
  /** Begin behind this one. */
  after?: ReplayPosition | undefined;
  /** Hears of what in a file is not a record, with the file's name. */
  onProblem?: ((file: string, problem: Parameters<ProblemHandler>[0]) => void) | undefined;
  /** Ends the replay. */
  signal?: AbortSignal | undefined;
}

/** Files with records of the same time. */
const MAX_OPEN = 500;
/** A file of archives that is decompressed may become so large: a day of a station has some MB, and a bomb has no end. */
const MAX_GUNZIPPED = 16 * 2 ** 30;

/**
 * The records of all files, in the order of their time; those of one file in the order that they have there.
 * @throws ArchiveError `TOO_MANY_FILES` where more files overlap in time than may be open; what the file system says of a file
 */
export async function* replay(
  files: readonly string[],
  options: ReplayOptions = {},
): AsyncGenerator<ReplayedRecord, void> {
  const { signal } = options;
  const open = new Set<OpenFile>();
  const pace = options.speed === undefined ? undefined : new Pace(options.speed, signal);
  try {
    const waiting = await firstTimes(files, options);
    for (;;) {
      if (signal?.aborted) return;
      let next = earliest(open);
      while (waiting.length > 0 && (!next || isBefore(waiting[0]!, next.position))) {
        await openNext(waiting.shift()!.file, open, options);
        next = earliest(open);
      }
      if (!next) return;
      const { record, position } = next;
      if (isWanted(record, position, options)) {
        await pace?.wait(record);
        if (signal?.aborted) return;
        yield { record: record as MiniSeedRecord, position };
      }
      if (!(await next.advance())) open.delete(next);
    }
  } finally {
    for (const file of open) await file.close();
  }
}

interface WaitingFile {
  file: string;
  time: bigint;
}

/** When each file begins, in the order in which they do. Files without a record are left out. */
async function firstTimes(files: readonly string[], options: ReplayOptions): Promise<WaitingFile[]> {
  const found: WaitingFile[] = [];
  for (const name of files) {
    if (options.signal?.aborted) return [];
    const file = new OpenFile(name, undefined);
    if (await file.advance()) found.push({ file: name, time: file.position.time });
    else options.onProblem?.(name, NOTHING);
    await file.close();
  }
  return found.sort((a, b) => (isBefore(a, b) ? -1 : 1));
}

const NOTHING = {
  code: "NOT_MINISEED",
  severity: "error",
  offset: 0,
  length: 0,
  message: "there is no miniSEED record in it",
} as const;

async function openNext(name: string, open: Set<OpenFile>, options: ReplayOptions): Promise<void> {
  if (open.size >= MAX_OPEN) {
    throw new ArchiveError(
      "TOO_MANY_FILES",
      `More than ${MAX_OPEN} files have records of the same time: choose fewer files, or a shorter time.`,
    );
  }
  const file = new OpenFile(name, options.onProblem);
  open.add(file);
  if (!(await file.advance())) open.delete(file);
}

function earliest(open: ReadonlySet<OpenFile>): OpenFile | undefined {
  let first: OpenFile | undefined;
  for (const file of open) if (!first || isBefore(file.position, first.position)) first = file;
  return first;
}

function isBefore(a: WaitingFile, b: WaitingFile): boolean {
  return a.time === b.time ? a.file < b.file : a.time < b.time;
}

function isWanted(record: MiniSeedRecord, position: ReplayPosition, options: ReplayOptions): boolean {
  const { startTime, endTime, after } = options;
  if (startTime !== undefined && record.endTime < startTime) return false;
  if (endTime !== undefined && record.startTime > endTime) return false;
  if (!after) return true;
  return position.time === after.time && position.file === after.file
    ? position.record > after.record
    : isBefore(after, position);
}

/** One file, at one of its records. */
class OpenFile {
  readonly #records: AsyncGenerator<MiniSeedRecord, void>;
  record!: MiniSeedRecord;
  position: ReplayPosition;

  constructor(file: string, onProblem: ReplayOptions["onProblem"]) {
    this.#records = readRecordStream(bytesOf(file), { onProblem: (problem) => onProblem?.(file, problem) });
    this.position = { time: -(2n ** 80n), file, record: -1 };
  }

  /** Goes to the next record; false at the end. */
  async advance(): Promise<boolean> {
    const next = await this.#records.next();
    if (next.done) return false;
    this.record = next.value;
    this.position = { ...this.position, record: this.position.record + 1 };
    const { startTime } = next.value;
    if (startTime > this.position.time) this.position.time = startTime;
    return true;
  }

  async close(): Promise<void> {
    await this.#records.return();
  }
}

/** The bytes of a file, decompressed where its name says that it is compressed, as the archive's does. */
async function* bytesOf(file: string): AsyncGenerator<Uint8Array, void> {
  const stream = createReadStream(file);
  try {
    if (!file.endsWith(".gz")) {
      yield* stream;
      return;
    }
    const gunzip = createGunzip();
    // A failure comes out where the pieces are read.
    pipeline(stream, gunzip, () => {});
    let total = 0;
    for await (const piece of gunzip as AsyncIterable<Uint8Array>) {
      total += piece.length;
      if (total > MAX_GUNZIPPED)
        throw new ArchiveError("TOO_LARGE", `${file} becomes more than 16 GiB: it is not read further.`);
      yield piece;
    }
  } finally {
    stream.destroy();
  }
}

/** Holds records back until as much time has passed as between them, so many times faster. */
class Pace {
  readonly #speed: number;
  readonly #signal: AbortSignal | undefined;
  #begun: { at: number; time: bigint } | undefined;

  constructor(speed: number, signal: AbortSignal | undefined) {
    this.#speed = speed;
    this.#signal = signal;
  }

  /** A record comes when its last sample has. */
  async wait({ startTime, endTime }: MiniSeedRecord): Promise<void> {
    this.#begun ??= { at: performance.now(), time: startTime };
    const due = this.#begun.at + Number(endTime - this.#begun.time) / 1e6 / this.#speed;
    // Node's timers have 31 bits: what is further away is waited for in pieces.
    for (let left = due - performance.now(); left > 0; left = due - performance.now()) {
      await delay(Math.min(left, 2 ** 30), undefined, { signal: this.#signal }).catch(() => {});
      if (this.#signal?.aborted) return;
    }
  }
}
