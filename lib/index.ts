/** The library's face: everything a program imports from this package. */
export type { ArchiveEvent, FsyncPolicy } from "./archive/appender.ts";
export type { ArchiveOptions, ArchivePacket, Written } from "./archive/archive.ts";
export { ArchiveError, type ArchiveErrorCode } from "./archive/errors.ts";
export { JsonLinesArchive, type JsonLinesOptions } from "./archive/json-lines.ts";
export { MiniSeedArchive, type MiniSeedArchiveOptions, type MiniSeedInput } from "./archive/mini-seed.ts";
export { type PathFields, PathPattern, PRESETS } from "./archive/path-pattern.ts";
export * from "./datalink/index.ts";
export * from "./mseed/index.ts";
export {
  encodePayload,
  type PacketValue,
  packetValue,
  type RecordPacket,
  recordPacket,
  type ValuedPacket,
} from "./packets.ts";
export {
  DataLinkServer,
  type DataLinkServerEvent,
  type DataLinkServerOptions,
  type DataLinkServerStatus,
} from "./server/server.ts";
export { bandCode, type Nslc, SourceId, SourceIdError } from "./source-id.ts";
export {
  formatMicroseconds,
  formatNanoseconds,
  type TimeInput,
  toMicroseconds,
  toNanoseconds,
} from "./time.ts";
