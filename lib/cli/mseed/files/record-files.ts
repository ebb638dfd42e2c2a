/** What every command of `mseed` begins with: the files named, read record by record, and what is wrong with them. */
import { styleText } from "node:util";
import { type MiniSeedRecord, type Problem, type RecordHeader, RecordReader } from "../../../mseed/index.ts";
import { describeFailure, EXIT_FAILED, EXIT_OK, type Io, type OptionDefinition } from "../../command.ts";
import { readPieces, totalSize } from "../../input.ts";
import { printable } from "../../printable.ts";
import { Progress } from "../../progress.ts";
import { gunzipped } from "./gunzip.ts";
import { type InputFile, inputFiles } from "./inputs.ts";
import { type StreamMatcher, streamMatcher } from "./stream-pattern.ts";
import type { TimeWindow } from "./time-window.ts";

/** The option that chooses records, the same in all commands. */
export const MATCH_OPTION = {
  type: "string",
  short: "m",
  value: "PATTERN",
  help: "only records of these streams: BHZ, BH?, CO.JSC.00.BH?, CO_JSC_00_H_H_Z, or a regular expression on the source id",
} as const satisfies OptionDefinition;

/** The option of the commands that write records, the same in all of them. */
export const OUTPUT_OPTION = {
  type: "string",
  short: "o",
  value: "OUT",
  help: "write to this file, which may be the one that is read; - or default: standard output",
} as const satisfies OptionDefinition;

/** The option of the commands that join records, the same in all of them. */
export const TOLERANCE_OPTION = {
  type: "string",
  short: "t",
  value: "SECONDS",
  help: "how early or late a record may begin and still follow, default half a sample",
} as const satisfies OptionDefinition;

/** How often a problem of one kind is told for one file before it is only counted. */
const TOLD_EACH = 5;
/** Problems of a file that are held until its first record shows that it is miniSEED. */
const MAX_HELD_PROBLEMS = 1000;

/** What is wrong at a place in a file: a problem of the codec's, or one that a command found itself. */
export type Finding = Omit<Problem, "code"> & { code: Problem["code"] | "SOURCE_ID_INVALID" };

export interface RecordFilesOptions {
  /** Files, folders, lists or standard input: see `inputFiles`. */
  operands: readonly string[];
  /** One of these files, to be read by itself: what was not found in any of them the command tells. */
  part?: InputFile | undefined;
  /** Streams, as `streamMatcher` takes them: all others are passed over. */
  match?: string | undefined;
  /** Records that have nothing in it are passed over. */
  window?: TimeWindow | undefined;
  /** A file that cannot be opened or read is told of, and the next one follows. Default: that is the end. */
  keepGoing?: boolean;
  /** Gets every problem; without it they are told on standard error. */
  onProblem?: (file: string, finding: Finding) => void;
  /** Lines go to standard output as records are read: no progress bar between them on the same terminal. */
  printsAsItReads?: boolean;
}

/** Some records of a file: those that came with one piece of it. */
export interface Batch {
  file: string;
  /** To be used once, and before the next batch is asked for. */
  records: Iterable<MiniSeedRecord>;
  /** Once these are used: the offset in the file up to which everything is a record that was given, or none at all. */
  passed: () => number;
  /** Whether the file has come to its end. */
  isLast: boolean;
}

/** Reads the records of many files, one after the other, in bounded memory. */
export class RecordFiles {
  readonly counts = { files: 0, records: 0, samples: 0, errors: 0, warnings: 0, failures: 0 };
  /** The files, as they are found: those of folders and lists, too. */
  readonly names: readonly string[];
  readonly #files: readonly InputFile[];
  readonly #options: RecordFilesOptions;
  readonly #isMeant: StreamMatcher | undefined;
  readonly #io: Io;
  readonly #progress: Progress;
  readonly #worst = new WeakMap<RecordHeader, Finding["severity"]>();
  /** How many of each problem the current file has had. */
  readonly #notes = new Map<string, number>();
  /** Records, also those that do not match. */
  #seen = 0;

  private constructor(files: readonly InputFile[], options: RecordFilesOptions, io: Io, progress: Progress) {
    this.names = files.map(({ name }) => name);
    this.#files = files;
    this.#options = options;
    this.#isMeant = options.match === undefined ? undefined : streamMatcher(options.match);
    this.#io = io;
    this.#progress = progress;
  }

  /** @throws CommandError as `inputFiles`, and for a pattern that is none */
  static async open(options: RecordFilesOptions, io: Io): Promise<RecordFiles> {
    const { printsAsItReads, operands, part } = options;
    const files = part ? [part] : await inputFiles(operands);
    const isQuiet = printsAsItReads === true && io.stdout.isTTY === true;
    const progress = new Progress(io.stderr, await totalSize(files.map(({ name }) => name)), isQuiet);
    return new RecordFiles(files, options, io, progress);
  }

  /** Whether no record was found that is meant: then nothing is written, and what was there stays. */
  get foundNone(): boolean {
    return this.counts.records === 0;
  }

  /** 1 if a file could not be read, had no records at all or none that match, or has data that are missing or doubtful. */
  get exitCode(): number {
    return this.counts.failures + this.counts.errors > 0 ? EXIT_FAILED : EXIT_OK;
  }

  /** Counts something wrong, and tells of it; on standard error only the first ones of each kind, then their number. */
  report(file: string, finding: Finding): void {
    this.counts[finding.severity === "error" ? "errors" : "warnings"]++;
    this.mark(finding);
    if (this.#options.onProblem) {
      this.#options.onProblem(file, finding);
      return;
    }
    const count = (this.#notes.get(finding.code) ?? 0) + 1;
    this.#notes.set(finding.code, count);
    if (count <= TOLD_EACH) this.note(describeFinding(file, finding, this.#io.stderr));
  }

  /** Remembers what is wrong with a record, without a word: it was told before. */
  mark({ record, severity }: Finding): void {
    if (record && this.#worst.get(record) !== "error") this.#worst.set(record, severity);
  }

  /** The worst that was found about a record, as far as it was looked at. */
  worstOf(record: MiniSeedRecord): Finding["severity"] | undefined {
    return this.#worst.get(record);
  }

  /** Takes the progress bar away, because a line is to be written to the same terminal. */
  hideProgress(): void {
    this.#progress.end();
  }

  /** Tells people something on standard error. */
  note(text: string): void {
    this.#progress.note(`mseed: ${text}`);
  }

  /** No record of any file is meant: tells so, and counts it as a failure. */
  failForNone(): void {
    const { match, operands } = this.#options;
    const names = operands.length > 3 ? `${operands.slice(0, 3).join(", ")}, …` : operands.join(", ");
    // Else every file has been told of.
    if (this.#seen > 0) this.note(`${names}: no record matches ${match ?? "--start and --end"}`);
    this.counts.failures++;
  }

  /**
   * All records. Comes back after each piece of a file, also where that completed no record.
   * @param onPiece gets all bytes before the records that are made of them; a piece is valid until it returns
   */
  async *batches(onPiece?: (file: string, piece: Uint8Array) => void): AsyncGenerator<Batch, void> {
    for (const file of this.#files) {
      try {
        yield* this.#read(file, onPiece);
      } catch (error) {
        if (!this.#options.keepGoing || this.#io.signal.aborted) throw error;
        this.counts.failures++;
        this.note(describeFailure(error));
      }
    }
    this.#progress.end();
    if (this.foundNone && !this.#options.part) this.failForNone();
  }

  async *#read(
    { name: file, isFound }: InputFile,
    onPiece?: (file: string, piece: Uint8Array) => void,
  ): AsyncGenerator<Batch, void> {
    this.#notes.clear();
    const before = this.#seen;
    // What lies in a folder may be something else, of which nobody wants to know what is wrong with it as miniSEED.
    let held: Problem[] | undefined = isFound ? [] : undefined;
    const tellHeld = () => {
      const problems = held ?? [];
      held = undefined;
      for (const problem of problems) this.report(file, problem);
    };
    const reader = new RecordReader({
      onProblem: (problem) => {
        if (problem.record || (held && held.length >= MAX_HELD_PROBLEMS)) tellHeld();
        if (held) held.push(problem);
        else this.report(file, problem);
      },
    });
    this.counts.files++;
    let pushed = 0;
    const passed = () => pushed - reader.buffered;
    for await (const piece of gunzipped(file, readPieces(file, this.#io))) {
      this.#progress.add(piece.length);
      onPiece?.(file, piece);
      reader.push(piece);
      pushed += piece.length;
      yield { file, records: this.#take(reader, tellHeld), passed, isLast: false };
    }
    reader.finish();
    yield { file, records: this.#take(reader, tellHeld), passed, isLast: true };
    for (const [code, count] of this.#notes) {
      if (count > TOLD_EACH) this.note(`${file}: ${count - TOLD_EACH} more of ${code}`);
    }
    if (this.#seen > before) return;
    if (!held) this.counts.failures++;
    this.note(`${file}: no miniSEED record in it${held ? ", passed over" : ""}`);
  }

  *#take(reader: RecordReader, onRecord: () => void): Generator<MiniSeedRecord, void> {
    for (let record = reader.next(); record; record = reader.next()) {
      onRecord();
      this.#seen++;
      if (this.#isMeant && !this.#isMeant(record)) continue;
      if (this.#options.window && !this.#options.window.includes(record)) continue;
      this.counts.records++;
      this.counts.samples += record.sampleCount;
      yield record;
    }
  }
}

/** What has no place in the record written was to be expected: it is told, but nothing is wrong with the one that was read. */
export function asRemark(problem: Problem): Problem {
  const isLoss = problem.code === "HEADER_LOST" || problem.code === "PRECISION_LOST";
  return isLoss ? { ...problem, severity: "warning" } : problem;
}

/** One line for a person, in colour where `stream` is a terminal. */
export function describeFinding(file: string, finding: Finding, stream: Io["stderr"]): string {
  const { code, severity, offset, message, record } = finding;
  const id = record ? ` ${printable(record.sourceId.text)}:` : "";
  const colour = severity === "error" ? "red" : "yellow";
  return `${file}: offset ${offset}: ${styleText(colour, `${severity} ${code}`, { stream })}:${id} ${printable(message)}`;
}
