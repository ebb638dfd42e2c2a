/** `mseed details`: the records of files, one by one, or the traces that they make and the gaps in these. */
import type { MiniSeedRecord } from "../../mseed/index.ts";
import { defineCommand } from "../command.ts";
import { STANDARD } from "../input.ts";
import { numberOption } from "../numbers.ts";
import { Output } from "../output.ts";
import type { OutputStream } from "../terminal.ts";
import { INPUT_NOTE } from "./files/inputs.ts";
import { MATCH_OPTION, RecordFiles, TOLERANCE_OPTION } from "./files/record-files.ts";
import { TimeWindow, WINDOW_OPTIONS } from "./files/time-window.ts";
import { recordFields } from "./text/record-fields.ts";
import { headerLines, recordLine, sampleLines } from "./text/record-text.ts";
import { gapJson, gapLines, type Trace, TraceCollector, traceJson, traceLines } from "./traces.ts";

const FIRST_SAMPLES = 6;

export const details = defineCommand({
  name: "mseed details",
  summary: "List the records of miniSEED files, or their traces and gaps.",
  operands: "FILE…",
  options: {
    headers: { type: "boolean", short: "p", help: "all of each header, with its flags and extra headers" },
    offsets: { type: "boolean", short: "O", help: "begin each line with the record's offset in the file" },
    preview: { type: "boolean", short: "d", help: "the first six samples of each record" },
    samples: { type: "boolean", short: "D", help: "all samples of each record" },
    json: { type: "boolean", short: "j", help: "a JSON object per line instead of text" },
    match: MATCH_OPTION,
    ...WINDOW_OPTIONS,
    traces: { type: "boolean", short: "T", help: "instead of records, the continuous traces that they make" },
    gaps: { type: "boolean", short: "G", help: "instead of records, the gaps and overlaps between these" },
    tolerance: TOLERANCE_OPTION,
    publication: {
      type: "boolean",
      short: "P",
      help: "records of another publication version are another trace",
    },
    summary: { type: "boolean", short: "s", help: "the numbers of files, records and samples at the end" },
  },
  notes: `
${INPUT_NOTE}

With --start and --end, traces and gaps are of the samples between them alone,
and records are listed whole that have any.

What is wrong with the files is told on standard error.

Exit code: 0; 1 if a file cannot be read, has no record or has data missing;
2 for a wrong command line.`,
  async run({ options, operands, io }) {
    const areRecordsListed = !options.traces && !options.gaps;
    const window = new TimeWindow(options);
    const files = await RecordFiles.open(
      { operands, match: options.match, window, keepGoing: true, printsAsItReads: areRecordsListed },
      io,
    );
    const collector = new TraceCollector({
      tolerance: numberOption("tolerance", options.tolerance),
      separateVersions: options.publication === true,
    });
    await using output = await Output.open(STANDARD, io);
    for await (const { file, records } of files.batches()) {
      for (const record of records) {
        if (!areRecordsListed) collector.add(record, window.rangeOf(record));
        else if (options.json)
          await output.line(JSON.stringify(recordFields(file, record, options.samples === true)));
        else for (const line of recordLines(record, options)) await output.line(line);
      }
      await output.flush();
    }
    if (!areRecordsListed) {
      for (const line of listLines(collector.traces(), options, io.stdout)) await output.line(line);
    }
    if (options.summary && !options.json) {
      const { counts } = files;
      await output.line(`Files: ${counts.files}, Records: ${counts.records}, Samples: ${counts.samples}`);
    }
    await output.close();
    return files.exitCode;
  },
});

interface TextOptions {
  headers?: boolean;
  offsets?: boolean;
  preview?: boolean;
  samples?: boolean;
}

function* recordLines(record: MiniSeedRecord, options: TextOptions): Generator<string, void> {
  const lines = options.headers ? headerLines(record) : [recordLine(record)];
  const offset = options.offsets ? `${String(record.offset).padEnd(10)}  ` : "";
  yield offset + lines.join("\n");
  if (options.samples) yield* sampleLines(record, record.sampleCount);
  else if (options.preview) yield* sampleLines(record, FIRST_SAMPLES);
}

function* listLines(
  traces: Trace[],
  options: { traces?: boolean; gaps?: boolean; json?: boolean },
  stdout: OutputStream,
): Generator<string, void> {
  if (options.traces) yield* options.json ? traceJson(traces) : traceLines(traces, stdout);
  if (options.gaps) yield* options.json ? gapJson(traces) : gapLines(traces, stdout);
}
