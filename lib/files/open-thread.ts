/**
 * Opens many files that are there with one message to a thread, which all archives of the process share. It is not the one that
 * writes: what is open already does not wait for it.
 */
import type { Opened } from "./file-task.ts";
import { FileThread } from "./file-thread.ts";
import { errorOf } from "./write-thread.ts";

/** The thread: whoever opens files by it uses it from before the first until after the last. */
export const openThread = new FileThread();

/** From so many files on; a small archive does not need a thread for them. */
export const MANY_OPENED = 16;

/**
 * Closes files and then opens others, all with one message.
 *
 * @param failed hears of each descriptor that could not be closed, by its place
 * @returns of each path what was opened, `undefined` where it was not, for whatever reason
 */
export async function openByThread(
  closes: number[],
  paths: string[],
  failed: (place: number, error: NodeJS.ErrnoException) => void,
): Promise<readonly (Opened | undefined)[]> {
  const { failures, opened } = await openThread.run({ kind: "open", closes, paths });
  for (const [place, failure] of failures) failed(place, errorOf(failure));
  return opened;
}
