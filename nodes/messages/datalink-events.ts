/** What happens to a DataLink connection, in a sentence and as a message. */
import { eventText, retryText } from "../../lib/datalink/event-text.ts";
import type { Position } from "../../lib/datalink/protocol/position.ts";
import type { SubscriptionEvent } from "../../lib/datalink/subscribe.ts";
import type { WriterEvent } from "../../lib/datalink/writer.ts";
import { formatMicroseconds } from "../../lib/time.ts";

type DataLinkEvent = SubscriptionEvent | WriterEvent;

/** An event in a sentence or two, with when it is tried again. */
export function dataLinkSentence(event: DataLinkEvent): string {
  const retries = event.type === "disconnected" || event.type === "refused";
  return retries ? `${eventText(event)} ${retryText(event)}` : eventText(event);
}

/** What a message about an event has in its payload, besides the server and the sentence. */
export function dataLinkDetails(event: DataLinkEvent): Record<string, unknown> {
  switch (event.type) {
    case "connected":
      return { software: event.identity.software, protocol: event.identity.protocol };
    case "disconnected":
    case "refused":
      return { code: event.error.code, attempt: event.attempt, retryIn: event.retryIn };
    case "started":
      return {};
    case "position-damaged":
      return { code: event.error.code };
    case "inexact":
      return { streamId: event.streamId, packetId: String(event.packetId), header: event.header };
    case "packet-refused":
      return { code: event.error.code, streamId: event.streamId };
    case "gap":
      return {
        firstId: String(event.firstId),
        lastId: String(event.lastId),
        packets: Number(event.lastId - event.firstId + 1n),
      };
    case "resumed": {
      const { how, position, first, idsBetween } = event;
      return {
        how,
        ...packetDetails(position),
        ...(first && { first: packetDetails(first) }),
        ...(idsBetween !== undefined && { idsBetween: Number(idsBetween) }),
      };
    }
  }
}

function packetDetails({ packetId, packetTime }: Position): Record<string, string> {
  const time = packetTime === undefined ? {} : { packetTime: formatMicroseconds(packetTime) };
  return { packetId: String(packetId), ...time };
}
