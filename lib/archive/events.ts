/** What an archive tells beside the results of its writes. */
import { type ArchiveError, fileSystemError } from "./errors.ts";

/** What an archive tells beside the results of its writes. */
export type ArchiveEvent =
  /** The file system refused; the data is held and tried again. */
  | { type: "problem"; file: string; error: ArchiveError }
  /** The file that had a problem is written to again. */
  | { type: "recovered"; file: string }
  /** A torn end of `bytes` bytes, left by a crash, was moved to the file `aside`. */
  | { type: "torn"; file: string; aside: string; bytes: number }
  /** A file that had not been written to for long is now in the file `to`, compressed. */
  | { type: "compressed"; file: string; to: string };

/** Told as it happens; must not throw. */
export type ArchiveListener = (event: ArchiveEvent) => void;

/**
 * Does to a file what nobody waits for. Never rejects: its failure comes back, and becomes an event, unless the file was
 * closed or removed meanwhile, so that there is nothing left to do.
 */
export async function tellFailure(
  onEvent: ArchiveListener,
  file: string,
  action: () => Promise<void>,
): Promise<ArchiveError | undefined> {
  try {
    await action();
    return undefined;
  } catch (cause) {
    if (["EBADF", "ENOENT"].includes((cause as NodeJS.ErrnoException).code ?? "")) return undefined;
    const error = fileSystemError(file, cause);
    onEvent({ type: "problem", file, error });
    return error;
  }
}
