/** What a subscription and a writer tell, and how it reads. */
import type { JetStreamError } from "./errors.ts";

/** What happens to the connection to the servers. `server` is where it goes, without user name and password. */
export type JetStreamConnectionEvent =
  | { type: "connected"; server: string /** The nats-server's version. */; version: string }
  /** The connection was lost, or did not come about. `retryIn` is in milliseconds; `attempt` counts the failures in a row. */
  | { type: "disconnected"; server: string; error: JetStreamError; retryIn: number; attempt: number }
  /** The servers do not let this client in, or the stream or group is not as it has to be. It is tried again. */
  | { type: "refused"; server: string; error: JetStreamError; retryIn: number; attempt: number };

/** What a {@link JetStreamSubscription} tells. */
export type JetStreamEvent =
  | JetStreamConnectionEvent
  /** The group is there; packets may come. `created`: it was not there before. */
  | { type: "started"; server: string; stream: string; group: string; created: boolean }
  /** The stream's limits have removed messages, `firstSequence` to `lastSequence`, before the group was given them. */
  | { type: "gap"; server: string; stream: string; firstSequence: number; lastSequence: number }
  /** A message of the stream that is not a packet was passed over. */
  | {
      type: "unreadable";
      server: string;
      stream: string;
      sequence: number;
      subject: string;
      error: JetStreamError;
    }
  /** The servers have not answered for `seconds`: an election, no majority, a full disk. Told again as it lasts. */
  | { type: "stalled"; server: string; seconds: number; error: JetStreamError }
  /** They answer again. */
  | { type: "recovered"; server: string; seconds: number };

/** What a {@link JetStreamWriter} tells. */
export type JetStreamWriterEvent =
  | JetStreamConnectionEvent
  /** Nothing has been acknowledged for `seconds`, while packets wait. Told again as it lasts. */
  | { type: "stalled"; server: string; seconds: number; error: JetStreamError }
  /** Packets are acknowledged again. */
  | { type: "recovered"; server: string; seconds: number }
  /**
   * The stream was asked which packets it has already; `found` tells how many of `read` messages were of use. `dropped`: so many since
   * the start were more than memory is given for; they may be stored twice.
   */
  | { type: "scanned"; server: string; read: number; found: number; dropped: number };

/** An event in a sentence. */
export function jetStreamEventText(event: JetStreamEvent | JetStreamWriterEvent): string {
  switch (event.type) {
    case "connected":
      return `Connected to ${event.server} (nats-server ${event.version}).`;
    case "started":
      return event.created
        ? `Group ${event.group} of stream ${event.stream} was made.`
        : `Group ${event.group} goes on with stream ${event.stream}.`;
    case "gap": {
      const { stream, firstSequence, lastSequence } = event;
      return (
        `Messages ${firstSequence} to ${lastSequence} of stream ${stream} are lost for this group: the stream's limits removed ` +
        "them before they were read. Give the stream more room, or the group more workers."
      );
    }
    case "recovered":
      return `${event.server} answers again, after ${event.seconds.toFixed(1)} s.`;
    case "scanned":
      return (
        `The stream was asked what it has already: ${event.found} packets to come, of ${event.read} messages.` +
        (event.dropped > 0
          ? ` Of ${event.dropped} more there was no memory to keep the ids: they may be stored twice.`
          : "")
      );
    case "disconnected":
    case "refused":
    case "unreadable":
    case "stalled":
      return event.error.message;
  }
}

/** Whether a failure means that the servers cannot be reached, or that they do not want what was asked. @internal */
export function eventOf({ code }: JetStreamError): "refused" | "disconnected" {
  return code === "CONNECT_FAILED" || code === "NO_ANSWER" ? "disconnected" : "refused";
}
