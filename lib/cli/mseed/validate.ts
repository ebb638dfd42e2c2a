/** `mseed validate`: everything that is wrong with files. */
import type { MiniSeedRecord } from "../../mseed/index.ts";
import { defineCommand, EXIT_FAILED } from "../command.ts";
import { STANDARD } from "../input.ts";
import { Output } from "../output.ts";
import { INPUT_NOTE } from "./files/inputs.ts";
import { describeFinding, type Finding, MATCH_OPTION, RecordFiles } from "./files/record-files.ts";

export const validate = defineCommand({
  name: "mseed validate",
  summary: "Check miniSEED files: headers, checksums, extra headers, every sample.",
  operands: "FILE…",
  options: {
    json: { type: "boolean", short: "j", help: "a JSON object per problem instead of text" },
    strict: { type: "boolean", help: "warnings count as errors" },
    match: MATCH_OPTION,
  },
  notes: `
${INPUT_NOTE}

An error means that data are missing or doubtful, a warning that something is
odd.

Exit code: 0 if there are no errors; 1 if there are, or a file cannot be read;
2 for a wrong command line.`,
  async run({ options, operands, io }) {
    // Lines wait for the next place where writing can be awaited: problems come to light in the middle of reading.
    let lines: string[] = [];
    const onProblem = (file: string, finding: Finding) => {
      lines.push(options.json ? json(file, finding) : describeFinding(file, finding, io.stdout));
    };
    const files = await RecordFiles.open({ operands, match: options.match, keepGoing: true, onProblem }, io);
    await using output = await Output.open(STANDARD, io);
    const writeLines = async () => {
      if (lines.length === 0) return;
      files.hideProgress();
      const found = lines;
      lines = [];
      for (const line of found) await output.line(line);
    };
    for await (const { file, records } of files.batches()) {
      for (const record of records) {
        check(file, record, files);
        await writeLines();
      }
      await writeLines();
      await output.flush();
    }
    const { counts } = files;
    if (!options.json) {
      await output.line(
        `Files: ${counts.files}, Records: ${counts.records}, Errors: ${counts.errors}, Warnings: ${counts.warnings}`,
      );
    }
    await output.close();
    return options.strict && counts.warnings > 0 ? EXIT_FAILED : files.exitCode;
  },
});

/** Asks a record for everything, so that what is wrong comes to light. */
function check(file: string, record: MiniSeedRecord, files: RecordFiles): void {
  const { offset, length, sourceId } = record;
  for (const message of sourceId.problems()) {
    files.report(file, { code: "SOURCE_ID_INVALID", severity: "warning", offset, length, record, message });
  }
  void record.extraHeaders;
  void record.samples;
}

function json(file: string, { severity, code, offset, length, record, message }: Finding): string {
  return JSON.stringify({ file, offset, length, severity, code, sourceId: record?.sourceId.text, message });
}
