/** Tells a process from all others that have had, have or will have the same number: after a restart, or in another container. */
import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";

/** The space in which a process number means one process: a machine since its start, and a container in it. No blanks. */
export async function processSpace(): Promise<string> {
  try {
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "latin1");
    return `${boot.trim()}/${await readlink("/proc/self/ns/pid")}`;
  } catch {
    // Only Linux tells these.
    return encodeURIComponent(hostname());
  }
}

/**
 * What tells a running process of this space from others of the same number: on Linux the machine's current boot and the
 * process's start; elsewhere it is enough that a process of that number runs. `undefined` where none does.
 */
export async function lifeOf(pid: number): Promise<string | undefined> {
  if (process.platform !== "linux") return isRunning(pid) ? "running" : undefined;
  try {
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "latin1");
    const stat = await readFile(`/proc/${pid}/stat`, "latin1");
    // The name in parentheses may hold anything; the state follows it, and the start is the 20th value.
    const values = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A process that has ended and is not yet waited for does nothing any more.
    return values[0] === "Z" ? undefined : `${boot.trim()}/${values[19]}`;
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
