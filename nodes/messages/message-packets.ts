/** The packets that a message becomes: one, or one per miniSEED record in its payload. */

import { MiniSeedError, type Problem } from "../../lib/mseed/errors.ts";
import { readRecords } from "../../lib/mseed/reader.ts";
import { encodePayload, recordPacket } from "../../lib/packets.ts";
import { textOfPayload } from "./json-text.ts";
import { MessageError, packetFields, typeOf } from "./packet-fields.ts";

/** Times are microseconds since 1970. */
export interface OutgoingPacket {
  streamId: string;
  dataStart: number;
  dataEnd: number;
  payload: Uint8Array;
}

interface Message {
  payload?: unknown;
  topic?: unknown;
  datalink?: unknown;
}

/**
 * @param streamId the node's setting, which goes before what the message says; empty for none
 * @throws MessageError, MiniSeedError: nothing of the message can be written then
 */
export function messagePackets(msg: Message, streamId: string): OutgoingPacket[] {
  const { payload } = msg;
  if (payload === undefined || payload === null) {
    throw new MessageError("msg.payload is empty: give a Buffer of miniSEED, an object or text.");
  }
  if (payload instanceof Uint8Array) return packetsOfBytes(payload, msg, streamId);
  const text = textOfPayload(msg);
  const isText = typeof payload === "string" && text === undefined;
  const { type, ...fields } = packetFields(msg, isText ? "TEXT" : "JSON", streamId);
  // A value of a stream that is not of JSON is written as JSON all the same; text as it is.
  const form = isText || type === "BZJSON" ? type : "JSON";
  return [{ ...timed(fields), payload: encodePayload(form, text ?? payload) }];
}

function packetsOfBytes(payload: Uint8Array, msg: Message, fixed: string): OutgoingPacket[] {
  const type = typeOf(msg, fixed);
  if (type !== "" && type !== "MSEED" && type !== "MSEED3")
    return [{ ...timed(packetFields(msg, "", fixed)), payload }];
  const problems: Problem[] = [];
  const onProblem = (problem: Problem) => problems.push(problem);
  // What is wrong inside a record is for its readers to see: it is passed on as it is.
  const records = [...readRecords(payload, { onProblem, checkCrc: false })];
  const skipped = problems.find(({ code }) => SKIPPED.has(code));
  if (skipped || records.length === 0) {
    const reason = skipped?.message ?? "it is empty";
    throw new MiniSeedError(
      skipped?.code ?? "NOT_MINISEED",
      `msg.payload is a Buffer that is not only miniSEED records (${reason}): nothing of it is written. For other data give a stream id with its type, such as FDSN:CO_JSC/JSON.`,
    );
  }
  return records.map((record) => {
    const packet = recordPacket(record);
    return fixed === "" ? packet : { ...packet, streamId: fixed };
  });
}

/** Problems that leave bytes out. */
const SKIPPED: ReadonlySet<string> = new Set(["NOT_MINISEED", "HALF_RECORD", "TRUNCATED", "RECORD_LENGTH"]);

function timed({
  streamId,
  dataStart,
  dataEnd,
}: Omit<OutgoingPacket, "payload">): Omit<OutgoingPacket, "payload"> {
  return { streamId, dataStart, dataEnd };
}
