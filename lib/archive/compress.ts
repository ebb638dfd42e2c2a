/**
 * Compresses the files of an archive that were not written to for long: FILE becomes FILE.gz. A packet that comes late
 * begins a new FILE, which later is added to FILE.gz as a further member; gzip reads them as one (RFC 1952, 2.2).
 *
 * Every line is in the two together exactly once, whenever the process ends. FILE first becomes FILE.compressing-N, where
 * N is the length of FILE.gz before. A longer FILE.gz, which appears all at once, tells that it is in there.
 *
 * Only files whose path the archive's pattern makes are touched; symbolic links are not followed. As everywhere in the
 * archive, a file is taken to have one writer.
 */
import { constants, createReadStream, createWriteStream, type Stats } from "node:fs";
import { copyFile, lstat, open, opendir, rm, unlink, utimes } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { moveInPlace } from "../files/replace-file.ts";
import { syncPath } from "../files/sync-path.ts";
import type { Appender } from "./appender.ts";
import { ArchiveError, fileSystemError } from "./errors.ts";
import type { ArchiveListener } from "./events.ts";
import type { PathPattern } from "./path-pattern.ts";

/** What a compressor is to do. */
export interface CompressorOptions {
  /** What the archive's files are called. */
  patterns: readonly PathPattern[];
  /** Seconds since the last write. */
  after: number;
  /** Files that are never compressed, whatever they are called. */
  except?: readonly string[] | undefined;
  /** Told as it happens; must not throw. */
  onEvent: ArchiveListener;
}

/** Between two walks over the directory: a part of the age, so that no file is much older than that. */
const WALKS_PER_AGE = 24;
const SHORTEST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 3_600_000;

const ASIDE = /^(.+)\.compressing-(\d{1,15})$/s;
/** What the archive itself, and this part of it, keeps beside the files. */
const BESIDE = /\.(gz|tmp|torn|rejected)$/;
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

/** Files being compressed by this process: two archives may share a directory. */
const inWork = new Set<string>();

/** Compresses what was not written to for long, at the start and from then on, until it is closed. */
export class Compressor {
  readonly #options: CompressorOptions;
  readonly #appender: Appender;
  readonly #stop = new AbortController();
  readonly #pause: number;
  #timer: NodeJS.Timeout;
  #walking: Promise<void> | undefined;
  /** The file at which the last walk failed first. */
  #failedAt: string | undefined;

  /** @param appender by which the files are set aside. */
  constructor(appender: Appender, options: CompressorOptions) {
    this.#appender = appender;
    this.#options = options;
    this.#pause = Math.min(
      LONGEST_PAUSE_MS,
      Math.max(SHORTEST_PAUSE_MS, (options.after * 1000) / WALKS_PER_AGE),
    );
    this.#timer = setTimeout(() => void this.walk(), 0).unref();
  }

  /** Compresses what is due now, one file at a time. Never rejects: what fails becomes an event, and is tried again. */
  walk(): Promise<void> {
    this.#walking ??= this.#walk();
    return this.#walking;
  }

  /** Stops. What is under way is left as it is, for the next start. */
  async close(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#walking;
  }

  get #stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  async #walk(): Promise<void> {
    clearTimeout(this.#timer);
    let failure: ArchiveError | undefined;
    let failedAt: string | undefined;
    const attempt = async (file: string, action: () => Promise<void>): Promise<void> => {
      try {
        await action();
      } catch (cause) {
        if (this.#stopped) return;
        failure ??= fileSystemError(file, cause);
        failedAt ??= file;
      }
    };
    for (const pattern of this.#options.patterns) {
      await attempt(pattern.directory, async () => {
        for await (const file of this.#filesBelow(pattern.directory, pattern.depth)) {
          await attempt(`${file}.gz`, () => this.#consider(file, pattern));
          if (this.#stopped || failure?.code === "DISK_FULL") return;
        }
      });
    }
    if (!this.#stopped) this.#tell(failure, failedAt);
    this.#walking = undefined;
    if (!this.#stopped) this.#timer = setTimeout(() => void this.walk(), this.#pause).unref();
  }

  /** The first failure of a walk is told, unless the walk before failed there as well. */
  #tell(error: ArchiveError | undefined, file: string | undefined): void {
    if (file === this.#failedAt) return;
    const { onEvent } = this.#options;
    if (this.#failedAt !== undefined) onEvent({ type: "recovered", file: this.#failedAt });
    this.#failedAt = file;
    if (error && file !== undefined) onEvent({ type: "problem", file, error });
  }

  /** Files in a directory and those in it, as many levels down as a pattern has. The archive has no hidden ones. */
  async *#filesBelow(directory: string, levels: number): AsyncGenerator<string> {
    // This archive has not made what cannot be read.
    const entries = await opendir(directory).catch(unlessCode("ENOENT", "EACCES", "EPERM"));
    for await (const entry of entries ?? []) {
      if (this.#stopped) return;
      const found = path.join(directory, entry.name);
      if (entry.name.startsWith(".")) continue;
      if (entry.isFile()) yield found;
      else if (levels > 1 && entry.isDirectory()) yield* this.#filesBelow(found, levels - 1);
    }
  }

  /** Compresses a file that is due, or goes on with one that an earlier run set aside. */
  async #consider(found: string, pattern: PathPattern): Promise<void> {
    const [, begun, before] = ASIDE.exec(found) ?? [];
    const file = begun ?? found;
    if (inWork.has(file) || BESIDE.test(file) || this.#options.except?.includes(file)) return;
    if (!pattern.couldMake(file)) return;
    inWork.add(file);
    try {
      if (begun === undefined) await this.#compress(file);
      else await this.#finish(file, found, Number(before));
    } finally {
      inWork.delete(file);
    }
  }

  async #compress(file: string): Promise<void> {
    const found = await statOf(file);
    if (!found || found.mtimeMs > Date.now() - this.#options.after * 1000) return;
    const before = await lengthOf(`${file}.gz`);
    const aside = `${file}.compressing-${before}`;
    // One that was set aside earlier comes first; it must not be replaced.
    if (await statOf(aside)) await this.#finish(file, aside, before);
    else if (await this.#appender.moveAway(file, aside)) await this.#finish(file, aside, before);
  }

  /** @param before length of FILE.gz before this file is in it */
  async #finish(file: string, aside: string, before: number): Promise<void> {
    const found = await statOf(aside);
    if (!found?.isFile()) return;
    const to = `${file}.gz`;
    const growing = `${to}.tmp`;
    await rm(growing, { force: true });
    if ((await lengthOf(to)) <= before) {
      try {
        await this.#writeMember(aside, found, to, growing);
        await moveInPlace(growing, to);
      } finally {
        await rm(growing, { force: true });
      }
    }
    await unlink(aside);
    this.#options.onEvent({ type: "compressed", file, to });
  }

  /** Writes what FILE.gz has, and the file as a further member, with its times and permissions. */
  async #writeMember(aside: string, found: Stats, to: string, growing: string): Promise<void> {
    if ((await lengthOf(to)) > 0) {
      await checkGzip(to);
      await copyFile(to, growing, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    }
    await pipeline(
      createReadStream(aside),
      createGzip(),
      createWriteStream(growing, { flags: "a", mode: found.mode }),
      { signal: this.#stop.signal },
    );
    await utimes(growing, found.atime, found.mtime);
    await syncPath(growing);
    const now = await lstat(aside);
    if (now.size === found.size && now.mtimeMs === found.mtimeMs) return;
    throw new ArchiveError(
      "WRITE_FAILED",
      `Cannot compress ${aside}: something else still writes to it. It is tried again.`,
    );
  }
}

async function statOf(file: string): Promise<Stats | undefined> {
  return await lstat(file).catch(unlessCode("ENOENT"));
}

/** Length of a compressed file, 0 if there is none. */
async function lengthOf(file: string): Promise<number> {
  const found = await statOf(file);
  if (found && !found.isFile()) {
    throw new ArchiveError("WRITE_FAILED", `Cannot write ${file}: it is not a file. Move it away.`);
  }
  return found?.size ?? 0;
}

/** Nothing is added to a file that somebody else gave the name. */
async function checkGzip(file: string): Promise<void> {
  const handle = await open(file, "r");
  try {
    const { buffer } = await handle.read(Buffer.alloc(GZIP_MAGIC.length), 0, GZIP_MAGIC.length, 0);
    if (buffer.equals(GZIP_MAGIC)) return;
  } finally {
    await handle.close();
  }
  throw new ArchiveError("WRITE_FAILED", `Cannot write ${file}: it is not compressed by gzip. Move it away.`);
}

/** Turns a failure with one of these codes of the file system into nothing. */
function unlessCode(...codes: string[]): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (!codes.includes(error.code ?? "")) throw error;
  };
}
