/** What happens to a SeedLink subscription, in a sentence: for logs, status and messages. */
import type { SeedLinkEvent } from "./subscription.ts";

/** Stations that a sentence names. */
const NAMED = 5;

/** An event in a sentence. Whether and when it is tried again is not in it. */
export function eventText(event: SeedLinkEvent): string {
  const { server } = event;
  switch (event.type) {
    case "connected":
      return `Connected to ${server} (${event.identity.software}, SeedLink ${event.identity.protocol}).`;
    case "started":
      return `Packets of ${server} begin to arrive.`;
    case "resumed":
      return RESUMED[event.how](event.stations.length === 0 ? "" : ` of ${named(event.stations)}`);
    case "gap":
      return `Packets ${event.firstSequence} to ${event.lastSequence}${event.station === "*" ? "" : ` of ${event.station}`} are missing: ${server} does not have them any more.`;
    case "missing":
      return event.error
        ? `${named(event.stations)}: ${event.error.message} The others are read; it is asked for again with each connection.`
        : `${server} has no station ${named(event.stations)}: what it has is read, and they are asked for again with each connection.`;
    case "disconnected":
    case "refused":
    case "position-damaged":
      return event.error.message;
  }
}

function named(stations: readonly string[]): string {
  const more = stations.length > NAMED ? ` and ${stations.length - NAMED} more` : "";
  return `${stations.slice(0, NAMED).join(", ")}${more}`;
}

const RESUMED = {
  position: (whose: string) => `Going on behind the last packet${whose}.`,
  earliest: (whose: string) =>
    `The packets behind the last one${whose} are not all there any more: going on with the earliest that the server has.`,
  restarted: (whose: string) =>
    `The server has begun its numbers${whose} anew: going on with what is later than the last records.`,
  unknown: (whose: string) =>
    `The server does not tell which packets${whose} it has: going on behind the last one, if it is still there.`,
};
