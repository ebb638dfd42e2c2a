/** What programs may import of the DataLink client. */
import type { Checkpoint as ReaderCheckpoint } from "../subscription/checkpoint.ts";
import type { Position } from "./protocol/position.ts";

export type { BackoffOptions } from "../net/backoff.ts";
export type { TlsOptions } from "../net/tls.ts";
export { joinStreamId, type PayloadType, type StreamIdParts, splitStreamId } from "../stream-id.ts";
export { type Checkpoint as ReaderCheckpoint, PositionError } from "../subscription/checkpoint.ts";
export type { Carrier } from "../subscription/packet-queue.ts";
export type { ReadingOptions } from "../subscription/reading-options.ts";
export type { ReaderEvent, ResumingReader } from "../subscription/resuming-reader.ts";
export type { StateFile } from "../subscription/state-file.ts";
export { type CommandOptions, DataLinkClient } from "./client.ts";
export { type ConnectOptions, generateClientId, type ReachOptions, type Timeouts } from "./connect.ts";
export type { Resumption } from "./core/begin.ts";
export type { CommandClient } from "./core/client.ts";
export type { PacketStream } from "./core/stream.ts";
export type { ResumingWriter } from "./core/writer.ts";
export { eventText } from "./event-text.ts";
export { PositionFile } from "./position-file.ts";
export type { ServerIdentity } from "./protocol/capabilities.ts";
export type { Credentials, Pattern } from "./protocol/client-requests.ts";
export { DataLinkError, type DataLinkErrorCode } from "./protocol/errors.ts";
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
} from "./protocol/info.ts";
export { MAX_PACKET_ID, type Packet, type PacketInput } from "./protocol/packet.ts";
export type { From, Position } from "./protocol/position.ts";
export {
  type SubscribeOptions,
  type Subscription,
  type SubscriptionEvent,
  subscribe,
} from "./subscribe.ts";
export { PacketWriter, type PacketWriterOptions, type WriteOptions, type WriterEvent } from "./writer.ts";

/** A place for the position of a reader. */
export type Checkpoint<At = Position> = ReaderCheckpoint<At>;
