/** `mseed details`: the records of files, one by one. */
import { defineCommand } from "../command.ts";
import { STANDARD } from "../input.ts";
import { Output } from "../output.ts";
import { recordFields } from "./record-fields.ts";
import { MATCH_OPTION, RecordFiles } from "./record-files.ts";
import { headerLines, recordLine, sampleLines } from "./record-text.ts";

const FIRST_SAMPLES = 6;

export const details = defineCommand({
  name: "mseed details",
  summary: "List the records of miniSEED files.",
  operands: "FILE…",
  options: {
    headers: { type: "boolean", short: "p", help: "all of each header, with its flags and extra headers" },
    offsets: { type: "boolean", short: "O", help: "begin each line with the record's offset in the file" },
    first: { type: "boolean", short: "d", help: "the first six samples of each record" },
    samples: { type: "boolean", short: "D", help: "all samples of each record" },
    json: { type: "boolean", short: "j", help: "a JSON object per line instead of text" },
    match: MATCH_OPTION,
    summary: { type: "boolean", short: "s", help: "the numbers of files, records and samples at the end" },
  },
  notes: `
A FILE of - is standard input. What is wrong with the files is told on standard error.

Exit code: 0, 1 if a file cannot be read, has no record or has data missing, 2 for a wrong command line.`,
  async run({ options, operands, io }) {
    const files = await RecordFiles.open(
      { files: operands, match: options.match, keepGoing: true, printsAsItReads: true },
      io,
    );
    await using output = await Output.open(STANDARD, io);
    for await (const { file, records } of files.batches()) {
      for (const record of records) {
        if (options.json) {
          await output.line(JSON.stringify(recordFields(file, record, options.samples === true)));
          continue;
        }
        const lines = options.headers ? headerLines(record) : [recordLine(record)];
        if (options.offsets) lines[0] = `${String(record.offset).padEnd(10)}  ${lines[0]}`;
        if (options.samples) lines.push(...sampleLines(record, record.sampleCount));
        else if (options.first) lines.push(...sampleLines(record, FIRST_SAMPLES));
        await output.line(lines.join("\n"));
      }
      await output.flush();
    }
    if (options.summary && !options.json) {
      const { counts } = files;
      await output.line(`Files: ${counts.files}, Records: ${counts.records}, Samples: ${counts.samples}`);
    }
    await output.close();
    return files.exitCode;
  },
});
