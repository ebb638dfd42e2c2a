/** The packet as readers receive it, in the same words for both protocols and all formats. */
import { MiniSeed2Record, type MiniSeedRecord, readRecords } from "../../mseed/index.ts";
import { SourceId } from "../../source-id.ts";
import { joinStreamId } from "../../stream-id.ts";
import { nanosecondsToMicroseconds } from "../../time.ts";
import type { DataFrame } from "./frame.ts";
import type { Candidate } from "./matching.ts";

/** A packet of a SeedLink server. */
export interface SeedLinkPacket {
  /** `NET_STA` */
  station: string;
  /** Its number at the server; of protocol 3 widened to go on ascending. */
  sequence: bigint;
  /** `2` miniSEED 2, `3` miniSEED 3, `J` JSON, `X` XML. */
  format: string;
  /** `D` data, `L` log, `E` event, `C` calibration, `T` timing, `O` opaque. */
  subformat: string;
  /** `<source id>/<type>` as DataLink has it, for example `FDSN:CO_JSC_00_H_H_Z/MSEED`. */
  streamId: string;
  /** For example `FDSN:CO_JSC_00_H_H_Z`. */
  sourceId: string;
  /** Time of the first sample in microseconds since 1970; of a payload that has no such time, when it was received. */
  dataStart: number;
  /** Time of the last sample in microseconds since 1970. */
  dataEnd: number;
  /** The data. A view into received bytes: copy it to keep it long. */
  payload: Buffer;
}

/** The payload types of stream ids, by format. */
const TYPES: Readonly<Record<string, string>> = { 2: "MSEED", 3: "MSEED3", J: "JSON", X: "XML" };

/**
 * Makes a packet of a frame.
 *
 * @param sequence the frame's number, widened
 * @param receivedAt for payloads without a time of their own: microseconds since 1970
 */
export function toPacket(frame: DataFrame, sequence: bigint, receivedAt: number): SeedLinkPacket {
  const record = frame.format === "J" || frame.format === "X" ? undefined : firstRecord(frame.payload);
  if (record === undefined) return withoutRecord(frame, sequence, receivedAt);
  const { network, station } = record.nslc;
  const format = frame.format || String(record.formatVersion);
  const sourceId = record.sourceId.text;
  const start = nanosecondsToMicroseconds(record.startTime);
  return {
    station: frame.station || stationOf(sourceId) || `${network}_${station}`,
    sequence,
    format,
    subformat: frame.subformat || recordType(record),
    streamId: joinStreamId(sourceId, TYPES[format] ?? "MSEED"),
    sourceId,
    dataStart: start,
    dataEnd: nanosecondsToMicroseconds(record.endTime),
    payload: frame.payload,
  };
}

/** What selectors look at. */
export function candidateOf(packet: SeedLinkPacket): Candidate {
  const { station, sourceId, format, subformat } = packet;
  return { station, stream: streamOf(sourceId), format, subformat };
}

/** `LOC_B_S_SS` of a source identifier. */
function streamOf(sourceId: string): string | undefined {
  const at = sourceId.lastIndexOf(":");
  const codes = sourceId.slice(at + 1).split("_");
  return codes.length === 6 ? codes.slice(2).join("_") : undefined;
}

function stationOf(sourceId: string): string {
  const { network, station } = new SourceId(sourceId);
  return network === "" && station === "" ? "" : `${network}_${station}`;
}

function firstRecord(payload: Buffer): MiniSeedRecord | undefined {
  for (const record of readRecords(payload, { checkCrc: false })) return record;
  return undefined;
}

/** What is not a record, or not a readable one, is passed on as it is. */
function withoutRecord(frame: DataFrame, sequence: bigint, receivedAt: number): SeedLinkPacket {
  const sourceId = `FDSN:${frame.station}`;
  const type = TYPES[frame.format] ?? frame.format;
  return {
    station: frame.station,
    sequence,
    format: frame.format,
    subformat: frame.subformat,
    streamId: joinStreamId(sourceId, type || "MSEED"),
    sourceId,
    dataStart: receivedAt,
    dataEnd: receivedAt,
    payload: frame.payload,
  };
}

/** The type of a record that does not say it: samples without a rate are text; without samples, its blockette counts. */
export function recordType(record: MiniSeedRecord): string {
  if (record.sampleCount > 0) return record.sampleRate === 0 ? "L" : "D";
  if (!(record instanceof MiniSeed2Record)) return "D";
  for (const { type } of record.blockettes) {
    if (type >= 200 && type < 300) return "E";
    if (type >= 300 && type < 400) return "C";
    if (type >= 500 && type < 600) return "T";
    if (type === 2000) return "O";
  }
  return "D";
}
