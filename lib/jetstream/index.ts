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
export type { JetStreamPacket, PacketStore, SourcePacket, Stored } from "./packet.ts";
export {
  checkStream,
  createStream,
  type JetStreamStreamInfo,
  type JetStreamStreamSettings,
} from "./stream.ts";
export {
  type JetStreamFilter,
  type JetStreamPosition,
  type JetStreamSubscribeOptions,
  type JetStreamSubscription,
  subscribeJetStream,
} from "./subscribe.ts";
export { JetStreamWriter, type JetStreamWriterOptions } from "./writer.ts";
