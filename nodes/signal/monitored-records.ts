/** What the station monitor sees of a message: the headers of raw miniSEED, or a record as mseed decode sends it. */
import { types } from "node:util";
import type { JsonObject } from "../../lib/mseed/extra-headers.ts";
import { readRecords } from "../../lib/mseed/reader.ts";
import type { MonitoredRecord } from "../../lib/signal/monitor/stream-watch.ts";
import { MessageError } from "../messages/message-error.ts";
import { readTime } from "../messages/times-and-ids.ts";
import { whatCame, whatCameText } from "../messages/what-came.ts";
import { misfit } from "../runtime/misfits.ts";
import { samplesOf, sourceIdOf } from "./series-message.ts";

/** Bits of `flags`. */
const QUESTIONABLE = 2;
const LOCKED = 4;

/** @throws MessageError where there is no record in the payload. */
export function monitoredRecords(payload: unknown): MonitoredRecord[] {
  if (types.isUint8Array(payload)) return ofBytes(payload);
  if (isLikeRecord(payload)) return [ofFields(payload)];
  throw misfit(
    whatCame({ payload }, ["json", "text"]),
    new MessageError(
      `msg.payload is neither a Buffer of miniSEED nor a record but ${whatCameText({ payload })}: give what datalink in or mseed decode sends.`,
    ),
  );
}

/** Whether an object means to be a record: any other JSON comes of a wire from elsewhere. */
function isLikeRecord(payload: unknown): payload is Record<string, unknown> {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) return false;
  return "startTime" in payload || "sourceId" in payload || "samples" in payload;
}

function ofBytes(bytes: Uint8Array): MonitoredRecord[] {
  let problem = "";
  const onProblem = ({ message }: { message: string }) => {
    problem ||= `: ${message}`;
  };
  const records = Array.from(readRecords(bytes, { onProblem }), (record) => ({
    sourceId: record.sourceId.text,
    startTime: record.startTime,
    sampleRate: record.sampleRate,
    sampleCount: record.sampleCount,
    ...clockOf(record.flags, record.extraHeaders),
  }));
  if (records.length > 0) return records;
  throw misfit("other", new MessageError(`msg.payload has no miniSEED record${problem}.`));
}

function ofFields(fields: Record<string, unknown>): MonitoredRecord {
  const samples = samplesOf(fields.samples);
  const count = samples?.length ?? fields.sampleCount;
  const startTime = readTime("msg.payload.startTime", fields.startTime);
  if (startTime === undefined) {
    throw new MessageError("msg.payload.startTime is missing: give the time of the first sample.");
  }
  const { sampleRate, flags, extraHeaders } = fields;
  return {
    sourceId: sourceIdOf(fields),
    startTime,
    sampleRate: typeof sampleRate === "number" ? sampleRate : 0,
    sampleCount: typeof count === "number" ? count : 0,
    ...(samples && { samples }),
    ...clockOf(typeof flags === "number" ? flags : 0, extraHeaders as JsonObject | undefined),
  };
}

function clockOf(flags: number, extraHeaders: JsonObject | undefined): Partial<MonitoredRecord> {
  const quality = ((extraHeaders?.FDSN as JsonObject | undefined)?.Time as JsonObject | undefined)?.Quality;
  return {
    ...(typeof quality === "number" && { timingQuality: quality }),
    isTimeQuestionable: (flags & QUESTIONABLE) !== 0,
    isClockLocked: (flags & LOCKED) !== 0,
  };
}
