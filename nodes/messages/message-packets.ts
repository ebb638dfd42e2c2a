/** The packets that a message becomes: one, or one per miniSEED record in its payload. */

import { types } from "node:util";
import { MiniSeedError, type Problem } from "../../lib/mseed/errors.ts";
import { readRecords } from "../../lib/mseed/reader.ts";
import { encodePayload, recordPacket } from "../../lib/packets.ts";
import { splitStreamId } from "../../lib/stream-id.ts";
import { misfit } from "../runtime/misfits.ts";
import { textOfPayload } from "./json-text.ts";
import { MessageError } from "./message-error.ts";
import { packetFields, typeOf, wholeStreamId } from "./packet-fields.ts";
import { whatCame } from "./what-came.ts";

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
 * @throws MessageError, MiniSeedError, DataLinkError: nothing of the message can be written then
 */
export function messagePackets(msg: Message, streamId: string): OutgoingPacket[] {
  const { payload } = msg;
  if (payload === undefined || payload === null) {
    throw new MessageError("msg.payload is empty: give a Buffer of miniSEED, an object or text.");
  }
  // Function nodes have a Uint8Array of their own.
  if (types.isUint8Array(payload)) return packetsOfBytes(payload, msg, streamId);
  const document = textOfPayload(msg);
  const isText = typeof payload === "string" && document === undefined;
  const { type, ...fields } = packetFields(msg, isText ? "TEXT" : "JSON", streamId);
  checkForm(type, msg, fields.streamId);
  // A value of a stream that is not of JSON is written as JSON all the same; text as it is.
  const form = typeof payload === "string" || type === "BZJSON" ? type : "JSON";
  const isJson = form === "JSON" || form === "BZJSON";
  return [{ ...timed(fields), payload: encodePayload(form, (isJson ? document : undefined) ?? payload) }];
}

/** Readers of a stream rely on what its type says. */
function checkForm(type: string, msg: Message, streamId: string): void {
  const { payload } = msg;
  const what =
    typeof payload === "string" ? "text" : typeof payload === "object" ? "an object" : typeof payload;
  if (type === "MSEED" || type === "MSEED3") {
    throw misfit(
      whatCame(msg, ["record", "json", "text"]),
      new MessageError(
        `msg.payload is ${what}, but ${streamId} is a stream of miniSEED: give a Buffer of records, as mseed encode makes it of samples, or a stream id of another type.`,
      ),
    );
  }
  if (type === "TEXT" && typeof payload === "object") {
    throw new MessageError(
      `msg.payload is ${what}, but ${streamId} is a stream of text: give text, or a stream id that ends in /JSON.`,
    );
  }
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
    const { type } = splitStreamId(packet.streamId);
    return { ...packet, streamId: wholeStreamId(fixed || packet.streamId, type) };
  });
}

/** Problems that leave bytes out. */
const SKIPPED: ReadonlySet<string> = new Set([
  "NOT_MINISEED",
  "SEED_HEADERS",
  "HALF_RECORD",
  "TRUNCATED",
  "RECORD_LENGTH",
]);

function timed({
  streamId,
  dataStart,
  dataEnd,
}: Omit<OutgoingPacket, "payload">): Omit<OutgoingPacket, "payload"> {
  return { streamId, dataStart, dataEnd };
}
