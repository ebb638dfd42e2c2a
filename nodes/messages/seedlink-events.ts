/** What happens to a SeedLink connection, in a sentence and as a message. */
import { retryText } from "../../lib/datalink/event-text.ts";
import { eventText } from "../../lib/seedlink/event-text.ts";
import type { SeedLinkEvent } from "../../lib/seedlink/subscription.ts";

/** An event in a sentence or two, with when it is tried again. */
export function seedLinkSentence(event: SeedLinkEvent): string {
  const retries = event.type === "disconnected" || event.type === "refused";
  return retries ? `${eventText(event)} ${retryText(event)}` : eventText(event);
}

/** What a message about an event has in its payload, besides the server and the sentence. */
export function seedLinkDetails(event: SeedLinkEvent): Record<string, unknown> {
  switch (event.type) {
    case "connected": {
      const { software, organization, protocol } = event.identity;
      return { software, organization, protocol };
    }
    case "disconnected":
    case "refused":
      return { code: event.error.code, attempt: event.attempt, retryIn: event.retryIn };
    case "started":
      return {};
    case "position-damaged":
      return { code: event.error.code };
    case "resumed":
      return { how: event.how, stations: event.stations };
    case "missing":
      return { stations: event.stations, ...(event.error && { code: event.error.code }) };
    case "gap":
      return {
        station: event.station,
        firstSequence: String(event.firstSequence),
        lastSequence: String(event.lastSequence),
        packets: Number(event.lastSequence - event.firstSequence + 1n),
      };
  }
}
