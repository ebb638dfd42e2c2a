/** What happens to a connection to JetStream, in a sentence and as a message. */
import { retryText } from "../../../lib/datalink/event-text.ts";
import {
  type JetStreamEvent,
  type JetStreamWriterEvent,
  jetStreamEventText,
} from "../../../lib/jetstream/events.ts";

/** An event in a sentence or two, with when it is tried again. */
export function jetStreamSentence(event: JetStreamEvent | JetStreamWriterEvent): string {
  const retries = event.type === "disconnected" || event.type === "refused";
  return retries ? `${jetStreamEventText(event)} ${retryText(event)}` : jetStreamEventText(event);
}

/** What a message about an event has in its payload, besides the server and the sentence. */
export function jetStreamDetails(event: JetStreamEvent): Record<string, unknown> {
  switch (event.type) {
    case "connected":
      return { software: `nats-server ${event.version}` };
    case "disconnected":
    case "refused":
      return { code: event.error.code, attempt: event.attempt, retryIn: event.retryIn };
    case "started":
      return { stream: event.stream, group: event.group, created: event.created };
    case "unreadable":
      return {
        code: event.error.code,
        stream: event.stream,
        sequence: String(event.sequence),
        subject: event.subject,
      };
    case "stalled":
      return { code: event.error.code, seconds: event.seconds };
    case "recovered":
      return { seconds: event.seconds };
    case "gap":
      return {
        stream: event.stream,
        firstSequence: String(event.firstSequence),
        lastSequence: String(event.lastSequence),
        packets: event.lastSequence - event.firstSequence + 1,
      };
  }
}
