/**
 * Stream ids: `<source id>/<type>`, optionally `/<label>`, for example `FDSN:CO_JSC_00_H_H_Z/MSEED`.
 * A convention of DataLink servers, not of the protocol: any text without white space is a stream id.
 */

/** The payload types that have a meaning by convention. */
export type PayloadType = "MSEED" | "MSEED3" | "JSON" | "BZJSON" | "TEXT";

/** The parts of a stream id; `type` and `label` are empty where it has none. */
export interface StreamIdParts {
  sourceId: string;
  type: string;
  label: string;
}

/** Longest stream id, in bytes, that ringserver 4.1 and later take. Version 4.0 takes 59, older ones cut it there. */
export const MAX_STREAM_ID = 63;

/** Splits a stream id. The source id is what stands before the first slash. */
export function splitStreamId(streamId: string): StreamIdParts {
  const slash = streamId.indexOf("/");
  if (slash < 0) return { sourceId: streamId, type: "", label: "" };
  const next = streamId.indexOf("/", slash + 1);
  return {
    sourceId: streamId.slice(0, slash),
    type: streamId.slice(slash + 1, next < 0 ? undefined : next),
    label: next < 0 ? "" : streamId.slice(next + 1),
  };
}

/** Joins source id and type, and a label if there is one, to a stream id. */
export function joinStreamId(sourceId: string, type: string, label = ""): string {
  return label === "" ? `${sourceId}/${type}` : `${sourceId}/${type}/${label}`;
}

/** The stream id of DataLink 1.0 servers, `NN_SSSSS_LL_CCC/MSEED`, which have no FDSN source identifiers. */
const LEGACY = /^([0-9A-Z]{1,2}_[0-9A-Z]{1,5}_[0-9A-Z]{0,2})_([0-9A-Z])([0-9A-Z])([0-9A-Z])\/MSEED$/;

/**
 * `IU_ANMO__BHZ/MSEED` to `FDSN:IU_ANMO__B_H_Z/MSEED`, as ringserver 4 does with what it is written; any other stream
 * id comes back as it is.
 */
export function translateLegacyStreamId(streamId: string): string {
  const parts = LEGACY.exec(streamId);
  return parts ? `FDSN:${parts[1]}_${parts[2]}_${parts[3]}_${parts[4]}/MSEED` : streamId;
}
