/** The failures of files that are more than what the file system says. */
import { CodedError } from "../errors.ts";

/**
 * - `FOLDER_IN_USE`: another process owns the folder.
 * - `LOCK_LOST`: another process has taken a folder over, because this one seemed to be dead.
 */
export type FileErrorCode = "FOLDER_IN_USE" | "LOCK_LOST";

/** A failure with a `code` of {@link FileErrorCode}. */
export class FileError extends CodedError<FileErrorCode> {}
