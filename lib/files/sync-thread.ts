/** Makes many files survive a power failure with few messages to a thread, which all archives of the process share. */
import type { FileSystem, SyncTask } from "./file-task.ts";
import { FileThread } from "./file-thread.ts";
import { errorOf } from "./write-thread.ts";

/** Files in one message: those behind it are not held for longer than these take. */
const MOST_IN_MESSAGE = 256;

interface Waiting {
  resolve: () => void;
  reject: (error: Error) => void;
}

/** The thread: whoever synchronises uses it from before the first file until after the last. */
export const syncThread = new FileThread();

let descriptors = new Map<number, Waiting[]>();
let paths = new Map<string, Waiting[]>();
let isScheduled = false;

/**
 * Synchronises whole file systems with one commit each, where the system can: the files behind it take little then.
 * @returns the devices of those in which all that was written before is safe now
 */
export async function syncFileSystems(fileSystems: FileSystem[]): Promise<ReadonlySet<string>> {
  const { safe } = await syncThread.run({ kind: "sync", descriptors: [], paths: [], fileSystems });
  return new Set(safe);
}

/**
 * Synchronises the data of a file that stays open until this settles.
 * @throws what the file system says.
 */
export function syncDescriptor(descriptor: number): Promise<void> {
  return waitIn(descriptors, descriptor);
}

/**
 * Synchronises a file that is not open, or the entries of a directory.
 * @throws what the file system says.
 */
export function syncPathInThread(path: string): Promise<void> {
  // Windows does this for directories by itself, and does not let others do it.
  if (process.platform === "win32") return Promise.resolve();
  return waitIn(paths, path);
}

function waitIn<Key>(queue: Map<Key, Waiting[]>, key: Key): Promise<void> {
  return new Promise((resolve, reject) => {
    const waiting = queue.get(key);
    if (waiting) waiting.push({ resolve, reject });
    else queue.set(key, [{ resolve, reject }]);
    schedule();
    if (descriptors.size + paths.size >= MOST_IN_MESSAGE) send();
  });
}

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  queueMicrotask(() => {
    isScheduled = false;
    send();
  });
}

function send(): void {
  if (descriptors.size + paths.size === 0) return;
  const task: SyncTask = {
    kind: "sync",
    descriptors: [...descriptors.keys()],
    paths: [...paths.keys()],
    fileSystems: [],
  };
  const waiting = [...descriptors.values(), ...paths.values()];
  descriptors = new Map();
  paths = new Map();
  void settle(task, waiting);
}

/** Never rejects: those that wait are told. */
async function settle(task: SyncTask, waiting: readonly Waiting[][]): Promise<void> {
  try {
    const { failures } = await syncThread.run(task);
    for (const [i, each] of waiting.entries()) {
      const failure = failures.get(i);
      for (const { resolve, reject } of each) {
        if (failure) reject(errorOf(failure));
        else resolve();
      }
    }
  } catch (error) {
    for (const { reject } of waiting.flat()) reject(error as Error);
  }
}
