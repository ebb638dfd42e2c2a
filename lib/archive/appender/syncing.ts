/** Makes what was written survive a power failure: the files that are open, and those that were closed meanwhile. */
import { type AppendFile, BY_POOL, type Synchronizer } from "../../files/append-file.ts";
import type { FileSystem } from "../../files/file-task.ts";
import { syncDescriptor, syncFileSystems, syncPathInThread, syncThread } from "../../files/sync-thread.ts";
import type { ArchiveError } from "../errors.ts";
import { type ArchiveListener, tellFailure } from "../events.ts";
import { inParallel } from "./in-parallel.ts";
import type { Target, Targets } from "./target.ts";

/** Files synchronised at once by Node.js's threads: fewer than there are, so that writes go on. */
const CONCURRENCY = 2;

/** From so many files on a thread of its own synchronises them, and before that their file systems as a whole. */
const MANY = 8;

const BY_THREAD: Synchronizer = { descriptor: syncDescriptor, path: syncPathInThread };

/** A path to synchronise, and how. */
interface Job {
  path: string;
  /** The file system that it is in. */
  device: string;
  /** By itself. */
  sync: (by?: Synchronizer) => Promise<void>;
  /** Counts as synchronised, with its file system, until what comes back is called. */
  take: () => () => void;
}

/** Synchronises all paths, one round at a time. */
export class Syncing {
  readonly #targets: Targets;
  readonly #closed: Map<string, string>;
  readonly #onEvent: ArchiveListener;
  /** What the disk did not synchronise when it was asked last. */
  readonly #notSynced = new Set<string>();
  #round: Promise<ArchiveError | undefined> | undefined;

  /**
   * @param closed files that were closed, and directories that got new entries with them, each with its file system: those
   * synchronised are removed.
   */
  constructor(targets: Targets, closed: Map<string, string>, onEvent: ArchiveListener) {
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
    const round = this.#run();
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
    for (const [path, device] of this.#closed) jobs.push(this.#jobOfClosed(path, device));
    return jobs;
  }

  #jobOf(target: Target, file: AppendFile): Job {
    const { path, device } = file;
    return {
      path,
      device,
      // It may be closed before its turn comes.
      sync: (by) => (target.file === file ? file.sync(by) : this.#syncClosed(path, device, by)),
      take: () => {
        const directories = file.takeUnsynced();
        return () => {
          if (target.file === file) file.giveBackUnsynced(directories);
          else for (const each of [path, ...directories]) this.#closed.set(each, device);
        };
      },
    };
  }

  #jobOfClosed(path: string, device: string): Job {
    return {
      path,
      device,
      sync: (by) => this.#syncClosed(path, device, by),
      take: () => {
        this.#closed.delete(path);
        return () => this.#closed.set(path, device);
      },
    };
  }

  async #run(): Promise<ArchiveError | undefined> {
    let jobs = this.#jobs();
    let by: Synchronizer | undefined;
    if (jobs.length >= MANY && (await syncThread.start())) {
      by = BY_THREAD;
      const safe = await this.#syncFileSystems();
      jobs = this.#jobs().filter(({ device }) => !safe.has(device));
    }
    const failures: ArchiveError[] = [];
    await inParallel(by === undefined ? CONCURRENCY : jobs.length, jobs, async (job) => {
      const failure = await this.#sync(job, by);
      if (failure) failures.push(failure);
    });
    return failures[0];
  }

  /** Synchronises the file systems of all that is not synchronised: those in which nothing is left to be. */
  async #syncFileSystems(): Promise<ReadonlySet<string>> {
    const taken = this.#jobs().map((job) => ({ job, giveBack: job.take() }));
    // What goes wrong here goes wrong with a file of it as well, which tells.
    const safe = await syncFileSystems(fileSystemsOf(taken.map(({ job }) => job))).catch(
      () => new Set<string>(),
    );
    for (const { job, giveBack } of taken) {
      if (safe.has(job.device)) this.#succeeded(job.path);
      else giveBack();
    }
    return safe;
  }

  async #sync({ path, sync }: Job, by?: Synchronizer): Promise<ArchiveError | undefined> {
    const error = await tellFailure(this.#onEvent, path, () => sync(by));
    if (error) this.#notSynced.add(path);
    else this.#succeeded(path);
    return error;
  }

  #succeeded(path: string): void {
    if (this.#notSynced.delete(path)) this.#onEvent({ type: "recovered", file: path });
  }

  async #syncClosed(path: string, device: string, by: Synchronizer = BY_POOL): Promise<void> {
    this.#closed.delete(path);
    try {
      await by.path(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") this.#closed.set(path, device);
      throw error;
    }
  }
}

/** The file systems that the files are in. */
function fileSystemsOf(jobs: readonly Job[]): FileSystem[] {
  const found = new Map<string, FileSystem>();
  for (const { device, path } of jobs) if (!found.has(device)) found.set(device, { device, path });
  return [...found.values()];
}
