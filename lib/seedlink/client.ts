/** The SeedLink client of a program in Node.js: one connection to one server. */
import { openTransport } from "../net/open.ts";
import { SeedLinkCommandClient } from "./command-client.ts";
import type { SeedLinkConnectOptions } from "./session.ts";

/**
 * A connection to a SeedLink server; `subscribeSeedLink` is for what has to survive its loss. What it can do is in
 * {@link SeedLinkCommandClient}.
 */
export class SeedLinkClient extends SeedLinkCommandClient {
  /**
   * Connects, settles the protocol and, if credentials are given, logs in.
   *
   * @param url `seedlink://host:port`, `seedlinks://`, `ws://`, `wss://`, or `host`, `host:port`, `host@port`, `[v6]:port`
   * @throws SeedLinkError `INVALID_ADDRESS`, `INVALID_ARGUMENT`, `HOST_NOT_FOUND`, `CONNECTION_REFUSED`, `CONNECT_FAILED`,
   * `CERTIFICATE_REJECTED`, `TIMEOUT`, `NOT_PERMITTED`, `NOT_SUPPORTED`, `PROTOCOL`
   */
  static async connect(url: string, options: SeedLinkConnectOptions = {}): Promise<SeedLinkClient> {
    return new SeedLinkClient(await SeedLinkCommandClient.open(openTransport, url, options));
  }
}
