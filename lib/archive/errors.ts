/** The failures of the archive: of its settings, of what it is given to write, and of the disk. */
import { CodedError } from "../errors.ts";

/**
 * - `INVALID_PATTERN`, `INVALID_ARGUMENT`: a setting cannot be used; told before anything is opened.
 * - `INVALID_STREAM_ID`: the pattern needs codes or times that the packet does not have.
 * - `PATH_ESCAPES`: the path would lie outside the archive's directory, or has no file name.
 * - `INVALID_JSON`, `INVALID_RECORD`: the payload is not what the archive holds; nothing was written.
 * - `TOO_LARGE`: one line or record is larger than a limit allows.
 * - `DISK_FULL`, `NOT_PERMITTED`, `TOO_MANY_FILES`, `WRITE_FAILED`: the disk or the file system refused. These are
 *   retried; when a write is rejected with one of them, nothing of it is in the file.
 * - `OVERLOADED`: more is waiting to be written than may be held in memory.
 * - `NOT_FOUND`: what is to be read is not there.
 * - `CLOSED`: the archive was closed.
 */
export type ArchiveErrorCode =
  | "INVALID_PATTERN"
  | "INVALID_ARGUMENT"
  | "INVALID_STREAM_ID"
  | "PATH_ESCAPES"
  | "INVALID_JSON"
  | "INVALID_RECORD"
  | "TOO_LARGE"
  | "DISK_FULL"
  | "NOT_PERMITTED"
  | "TOO_MANY_FILES"
  | "WRITE_FAILED"
  | "OVERLOADED"
  | "NOT_FOUND"
  | "CLOSED";

/** A failure of the archive, with a `code` of {@link ArchiveErrorCode}. */
export class ArchiveError extends CodedError<ArchiveErrorCode> {}

const ADVICE: Readonly<Record<string, readonly [ArchiveErrorCode, string]>> = {
  ENOSPC: ["DISK_FULL", "the disk is full: free space or archive to another one"],
  EDQUOT: ["DISK_FULL", "the disk quota is used up: free space or raise it"],
  EFBIG: [
    "DISK_FULL",
    "the file has reached the largest size allowed: use a pattern that starts files more often",
  ],
  EROFS: ["NOT_PERMITTED", "the file system is read-only: mount it writable"],
  EACCES: ["NOT_PERMITTED", "permission denied: give this user the right to write there"],
  EPERM: ["NOT_PERMITTED", "not permitted: give this user the right to write there"],
  EMFILE: ["TOO_MANY_FILES", "this process has too many files open: lower maxOpenFiles or raise ulimit -n"],
  ENFILE: ["TOO_MANY_FILES", "the system has too many files open: lower maxOpenFiles"],
  EISDIR: ["WRITE_FAILED", "a directory has the name of the file: move it away or change the pattern"],
  ENOTDIR: ["WRITE_FAILED", "a file has the name of a directory: move it away or change the pattern"],
};

/** The archive's sentence for what the file system said about `file`. */
export function fileSystemError(file: string, cause: unknown): ArchiveError {
  if (cause instanceof ArchiveError) return cause;
  const system = cause as NodeJS.ErrnoException;
  const [code, advice] = ADVICE[system.code ?? ""] ?? ["WRITE_FAILED", system.message];
  return new ArchiveError(code, `Cannot write ${file}: ${advice}.`, { cause });
}
