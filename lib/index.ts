/** The library's face: everything a program imports from this package. */
export type { ArchiveEvent, FsyncPolicy } from "./archive/appender.ts";
export type { ArchiveOptions, ArchivePacket, Written } from "./archive/archive.ts";
export { ArchiveError, type ArchiveErrorCode } from "./archive/errors.ts";
export { JsonLinesArchive, type JsonLinesOptions } from "./archive/json-lines.ts";
export { MiniSeedArchive, type MiniSeedArchiveOptions, type MiniSeedInput } from "./archive/mini-seed.ts";
export { type PathFields, PathPattern, PRESETS } from "./archive/path-pattern.ts";
export type { BackoffOptions } from "./datalink/backoff.ts";
export type { ServerIdentity } from "./datalink/capabilities.ts";
export { type CommandOptions, DataLinkClient } from "./datalink/client.ts";
export type { Credentials, Pattern } from "./datalink/commands.ts";
export { type ConnectOptions, generateClientId, type Timeouts } from "./datalink/connect.ts";
export { DataLinkError, type DataLinkErrorCode } from "./datalink/errors.ts";
export type {
  ConnectionInfo,
  ConnectionsInfo,
  InfoType,
  RingStatus,
  ServerThread,
  StatusInfo,
  StreamInfo,
  StreamsInfo,
} from "./datalink/info.ts";
export { MAX_PACKET_ID, type Packet, type PacketInput } from "./datalink/packet.ts";
export type { Position } from "./datalink/position.ts";
export type { PacketStream } from "./datalink/stream.ts";
export { joinStreamId, type PayloadType, type StreamIdParts, splitStreamId } from "./datalink/stream-id.ts";
export * from "./mseed/index.ts";
export {
  type Checkpoint,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionEvent,
  subscribe,
} from "./datalink/subscribe.ts";
export { PacketWriter, type PacketWriterOptions, type WriterEvent } from "./datalink/writer.ts";
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
export {
  formatMicroseconds,
  formatNanoseconds,
  type TimeInput,
  toMicroseconds,
  toNanoseconds,
} from "./time.ts";
