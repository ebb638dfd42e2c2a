/** What programs may import of the SeedLink client. */
export { SeedLinkClient } from "./client.ts";
export type { SeedLinkCommandClient, SeedLinkStreamOptions } from "./command-client.ts";
export type { RefusedStation } from "./handshake.ts";
export type { KnownPacket, Numbering, SeedLinkPosition } from "./position.ts";
export type { Credentials as SeedLinkCredentials, InfoItem } from "./protocol/commands.ts";
export { SeedLinkError, type SeedLinkErrorCode } from "./protocol/errors.ts";
export type { InfoConnection, InfoStation, InfoStream, SeedLinkInfo } from "./protocol/info.ts";
export type { SeedLinkPacket } from "./protocol/packet.ts";
export {
  formatStreams,
  parseStreams,
  type Selector,
  type StationRequest,
} from "./protocol/selectors.ts";
export type { How } from "./resume.ts";
export type { SeedLinkConnectOptions, SeedLinkServer } from "./session.ts";
export type { SeedLinkStream } from "./stream.ts";
export { SeedLinkPositionFile, subscribeSeedLink } from "./subscribe.ts";
export type { SeedLinkEvent, SeedLinkSubscribeOptions, SeedLinkSubscription } from "./subscription.ts";
