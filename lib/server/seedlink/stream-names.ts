/** What a stream of the ring is called in SeedLink, if it is one of records: a station, and a stream of it. */
import { MAX_STREAM_ID, splitStreamId } from "../../stream-id.ts";

export interface StreamNames {
  /** `NET_STA` */
  station: string;
  /** `LOC_B_S_SS` */
  stream: string;
  /** Whether its packets are miniSEED 3 by the type in the stream id; what they are is told by themselves. */
  isVersion3: boolean;
}

/** `undefined` for streams that are not records of a station: SeedLink does not serve them. */
export function streamNames(streamId: string): StreamNames | undefined {
  const { sourceId, type } = splitStreamId(streamId);
  if (type !== "MSEED" && type !== "MSEED3") return undefined;
  const codes = /^FDSN:(?:[^_]*:)?([^_]+_[^_]+)(?:_(.*))?$/.exec(sourceId);
  if (!codes) return undefined;
  return { station: codes[1]!, stream: codes[2] ?? "", isVersion3: type === "MSEED3" };
}

/** Whether a pattern asks for more characters than any name has. */
export function isTooLong(pattern: string): boolean {
  return pattern.replaceAll("*", "").length > MAX_STREAM_ID;
}
