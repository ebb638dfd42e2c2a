/** The library's face: everything a program imports from this package. */
export type { Archive, ArchiveOptions, ArchivePacket, Written } from "./archive/archive.ts";
export { ArchiveError, type ArchiveErrorCode } from "./archive/errors.ts";
export type { ArchiveEvent } from "./archive/events.ts";
export { JsonLinesArchive, type JsonLinesOptions } from "./archive/json-lines.ts";
export { MiniSeedArchive, type MiniSeedArchiveOptions, type MiniSeedInput } from "./archive/mini-seed.ts";
export { type PathFields, PathPattern, PRESETS } from "./archive/path-pattern.ts";
export type { AppenderOptions, FsyncPolicy } from "./archive/settings.ts";
export * from "./datalink/index.ts";
export { CodedError } from "./errors.ts";
export * from "./jetstream/index.ts";
export * from "./mseed/index.ts";
export {
  encodePayload,
  type PacketValue,
  packetValue,
  type RecordPacket,
  recordPacket,
  type ValuedPacket,
} from "./packets.ts";
export * from "./seedlink/index.ts";
export { SeismographError, type SeismographErrorCode } from "./seismograph/errors.ts";
export { Seismograph, type SeismographOptions, type Taken } from "./seismograph/seismograph.ts";
export type { DoorOptions } from "./seismograph/serve/door.ts";
export { Seismo, type SeismoOptions, seismo } from "./seismograph/serve/seismo.ts";
export type { SourceOptions } from "./seismograph/serve/source.ts";
export type { AccessOptions, AccessRule, AccessUser, Grant, Streams } from "./server/access/access.ts";
export type { JsonWebTokenOptions } from "./server/access/json-web-token.ts";
export type { WebSocketOptions } from "./server/listener.ts";
export type { LostRange } from "./server/ring/storage.ts";
export {
  type ConnectionFigures,
  DataLinkServer,
  type DataLinkServerEvent,
  type DataLinkServerOptions,
  type DataLinkServerStatus,
  type PacketFigures,
  type Protocol3Records,
  type SeedLinkServerOptions,
  type ServerClient,
} from "./server/server.ts";
export type { TrafficFigures } from "./server/traffic.ts";
export * from "./signal/index.ts";
export { bandCode, type Nslc, SourceId, SourceIdError } from "./source-id.ts";
export {
  formatMicroseconds,
  formatNanoseconds,
  type TimeInput,
  toMicroseconds,
  toNanoseconds,
} from "./time.ts";
