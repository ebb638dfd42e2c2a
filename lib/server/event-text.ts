/** What happened at the server, as a sentence for people. */
import type { DataLinkServerEvent, ServerClient } from "./server.ts";

export function describeEvent(event: DataLinkServerEvent): string {
  const who = event.client ? nameOf(event.client) : "This program";
  switch (event.type) {
    case "connected":
      return `${who} has connected.`;
    case "identified":
      return `${who} has told its name.`;
    case "stream":
      return `${who} has written the first packet of ${event.streamId}.`;
    case "refused":
      return `${who} was refused: ${event.reason}.`;
    case "lapped":
      return `${who} was too slow: the ring has overwritten ${event.missed} packets that it had not read.`;
    case "closed":
      return `${who} is gone: ${event.reason}.`;
    case "recovered":
      return `The ring has ${event.packets} packets of before; ${event.droppedBytes} damaged bytes were dropped.`;
    case "storage":
      return event.message ?? "The ring's folder can be written again.";
  }
}

function nameOf({ address, port, clientId }: ServerClient): string {
  return clientId ? `${clientId} (${address}:${port})` : `${address}:${port}`;
}
