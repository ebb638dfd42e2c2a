/** What programs may import of the bridge to JetStream. */
export {
  connectJetStream,
  type JetStreamAuth,
  JetStreamConnection,
  type JetStreamSettings,
} from "./connection.ts";
export { JetStreamError, type JetStreamErrorCode } from "./errors.ts";
export {
  type JetStreamConnectionEvent,
  type JetStreamEvent,
  type JetStreamWriterEvent,
  jetStreamEventText,
} from "./events.ts";
export type { JetStreamPacket, PacketStore, SourcePacket, Stored } from "./format/packet.ts";
export type { JetStreamFilter } from "./format/subject.ts";
export type { JetStreamSubscribeOptions } from "./reading/options.ts";
export type { JetStreamPosition, JetStreamSubscription } from "./reading/subscription.ts";
export {
  checkStream,
  createStream,
  type JetStreamStreamInfo,
  type JetStreamStreamSettings,
} from "./stream.ts";
export { subscribeJetStream } from "./subscribe.ts";
export { JetStreamWriter, type JetStreamWriterOptions } from "./writing/writer.ts";
