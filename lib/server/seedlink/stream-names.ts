/** What a stream of the ring is called in SeedLink, if it is one of records: a station, and a stream of it. */
import { MAX_STREAM_ID, splitStreamId } from "../../stream-id.ts";
import type { RingStream } from "../ring/ring.ts";

export interface StreamNames {
  /** `NET_STA` */
  station: string;
  /** The same, as it goes out. */
  stationId: Buffer;
  /** `LOC_B_S_SS` */
  stream: string;
}

/** Of all streams that were asked for, for all readers together. */
const known = new WeakMap<RingStream, StreamNames | null>();

/** `undefined` for streams that are not records of a station: SeedLink does not serve them. */
export function streamNames(stream: RingStream): StreamNames | undefined {
  let names = known.get(stream);
  if (names === undefined) {
    names = namesOf(stream.streamId);
    known.set(stream, names);
  }
  return names ?? undefined;
}

function namesOf(streamId: string): StreamNames | null {
  const { sourceId, type } = splitStreamId(streamId);
  if (type !== "MSEED" && type !== "MSEED3") return null;
  const codes = /^FDSN:(?:[^_]*:)?([^_]+_[^_]+)(?:_(.*))?$/.exec(sourceId);
  if (!codes) return null;
  const station = codes[1]!;
  return { station, stationId: Buffer.from(station, "latin1"), stream: codes[2] ?? "" };
}

/** Whether a pattern asks for more characters than any name has. */
export function isTooLong(pattern: string): boolean {
  return pattern.replaceAll("*", "").length > MAX_STREAM_ID;
}
