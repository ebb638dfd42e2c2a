/** Packets out of a stream for one worker of a group, each until it is acknowledged: {@link subscribeJetStream}. */
import type { JetStreamConnection, JetStreamSettings } from "./connection.ts";
import type { JetStreamSubscribeOptions } from "./reading/options.ts";
import { JetStreamSubscription } from "./reading/subscription.ts";

/**
 * Reads a stream as a worker of a group, across all losses of the connection. A group that is not there is made; one that is
 * there with another filter, order or `ackWait` is refused (event `refused`, `GROUP_DIFFERS`), never changed.
 *
 * @param connection one that is shared, which stays open afterwards; or settings, for one of its own
 * @throws JetStreamError `INVALID_ADDRESS`, `INVALID_ARGUMENT`
 */
export function subscribeJetStream(
  connection: JetStreamConnection | JetStreamSettings,
  options: JetStreamSubscribeOptions,
): JetStreamSubscription {
  return new JetStreamSubscription(connection, options);
}
