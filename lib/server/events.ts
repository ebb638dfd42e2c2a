/** What happens at a server, and how it is said to people. */
import type { LostRange } from "./ring/storage.ts";

/** Who an event is about. */
export interface ServerClient {
  address: string;
  port: number;
  /** What the client has called itself, empty until it has. */
  clientId: string;
}

/**
 * What happens: a client connected, told its name, wrote the first packet of a stream that the ring did not hold,
 * was refused something, was overtaken by the ring and has missed packets, or is gone; a stream has records that SeedLink
 * readers have asked for in a form in which they cannot be, told once for a stream; the ring was found in its folder
 * again, with bytes dropped that a sudden end had left half written; the folder cannot be written (the message says why), or
 * can again (no message).
 */
export type DataLinkServerEvent =
  | { type: "connected"; client: ServerClient }
  | { type: "identified"; client: ServerClient }
  | { type: "stream"; client: ServerClient | undefined; streamId: string }
  | { type: "refused"; client: ServerClient; reason: string }
  | { type: "lapped"; client: ServerClient; missed: number }
  | { type: "closed"; client: ServerClient; reason: string }
  | { type: "omitted"; client: undefined; streamId: string; reason: string }
  | {
      type: "recovered";
      client: undefined;
      packets: number;
      droppedBytes: number;
      /** Damaged parts of the folder's files, which no packet could be read from. */
      lost: LostRange[];
      /** Files in the folder that are not the ring's, and are left alone. */
      foreign: string[];
    }
  | { type: "storage"; client: undefined; message: string | undefined };

/** An event as a sentence. */
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
    case "omitted":
      return `Records of ${event.streamId} cannot be converted for SeedLink readers: ${event.reason}.`;
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
