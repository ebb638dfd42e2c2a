/** `mseed archive`: the records of files into an archive, each into the file of its channel and day. */
import { ArchiveError } from "../../archive/errors.ts";
import { MiniSeedArchive } from "../../archive/mini-seed.ts";
import type { Problem } from "../../mseed/index.ts";
import { CommandError, defineCommand, EXIT_FAILED, usageError } from "../command.ts";
import { STANDARD } from "../input.ts";
import { Output } from "../output.ts";
import { INPUT_NOTE } from "./files/inputs.ts";
import { KnownRecords } from "./files/known-records.ts";
import { asRemark, MATCH_OPTION, RecordFiles } from "./files/record-files.ts";
import { TimeWindow, WINDOW_OPTIONS } from "./files/time-window.ts";

export const archive = defineCommand({
  name: "mseed archive",
  summary: "Sort records into an archive: a file for each channel and day.",
  operands: "FILE…",
  options: {
    sds: { type: "string", value: "DIR", help: "the SeisComP Data Structure in this folder" },
    pattern: {
      type: "string",
      value: "PATH",
      help: "another layout, in ringserver's notation: /data/%n/%s/%n.%s.%l.%c.%Y.%j",
    },
    match: MATCH_OPTION,
    ...WINDOW_OPTIONS,
  },
  notes: `
${INPUT_NOTE}

Records are added to the files byte for byte, by their start time: one that goes
on after midnight is not divided. A record that its file, or what was compressed
of it, has already is not added again, so that the command can be repeated.
In the archive of --sds a file is YEAR/NET/STA/CHAN.D/NET.STA.LOC.CHAN.D.YEAR.DAY.

Example: mseed archive --sds /data/sds download/

Exit code: 0; 1 if a file cannot be read or written or has data missing, or no
record matches; 2 for a wrong command line.`,
  async run({ options, operands, io }) {
    const window = new TimeWindow(options);
    await using store = openArchive(options);
    const files = await RecordFiles.open({ operands, match: options.match, window }, io);
    const known = new KnownRecords(io);
    await using output = await Output.open(STANDARD, io);
    const counts = { added: 0, known: 0 };
    const onProblem = (file: string) => (problem: Problem) => files.report(file, asRemark(problem));
    try {
      for await (const { file, records } of files.batches()) {
        const writes: Promise<unknown>[] = [];
        for (const record of records) {
          for (const part of window.cut(file, record, onProblem(file))) {
            if (await known.takes(store.pathOf(part), part.bytes))
              writes.push(begun(store.write(part.bytes)));
            else counts.known++;
          }
        }
        counts.added += writes.length;
        await Promise.all(writes);
        if (known.forget()) await store.flush();
      }
      await store.close();
    } catch (error) {
      if (error instanceof ArchiveError) throw new CommandError(error.message);
      throw error;
    }
    const { records } = files.counts;
    await output.line(`Records: ${records}, Added: ${counts.added}, There already: ${counts.known}`);
    await output.close();
    return files.foundNone ? EXIT_FAILED : files.exitCode;
  },
});

/** A promise that is awaited later, and may fail before that. */
function begun<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

function openArchive({ sds, pattern }: { sds?: string; pattern?: string }): MiniSeedArchive {
  if ((sds === undefined) === (pattern === undefined)) {
    throw usageError("say where the archive is: --sds DIR or --pattern PATH");
  }
  try {
    return new MiniSeedArchive(sds === undefined ? { pattern } : { directory: sds });
  } catch (error) {
    throw usageError((error as Error).message);
  }
}
