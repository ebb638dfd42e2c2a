/** `mseed samples`: the samples themselves, as comma-separated values or as raw numbers. */
import type { MiniSeedRecord, SampleArray } from "../../mseed/index.ts";
import { follows, type Stretch } from "../../mseed/join/follows.ts";
import { formatNanoseconds } from "../../time.ts";
import { CommandError, defineCommand, EXIT_FAILED, usageError } from "../command.ts";
import { STANDARD } from "../input.ts";
import { numberOption } from "../numbers.ts";
import { Output } from "../output.ts";
import { INPUT_NOTE } from "./files/inputs.ts";
import { MATCH_OPTION, OUTPUT_OPTION, RecordFiles, TOLERANCE_OPTION } from "./files/record-files.ts";
import { TimeWindow, WINDOW_OPTIONS } from "./files/time-window.ts";
import { csvText } from "./text/csv-text.ts";

export const samples = defineCommand({
  name: "mseed samples",
  summary: "Write the samples of records as CSV, or as raw numbers.",
  operands: "FILE…",
  options: {
    output: OUTPUT_OPTION,
    raw: { type: "boolean", help: "numbers without anything else, of one stream" },
    "big-endian": { type: "boolean", help: "byte order of --raw, default little endian" },
    tolerance: TOLERANCE_OPTION,
    match: MATCH_OPTION,
    ...WINDOW_OPTIONS,
  },
  notes: `
${INPUT_NOTE}

Samples come in the order of the files. A row of CSV has the source id, the time
of the sample, and its value, in as many digits as tell it exactly. Raw numbers
are of 4 bytes for integers and float32, of 8 for float64; of gaps and overlaps,
of which they know nothing, standard error tells. Text is left out, with a note.

Examples: mseed samples -m CO.JSC.00.HHZ --start 2024-060T12 day.mseed
          mseed samples --raw -m HHZ -o day.i32 day.mseed

Exit code: 0; 1 if a file cannot be read or has data missing, no record matches,
or --raw finds another stream or kind of numbers; 2 for a wrong command line.
OUT is only there, or only changed, when all was read.`,
  async run({ options, operands, io }) {
    if (options["big-endian"] && !options.raw) throw usageError("--big-endian is for --raw");
    const window = new TimeWindow(options);
    const tolerance = numberOption("tolerance", options.tolerance);
    const files = await RecordFiles.open({ operands, match: options.match, window }, io);
    const name = options.output ?? STANDARD;
    await using output = options.raw ? await Output.openBinary(name, io) : await Output.open(name, io);
    const raw = new RawStream(options["big-endian"] === true, tolerance, (text) => files.note(text));
    if (!options.raw) await output.line("sourceId,time,value");
    for await (const { file, records } of files.batches()) {
      for (const record of records) {
        const { samples: all } = record;
        if (typeof all === "string") {
          if (record.sampleCount > 0) files.note(`${file}: offset ${record.offset}: text is left out`);
          continue;
        }
        const { from, to } = window.rangeOf(record);
        const some = all.subarray(from, to);
        if (some.length === 0) continue;
        if (options.raw) await output.write(raw.bytesOf(file, record, from, some));
        else for (const rows of csvRows(record, from, some)) await output.write(Buffer.from(rows));
      }
      await output.flush();
    }
    if (files.foundNone) return EXIT_FAILED;
    await output.close();
    return files.exitCode;
  },
});

/** Rows that are made at once. */
const ROWS = 1000;

function* csvRows(record: MiniSeedRecord, from: number, values: SampleArray): Generator<string, void> {
  const id = csvText(record.sourceId.text);
  let rows = "";
  for (const [i, value] of values.entries()) {
    rows += `${id},${formatNanoseconds(record.timeOfSample(from + i))},${valueText(values, value)}\n`;
    if (i % ROWS === ROWS - 1) {
      yield rows;
      rows = "";
    }
  }
  yield rows;
}

/** The shortest digits that give the same value again: of a float32 those of a float32. */
function valueText(values: SampleArray, value: number): string {
  if (Object.is(value, -0)) return "-0";
  if (!(values instanceof Float32Array) || !Number.isFinite(value)) return String(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

/** Numbers of one stream and one kind, one after the other. */
class RawStream {
  readonly #isBigEndian: boolean;
  readonly #tolerance: number | undefined;
  readonly #note: (text: string) => void;
  #first: { id: string; kind: string } | undefined;
  #last: Stretch | undefined;
  #count = 0;

  constructor(isBigEndian: boolean, tolerance: number | undefined, note: (text: string) => void) {
    this.#isBigEndian = isBigEndian;
    this.#tolerance = tolerance;
    this.#note = note;
  }

  /** @throws CommandError for another stream, or another kind of numbers, than before */
  bytesOf(file: string, record: MiniSeedRecord, from: number, values: SampleArray): Uint8Array {
    const id = record.sourceId.text;
    const kind = record.sampleKind ?? "";
    this.#first ??= { id, kind };
    if (id !== this.#first.id || kind !== this.#first.kind) {
      throw new CommandError(
        `${file}: offset ${record.offset}: ${kind} of ${id} cannot follow ${this.#first.kind} of ${this.#first.id} in raw numbers: choose one with --match`,
      );
    }
    const start = { startTime: record.timeOfSample(from), rate: record.rate, sampleCount: values.length };
    if (this.#last && !follows(this.#last, start, this.#tolerance)) {
      this.#note(
        `${file}: offset ${record.offset}: sample ${this.#count} does not follow the one before: a gap or an overlap`,
      );
    }
    this.#last = { ...start, dueTime: record.timeOfSample(from + values.length) };
    this.#count += values.length;
    const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    if (!this.#isBigEndian) return bytes;
    return kind === "float64" ? Buffer.from(bytes).swap64() : Buffer.from(bytes).swap32();
  }
}
