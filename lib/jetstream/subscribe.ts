/** Packets out of a stream for one worker of a group, each until it is acknowledged: {@link subscribeJetStream}. */
import type { BackoffOptions } from "../net/backoff.ts";
import type { TimeInput } from "../time.ts";
import type { JetStreamConnection, JetStreamSettings } from "./connection.ts";
import { JetStreamError } from "./errors.ts";
import type { JetStreamEvent } from "./events.ts";
import type { JetStreamPacket } from "./packet.ts";

/** Which packets a group takes. Codes and `*` for any; what is left out means any. */
export interface JetStreamFilter {
  network?: string | undefined;
  station?: string | undefined;
  /** `""`: those without a location code. */
  location?: string | undefined;
  /** The three codes of a channel: `H`, `H`, `Z`. */
  band?: string | undefined;
  sourceCode?: string | undefined;
  subsource?: string | undefined;
  /** `MSEED`, `MSEED3`, `JSON`, … */
  type?: string | undefined;
}

/** What a subscription reads, and how much of it at a time. */
export interface JetStreamSubscribeOptions {
  /** The stream's name. */
  stream: string;
  /** The group's name (a durable consumer): workers with the same one share the packets. */
  group: string;
  /** Which packets, as codes or as a NATS subject; the same for all workers of a group. Default: all. */
  filter?: JetStreamFilter | string | undefined;
  /** Where a group begins that is not there yet: `earliest` (default), `latest` (what comes from now on), or a time of storage. */
  from?: "earliest" | "latest" | TimeInput | undefined;
  /**
   * `any` (default): each packet goes to the next free worker. `kept`: packets of a station come one after another, in the
   * order of storage, whichever worker gets them: a group of 16 consumers, some 4,000 packets a second in all.
   */
  order?: "any" | "kept" | undefined;
  /** How many packets this worker may have that are not committed, asked for ones included. Default 1000. */
  maxInFlight?: number | undefined;
  /** How many bytes they may have, about. Default 64 MiB. */
  maxInFlightBytes?: number | undefined;
  /** Milliseconds after which a packet that is not committed goes to another worker: more than the slowest flow. Default 30 s. */
  ackWait?: number | undefined;
  /** Called with what happens. */
  onEvent?: ((event: JetStreamEvent) => void) | undefined;
  /** How long to wait between attempts to connect. */
  backoff?: BackoffOptions | undefined;
  /** Ends the subscription: its loop throws `ABORTED`. */
  signal?: AbortSignal | undefined;
}

/** Behind which packet of a stream. */
export interface JetStreamPosition {
  readonly stream: string;
  readonly sequence: number;
}

/**
 * A subscription, to be read with `for await`. Leaving the loop closes it. The stream keeps the group's position: there is no
 * file. A packet counts when it is committed; one that is not, within `ackWait`, comes again, to this worker or another.
 */
export interface JetStreamSubscription
  extends AsyncIterableIterator<JetStreamPacket, undefined>,
    AsyncDisposable {
  /** The servers, without user name and password. */
  readonly server: string;
  readonly stream: string;
  readonly group: string;
  /** The packet that was committed last. */
  readonly position: JetStreamPosition | undefined;
  /** Packets handed out and not committed. */
  readonly open: number;
  /** Messages of the stream that the group has not been given yet; `undefined` before it is known. Told anew every 5 s at least. */
  readonly lag: number | undefined;
  /** Packets handed out that the group had been given before. */
  readonly redeliveries: number;
  /** Acknowledges a packet, as it came out of the loop. The order does not matter; one that is not open is ignored. */
  commit(packet: JetStreamPacket): void;
  /** Ends the loop. What was handed out may be committed until it resolves; what is not comes again after `ackWait`. */
  close(): Promise<void>;
}

/**
 * Reads a stream as a worker of a group, across all losses of the connection. A group that is not there is made; one that is
 * there with another filter, order or `ackWait` is refused (event `refused`, `GROUP_DIFFERS`), never changed.
 *
 * @param connection one that is shared, which stays open afterwards; or settings, for one of its own
 * @throws JetStreamError `INVALID_ADDRESS`, `INVALID_ARGUMENT`
 */
export function subscribeJetStream(
  _connection: JetStreamConnection | JetStreamSettings,
  _options: JetStreamSubscribeOptions,
): JetStreamSubscription {
  throw new JetStreamError("INVALID_ARGUMENT", "Not there yet.");
}
