/** What happens to a subscription or a writer, in a sentence: for logs, status and messages. */
import { formatMicroseconds } from "../time.ts";
import type { SubscriptionEvent } from "./core/subscription.ts";
import type { WriterEvent } from "./core/writer.ts";

/** An event in a sentence. Whether and when it is tried again is left to {@link retryText}. */
export function eventText(event: SubscriptionEvent | WriterEvent): string {
  switch (event.type) {
    case "connected":
      return `Connected to ${event.server} (${event.identity.software}).`;
    case "started":
      return `Packets of ${event.server} begin to arrive.`;
    case "resumed":
      return resumedText(event);
    case "gap":
      return `Packets ${event.firstId} to ${event.lastId} are missing: ${event.server} does not have them any more.`;
    case "inexact":
      return (
        `Packet ${event.packetId} of ${event.streamId} has times or an id that cannot be told exactly ` +
        `("${event.header}"): it is delivered with the nearest ones.`
      );
    case "disconnected":
    case "refused":
    case "position-damaged":
    case "packet-refused":
      return event.error.message;
  }
}

/** When it is tried again, as a sentence to follow the event's. */
export function retryText({ retryIn }: { readonly retryIn: number }): string {
  return `Next attempt in ${(retryIn / 1000).toFixed(1)} s.`;
}

function resumedText({ how, position, first, idsBetween }: SubscriptionEvent & { type: "resumed" }): string {
  const { packetId } = position;
  if (how === "position") return `Going on behind packet ${packetId}.`;
  if (how === "restarted") {
    return `The server does not know packet ${packetId}, its ids have begun anew: going on with the first packet it has accepted later.`;
  }
  const time = first?.packetTime === undefined ? "" : ` of ${formatMicroseconds(first.packetTime)}`;
  const earliest = first
    ? `packet ${first.packetId}${time}, the earliest that the server has`
    : "the earliest packet that the server has";
  if (idsBetween === 0n) {
    return `The server does not have packet ${packetId} any more, but the next one: going on with ${earliest}.`;
  }
  const count =
    idsBetween === undefined ? "" : `; the ids of ${idsBetween} packets, of all streams, lie between`;
  return `The packets behind ${packetId} are not all there any more: going on with ${earliest}${count}.`;
}
