/** Makes what was written survive a power failure: the files that are open, and those that were closed meanwhile. */
import type { AppendFile } from "../../files/append-file.ts";
import { syncPath } from "../../files/sync-path.ts";
import type { ArchiveError } from "../errors.ts";
import { type ArchiveListener, tellFailure } from "../events.ts";
import type { Target, Targets } from "./target.ts";

/** Files synchronised at once: fewer than threads, so that writes go on. */
const CONCURRENCY = 2;

/** A path to synchronise, and how. */
type Job = readonly [path: string, action: () => Promise<void>];

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
    for (const path of this.#closed) jobs.push([path, () => this.#syncClosed(path)]);
    return jobs;
  }

  #jobOf(target: Target, file: AppendFile): Job {
    // It may be closed before its turn comes.
    return [file.path, () => (target.file === file ? file.sync() : this.#syncClosed(file.path))];
  }

  async #run(jobs: readonly Job[]): Promise<ArchiveError | undefined> {
    let failure: ArchiveError | undefined;
    let next = 0;
    const worker = async () => {
      for (let job = jobs[next++]; job !== undefined; job = jobs[next++]) {
        const error = await this.#sync(job);
        failure ??= error;
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
    return failure;
  }

  async #sync([path, action]: Job): Promise<ArchiveError | undefined> {
    const error = await tellFailure(this.#onEvent, path, action);
    if (error) this.#notSynced.add(path);
    else if (this.#notSynced.delete(path)) this.#onEvent({ type: "recovered", file: path });
    return error;
  }

  async #syncClosed(path: string): Promise<void> {
    this.#closed.delete(path);
    try {
      await syncPath(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") this.#closed.add(path);
      throw error;
    }
  }
}
