/** Makes a file that is not open, or the entries of a directory, survive a power failure. */
import { open } from "node:fs/promises";

/**
 * Synchronises what a path names with the disk.
 *
 * @throws what the file system says.
 */
export async function syncPath(file: string): Promise<void> {
  // Windows does this for directories by itself, and does not let others do it.
  if (process.platform === "win32") return;
  const handle = await open(file, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
