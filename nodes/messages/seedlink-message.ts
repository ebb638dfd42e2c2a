/** Packets of SeedLink as messages: stream id and payload as datalink in has them for the same record. */
import type { SeedLinkPacket } from "../../lib/seedlink/protocol/packet.ts";
import { formatMicroseconds } from "../../lib/time.ts";
import { OVERHEAD, readPayload } from "./packet-message.ts";

/** `msg.seedlink`: plain and small, because Node-RED copies it at every second wire. */
export interface SeedLinkProperty {
  /** `NET_STA` */
  station: string;
  /** Digits: a number may be larger than a number holds exactly. */
  sequence: string;
  /** `2` miniSEED 2, `3` miniSEED 3, `J` JSON, `X` XML. */
  format: string;
  /** `D` data, `L` log, `E` event, `C` calibration, `T` timing, `O` opaque. */
  subformat: string;
  /** ISO 8601 UTC with six decimals. */
  dataStart: string;
  dataEnd: string;
  /** The version of the protocol. */
  protocol: string;
  /** The server's address. */
  server: string;
  /** The JSON text of the payload, where the value alone would not bring it back: see `textOfPayload`. */
  text?: string;
}

/** The message for a packet, and the bytes of memory that it takes, roughly. `onProblem`: see `readPayload`. */
export function seedLinkMessage(
  packet: SeedLinkPacket,
  { server, protocol }: { server: string; protocol: string },
  onProblem: (sentence: string) => void,
): { message: { topic: string; payload: unknown; seedlink: SeedLinkProperty }; bytes: number } {
  const { payload, text, bytes } = readPayload(packet, onProblem);
  const { station, sequence, format, subformat, dataStart, dataEnd } = packet;
  const seedlink: SeedLinkProperty = {
    station,
    sequence: String(sequence),
    format,
    subformat,
    dataStart: formatMicroseconds(dataStart),
    dataEnd: formatMicroseconds(dataEnd),
    protocol,
    server,
  };
  if (text !== undefined) seedlink.text = text;
  return { message: { topic: packet.streamId, payload, seedlink }, bytes: bytes + OVERHEAD };
}
