/** A record's header as a plain object, with the names of the message contract: for messages, and for JSON. */
import { formatNanoseconds } from "../time.ts";
import { type EncodingName, encodingName } from "./encodings.ts";
import type { JsonObject } from "./extra-headers.ts";
import type { MiniSeedRecord } from "./record.ts";

/** A record's header as messages and JSON have it. */
export interface HeaderFields {
  /** Source identifier, such as `FDSN:CO_JSC_00_H_H_Z`. */
  sourceId: string;
  /** Network code. */
  network: string;
  /** Station code. */
  station: string;
  /** Location code, often empty. */
  location: string;
  /** Channel: three letters where SEED has them, else the codes with underscores. */
  channel: string;
  /** ISO 8601 UTC with as many decimals as needed, up to nine; as `endTime`. */
  startTime: string;
  /** Time of the last sample, as `startTime`. */
  endTime: string;
  /** Hertz; 0 where the record is not a time series. */
  sampleRate: number;
  /** The number of samples that the header tells. */
  sampleCount: number;
  /** Its name, such as `steim2`; its code where it has no name. */
  encoding: EncodingName | number;
  /** Version of the format. */
  formatVersion: 2 | 3;
  /** 0 unknown, 1 raw, 2 and more revised. */
  publicationVersion: number;
  /** Bits: 1 calibration signals present, 2 time tag questionable, 4 clock locked. */
  flags: number;
  /** Extra headers, parsed. */
  extraHeaders: JsonObject;
}

/** The header of a record as a plain object, without its samples. */
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
