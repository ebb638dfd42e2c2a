/**
 * The SeedLink client of a page in a browser: `ws://` and `wss://` only, by the browser's own WebSocket. What it can do is in
 * {@link SeedLinkCommandClient} and {@link SeedLinkSubscription}.
 */
import { openPageWebSocket } from "../net/websocket/page-client.ts";
import { SeedLinkCommandClient } from "./command-client.ts";
import type { SeedLinkPosition } from "./position.ts";
import type { SeedLinkConnectOptions } from "./session.ts";
import { type SeedLinkSubscribeOptions, SeedLinkSubscription } from "./subscription.ts";

export type { SeedLinkPosition };

/** A connection to a SeedLink server. */
export class SeedLinkClient extends SeedLinkCommandClient {
  /**
   * Connects, settles the protocol and, if credentials are given, logs in.
   *
   * @param url `ws://host:port` or `wss://host`, with the path `/seedlink` if it has none
   * @throws SeedLinkError `INVALID_ADDRESS`, `INVALID_ARGUMENT`, `CONNECT_FAILED`, `TIMEOUT`, `NOT_PERMITTED`,
   * `NOT_SUPPORTED`, `PROTOCOL`
   */
  static async connect(url: string, options: SeedLinkConnectOptions = {}): Promise<SeedLinkClient> {
    return new SeedLinkClient(await SeedLinkCommandClient.open(openPageWebSocket, url, options));
  }
}

/**
 * Subscribes to packets: connects, and whenever the connection is lost connects again and goes on behind the last packet.
 * A checkpoint is any object that keeps a position, for example in `localStorage`.
 *
 * @param url `ws://host:port` or `wss://host`, with the path `/seedlink` if it has none
 * @throws SeedLinkError `INVALID_ADDRESS`, `INVALID_ARGUMENT`
 */
export function subscribeSeedLink(url: string, options: SeedLinkSubscribeOptions = {}): SeedLinkSubscription {
  return new SeedLinkSubscription(openPageWebSocket, url, options);
}
