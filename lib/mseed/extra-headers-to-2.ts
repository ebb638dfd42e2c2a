/** Places for what a series says in the header and the blockettes of miniSEED 2; what has none is reported. */
import type { BlocketteDraft } from "./blockettes.ts";
import { MiniSeedError, type ProblemReporter } from "./errors.ts";
import type { PackableSeries } from "./pack.ts";
import { FLAG_CALIBRATION, FLAG_CLOCK_LOCKED, FLAG_TIME_QUESTIONABLE } from "./record.ts";

/** What the fixed header has besides time, rate and samples, and the blockettes after 1000, 1001 and 100. */
export interface Header2 {
  network: string;
  station: string;
  location: string;
  channel: string;
  /** Six digits. */
  sequenceNumber: string;
  /** D, R, Q or M. */
  quality: string;
  activityFlags: number;
  clockFlags: number;
  dataQualityFlags: number;
  /** In 0.1 ms; contained in the start time, as bit 1 of the activity flags then says. */
  timeCorrection: number;
  /** Percent, `undefined` if nothing tells it. */
  timingQuality: number | undefined;
  blockettes: BlocketteDraft[];
}

/** Data quality by publication version; D for all others. */
const QUALITIES: Record<number, string> = { 1: "R", 3: "Q", 4: "M" };

/** @throws MiniSeedError `INVALID_ARGUMENT` for a source identifier that SEED has no codes for */
export function header2Of(series: PackableSeries, reporter: ProblemReporter): Header2 {
  const { sourceId, flags, publicationVersion } = series;
  const nslc = sourceId.toNslc();
  if (!nslc || !/^[ -~]*$/.test(sourceId.text)) {
    throw new MiniSeedError(
      "INVALID_ARGUMENT",
      `source identifier ${JSON.stringify(sourceId.text)} has no codes in miniSEED 2 (network 2, station 5, location 2, channel 3 characters)`,
    );
  }
  if (series.extraHeadersText !== "") {
    reporter.report("HEADER_LOST", "extra headers have no place in miniSEED 2", 0, 0);
  }
  return {
    ...nslc,
    sequenceNumber: "000000",
    quality: QUALITIES[publicationVersion] ?? "D",
    activityFlags: flags & FLAG_CALIBRATION ? 1 : 0,
    clockFlags: flags & FLAG_CLOCK_LOCKED ? 0x20 : 0,
    dataQualityFlags: flags & FLAG_TIME_QUESTIONABLE ? 0x80 : 0,
    timeCorrection: 0,
    timingQuality: undefined,
    blockettes: [],
  };
}
