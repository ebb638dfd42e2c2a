/** What a subscription to a stream may be given. */
import type { BackoffOptions } from "../../net/backoff.ts";
import type { TimeInput } from "../../time.ts";
import type { JetStreamEvent } from "../events.ts";
import type { JetStreamFilter } from "../format/subject.ts";

/** What a subscription reads, and how much of it at a time. */
export interface JetStreamSubscribeOptions {
  /** The stream's name. */
  stream: string;
  /** The group's name (a durable consumer): workers with the same one share the packets. */
  group: string;
  /** Which packets, as codes or as a NATS subject; the same for all workers of a group. Default: all. */
  filter?: JetStreamFilter | string | undefined;
  /** Where a group begins that is not there yet: `earliest` (default), `latest` (what comes from now on), or a time of storage. */
  from?: TimeInput | undefined;
  /**
   * `any` (default): each packet goes to the next free worker. `kept`: packets of a station come one after another, in the
   * order of storage, whichever worker gets them: a group of 16 consumers, some 4,000 packets a second in all.
   */
  order?: "any" | "kept" | undefined;
  /** How many packets this worker may have that are not committed, asked for ones included. Default 1000. */
  maxInFlight?: number | undefined;
  /** How many bytes they may have, about; at least 2 MiB. Default 64 MiB. */
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
