/**
 * One file that is appended to. What is appended is in it whole or not at all: what a failed write left behind is cut
 * off again, and what a crash left behind is set aside when the file is opened.
 *
 * A file is taken to have one writer. Others may rename, remove or truncate it meanwhile, as log rotation does.
 */
import fs from "node:fs";
import { mkdir, open, stat } from "node:fs/promises";
import path from "node:path";
import type { Opened } from "./file-task.ts";
import { syncPath } from "./sync-path.ts";
import type { WriteJob, WriteOutcome } from "./write-thread.ts";

/** How many bytes of a file that was found are whole chunks; what lies behind is torn. */
export type WholeLength = (file: ReadableFile) => Promise<number>;

/** What a {@link WholeLength} sees of a file. */
export interface ReadableFile {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** At most `length` bytes from `position` on; fewer only at the end of the file. */
  read(position: number, length: number): Promise<Buffer>;
}

/** A torn end that was moved out of a file. */
export interface Torn {
  /** The file it was moved to. */
  aside: string;
  bytes: number;
}

/** What makes a file and a directory survive a power failure. */
export interface Synchronizer {
  descriptor: (descriptor: number) => Promise<void>;
  path: (path: string) => Promise<void>;
}

/** By Node.js's threads for files. */
export const BY_POOL: Synchronizer = {
  descriptor: (descriptor) =>
    new Promise((resolve, reject) => fs.fdatasync(descriptor, settle(resolve, reject))),
  path: syncPath,
};

export class AppendFile implements ReadableFile {
  readonly path: string;
  readonly #descriptor: number;
  /** Device and inode: what the path named when the file was opened. */
  readonly identity: string;
  /** Where the next chunk goes, as far as this writer knows. */
  size: number;
  /** Set where opening the file cut something off. */
  torn: Torn | undefined;
  /** Directories that got new entries when the file was created, until they were synchronised. */
  #newEntries: readonly string[];
  #dirty = false;
  #syncing: Promise<void> | undefined;
  #syncs = 0;
  /** When the file system last noted a change, as far as this writer has made it; 0 where that is not to be looked at. */
  #changedAt = 0;
  /** Some file systems do not count links; then a file never looks removed. */
  readonly #countsLinks: boolean;
  /** The beginning of a chunk that a failed write left in the file, to be cut off. */
  #leftover: Buffer | undefined;

  private constructor(file: string, { descriptor, createdIn, ...found }: Opened) {
    this.path = file;
    this.#descriptor = descriptor;
    this.identity = identityOf(found);
    this.size = found.size;
    this.#newEntries = found.size === 0 ? [path.dirname(file), ...createdIn] : [];
    this.#countsLinks = found.nlink > 0;
  }

  /**
   * Opens a file, creating it and its directories where they do not exist, and sets aside what is torn at its end.
   *
   * @param end what follows each chunk: a torn piece gets it as well where it is kept.
   * @throws what the file system says.
   */
  static async open(file: string, wholeLength: WholeLength, end: Uint8Array): Promise<AppendFile> {
    const { descriptor, createdIn } = await openCreating(file);
    return await AppendFile.#opened(file, descriptor, createdIn, wholeLength, end);
  }

  /**
   * A file that a thread has opened; the descriptor is this object's from now on.
   * @throws what the file system says.
   */
  static async adopt(
    file: string,
    opened: Opened,
    wholeLength: WholeLength,
    end: Uint8Array,
  ): Promise<AppendFile> {
    try {
      const adopted = new AppendFile(file, opened);
      await adopted.#setTornAside(await wholeLength(adopted), end);
      return adopted;
    } catch (error) {
      fs.closeSync(opened.descriptor);
      throw error;
    }
  }

  /**
   * Creates a file, for this user only.
   * @throws what the file system says; `EEXIST` where the name is taken, be it by a link.
   */
  static async create(file: string): Promise<AppendFile> {
    const descriptor = await openFile(file, "ax+", 0o600);
    return await AppendFile.#opened(file, descriptor, [], async ({ size }) => size, new Uint8Array(0));
  }

  static async #opened(
    file: string,
    descriptor: number,
    createdIn: string[],
    wholeLength: WholeLength,
    end: Uint8Array,
  ): Promise<AppendFile> {
    let found: fs.Stats;
    try {
      found = fs.fstatSync(descriptor);
      if (!found.isFile()) throw Object.assign(new Error(`${file} is not a file`), { code: "EISDIR" });
    } catch (error) {
      fs.closeSync(descriptor);
      throw error;
    }
    const { dev, ino, size, nlink } = found;
    return await AppendFile.adopt(file, { descriptor, dev, ino, size, nlink, createdIn }, wholeLength, end);
  }

  /**
   * Writes all of the bytes at the end of the file, one piece behind the other, or none.
   * @throws what the file system says.
   */
  async append(...pieces: Buffer[]): Promise<void> {
    await this.cutLeftover();
    const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
    let written = 0;
    try {
      // A disk that is nearly full takes a part, and says why with the next one.
      while (written < total) written += await write(this.#descriptor, behind(pieces, written));
    } catch (error) {
      if (written > 0) {
        this.#leftover = Buffer.concat(pieces).subarray(0, written);
        await this.cutLeftover();
      }
      throw error;
    }
    this.#dirty = true;
    this.size += written;
  }

  /** Whether a failed write left something that is to be cut off by {@link cutLeftover} before anything is appended. */
  get hasLeftover(): boolean {
    return this.#leftover !== undefined;
  }

  /** What a thread is to do to append these bytes; {@link settle} takes note of what became of it. */
  jobFor(bytes: Buffer): WriteJob {
    return { descriptor: this.#descriptor, bytes, changedAt: this.#changedAt };
  }

  /**
   * Takes note of what a thread did of a job. `touched`: nothing was written, since something else has happened to the file.
   * `removed`: what was written went with the file.
   * @throws what the file system said to the thread; then nothing of the bytes is in the file, or {@link hasLeftover}.
   */
  async settle(bytes: Buffer, outcome: WriteOutcome): Promise<"written" | "touched" | "removed"> {
    switch (outcome.state) {
      case "written":
        this.#dirty = true;
        this.size += bytes.length;
        this.#changedAt = outcome.changedAt;
        return this.#countsLinks && outcome.links === 0 ? "removed" : "written";
      case "touched":
        this.#changedAt = 0;
        return "touched";
      case "failed":
        if (outcome.written > 0) this.#leftover = Buffer.from(bytes.subarray(0, outcome.written));
        await this.cutLeftover();
        throw outcome.error;
    }
  }

  /**
   * What became of a job where the thread ended before it told: as much as the file has at its end now.
   * @throws what the file system says.
   */
  async findWritten(bytes: Buffer): Promise<WriteOutcome | undefined> {
    const { size, ctimeMs, nlink } = fs.fstatSync(this.#descriptor);
    const written = Math.min(bytes.length, Math.max(0, size - this.size));
    const found = await this.read(this.size, written);
    if (!found.equals(bytes.subarray(0, written))) return undefined;
    if (written === bytes.length) return { state: "written", changedAt: ctimeMs, links: nlink };
    if (written > 0) this.#leftover = Buffer.from(found);
    await this.cutLeftover();
    return undefined;
  }

  /**
   * Whether the file was removed from its directory. Synchronous, because it is asked after every write and what it
   * looks at is in memory: a thread would cost five times as much.
   */
  isRemoved(): boolean {
    return this.#countsLinks && fs.fstatSync(this.#descriptor).nlink === 0;
  }

  /** Whether the path still names this file: it does not after the file was renamed, removed or replaced. */
  async isInPlace(): Promise<boolean> {
    try {
      return identityOf(await stat(this.path)) === this.identity;
    } catch {
      return false;
    }
  }

  /** The file system that the file is in. */
  get device(): string {
    return this.identity.slice(0, this.identity.indexOf(":"));
  }

  /** What a power failure could still take back: the file itself, and directories with new entries. */
  get unsynced(): string[] {
    return this.#dirty ? [this.path, ...this.#newEntries] : [...this.#newEntries];
  }

  /** Makes what was written survive a power failure. */
  async sync(by: Synchronizer = BY_POOL): Promise<void> {
    const newEntries = this.takeUnsynced();
    this.#syncs++;
    try {
      this.#syncing = by.descriptor(this.#descriptor);
      await this.#syncing;
      for (const directory of newEntries) await by.path(directory);
    } catch (error) {
      this.giveBackUnsynced(newEntries);
      throw error;
    } finally {
      this.#syncs--;
    }
  }

  /**
   * The descriptor, for others to close: this object is not used any more. `undefined`, and nothing done, where something is
   * under way that {@link close} waits for, or left to be done.
   */
  handOver(): number | undefined {
    return this.#syncs > 0 || this.hasLeftover ? undefined : this.#descriptor;
  }

  /** All that was written so far is about to be made safe by whoever calls this: with the directories that come back. */
  takeUnsynced(): readonly string[] {
    const newEntries = this.#newEntries;
    this.#dirty = false;
    this.#newEntries = [];
    return newEntries;
  }

  /** What was taken could not be made safe. */
  giveBackUnsynced(newEntries: readonly string[]): void {
    this.#dirty = true;
    this.#newEntries = newEntries;
  }

  async close(): Promise<void> {
    // Closed under it, a synchronisation would go to whatever file gets the descriptor next.
    await this.#syncing?.catch(() => {});
    try {
      await this.cutLeftover();
    } finally {
      await new Promise<void>((resolve, reject) => fs.close(this.#descriptor, settle(resolve, reject)));
    }
  }

  async read(position: number, length: number): Promise<Buffer> {
    const piece = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const count = await read(this.#descriptor, piece, filled, position + filled);
      if (count === 0) break;
      filled += count;
    }
    return piece.subarray(0, filled);
  }

  /** Cuts off what a failed write left, if it is still what the file ends with. */
  async cutLeftover(): Promise<void> {
    const leftover = this.#leftover;
    if (leftover === undefined) return;
    const { size } = fs.fstatSync(this.#descriptor);
    const start = size - leftover.length;
    if (start >= 0 && leftover.equals(await this.read(start, leftover.length))) await this.#truncate(start);
    this.#leftover = undefined;
  }

  /** Copies what lies behind the whole chunks into a file beside this one, and only then cuts it off. */
  async #setTornAside(whole: number, end: Uint8Array): Promise<void> {
    const bytes = this.size - whole;
    if (bytes <= 0) return;
    const aside = `${this.path}.torn`;
    const copy = await open(aside, "a");
    try {
      for (let at = whole; at < this.size; at += COPY_BYTES) {
        await copy.appendFile(await this.read(at, Math.min(COPY_BYTES, this.size - at)));
      }
      await copy.appendFile(end);
      await copy.datasync();
    } finally {
      await copy.close();
    }
    await this.#truncate(whole);
    this.size = whole;
    this.torn = { aside, bytes };
  }

  #truncate(length: number): Promise<void> {
    return new Promise((resolve, reject) => fs.ftruncate(this.#descriptor, length, settle(resolve, reject)));
  }
}

const COPY_BYTES = 1 << 20;

/** The file for appending, and the directories that got a new directory for it. */
async function openCreating(file: string): Promise<{ descriptor: number; createdIn: string[] }> {
  try {
    return { descriptor: await openForAppending(file), createdIn: [] };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const innermost = path.dirname(file);
  const first = await mkdir(innermost, { recursive: true });
  const createdIn: string[] = [];
  for (let made = innermost; first !== undefined && made.length >= first.length; made = path.dirname(made)) {
    createdIn.push(path.dirname(made));
  }
  return { descriptor: await openForAppending(file), createdIn };
}

function openForAppending(file: string): Promise<number> {
  return openFile(file, "a+", 0o666);
}

function openFile(file: string, flags: string, mode: number): Promise<number> {
  return new Promise((resolve, reject) => fs.open(file, flags, mode, settle(resolve, reject)));
}

/** What is left of some pieces behind their first `count` bytes. */
function behind(pieces: Buffer[], count: number): Buffer[] {
  if (count === 0) return pieces;
  const left: Buffer[] = [];
  let skip = count;
  for (const piece of pieces) {
    if (skip < piece.length) left.push(piece.subarray(skip));
    skip = Math.max(0, skip - piece.length);
  }
  return left;
}

function write(descriptor: number, pieces: Buffer[]): Promise<number> {
  return new Promise((resolve, reject) => {
    if (pieces.length > 1) fs.writev(descriptor, pieces, null, settle(resolve, reject));
    else fs.write(descriptor, pieces[0]!, 0, pieces[0]!.length, null, settle(resolve, reject));
  });
}

function read(descriptor: number, into: Buffer, from: number, position: number): Promise<number> {
  return new Promise((resolve, reject) =>
    fs.read(descriptor, into, from, into.length - from, position, settle(resolve, reject)),
  );
}

function settle<Value>(resolve: (value: Value) => void, reject: (error: Error) => void) {
  return (error: Error | null, value?: Value): void => (error ? reject(error) : resolve(value as Value));
}

function identityOf({ dev, ino }: { dev: number; ino: number }): string {
  return `${dev}:${ino}`;
}
