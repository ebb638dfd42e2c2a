/**
 * Sees to it that a folder has one owner: two servers that write into the same one would destroy each other's work.
 *
 * The owner is written in a file that appears with its whole content, or not at all. Whether an owner is alive is known at
 * once where its number means something here; of a process in another container or on another machine it is seen by its
 * touching the file every second.
 *
 * Only who holds a claim may replace the file of a dead owner. A claim is such a file itself, for that one dead owner; so
 * whoever dies while he takes over is followed in the same way, and there is no moment at which two could succeed.
 */
import { createHash, randomUUID } from "node:crypto";
import { type FileHandle, link, open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FileError } from "./errors.ts";
import { lifeOf, processSpace } from "./process-identity.ts";

/** Milliseconds between two signs of life, and without one until an owner elsewhere is taken for dead. */
const HEARTBEAT = 1000;
const SILENCE = 8 * HEARTBEAT;

/** Milliseconds between two looks at what another process does, and in all until it has to be done. */
const LOOK = 25;
const PATIENCE = 10_000;

/** Processes that may die one after the other while they take over. */
const MAX_CLAIMS = 16;

/** Locks of this process, by file. */
const ours = new Set<string>();

export interface FolderLock {
  /** Whether the folder is still ours: it is not when this process was taken for dead. */
  readonly isHeld: boolean;
  /** Leaves the folder to others. */
  release(): Promise<void>;
}

/**
 * Makes this process the owner of a folder, which must exist.
 *
 * @throws FileError `FOLDER_IN_USE` where another process, or this one, has it; and what the file system says.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const file = path.resolve(folder, "lock");
  if (ours.has(file)) throw inUse(file, process.pid);
  ours.add(file);
  try {
    const content = await identity();
    await acquire(file, content, MAX_CLAIMS);
    return new HeldLock(file, content);
  } catch (error) {
    ours.delete(file);
    throw error;
  }
}

class HeldLock implements FolderLock {
  isHeld = true;
  readonly #file: string;
  readonly #content: string;
  readonly #timer: NodeJS.Timeout;
  #beating: Promise<void> | undefined;

  constructor(file: string, content: string) {
    this.#file = file;
    this.#content = content;
    this.#timer = setInterval(() => {
      this.#beating ??= this.#beat().finally(() => {
        this.#beating = undefined;
      });
    }, HEARTBEAT).unref();
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
    if ((await contentOf(this.#file).catch(() => undefined)) === this.#content) {
      await rm(this.#file, { force: true }).catch(() => {});
    }
    ours.delete(this.#file);
  }

  /** Never rejects: a folder that cannot be read just now is not lost. */
  async #beat(): Promise<void> {
    try {
      const found = await contentOf(this.#file);
      if (found === this.#content) await utimes(this.#file, new Date(), new Date());
      else if (found !== undefined) this.isHeld = false;
      else await create(this.#file, this.#content);
    } catch {
      // The next one may succeed.
    }
  }
}

/** What an owner writes: number, life (both as version 0.1.0 did), space, and what is only his. */
async function identity(): Promise<string> {
  return `${process.pid} ${await lifeOf(process.pid)} ${await processSpace()} ${randomUUID()}\n`;
}

/**
 * Puts the content into the file, which is not there, or is that of a dead owner.
 *
 * @param claims how many dead owners may stand in the way
 */
async function acquire(file: string, content: string, claims: number): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    if (await create(file, content)) return;
    const found = await contentOf(file);
    if (found === undefined) continue;
    if (await isAlive(file, found)) throw inUse(file, Number.parseInt(found, 10));
    if (claims === 0 || performance.now() > deadline) throw inUse(file, Number.parseInt(found, 10));
    if (await replaceDead(file, found, content, claims)) return;
    await sleep(LOOK);
  }
}

/** Replaces the file of a dead owner; `false` where another process does that, or has done it. */
async function replaceDead(file: string, dead: string, content: string, claims: number): Promise<boolean> {
  const claim = path.join(
    path.dirname(file),
    `lock-${createHash("sha256").update(dead).digest("hex").slice(0, 16)}`,
  );
  const claimed = content.replace(/\S+\n$/, `${randomUUID()}\n`);
  try {
    await acquire(claim, claimed, claims - 1);
  } catch (error) {
    if (error instanceof FileError) return false;
    throw error;
  }
  try {
    // Others may have been here, and gone again, before the claim was ours.
    if ((await contentOf(file)) !== dead) return false;
    const temporary = await writeAside(file, content);
    await rename(temporary, file);
    return true;
  } finally {
    await rm(claim, { force: true });
  }
}

async function isAlive(file: string, owner: string): Promise<boolean> {
  const [pid = "", life = "", space = "", token = ""] = owner.trim().split(" ");
  // Nobody of this version leaves an empty file, but one of another may be about to fill it.
  if (life === "") return await changesWithin(file, owner, HEARTBEAT);
  if (token === "" || space === (await processSpace())) return (await lifeOf(Number(pid))) === life;
  return await changesWithin(file, owner, SILENCE);
}

/** Whether somebody touches the file. Its time is compared with itself: clocks may differ. */
async function changesWithin(file: string, owner: string, milliseconds: number): Promise<boolean> {
  const before = await timeOf(file);
  for (const end = performance.now() + milliseconds; performance.now() < end; ) {
    await sleep(LOOK);
    if ((await timeOf(file)) !== before || (await contentOf(file)) !== owner) return true;
  }
  return false;
}

/** Creates a file with its whole content; `false` where the name is taken. */
async function create(file: string, content: string): Promise<boolean> {
  const temporary = await writeAside(file, content);
  try {
    await link(temporary, file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS" && code !== "EOPNOTSUPP") throw error;
    return await createWithoutLinks(file, content);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** For file systems that have no hard links. */
async function createWithoutLinks(file: string, content: string): Promise<boolean> {
  try {
    const handle = await open(file, "wx", 0o600);
    await fill(handle, content);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function writeAside(file: string, content: string): Promise<string> {
  const temporary = `${file}.${randomUUID()}.new`;
  const handle = await open(temporary, "wx", 0o600);
  await fill(handle, content);
  return temporary;
}

/** Writes the file and closes it. */
async function fill(handle: FileHandle, content: string): Promise<void> {
  try {
    await handle.writeFile(content);
  } finally {
    await handle.close();
  }
}

/** `undefined` where there is no such file. */
async function contentOf(file: string): Promise<string | undefined> {
  return await readFile(file, "utf8").catch(unlessMissing);
}

async function timeOf(file: string): Promise<number | undefined> {
  return (await stat(file).catch(unlessMissing))?.mtimeMs;
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}

function inUse(file: string, owner: number): FileError {
  return new FileError(
    "FOLDER_IN_USE",
    `The folder ${path.dirname(file)} is in use by another server (process ${owner}): stop that one or choose another folder.`,
  );
}
