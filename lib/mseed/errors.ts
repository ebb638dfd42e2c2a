/** What can be wrong with miniSEED: problems of what is read, and failures of what was asked. */
import { CodedError } from "../errors.ts";
import type { SourceId } from "../source-id.ts";

/**
 * What is wrong with bytes that were read.
 * - `NOT_MINISEED`: bytes between records that are not a record; skipped.
 * - `SEED_HEADERS` (warning): control headers of a SEED volume, which hold no samples; passed over.
 * - `HALF_RECORD`: a record that another one interrupts; skipped, or given if only its last bytes are missing.
 * - `TRUNCATED` (warning): the data end inside a record; that last piece is not read.
 * - `RECORD_LENGTH`: a length that is impossible, above the limit, or not to be found; skipped.
 * - `CRC_MISMATCH`: the record is not what was written.
 * - `TIME_INVALID`: a start time that no calendar has; counted on from the parts that are there.
 * - `TIME_CARRIED` (warning): a fraction of a second of one second or more; carried.
 * - `RATE_INVALID`: a sample rate that is not a number; taken as 0.
 * - `BLOCKETTE_INVALID` (warning): the chain of blockettes leaves the record or turns back; followed up to there.
 * - `BLOCKETTE_COUNT` (warning): the header counts other than the chain has.
 * - `ENCODING_ASSUMED` (warning): miniSEED 2 without blockette 1000: Steim 1 assumed.
 * - `ENCODING_UNKNOWN`: samples without a decoder; the header and the raw payload are there.
 * - `PAYLOAD_SHORT`: fewer samples than the header says; those that are there are given.
 * - `STEIM_INVALID`: a frame that Steim's rules do not allow; the samples before it are given.
 * - `STEIM_LAST_SAMPLE` (warning): the last sample is not the one that the first frame announces.
 * - `SAMPLE_INVALID`: a value that its encoding does not allow; the samples before it are given.
 * - `TEXT_INVALID` (warning): text that is not UTF-8; the odd bytes become U+FFFD.
 * - `EXTRA_HEADERS_INVALID`: extra headers that are not a JSON object; their text is there.
 */
export type ReadProblemCode =
  | "NOT_MINISEED"
  | "SEED_HEADERS"
  | "HALF_RECORD"
  | "TRUNCATED"
  | "RECORD_LENGTH"
  | "CRC_MISMATCH"
  | "TIME_INVALID"
  | "TIME_CARRIED"
  | "RATE_INVALID"
  | "BLOCKETTE_INVALID"
  | "BLOCKETTE_COUNT"
  | "ENCODING_ASSUMED"
  | "ENCODING_UNKNOWN"
  | "PAYLOAD_SHORT"
  | "STEIM_INVALID"
  | "STEIM_LAST_SAMPLE"
  | "SAMPLE_INVALID"
  | "TEXT_INVALID"
  | "EXTRA_HEADERS_INVALID";

/** What has no place in the format that is written: `HEADER_LOST` (an extra header, a flag), `PRECISION_LOST` (a time or rate). */
export type WriteProblemCode = "HEADER_LOST" | "PRECISION_LOST";

/** All codes of problems: of reading and of writing. */
export type ProblemCode = ReadProblemCode | WriteProblemCode;

/**
 * What a problem tells of the record concerned: what every `MiniSeedRecord` says of itself without being decoded. Where a
 * reader reports, it is the very record that it gives.
 */
export interface RecordHeader {
  /** Version of the format. */
  readonly formatVersion: 2 | 3;
  /** What the record is about. */
  readonly sourceId: SourceId;
  /** Times of the first and the last sample in nanoseconds since 1970. */
  readonly startTime: bigint;
  /** Time of the last sample, as `startTime`. */
  readonly endTime: bigint;
  /** Samples per second; 0 where there is no time series. */
  readonly sampleRate: number;
  /** The number of samples that the header tells. */
  readonly sampleCount: number;
  /** The code of the payload's encoding, see `ENCODINGS`. */
  readonly encoding: number;
  /** 0 unknown, 1 raw, 2 and more revised. */
  readonly publicationVersion: number;
  /** Bytes from the start of the data to the record. */
  readonly offset: number;
  /** Length of the whole record in bytes. */
  readonly length: number;
  /** All bytes of the record. */
  readonly bytes: Uint8Array;
}

/** One defect, as `onProblem` gets it. */
export interface Problem {
  /** What kind of defect it is. */
  code: ProblemCode;
  /** A warning is of something odd, with samples and times sound; an error means that data are missing or doubtful, and `strict` throws it. */
  severity: "warning" | "error";
  /** Where, in bytes from the start of the data (of the first byte pushed). */
  offset: number;
  /** How many bytes from there are concerned: those skipped, or the record. */
  length: number;
  /** The record concerned, where there is one. */
  record?: RecordHeader;
  /** What was wrong and what was done about it. */
  message: string;
}

/** Gets each problem as it comes to light. */
export type ProblemHandler = (problem: Problem) => void;

/**
 * - the codes of problems: thrown by `strict` reading, see {@link ReadProblemCode};
 * - `INVALID_ARGUMENT`: what the caller gave cannot be used, or does not fit the format;
 * - `SAMPLE_RANGE`: a sample that the encoding cannot hold.
 */
export type MiniSeedErrorCode = ProblemCode | "INVALID_ARGUMENT" | "SAMPLE_RANGE";

/** A failure of the miniSEED codec. Nothing in `lib/mseed` throws anything else. */
export class MiniSeedError extends CodedError<MiniSeedErrorCode> {
  /** The problem that `strict` reading threw. */
  readonly problem: Problem | undefined;

  constructor(code: MiniSeedErrorCode, message: string, problem?: Problem) {
    super(code, message);
    this.problem = problem;
  }
}

const WARNINGS: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  "SEED_HEADERS",
  "TRUNCATED",
  "TIME_CARRIED",
  "BLOCKETTE_INVALID",
  "BLOCKETTE_COUNT",
  "ENCODING_ASSUMED",
  "STEIM_LAST_SAMPLE",
  "TEXT_INVALID",
]);

/** Takes note of problems as the caller wished: tells `onProblem`, and throws errors if `strict`. */
export class ProblemReporter {
  readonly #onProblem: ProblemHandler | undefined;
  readonly #strict: boolean;

  constructor(options: { onProblem?: ProblemHandler | undefined; strict?: boolean | undefined } = {}) {
    this.#onProblem = options.onProblem;
    this.#strict = options.strict ?? false;
  }

  /** @throws MiniSeedError if `strict` and the problem is an error. */
  report(code: ProblemCode, message: string, offset: number, length: number, record?: RecordHeader): void {
    const severity = WARNINGS.has(code) ? "warning" : "error";
    const problem: Problem = { code, severity, offset, length, message };
    if (record) problem.record = record;
    this.#onProblem?.(problem);
    if (this.#strict && severity === "error") throw new MiniSeedError(code, message, problem);
  }
}

/** A value that a caller gave, for a message: of objects only their type; odd text in quotes, of long text the beginning. */
export function shown(value: unknown): string {
  if (typeof value === "string") {
    const text = value.length > 60 ? `${value.slice(0, 60)}…` : value;
    return /^[\w.:+-]+$/.test(text) ? text : JSON.stringify(text);
  }
  return typeof value === "object" && value !== null ? "of type object" : String(value);
}
