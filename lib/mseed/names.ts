/**
 * What a record is about, by the bytes that say so in its header. Records of the same few streams come again and again: their names
 * are made once.
 */
import { type Nslc, SourceId } from "../source-id.ts";
import { TextCache } from "../text-cache.ts";
import { headerText, sourceIdOfCodes } from "./v2/codes.ts";

/** The names of a record; nobody changes them. */
interface Names {
  readonly sourceId: SourceId;
  readonly nslc: Readonly<Nslc>;
}

/** Streams whose names are kept: some ten megabytes, whoever has chosen the names. */
const MOST_KEPT = 16_384;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** By the codes of a miniSEED 2 header, twelve bytes. */
export const names2 = new TextCache<Names>(
  (codes) => frozen(sourceIdOfCodes(codes), nslcOfCodes(codes)),
  MOST_KEPT,
);

/** By the source identifier of a miniSEED 3 record. */
export const names3 = new TextCache<Names>((bytes) => {
  const id = new SourceId(utf8.decode(bytes));
  return frozen(id, nslcOfSourceId(id));
}, MOST_KEPT);

function frozen(sourceId: SourceId, nslc: Nslc): Names {
  Object.freeze(sourceId);
  return { sourceId, nslc: Object.freeze(nslc) };
}

function nslcOfCodes(codes: Uint8Array): Nslc {
  return {
    network: headerText(codes, 10, 2).trim(),
    station: headerText(codes, 0, 5).trim(),
    location: headerText(codes, 5, 2).trim(),
    channel: headerText(codes, 7, 3).trimEnd(),
  };
}

function nslcOfSourceId(id: SourceId): Nslc {
  const seed = id.toNslc();
  if (seed) return { ...seed, channel: seed.channel.trimEnd() };
  return { network: id.network, station: id.station, location: id.location, channel: id.channel };
}
