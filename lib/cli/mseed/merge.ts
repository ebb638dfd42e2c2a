/** `mseed merge`: records that follow each other joined into fuller ones. */
import { createHash } from "node:crypto";
import type { MiniSeedRecord } from "../../mseed/index.ts";
import { dataHeaders } from "../../mseed/join/data-headers.ts";
import { Joiner } from "../../mseed/join/joiner.ts";
import { defineCommand, type Io, usageError } from "../command.ts";
import { STANDARD } from "../input.ts";
import { numberOption } from "../numbers.ts";
import { Output } from "../output.ts";
import { INPUT_NOTE } from "./files/inputs.ts";
import { PendingBytes } from "./files/pending-bytes.ts";
import { MATCH_OPTION, OUTPUT_OPTION, RecordFiles, TOLERANCE_OPTION } from "./files/record-files.ts";
import { RecordIndex } from "./files/record-index.ts";
import { Spool } from "./files/spool.ts";

const DEFAULT_RECORD_LENGTH = 4096;

export const merge = defineCommand({
  name: "mseed merge",
  summary: "Join records of a source id that follow each other into fuller ones.",
  operands: "FILE…",
  options: {
    output: OUTPUT_OPTION,
    "record-length": {
      type: "string",
      short: "R",
      value: "BYTES",
      help: "bytes of the records written, at most, default 4096",
    },
    tolerance: TOLERANCE_OPTION,
    sort: {
      type: "boolean",
      short: "s",
      help: "by source id and time first (50 bytes of memory per record)",
    },
    dedupe: { type: "boolean", help: "as --sort, and leave out records whose samples were there already" },
    match: MATCH_OPTION,
  },
  notes: `
${INPUT_NOTE}

Records of a source id are joined if rate, encoding, format version, publication
version, flags and extra headers (but for FDSN.Sequence) are the same; without
--sort, if they come in order of time. All others, text, and records that
something is wrong with are copied as they are.

The samples of a record are joined only where that moves them by no more than a
tenth of the tolerance and a twentieth of a sample, counted from the first of
the records joined. Else, as where a clock drifts, the next record begins at its
own time, so that gaps are where they were and nowhere else.

If OUT is one of the files, what does not match stays in it.

Example: mseed merge --sort -R 4096 -o day.mseed3 hour-*.mseed3

Exit code: 0; 1 if a file cannot be read or has data missing, or no record
matches; 2 for a wrong command line. OUT is only there, or only changed, when
all was read.`,
  async run({ options, operands, io }) {
    const recordLength = numberOption("record-length", options["record-length"]) ?? DEFAULT_RECORD_LENGTH;
    const tolerance = numberOption("tolerance", options.tolerance);
    const isSorted = options.sort === true || options.dedupe === true;
    const files = await RecordFiles.open({ operands, match: options.match }, io);
    if (isSorted && files.names.includes(STANDARD)) {
      throw usageError("standard input cannot be sorted, because it can be read only once: name files");
    }
    await using output = await Output.openBinary(options.output ?? STANDARD, io);
    const pending = await PendingBytes.of(options.output ?? STANDARD, files.names, output);
    const joiner = new Joiner({
      recordLength,
      tolerance,
      isDoubtful: (record) => files.worstOf(record) !== undefined,
    });
    const write = async (records: Iterable<Uint8Array>) => {
      for (const bytes of records) await output.write(bytes);
    };
    if (isSorted) {
      const records = sorted(files, pending, io);
      for await (const record of options.dedupe ? withoutDuplicates(records) : records)
        await write(joiner.add(record));
    } else {
      for await (const { file, records, passed, isLast } of files.batches((file, piece) =>
        pending.push(file, piece),
      )) {
        for (const record of records) {
          await pending.pass(file, record);
          await write(joiner.add(record));
        }
        if (!isLast) await pending.copy(file, passed());
      }
    }
    await write(joiner.finish());
    await pending.copyRest();
    if (!files.foundNone) await output.close();
    return files.exitCode;
  },
});

async function* sorted(
  files: RecordFiles,
  pending: PendingBytes,
  io: Io,
): AsyncGenerator<MiniSeedRecord, void> {
  const index = new RecordIndex();
  await using spool = await Spool.of(files.names);
  const onPiece = (file: string, piece: Uint8Array) => {
    pending.push(file, piece);
    spool.push(file, piece);
  };
  for await (const { file, records, passed, isLast } of files.batches(onPiece)) {
    for (const record of records) {
      await pending.pass(file, record);
      index.add(spool.nameOf(file), record);
      // So that what is wrong is told now, with its place.
      void record.samples;
    }
    if (isLast) spool.finish(file);
    else await pending.copy(file, passed());
  }
  yield* index.sorted(io, (problem) => files.mark(problem));
}

/** Leaves out records that say the same of the same time as one before. The records come in order of time. */
async function* withoutDuplicates(
  records: AsyncIterable<MiniSeedRecord>,
): AsyncGenerator<MiniSeedRecord, void> {
  let place = "";
  const seen = new Set<string>();
  for await (const record of records) {
    const next = `${record.sourceId.text} ${record.startTime}`;
    if (next !== place) seen.clear();
    place = next;
    const content = `${record.sampleRate} ${record.sampleCount} ${dataHeaders(record)} ${digest(record)}`;
    if (seen.has(content)) continue;
    seen.add(content);
    yield record;
  }
}

/** Of the samples, so that their encoding does not count; of all of a record that cannot be decoded. */
function digest({ samples, sampleCount, bytes: record, payload }: MiniSeedRecord): string {
  let bytes = record;
  if (typeof samples === "string") bytes = payload;
  else if (samples.length === sampleCount)
    bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  return createHash("sha256").update(bytes).digest("base64");
}
