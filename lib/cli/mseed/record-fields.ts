/** A record as JSON, with the names that messages of mseed-decode have, and where it was found. */
import { encodingName, type MiniSeedRecord } from "../../mseed/index.ts";
import { formatNanoseconds } from "../../time.ts";

/** @param withSamples values that JSON has no number for, such as NaN, become null */
export function recordFields(file: string, record: MiniSeedRecord, withSamples: boolean): object {
  const { network, station, location, channel } = record.nslc;
  const { samples } = withSamples ? record : { samples: undefined };
  return {
    file,
    offset: record.offset,
    length: record.length,
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
    ...(samples === undefined
      ? {}
      : { samples: typeof samples === "string" ? samples : Array.from(samples) }),
  };
}
