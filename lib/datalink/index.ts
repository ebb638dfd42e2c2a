/** What programs may import of the DataLink client. */
export type { BackoffOptions } from "../net/backoff.ts";
export type { TlsOptions } from "../net/tls.ts";
export { joinStreamId, type PayloadType, type StreamIdParts, splitStreamId } from "../stream-id.ts";
export { PositionFile } from "../subscription/position-file.ts";
export { type CommandOptions, DataLinkClient } from "./client.ts";
export { type ConnectOptions, generateClientId, type Timeouts } from "./connect.ts";
export type { ServerIdentity } from "./protocol/capabilities.ts";
export type { Credentials, Pattern } from "./protocol/client-requests.ts";
export { DataLinkError, type DataLinkErrorCode } from "./protocol/errors.ts";
export type {
  ConnectionInfo,
  ConnectionsInfo,
  InfoType,
  RingStatus,
  ServerThread,
  StatusInfo,
  StreamInfo,
  StreamsInfo,
} from "./protocol/info.ts";
export { MAX_PACKET_ID, type Packet, type PacketInput } from "./protocol/packet.ts";
export type { From, Position } from "./protocol/position.ts";
export type { PacketStream } from "./stream.ts";
export {
  type Checkpoint,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionEvent,
  subscribe,
} from "./subscribe.ts";
export { PacketWriter, type PacketWriterOptions, type WriteOptions, type WriterEvent } from "./writer.ts";
