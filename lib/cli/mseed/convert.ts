/** `mseed convert`: records in another version, encoding or length, or with other codes. */
import { encodingCode } from "../../mseed/encodings.ts";
import {
  type ConvertOptions,
  convertRecord,
  type EncodingName,
  MiniSeedError,
  type MiniSeedRecord,
  type Problem,
} from "../../mseed/index.ts";
import { CommandError, defineCommand, usageError } from "../command.ts";
import { STANDARD } from "../input.ts";
import { numberOption } from "../numbers.ts";
import { Output } from "../output.ts";
import { INPUT_NOTE } from "./files/inputs.ts";
import { PendingBytes } from "./files/pending-bytes.ts";
import { asRemark, MATCH_OPTION, OUTPUT_OPTION, RecordFiles } from "./files/record-files.ts";
import { TimeWindow, WINDOW_OPTIONS } from "./files/time-window.ts";
import { RESTAMP_OPTIONS, restamp } from "./restamp.ts";

export const convert = defineCommand({
  name: "mseed convert",
  summary: "Write records in another version, encoding or length, or with other codes.",
  operands: "FILE…",
  options: {
    output: OUTPUT_OPTION,
    format: { type: "string", short: "F", value: "VERSION", help: "2 or 3" },
    encoding: {
      type: "string",
      short: "E",
      value: "NAME",
      help: "steim1, steim2, int16, int32, float32, float64 or text; or its code, such as 11",
    },
    "record-length": {
      type: "string",
      short: "R",
      value: "BYTES",
      help: "of version 2 exactly, of version 3 at most",
    },
    "little-endian": { type: "boolean", help: "byte order of version 2, default big endian" },
    ...RESTAMP_OPTIONS,
    match: MATCH_OPTION,
    ...WINDOW_OPTIONS,
  },
  notes: `
${INPUT_NOTE}

What is not given stays as it is; a record with nothing to change is copied byte
for byte. Each record is converted by itself: "mseed merge" joins them. What has
no place in the other version is told on standard error. A record that something
is wrong with is copied as it is: a new one would look sound, and one that
cannot be decoded is not cut. If OUT is one of the files, what does not match stays in
it.

Examples: mseed convert --format 3 -o day.mseed3 day.mseed2
          mseed convert -F 2 -E steim2 -R 512 - <in.mseed3 >out.mseed2
          mseed convert --network XX --quality Q -m JSC -o new.mseed day.mseed

Exit code: 0; 1 if a file cannot be read or has data missing, or a record cannot
be converted or matches; 2 for a wrong command line. OUT is only there, or only
changed, when everything was converted.`,
  async run({ options, operands, io }) {
    const target = {
      formatVersion: formatOption(options.format),
      encoding: encodingOption(options.encoding),
      recordLength: numberOption("record-length", options["record-length"]),
      littleEndian: options["little-endian"],
    };
    const window = new TimeWindow(options);
    const stamp = restamp(options);
    if (window.isOpen && !stamp && Object.values(target).every((value) => value === undefined)) {
      throw usageError(
        "say what to convert to: --format, --encoding, --record-length, --little-endian, other codes or --quality",
      );
    }
    const files = await RecordFiles.open({ operands, match: options.match, window }, io);
    await window.checkOutput(options.output ?? STANDARD, files.names);
    await using output = await Output.openBinary(options.output ?? STANDARD, io);
    const pending = await PendingBytes.of(options.output ?? STANDARD, files.names, output);
    for await (const { file, records, passed } of files.batches((file, piece) => pending.push(file, piece))) {
      for (const record of records) {
        await pending.pass(file, record);
        const onProblem = (problem: Problem) => files.report(file, asRemark(problem));
        const converted = window
          .cut(file, record, onProblem)
          .flatMap((part) => convertOne(file, part, { ...target, ...stamp?.(part), onProblem }));
        // Known only now: in its samples or extra headers, too, something may be wrong.
        const isBroken = files.worstOf(record) === "error";
        for (const bytes of isBroken ? [record.bytes] : converted) await output.write(bytes);
      }
      await pending.copy(file, passed());
    }
    if (!files.foundNone) await output.close();
    return files.exitCode;
  },
});

function convertOne(file: string, record: MiniSeedRecord, options: ConvertOptions): Uint8Array[] {
  try {
    return convertRecord(record, options);
  } catch (error) {
    if (error instanceof MiniSeedError)
      throw new CommandError(`${file}: offset ${record.offset}: ${error.message}`);
    throw error;
  }
}

function formatOption(text: string | undefined): 2 | 3 | undefined {
  if (text === undefined) return undefined;
  if (text === "2") return 2;
  if (text === "3") return 3;
  throw usageError(`--format ${text}: there are 2 and 3`);
}

function encodingOption(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    return encodingCode(/^\d+$/.test(text) ? Number(text) : (text.toLowerCase() as EncodingName));
  } catch (error) {
    throw usageError((error as MiniSeedError).message);
  }
}
