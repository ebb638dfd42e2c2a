/** `mseed merge`: records that follow each other joined into fuller ones. */
import { type MiniSeedRecord, readRecords } from "../../mseed/index.ts";
import { Joiner } from "../../mseed/join/joiner.ts";
import { Overlaps, type Remainder, recordsOf } from "../../mseed/join/overlaps.ts";
import { defineCommand, type Io, usageError } from "../command.ts";
import { STANDARD } from "../input.ts";
import { numberOption } from "../numbers.ts";
import { Output } from "../output.ts";
import { INPUT_NOTE } from "./files/inputs.ts";
import { PendingBytes } from "./files/pending-bytes.ts";
import {
  asRemark,
  MATCH_OPTION,
  OUTPUT_OPTION,
  RecordFiles,
  TOLERANCE_OPTION,
} from "./files/record-files.ts";
import { RecordIndex } from "./files/record-index.ts";
import { Spool } from "./files/spool.ts";
import { TimeWindow, WINDOW_OPTIONS } from "./files/time-window.ts";

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
    dedupe: {
      type: "boolean",
      help: "as --sort, and leave out samples that are there more than once with the same value",
    },
    prune: {
      type: "boolean",
      help: "as --sort, and where records overlap leave only the best of their samples, whatever the values",
    },
    match: MATCH_OPTION,
    ...WINDOW_OPTIONS,
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

Of samples that are there more than once, --dedupe and --prune keep those of the
highest publication version (quality M before Q, D, R), of the same version those
of the longest record. Records keep the headers of what is left of them; rates
that differ are left alone.

If OUT is one of the files, what does not match stays in it.

Example: mseed merge --sort -R 4096 -o day.mseed3 hour-*.mseed3

Exit code: 0; 1 if a file cannot be read or has data missing, or no record
matches; 2 for a wrong command line. OUT is only there, or only changed, when
all was read.`,
  async run({ options, operands, io }) {
    const recordLength = numberOption("record-length", options["record-length"]) ?? DEFAULT_RECORD_LENGTH;
    const tolerance = numberOption("tolerance", options.tolerance);
    const isPruned = options.prune === true || options.dedupe === true;
    const isSorted = options.sort === true || isPruned;
    const window = new TimeWindow(options);
    const files = await RecordFiles.open({ operands, match: options.match, window }, io);
    if (isSorted && files.names.includes(STANDARD)) {
      throw usageError("standard input cannot be sorted, because it can be read only once: name files");
    }
    await window.checkOutput(options.output ?? STANDARD, files.names);
    await using output = await Output.openBinary(options.output ?? STANDARD, io);
    const pending = await PendingBytes.of(options.output ?? STANDARD, files.names, output);
    const joiner = new Joiner({
      recordLength,
      tolerance,
      isDoubtful: (record) => files.worstOf(record) !== undefined,
    });
    const cut = (file: string, record: MiniSeedRecord) =>
      window.cut(file, record, (problem) => files.report(file, asRemark(problem)));
    const join = async (file: string, record: MiniSeedRecord) => {
      for (const part of cut(file, record)) for (const bytes of joiner.add(part)) await output.write(bytes);
    };
    const joinRest = async (part: Remainder) => {
      for (const record of restOf(part)) await join("", record);
    };
    if (isPruned) {
      const overlaps = new Overlaps({
        sameValues: options.prune !== true,
        isDoubtful: (record) => files.worstOf(record) === "error",
      });
      for await (const { record } of sorted(files, pending, io)) {
        // So that it is known whether something is wrong with it.
        void record.samples;
        for (const part of overlaps.add(record)) await joinRest(part);
      }
      for (const part of overlaps.finish()) await joinRest(part);
    } else if (isSorted) {
      for await (const { file, record } of sorted(files, pending, io)) await join(file, record);
    } else {
      for await (const { file, records, passed, isLast } of files.batches((name, piece) =>
        pending.push(name, piece),
      )) {
        for (const record of records) {
          await pending.pass(file, record);
          await join(file, record);
        }
        if (!isLast) await pending.copy(file, passed());
      }
    }
    for (const bytes of joiner.finish()) await output.write(bytes);
    await pending.copyRest();
    if (!files.foundNone) await output.close();
    return files.exitCode;
  },
});

async function* sorted(
  files: RecordFiles,
  pending: PendingBytes,
  io: Io,
): AsyncGenerator<{ file: string; record: MiniSeedRecord }, void> {
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

/** What is left of a record, read again where it is a part. */
function restOf(part: Remainder): MiniSeedRecord[] {
  const { record, ranges } = part;
  const isWhole = ranges[0]?.from === 0 && ranges[0].to === record.sampleCount;
  const pieces = isWhole ? undefined : recordsOf(part);
  return pieces ? pieces.flatMap((bytes) => [...readRecords(bytes, { checkCrc: false })]) : [record];
}
