/** A record's header as a plain object, with the names of the message contract: for messages, and for JSON. */
import { formatNanoseconds } from "../time.ts";
import { type EncodingName, encodingName } from "./encodings.ts";
import type { JsonObject } from "./extra-headers.ts";
import type { MiniSeedRecord } from "./record.ts";

/** The header of a record as a plain object, with the names that messages have. */
export interface HeaderFields {
  sourceId: string;
  network: string;
  station: string;
  location: string;
  channel: string;
  /** ISO 8601 UTC with as many decimals as needed, up to nine; as `endTime`. */
  startTime: string;
  endTime: string;
  /** Hertz; 0 where the record is no time series. */
  sampleRate: number;
  sampleCount: number;
  /** Its name, such as `steim2`; its code where it has no name. */
  encoding: EncodingName | number;
  formatVersion: 2 | 3;
  publicationVersion: number;
  /** Bits: 1 calibration signals present, 2 time tag questionable, 4 clock locked. */
  flags: number;
  extraHeaders: JsonObject;
}

/** The header of a record, without its samples, as a plain object that JSON can hold. */
export function headerFields(record: MiniSeedRecord): HeaderFields {
  const { network, station, location, channel } = record.nslc;
  return {
    sourceId: record.sourceId.text,
    network,
    station,
    location,
    channel,
    startTime: formatNanoseconds(record.startTime),
    endTime: formatNanoseconds(record.endTime),
    sampleRate: record.sampleRate,
    sampleCount: record.sampleCount,
    encoding: encodingName(record.encoding) ?? record.encoding,
    formatVersion: record.formatVersion,
    publicationVersion: record.publicationVersion,
    flags: record.flags,
    extraHeaders: record.extraHeaders,
  };
}
