/** Subscriptions of a program in Node.js: {@link subscribe}. */
import { nodePlatform } from "./connect.ts";
import { type SubscribeOptions, Subscription } from "./core/subscription.ts";

export type { SubscribeOptions, Subscription, SubscriptionEvent } from "./core/subscription.ts";

/**
 * Subscribes to packets: connects, and whenever the connection is lost connects again and goes on behind the last packet.
 * A packet that the server still holds is delivered, once, in order.
 *
 * @throws DataLinkError `INVALID_ADDRESS`, `INVALID_ARGUMENT`
 */
export function subscribe(url: string, options: SubscribeOptions = {}): Subscription {
  return new Subscription(nodePlatform, url, options);
}
