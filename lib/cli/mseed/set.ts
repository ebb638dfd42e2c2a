/** `mseed set`: extra headers changed, and everything else copied byte for byte. */
import { readFile } from "node:fs/promises";
import {
  MiniSeedError,
  type MiniSeedRecord,
  removeExtraHeader,
  setExtraHeaderText,
} from "../../mseed/index.ts";
import { withExtraHeaders } from "../../mseed/with-extra-headers.ts";
import { CommandError, defineCommand, EXIT_FAILED, type Io, usageError } from "../command.ts";
import { STANDARD } from "../input.ts";
import { Output } from "../output.ts";
import { INPUT_NOTE, type InputFile, inputFiles } from "./files/inputs.ts";
import { PendingBytes } from "./files/pending-bytes.ts";
import { MATCH_OPTION, RecordFiles } from "./files/record-files.ts";
import { checkPointer } from "./get.ts";

export const set = defineCommand({
  name: "mseed set",
  summary: "Change an extra header of each record, and nothing else.",
  operands: "POINTER VALUE FILE…",
  options: {
    output: {
      type: "string",
      short: "o",
      value: "OUT",
      help: "write to this file, - for standard output; default: FILE itself",
    },
    first: { type: "boolean", help: "only of the first record of each file" },
    text: { type: "boolean", help: "VALUE is text and needs no quotes" },
    "value-file": { type: "string", value: "FILE", help: "the value is in this file; no VALUE is given" },
    delete: { type: "boolean", help: "take the header away; no VALUE is given" },
    match: MATCH_OPTION,
  },
  notes: `
POINTER is a JSON pointer, such as /FDSN/Time/Quality. VALUE is JSON: 95,
'"text"', '{"a": 2.0}'.

${INPUT_NOTE}
What is read from there goes to standard output.

Other headers keep their very characters; samples, other records, and bytes
between records are copied as they are. A record that something is wrong with
is not changed: it would look sound.

Examples: mseed set /FDSN/Time/Quality 95 day.mseed3
          mseed set --delete /Operator --match CO_JSC day.mseed3

Exit code: 0; 1 if a file cannot be read or has data missing, if no record
matches or a header has no place; 2 for a wrong command line. A file is only
changed when all of it was done.`,
  async run({ options, operands, io }) {
    const [pointer, ...rest] = operands;
    checkPointer(pointer);
    const takesValue = !options.delete && options["value-file"] === undefined;
    const operandsLeft = takesValue ? rest.slice(1) : rest;
    const inputs = await inputFiles(operandsLeft);
    if (options.output !== undefined && inputs.length > 1)
      throw usageError("--output takes the result of one FILE");
    const value = options.delete ? undefined : await valueText(rest[0], options);
    const edit = (text: string) =>
      value === undefined ? removeExtraHeader(text, pointer) : setExtraHeaderText(text, pointer, value);
    let exitCode = 0;
    let found = 0;
    for (const input of inputs) {
      const job = {
        input,
        output: options.output ?? input.name,
        match: options.match,
        isFirstOnly: options.first === true,
        edit,
      };
      const outcome = await editFile(job, io);
      exitCode = Math.max(exitCode, outcome.exitCode);
      found += outcome.records;
    }
    if (found > 0) return exitCode;
    if (options.match !== undefined)
      io.stderr.write(`mseed: ${operandsLeft.join(", ")}: no record matches ${options.match}\n`);
    return EXIT_FAILED;
  },
});

/** The value as JSON text. */
async function valueText(
  given: string | undefined,
  options: { text?: boolean; "value-file"?: string },
): Promise<string> {
  const file = options["value-file"];
  const value = file === undefined ? (given ?? "") : (await readFile(file, "utf8")).trim();
  if (options.text) return JSON.stringify(value);
  try {
    JSON.parse(value);
    return value;
  } catch {
    const what = file ?? value;
    throw usageError(`${what} is not JSON: text needs quotes of its own, such as '"GPS"', or --text`);
  }
}

interface Job {
  input: InputFile;
  output: string;
  match: string | undefined;
  isFirstOnly: boolean;
  edit: (extraHeadersText: string) => string;
}

async function editFile(
  { input, output: name, match, isFirstOnly, edit }: Job,
  io: Io,
): Promise<{ exitCode: number; records: number }> {
  const file = input.name;
  await using output = await Output.openBinary(name, io);
  const pending = new PendingBytes(output, () => true);
  const files = await RecordFiles.open({ operands: [], part: input, match }, io);
  let count = 0;
  let changes = 0;
  for await (const { records, passed } of files.batches((name, piece) => pending.push(name, piece))) {
    for (const record of records) {
      await pending.copy(file, record.offset);
      const isMeant = !isFirstOnly || count === 0;
      const changed = isMeant ? editRecord(file, record, edit, files) : undefined;
      count++;
      if (!changed) continue;
      changes++;
      await pending.pass(file, record);
      await output.write(changed);
    }
    await pending.copy(file, passed());
  }
  // A file that would be replaced by its like is left alone.
  const isWritten = changes > 0 || name !== file || name === STANDARD;
  if (isWritten && !files.foundNone) await output.close();
  return { exitCode: files.exitCode, records: files.counts.records };
}

/** The changed record; `undefined` if it stays as it is. */
function editRecord(
  file: string,
  record: MiniSeedRecord,
  edit: Job["edit"],
  files: RecordFiles,
): Uint8Array | undefined {
  if (files.worstOf(record) === "error") return undefined;
  try {
    const text = edit(record.extraHeadersText);
    return text === record.extraHeadersText ? undefined : withExtraHeaders(record, text);
  } catch (error) {
    if (!(error instanceof MiniSeedError)) throw error;
    const isLoss = error.code === "HEADER_LOST" || error.code === "PRECISION_LOST";
    const hint = isLoss ? " (mseed convert --format 3 makes a place for it)" : "";
    throw new CommandError(`${file}: offset ${record.offset}: ${error.message}${hint}`);
  }
}
