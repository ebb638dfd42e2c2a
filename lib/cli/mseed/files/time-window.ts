/** `--start` and `--end`: the window of time that a command looks at, exact to the sample. */
import {
  MiniSeedError,
  type MiniSeedRecord,
  type ProblemHandler,
  readRecords,
} from "../../../mseed/index.ts";
import { cutRecord, type SampleRange, samplesWithin } from "../../../mseed/join/cut.ts";
import type { Start } from "../../../mseed/join/follows.ts";
import { toNanoseconds } from "../../../time.ts";
import { CommandError, type OptionDefinition, usageError } from "../../command.ts";
import { isSameFile } from "../../output.ts";

/** The options, the same in all commands that have them. */
export const WINDOW_OPTIONS = {
  start: {
    type: "string",
    value: "TIME",
    help: "only samples from this time on, such as 2024-02-29T12:00:00 or 2024-060",
  },
  end: { type: "string", value: "TIME", help: "only samples up to this time, and at it" },
} as const satisfies Record<string, OptionDefinition>;

export class TimeWindow {
  /** Nanoseconds since 1970; `undefined`: open. */
  readonly start: bigint | undefined;
  readonly end: bigint | undefined;

  /** @throws CommandError for what is not a time, or an end before the start */
  constructor({ start, end }: { start?: string; end?: string }) {
    this.start = timeOption("start", start);
    this.end = timeOption("end", end);
    if (this.start !== undefined && this.end !== undefined && this.end < this.start) {
      throw usageError(`--end ${end} is before --start ${start}`);
    }
  }

  /** Whether there is any bound. */
  get isOpen(): boolean {
    return this.start === undefined && this.end === undefined;
  }

  /** Whether any of a record lies in the window. */
  includes(record: MiniSeedRecord): boolean {
    if (this.isOpen) return true;
    // A record of headers alone counts as one sample at its time.
    const { from, to } = samplesWithin(
      record.sampleCount > 0 ? record : headersOnly(record),
      this.start,
      this.end,
    );
    return to > from;
  }

  /** The samples of a record that lie in the window. */
  rangeOf(record: MiniSeedRecord): SampleRange {
    return samplesWithin(record, this.start, this.end);
  }

  /**
   * What of a record lies in the window: itself where all of it does, or where it cannot be cut.
   * @throws CommandError where miniSEED 2 cannot be written with its headers
   */
  cut(file: string, record: MiniSeedRecord, onProblem: ProblemHandler): MiniSeedRecord[] {
    const range = this.rangeOf(record);
    if (range.to - range.from === record.sampleCount) return [record];
    try {
      const pieces = cutRecord(record, range, onProblem);
      return pieces ? pieces.flatMap((bytes) => [...readRecords(bytes, { checkCrc: false })]) : [record];
    } catch (error) {
      if (!(error instanceof MiniSeedError)) throw error;
      throw new CommandError(`${file}: offset ${record.offset}: ${error.message}`);
    }
  }

  /** @throws CommandError where a file that is read would be replaced by what the window leaves of it */
  async checkOutput(output: string, files: readonly string[]): Promise<void> {
    if (this.isOpen) return;
    for (const file of files) {
      if (await isSameFile(file, output)) {
        throw usageError(`--start and --end would cut ${file} itself: name another file with --output`);
      }
    }
  }
}

function headersOnly({ startTime, rate }: MiniSeedRecord): Start {
  return { startTime, rate, sampleCount: 1 };
}

function timeOption(name: string, text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  const time = toNanoseconds(text);
  if (time === undefined) throw usageError(`--${name} ${text}: give a time such as 2024-02-29T12:00:00`);
  return time;
}
