/**
 * What a page in a browser imports: the miniSEED codec, signals, and the DataLink clients over the browser's own WebSocket. Bytes are
 * plain `Uint8Array`s there.
 */

export { DataLinkClient, PacketWriter, subscribe } from "./datalink/browser.ts";
export type { Resumption } from "./datalink/core/begin.ts";
export type { CommandClient, CommandOptions } from "./datalink/core/client.ts";
export type { ConnectOptions, ReachOptions, Timeouts } from "./datalink/core/session.ts";
export type { PacketStream } from "./datalink/core/stream.ts";
export type { SubscribeOptions, Subscription, SubscriptionEvent } from "./datalink/core/subscription.ts";
export type {
  PacketWriterOptions,
  ResumingWriter,
  WriteOptions,
  WriterEvent,
} from "./datalink/core/writer.ts";
export type { ServerIdentity } from "./datalink/protocol/capabilities.ts";
export type { Credentials, Pattern } from "./datalink/protocol/client-requests.ts";
export { DataLinkError, type DataLinkErrorCode } from "./datalink/protocol/errors.ts";
export type {
  AnyInfo,
  ConnectionInfo,
  ConnectionsInfo,
  InfoResults,
  InfoType,
  RingStatus,
  ServerThread,
  StatusInfo,
  StreamInfo,
  StreamsInfo,
} from "./datalink/protocol/info.ts";
export { MAX_PACKET_ID, type Packet, type PacketInput } from "./datalink/protocol/packet.ts";
export type { From, Position } from "./datalink/protocol/position.ts";
export * from "./mseed/index.ts";
export type { BackoffOptions } from "./net/backoff.ts";
export type { TlsOptions } from "./net/transport.ts";
export { SeedLinkClient, subscribeSeedLink } from "./seedlink/browser.ts";
export type { SeedLinkCommandClient, SeedLinkStreamOptions } from "./seedlink/command-client.ts";
export type { RefusedStation } from "./seedlink/handshake.ts";
export type { KnownPacket, Numbering, SeedLinkPosition } from "./seedlink/position.ts";
export type { Credentials as SeedLinkCredentials, InfoItem } from "./seedlink/protocol/commands.ts";
export { SeedLinkError, type SeedLinkErrorCode } from "./seedlink/protocol/errors.ts";
export type { InfoConnection, InfoStation, InfoStream, SeedLinkInfo } from "./seedlink/protocol/info.ts";
export type { SeedLinkPacket } from "./seedlink/protocol/packet.ts";
export type { How } from "./seedlink/resume.ts";
export type { SeedLinkConnectOptions, SeedLinkServer } from "./seedlink/session.ts";
export type { SeedLinkStream } from "./seedlink/stream.ts";
export type {
  SeedLinkEvent,
  SeedLinkSubscribeOptions,
  SeedLinkSubscription,
} from "./seedlink/subscription.ts";
export * from "./signal/index.ts";
export { joinStreamId, type PayloadType, type StreamIdParts, splitStreamId } from "./stream-id.ts";
export { type Checkpoint, PositionError } from "./subscription/checkpoint.ts";
export type { Carrier } from "./subscription/packet-queue.ts";
export type { ReadingOptions } from "./subscription/reading-options.ts";
export type { ReaderEvent, ResumingReader } from "./subscription/resuming-reader.ts";
