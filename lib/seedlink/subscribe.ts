/** Subscriptions of a program in Node.js: {@link subscribeSeedLink}. */
import { openTransport } from "../net/open.ts";
import { StateFile } from "../subscription/state-file.ts";
import { positionFormat, type SeedLinkPosition } from "./position.ts";
import { type SeedLinkSubscribeOptions, SeedLinkSubscription } from "./subscription.ts";

/**
 * Subscribes to packets: connects, and whenever the connection is lost connects again and goes on behind the last packet.
 * A packet that the server still holds is delivered, once, in order of its station; but for the very oldest one of a
 * ringserver, which that never sends.
 *
 * @param url `seedlink://host:port`, `seedlinks://`, `ws://`, `wss://`, or `host`, `host:port`, `host@port`, `[v6]:port`
 * @throws SeedLinkError `INVALID_ADDRESS`, `INVALID_ARGUMENT`
 */
export function subscribeSeedLink(url: string, options: SeedLinkSubscribeOptions = {}): SeedLinkSubscription {
  return new SeedLinkSubscription(openTransport, url, options);
}

/** Keeps the position of a subscription in a file; one file for each subscription. */
export class SeedLinkPositionFile extends StateFile<SeedLinkPosition> {
  /** `onError` hears of a position that could not be written; the next one is tried again. */
  constructor(file: string, onError: (error: Error) => void) {
    super(file, positionFormat, onError);
  }
}
