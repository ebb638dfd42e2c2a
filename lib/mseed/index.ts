/** The miniSEED codec: records of versions 2 and 3 read, written and converted. */

export { CodedError } from "../errors.ts";
export { bandCode, type Nslc, SourceId, SourceIdError } from "../source-id.ts";
export {
  formatMicroseconds,
  formatNanoseconds,
  type TimeInput,
  toMicroseconds,
  toNanoseconds,
} from "../time.ts";
export { type ConvertOptions, convertRecord } from "./convert.ts";
export { declaredLength } from "./detect.ts";
export { ENCODINGS, type EncodingInput, type EncodingName, encodingName } from "./encodings.ts";
export {
  MiniSeedError,
  type MiniSeedErrorCode,
  type Problem,
  type ProblemCode,
  type ProblemHandler,
  type ReadProblemCode,
  type RecordHeader,
  type WriteProblemCode,
} from "./errors.ts";
export {
  getExtraHeader,
  getExtraHeaderText,
  type JsonObject,
  type JsonValue,
  removeExtraHeader,
  setExtraHeader,
  setExtraHeaderText,
} from "./extra-headers.ts";
export { type HeaderFields, headerFields } from "./header-fields.ts";
export { type FilledRecord, type FillerLimits, RecordFiller } from "./join/filler.ts";
export {
  type Discontinuity,
  type JoinedSeries,
  type JoinOptions,
  joinRecords,
  type Segment,
  type Span,
  samplesOf,
} from "./join/series.ts";
export { type PackOptions, packRecords, type Series } from "./pack.ts";
export type { SampleArray, SampleKind, Samples } from "./payload/decode.ts";
export type { Rate } from "./rate.ts";
export { type ReadOptions, RecordReader, readRecordStream, readRecords } from "./reader.ts";
export {
  FLAG_CALIBRATION,
  FLAG_CLOCK_LOCKED,
  FLAG_TIME_QUESTIONABLE,
  MiniSeedRecord,
} from "./record.ts";
export type { CalendarTime } from "./times/calendar.ts";
export type { Blockette, BlocketteFields, BlocketteValue } from "./v2/blockettes.ts";
export { MiniSeed2Record } from "./v2/record.ts";
export { MiniSeed3Record } from "./v3/record.ts";
export { withExtraHeaders } from "./with-extra-headers.ts";
