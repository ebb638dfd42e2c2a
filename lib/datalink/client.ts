/** The DataLink client of a program in Node.js: one connection to one server. */
import { nodePlatform } from "./connect.ts";
import { CommandClient } from "./core/client.ts";
import type { ConnectOptions } from "./core/session.ts";

export type { CommandOptions } from "./core/client.ts";

/**
 * A connection to a DataLink server; `subscribe` is for what has to survive its loss. What it can do is in
 * {@link CommandClient}.
 */
export class DataLinkClient extends CommandClient {
  /**
   * Connects, identifies this client and, if credentials are given, logs in.
   *
   * @param url `datalink://host:port`, `datalinks://`, `ws://`, `wss://`, or `host`, `host:port`, `host@port`, `[v6]:port`
   * @throws DataLinkError `INVALID_ADDRESS`, `HOST_NOT_FOUND`, `CONNECTION_REFUSED`, `CONNECT_FAILED`,
   * `CERTIFICATE_REJECTED`, `TIMEOUT`, `NOT_PERMITTED`
   */
  static async connect(url: string, options: ConnectOptions = {}): Promise<DataLinkClient> {
    return new DataLinkClient(await CommandClient.open(nodePlatform, url, options));
  }
}
