/** Makes what was written survive a power failure: the files that are open, and those that were closed meanwhile. */
import { type AppendFile, BY_POOL, type Synchronizer } from "../../files/append-file.ts";
import { syncDescriptor, syncFileSystems, syncPathInThread, syncThread } from "../../files/sync-thread.ts";
import type { ArchiveError } from "../errors.ts";
import { type ArchiveListener, tellFailure } from "../events.ts";
import { inParallel } from "./in-parallel.ts";
import type { Target, Targets } from "./target.ts";

/** Files synchronised at once by Node.js's threads: fewer than there are, so that writes go on. */
const CONCURRENCY = 2;

/** From so many files on a thread of its own synchronises them, and before that their file systems as a whole. */
const MANY = 32;

const BY_THREAD: Synchronizer = { descriptor: syncDescriptor, path: syncPathInThread };

/** A path to synchronise, how, and the file system that it is in, where that is known. */
interface Job {
  path: string;
  device?: string;
  action: (by?: Synchronizer) => Promise<void>;
}

/** Synchronises all paths, one round at a time. */
export class Syncing {
  readonly #targets: Targets;
  readonly #closed: Set<string>;
  readonly #onEvent: ArchiveListener;
  /** What the disk did not synchronise when it was asked last. */
  readonly #notSynced = new Set<string>();
  #round: Promise<ArchiveError | undefined> | undefined;

  /** @param closed files that were closed, and directories that got new entries with them: those synchronised are removed. */
  constructor(targets: Targets, closed: Set<string>, onEvent: ArchiveListener) {
    this.#targets = targets;
    this.#closed = closed;
    this.#onEvent = onEvent;
  }

  /** The round under way. */
  get underWay(): Promise<ArchiveError | undefined> | undefined {
    return this.#round;
  }

  /** Synchronises what is not. Never rejects: the first failure comes back, and all become events. */
  async syncAll(): Promise<ArchiveError | undefined> {
    const round = this.#run(this.#jobs());
    this.#round = round;
    const failure = await round;
    if (this.#round === round) this.#round = undefined;
    return failure;
  }

  #jobs(): Job[] {
    const jobs: Job[] = [];
    for (const target of this.#targets.values()) {
      if (target.file !== undefined && target.file.unsynced.length > 0)
        jobs.push(this.#jobOf(target, target.file));
    }
    for (const path of this.#closed) jobs.push({ path, action: (by) => this.#syncClosed(path, by) });
    return jobs;
  }

  #jobOf(target: Target, file: AppendFile): Job {
    // It may be closed before its turn comes.
    const action = (by?: Synchronizer) =>
      target.file === file ? file.sync(by) : this.#syncClosed(file.path, by);
    return { path: file.path, device: file.device, action };
  }

  async #run(jobs: readonly Job[]): Promise<ArchiveError | undefined> {
    const by = jobs.length < MANY ? undefined : await threadFor(jobs);
    const failures: ArchiveError[] = [];
    await inParallel(by === undefined ? CONCURRENCY : jobs.length, jobs, async (job) => {
      const failure = await this.#sync(job, by);
      if (failure) failures.push(failure);
    });
    return failures[0];
  }

  async #sync({ path, action }: Job, by?: Synchronizer): Promise<ArchiveError | undefined> {
    const error = await tellFailure(this.#onEvent, path, () => action(by));
    if (error) this.#notSynced.add(path);
    else if (this.#notSynced.delete(path)) this.#onEvent({ type: "recovered", file: path });
    return error;
  }

  async #syncClosed(path: string, by: Synchronizer = BY_POOL): Promise<void> {
    this.#closed.delete(path);
    try {
      await by.path(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") this.#closed.add(path);
      throw error;
    }
  }
}

/** The thread, after it has synchronised the jobs' file systems as a whole; `undefined` where it cannot be had. */
async function threadFor(jobs: readonly Job[]): Promise<Synchronizer | undefined> {
  if (!(await syncThread.start())) return undefined;
  // What goes wrong here goes wrong with a file of it as well, which tells.
  await syncFileSystems(fileSystemsOf(jobs)).catch(() => {});
  return BY_THREAD;
}

/** A path in each file system that the files are in. */
function fileSystemsOf(jobs: readonly Job[]): string[] {
  const paths = new Map<string, string>();
  for (const { device, path } of jobs) if (device !== undefined) paths.set(device, path);
  return [...paths.values()];
}
