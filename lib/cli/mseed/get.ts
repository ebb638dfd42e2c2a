/** `mseed get`: values of extra headers. */
import { getExtraHeaderText, MiniSeedError, type MiniSeedRecord } from "../../mseed/index.ts";
import { formatNanoseconds } from "../../time.ts";
import { defineCommand, EXIT_FAILED, usageError } from "../command.ts";
import { STANDARD } from "../input.ts";
import { Output } from "../output.ts";
import { printable } from "../printable.ts";
import { INPUT_NOTE } from "./files/inputs.ts";
import { MATCH_OPTION, RecordFiles } from "./files/record-files.ts";
import { TimeWindow, WINDOW_OPTIONS } from "./files/time-window.ts";
import { compactJson } from "./text/json-text.ts";

export const get = defineCommand({
  name: "mseed get",
  summary: "Show an extra header of each record.",
  operands: "POINTER FILE…",
  options: {
    first: { type: "boolean", help: "only of the first record" },
    json: { type: "boolean", short: "j", help: "a JSON object per line, which tells the record, too" },
    match: MATCH_OPTION,
    ...WINDOW_OPTIONS,
  },
  notes: `
POINTER is a JSON pointer, such as /FDSN/Time/Quality; "" is all extra headers.
What miniSEED 2 says in flags and blockettes has the name that it has in
miniSEED 3. The value of each record is a line of JSON; an empty line where
there is none. With --start and --end, records that have samples between them.

${INPUT_NOTE}

Exit code: 0; 1 if no record has the header, or a file cannot be read or has
data missing; 2 for a wrong command line.`,
  async run({ options, operands: [pointer, ...operands], io }) {
    checkPointer(pointer);
    const files = await RecordFiles.open(
      {
        operands,
        match: options.match,
        window: new TimeWindow(options),
        keepGoing: true,
        printsAsItReads: true,
      },
      io,
    );
    await using output = await Output.open(STANDARD, io);
    let found = 0;
    reading: for await (const { file, records } of files.batches()) {
      for (const record of records) {
        const value = valueLine(file, record, pointer, files);
        if (value !== undefined) found++;
        await output.line(options.json ? json(file, record, value) : (value ?? ""));
        if (options.first) break reading;
      }
      await output.flush();
    }
    await output.close();
    return found === 0 ? EXIT_FAILED : files.exitCode;
  },
});

/** @throws CommandError for what is not a pointer */
export function checkPointer(pointer: string | undefined): asserts pointer is string {
  if (pointer === undefined) throw usageError("no pointer is given, such as /FDSN/Time/Quality");
  try {
    getExtraHeaderText("", pointer);
  } catch (error) {
    throw usageError((error as Error).message);
  }
}

/** The value on one line, its numbers and strings as they are in the record. */
function valueLine(
  file: string,
  record: MiniSeedRecord,
  pointer: string,
  files: RecordFiles,
): string | undefined {
  try {
    const text = getExtraHeaderText(record.extraHeadersText, pointer);
    return text === undefined ? undefined : printable(compactJson(text));
  } catch (error) {
    if (!(error instanceof MiniSeedError)) throw error;
    const { offset, length } = record;
    files.report(file, {
      code: "EXTRA_HEADERS_INVALID",
      severity: "error",
      offset,
      length,
      record,
      message: error.message,
    });
    return undefined;
  }
}

function json(file: string, record: MiniSeedRecord, value: string | undefined): string {
  const where = { file, offset: record.offset, sourceId: record.sourceId.text };
  const place = JSON.stringify({ ...where, startTime: formatNanoseconds(record.startTime) });
  return value === undefined ? place : `${place.slice(0, -1)},"value":${value}}`;
}
