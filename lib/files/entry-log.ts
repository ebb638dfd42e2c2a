/**
 * A log of checksummed entries in a file: appended to so that an entry is in it whole or not at all, and read so that
 * damage costs only the entries that it hits. {@link EntryFormat} says how it looks.
 */
import { readFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { AppendFile } from "./append-file.ts";
import {
  type EntryFormat,
  encodeHeader,
  formatOf,
  HEAD_BYTES,
  isBarelyBegun,
  isNewer,
  type LogKind,
  newHead,
  possibleFormats,
  secretOf,
} from "./entry-format.ts";
import { type Damage, type Entry, EntryScanner } from "./entry-scanner.ts";

/** Bytes read at once. */
const READ_BYTES = 1024 * 1024;

/** A log that is being written. */
export class EntryLog {
  readonly #file: AppendFile;
  readonly #format: EntryFormat;

  /**
   * Begins a log in a file that is not there yet, for this user only.
   *
   * @param label what tells this file from others of the same log
   * @param secret that of the other files of this log
   * @throws what the file system says; `EEXIST` where the name is taken.
   */
  static async create(file: string, kind: LogKind, label = "", secret?: Buffer): Promise<EntryLog> {
    const created = await AppendFile.create(file);
    return await EntryLog.#begin(created, newHead(kind, label, secret));
  }

  /**
   * Goes on with a log, in the format that it has, or begins it where there is none.
   *
   * @throws what the file system says, and where the file is not such a log.
   */
  static async open(file: string, kind: LogKind): Promise<EntryLog> {
    const opened = await AppendFile.open(file, async ({ size }) => size, new Uint8Array(0));
    try {
      const head = await opened.read(0, HEAD_BYTES);
      if (head.length === 0) return await EntryLog.#begin(opened, newHead(kind, ""));
      const format = formatOf(kind, "", head);
      if (format) return new EntryLog(opened, format);
    } catch (error) {
      await opened.close().catch(() => {});
      throw error;
    }
    await opened.close();
    throw new Error(`${file} is not a log that this version can continue`);
  }

  static async #begin(
    file: AppendFile,
    { head, format }: { head: Buffer; format: EntryFormat },
  ): Promise<EntryLog> {
    try {
      await file.append(head);
    } catch (error) {
      await file.close().catch(() => {});
      throw error;
    }
    return new EntryLog(file, format);
  }

  private constructor(file: AppendFile, format: EntryFormat) {
    this.#file = file;
    this.#format = format;
  }

  /** Bytes in the file. */
  get size(): number {
    return this.#file.size;
  }

  /** Whether the file was removed from its directory. */
  isRemoved(): boolean {
    return this.#file.isRemoved();
  }

  /**
   * Appends an entry for each body, all or none of them. When this resolves, they outlive the process.
   * @throws what the file system says.
   */
  async append(bodies: readonly Buffer[]): Promise<void> {
    const pieces = bodies.flatMap((body) => [encodeHeader(this.#format, body), body]);
    // One large one is not copied, and many small ones are written faster when they are.
    await (bodies.length === 1 ? this.#file.append(...pieces) : this.#file.append(Buffer.concat(pieces)));
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** What a file of a log is. */
export type LogState =
  /** It was read. */
  | { state: "read"; size: number; damages: readonly Damage[] }
  /** Its beginning was cut short before there was an entry in it. */
  | { state: "begun" }
  /** It is of a newer version, or not of this kind: not to be touched. */
  | { state: "newer" }
  | { state: "foreign" };

/**
 * Gives the whole entries of a log from front to back, and then what the file is.
 *
 * @param maxBody most bytes that an entry can have
 * @param options `label`: what tells this file from others of the same log; `secrets`: of those others, in case its
 * title is damaged
 * @throws what the file system says.
 */
export async function* readLog(
  file: string,
  kind: LogKind,
  maxBody: number,
  { label = "", secrets = [] }: { label?: string; secrets?: readonly Buffer[] } = {},
): AsyncGenerator<Entry, LogState> {
  const handle = await open(file, "r");
  try {
    const found = await handle.stat();
    if (!found.isFile()) return { state: "foreign" };
    const head = await readPiece(handle, 0, HEAD_BYTES);
    const known = formatOf(kind, label, head);
    if (!known && isBarelyBegun(kind, head)) return { state: "begun" };
    let damages: readonly Damage[] | undefined;
    for (const format of candidates(kind, label, head, secrets)) {
      const scanner = new EntryScanner(format, found.size, maxBody);
      let entries = 0;
      for await (const entry of scan(handle, scanner, found.size)) {
        entries++;
        yield entry;
      }
      damages ??= scanner.damages;
      if (entries > 0) return read(found.size, scanner.damages);
    }
    if (known) return read(found.size, damages ?? []);
    return isNewer(kind, head) ? { state: "newer" } : { state: "foreign" };
  } finally {
    await handle.close();
  }
}

/**
 * The secret that a file's title tells, if it is whole.
 * @throws what the file system says.
 */
export async function readSecret(file: string, kind: LogKind): Promise<Buffer | undefined> {
  const handle = await open(file, "r");
  try {
    if (!(await handle.stat()).isFile()) return undefined;
    return secretOf(kind, await readPiece(handle, 0, HEAD_BYTES));
  } finally {
    await handle.close();
  }
}

async function* scan(
  handle: FileHandle,
  scanner: EntryScanner,
  size: number,
): AsyncGenerator<Entry, undefined> {
  for (let at = 0, ended = false; !ended; ) {
    const piece = await readPiece(handle, at, Math.min(READ_BYTES, size - at));
    at += piece.length;
    ended = piece.length === 0;
    if (ended) scanner.end();
    else scanner.push(piece);
    for (let entry = scanner.next(); entry; entry = scanner.next()) yield entry;
  }
}

/** Fewer bytes only at the end of the file. */
async function readPiece(handle: FileHandle, from: number, length: number): Promise<Buffer> {
  const piece = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(piece, filled, length - filled, from + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return piece.subarray(0, filled);
}

/**
 * The whole entries of a small log, read at once; and whether {@link EntryLog.open} can go on with it, which it cannot where
 * its very beginning is damaged.
 * @throws what the file system says.
 */
export function readLogNow(
  file: string,
  kind: LogKind,
): { entries: Entry[]; state: LogState; continues: boolean } {
  const bytes = readFileSync(file);
  const head = bytes.subarray(0, HEAD_BYTES);
  const known = formatOf(kind, "", head);
  if (!known && isBarelyBegun(kind, head)) return { entries: [], state: { state: "begun" }, continues: true };
  if (isNewer(kind, head)) return { entries: [], state: { state: "newer" }, continues: false };
  let damages: readonly Damage[] | undefined;
  for (const [i, format] of candidates(kind, "", head, []).entries()) {
    const scanner = new EntryScanner(format, bytes.length, bytes.length);
    const entries: Entry[] = [];
    scanner.push(bytes);
    scanner.end();
    for (let entry = scanner.next(); entry; entry = scanner.next()) entries.push(entry);
    damages ??= scanner.damages;
    // What is appended has the format that the head tells, which is tried first.
    const continues = known !== undefined && i === 0;
    if (entries.length > 0) return { entries, state: read(bytes.length, scanner.damages), continues };
  }
  if (known) return { entries: [], state: read(bytes.length, damages ?? []), continues: true };
  return { entries: [], state: { state: "foreign" }, continues: false };
}

/** The formats to try, the one that the title tells first: its secret, too, may be damaged. */
function candidates(kind: LogKind, label: string, head: Buffer, secrets: readonly Buffer[]): EntryFormat[] {
  const known = formatOf(kind, label, head);
  const possible = possibleFormats(kind, label, head, secrets);
  return known ? [known, ...possible] : possible;
}

function read(size: number, damages: readonly Damage[]): LogState {
  return { state: "read", size, damages };
}
