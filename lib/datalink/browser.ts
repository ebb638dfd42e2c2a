/**
 * The DataLink clients of a page in a browser: `ws://` and `wss://` only, by the browser's own WebSocket. What they can do is
 * in {@link CommandClient}, {@link Subscription} and {@link ResumingWriter}.
 */
import { openPageWebSocket } from "../net/websocket/page-client.ts";
import { CommandClient } from "./core/client.ts";
import { type ConnectOptions, clientIdOf, type Platform } from "./core/session.ts";
import { type SubscribeOptions, Subscription } from "./core/subscription.ts";
import { type PacketWriterOptions, ResumingWriter } from "./core/writer.ts";

const pagePlatform: Platform = {
  open: openPageWebSocket,
  clientId: () => clientIdOf(["node-red-datalink", "page", 0, "browser"]),
};

/** A connection to a DataLink server. */
export class DataLinkClient extends CommandClient {
  /**
   * Connects, identifies this client and, if credentials are given, logs in.
   *
   * @param url `ws://host:port` or `wss://host`, with the path `/datalink` if it has none
   * @throws DataLinkError `INVALID_ADDRESS`, `INVALID_ARGUMENT`, `CONNECT_FAILED`, `TIMEOUT`, `NOT_PERMITTED`
   */
  static async connect(url: string, options: ConnectOptions = {}): Promise<DataLinkClient> {
    return new DataLinkClient(await CommandClient.open(pagePlatform, url, options));
  }
}

/**
 * Subscribes to packets: connects, and whenever the connection is lost connects again and goes on behind the last packet.
 * A checkpoint is any object that keeps a position, for example in `localStorage`.
 *
 * @throws DataLinkError `INVALID_ADDRESS`, `INVALID_ARGUMENT`
 */
export function subscribe(url: string, options: SubscribeOptions = {}): Subscription {
  return new Subscription(pagePlatform, url, options);
}

/** Writes packets to a server, in order, and acknowledged. */
export class PacketWriter extends ResumingWriter {
  /** @throws DataLinkError `INVALID_ADDRESS`, `INVALID_ARGUMENT` */
  constructor(url: string, options: PacketWriterOptions = {}) {
    super(pagePlatform, url, options);
  }
}
