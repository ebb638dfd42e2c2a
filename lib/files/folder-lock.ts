/** Sees to it that a folder has one owner: two servers that write into the same one would destroy each other's work. */
import { open, readFile, unlink } from "node:fs/promises";
import path from "node:path";
import { DataLinkError } from "../datalink/protocol/errors.ts";

/** Locks of this process, by file. */
const ours = new Set<string>();

export interface FolderLock {
  release(): Promise<void>;
}

/** @throws DataLinkError `STORAGE_FAILED` where another server has the folder. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const file = path.resolve(folder, "lock");
  if (ours.has(file)) throw inUse(folder, process.pid);
  ours.add(file);
  try {
    await takeOver(file, folder);
  } catch (error) {
    ours.delete(file);
    throw error;
  }
  return {
    release: async () => {
      ours.delete(file);
      await unlink(file).catch(() => {});
    },
  };
}

async function takeOver(file: string, folder: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      const handle = await open(file, "wx", 0o600);
      await handle.writeFile(`${process.pid} ${await lifeOf(process.pid)}\n`);
      await handle.close();
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt > 0) throw error;
    }
    const [pid = "", life = ""] = (await readFile(file, "utf8").catch(() => "")).trim().split(" ");
    if (life !== "" && (await lifeOf(Number(pid))) === life) throw inUse(folder, Number(pid));
    await unlink(file).catch(() => {});
  }
}

/**
 * What tells a running process from all others that have had or will have the same number, after a restart of the
 * machine or of a container: the machine's current boot and the process's start. Only Linux tells these; elsewhere it is
 * enough that a process of that number runs. `undefined` where none does.
 */
async function lifeOf(pid: number): Promise<string | undefined> {
  if (process.platform !== "linux") return isRunning(pid) ? "running" : undefined;
  try {
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "latin1");
    const stat = await readFile(`/proc/${pid}/stat`, "latin1");
    // The name in parentheses may hold anything; the start is the 20th value behind it.
    const start = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    return `${boot.trim()}/${start}`;
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It runs, and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function inUse(folder: string, owner: number): DataLinkError {
  return new DataLinkError(
    "STORAGE_FAILED",
    `The folder ${folder} is in use by another DataLink server (process ${owner}): stop that one or choose another folder.`,
  );
}
