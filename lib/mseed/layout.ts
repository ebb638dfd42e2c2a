/** What lies between a series to be packed and the two formats: how to pack, the series after all checks, a record's layout. */
import type { SourceId } from "../source-id.ts";
import type { EncodingInput } from "./encodings.ts";
import type { ProblemHandler } from "./errors.ts";
import type { Rate } from "./rate.ts";

/** How to pack. */
export interface PackOptions {
  /** Default 3. */
  formatVersion?: 2 | 3 | undefined;
  /**
   * A code or a name, see `ENCODINGS`. Default: what holds the samples exactly: Steim 2 for integers, float32, float64, text.
   */
  encoding?: EncodingInput | undefined;
  /**
   * Bytes. In miniSEED 2 the length of every record, a power of two from 128 to 131072, default 512; in miniSEED 3 the most
   * that a record may have, default 4096.
   */
  recordLength?: number | undefined;
  /** miniSEED 2 only: byte order of header and payload. Default `false`: big endian. Steim is always big endian. */
  littleEndian?: boolean | undefined;
  /** Gets what has no place in miniSEED 2, once for the series: `HEADER_LOST`, `PRECISION_LOST`. */
  onProblem?: ProblemHandler | undefined;
}

/** A series after all checks, as the two formats take it. */
export interface PackableSeries {
  /** What the records are about. */
  sourceId: SourceId;
  /** The 12 bytes of the codes in miniSEED 2, if they are known apart from the source identifier. */
  codes: Uint8Array | undefined;
  /** Time of the first sample, nanoseconds since 1970. */
  startTime: bigint;
  /** As miniSEED 3 writes it: hertz, or a negative period. */
  rateField: number;
  /** The sample rate as an exact ratio. */
  rate: Rate;
  /** 0 to 255. */
  publicationVersion: number;
  /** Bits as in miniSEED 3. */
  flags: number;
  /** A JSON object, or empty. */
  extraHeadersText: string;
  /** Code of the payload's encoding. */
  encoding: number;
  /** miniSEED 2: byte order of the payload. */
  payloadLittleEndian: boolean;
  /** The start time was second 60, and is written so. */
  startsInLeapSecond: boolean;
}

/** How one of the formats lays out the records of a series. */
export interface Layout {
  /** A record in the making: headers that are the same for all, then zero. Used for one record after the other. */
  draft: DataView;
  /** Where the payload begins. */
  dataOffset: number;
  /** Samples in a record, at most. */
  maxSamples: number;
  /** Byte order of the payload. */
  littleEndian: boolean;
  /** Fills in what depends on the samples; gives the length of the finished record. */
  finish: (startTime: bigint, samples: number, payloadBytes: number) => number;
}
