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
export { DataLinkError, type DataLinkErrorCode } from "./datalink/errors.ts";
export type { Packet, PacketInput } from "./datalink/packet.ts";
export {
  ENCODINGS,
  type EncodingInput,
  type EncodingName,
  encodingName,
  MiniSeedError,
  type MiniSeedErrorCode,
  MiniSeedRecord,
  type PackOptions,
  type Problem,
  packRecords,
  type ReadOptions,
  RecordReader,
  readRecordStream,
  readRecords,
  type SampleArray,
  type Samples,
  type Series,
} from "./mseed/index.ts";
export {
  DataLinkServer,
  type DataLinkServerEvent,
  type DataLinkServerOptions,
  type DataLinkServerStatus,
} from "./ring/server.ts";
export { bandCode, type Nslc, SourceId, SourceIdError } from "./source-id.ts";
