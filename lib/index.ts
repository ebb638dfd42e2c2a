/** The library's face: everything a program imports from this package. */
export type { ArchiveEvent, FsyncPolicy } from "./archive/appender.ts";
export { ArchiveError, type ArchiveErrorCode } from "./archive/errors.ts";
export {
  type ArchivePacket,
  JsonLinesArchive,
  type JsonLinesOptions,
  type Written,
} from "./archive/json-lines.ts";
export { type PathFields, PathPattern, PRESETS } from "./archive/path-pattern.ts";
