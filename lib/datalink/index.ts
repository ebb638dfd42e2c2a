/** What programs may import of the DataLink client. */
export type { BackoffOptions } from "./backoff.ts";
export type { ServerIdentity } from "./capabilities.ts";
export { type CommandOptions, DataLinkClient } from "./client.ts";
export type { Credentials, Pattern } from "./commands.ts";
export { type ConnectOptions, generateClientId, type Timeouts } from "./connect.ts";
export { DataLinkError, type DataLinkErrorCode } from "./errors.ts";
export type {
  ConnectionInfo,
  ConnectionsInfo,
  InfoType,
  RingStatus,
  ServerThread,
  StatusInfo,
  StreamInfo,
  StreamsInfo,
} from "./info.ts";
export { MAX_PACKET_ID, type Packet, type PacketInput } from "./packet.ts";
export { decodePayload, encodePayload } from "./payload.ts";
export type { From, Position } from "./position.ts";
export { PositionFile } from "./position-file.ts";
export type { PacketStream } from "./stream.ts";
export { joinStreamId, type PayloadType, type StreamIdParts, splitStreamId } from "./stream-id.ts";
export {
  type Checkpoint,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionEvent,
  subscribe,
} from "./subscribe.ts";
export type { TlsOptions } from "./tls.ts";
export { PacketWriter, type PacketWriterOptions, type WriteOptions, type WriterEvent } from "./writer.ts";
