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
      return recoveredText(event);
    case "storage":
      return event.message ?? "The ring's folder can be written again.";
  }
}

function recoveredText({
  packets,
  droppedBytes,
  lost,
  foreign,
}: Extract<DataLinkServerEvent, { type: "recovered" }>): string {
  const ranges = lost.map(
    ({ file, bytes, after, before }) =>
      ` In ${file}, ${bytes} bytes between the packets ${after ?? "none"} and ${before ?? "none"} cannot be read.`,
  );
  const others = foreign.map(
    (file) => ` ${file} is not of this ring, or of a newer version, and is left alone.`,
  );
  return [
    `The ring has ${packets} packets of before; ${droppedBytes} damaged bytes were dropped.`,
    ...ranges,
    ...others,
  ].join("");
}

function nameOf({ address, port, clientId }: ServerClient): string {
  return clientId ? `${clientId} (${address}:${port})` : `${address}:${port}`;
}
