/** A record as JSON, with the names that messages of mseed-decode have, and where it was found. */
import { headerFields } from "../../../mseed/header-fields.ts";
import type { MiniSeedRecord } from "../../../mseed/index.ts";

/** @param withSamples values that JSON has no number for, such as NaN, become null */
export function recordFields(file: string, record: MiniSeedRecord, withSamples: boolean): object {
  const { samples } = withSamples ? record : { samples: undefined };
  return {
    file,
    offset: record.offset,
    length: record.length,
    ...headerFields(record),
    ...(samples === undefined
      ? {}
      : { samples: typeof samples === "string" ? samples : Array.from(samples) }),
  };
}
