/** Packets of a JetStream stream as messages: as datalink in has them, and where they were. */
import type { JetStreamPacket } from "../../../lib/jetstream/format/packet.ts";
import { packetMessage, type SizedMessage } from "../packet-message.ts";

/** `msg.jetstream`: plain and small, because Node-RED copies it at every second wire. */
export interface JetStreamProperty {
  /** The stream's name. */
  stream: string;
  /** Digits: the packet's number in the stream. */
  sequence: string;
  /** Whether it was handed out before, to this worker or another. */
  redelivered: boolean;
}

/** The message for a packet, and the bytes of memory that it takes, roughly. `onProblem`: see `readPayload`. */
export function jetStreamMessage(
  packet: JetStreamPacket,
  onProblem: (sentence: string) => void,
): SizedMessage {
  const { message, bytes } = packetMessage(packet, packet.source, false, onProblem);
  const jetstream: JetStreamProperty = {
    stream: packet.stream,
    sequence: String(packet.sequence),
    redelivered: packet.redelivered,
  };
  return { message: { ...message, jetstream }, bytes };
}
