/** Samples packed anew under the headers of a record that is there. */
import type { ProblemHandler } from "../errors.ts";
import type { PackableSeries } from "../layout.ts";
import { mostPayload, packAll } from "../pack.ts";
import type { SampleArray } from "../payload/decode.ts";
import { rateFieldOf } from "../rate.ts";
import type { MiniSeedRecord } from "../record.ts";
import { layOut2 } from "../v2/pack.ts";
import { MiniSeed2Record } from "../v2/record.ts";
import { layOut3 } from "../v3/pack.ts";
import { startsInSecond60 } from "./second-60.ts";

/** What is packed. */
export interface Repacking {
  startTime: bigint;
  samples: SampleArray;
  encoding: number;
  /** JSON text, or empty. */
  extraHeadersText: string;
  /** Bytes: see `PackOptions`. */
  recordLength: number;
  onProblem?: ProblemHandler | undefined;
}

/**
 * The records of samples that have the version, codes, rate, byte order, flags and publication version of `model`.
 * @throws MiniSeedError `INVALID_ARGUMENT` where headers do not fit in the record length; `SAMPLE_RANGE` for samples that
 *   the encoding cannot hold
 */
export function* repack(model: MiniSeedRecord, what: Repacking): Generator<Uint8Array, void> {
  const { sourceId, rate, publicationVersion, flags } = model;
  const { startTime, samples, encoding, extraHeadersText, recordLength, onProblem } = what;
  const littleEndian = model instanceof MiniSeed2Record && model.littleEndian;
  const series: PackableSeries = {
    sourceId,
    codes: model instanceof MiniSeed2Record ? model.codes : undefined,
    startTime,
    rate,
    rateField: rateFieldOf(rate),
    publicationVersion,
    flags,
    extraHeadersText,
    encoding,
    payloadLittleEndian: littleEndian,
    startsInLeapSecond: startTime === model.startTime && startsInSecond60(model),
  };
  const options = { recordLength, littleEndian, onProblem };
  if (!(model instanceof MiniSeed2Record)) {
    yield* packAll(series, samples, layOut3(series, mostPayload(samples.length), options));
    return;
  }
  yield* packAll(series, samples, layOut2(series, options));
}
