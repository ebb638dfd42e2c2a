/** `mseed availability`: how much of the time streams have data for, and their gaps. */
import type { MissingSpan } from "../../mseed/join/availability.ts";
import { type Availability, availabilityOf } from "../../mseed/join/availability.ts";
import { formatNanoseconds } from "../../time.ts";
import { defineCommand } from "../command.ts";
import { STANDARD } from "../input.ts";
import { numberOption } from "../numbers.ts";
import { Output } from "../output.ts";
import { INPUT_NOTE } from "./files/inputs.ts";
import { MATCH_OPTION, RecordFiles, TOLERANCE_OPTION } from "./files/record-files.ts";
import { TimeWindow, WINDOW_OPTIONS } from "./files/time-window.ts";
import { csvText } from "./text/csv-text.ts";
import { type Layout, layoutFor } from "./text/layout.ts";
import { TraceCollector } from "./traces.ts";

export const availability = defineCommand({
  name: "mseed availability",
  summary: "Show how much of the time streams have data for, and their gaps.",
  operands: "FILE…",
  options: {
    "min-gap": {
      type: "string",
      value: "SECONDS",
      help: "a gap that is shorter counts as data, default 0",
    },
    csv: { type: "boolean", help: "comma-separated values: a row per stream and one per gap" },
    json: { type: "boolean", short: "j", help: "a JSON object per stream, with its gaps" },
    tolerance: TOLERANCE_OPTION,
    match: MATCH_OPTION,
    ...WINDOW_OPTIONS,
  },
  notes: `
${INPUT_NOTE}

Percent is of the time from --start to --end, or else from the stream's first
sample to when the one after its last is due. A sample stands for the time up to
the next; samples that are there twice count once. Gaps are as in "mseed details
--gaps", with those at the edges; text has none.

Exit code: 0; 1 if a file cannot be read, has no record or has data missing, or
no record matches; 2 for a wrong command line. A gap does not count.`,
  async run({ options, operands, io }) {
    const window = new TimeWindow(options);
    const minGap = numberOption("min-gap", options["min-gap"]);
    const tolerance = numberOption("tolerance", options.tolerance);
    const files = await RecordFiles.open({ operands, match: options.match, window, keepGoing: true }, io);
    const collector = new TraceCollector({ tolerance, separateVersions: false });
    for await (const { records } of files.batches()) {
      for (const record of records) collector.add(record, window.rangeOf(record));
    }
    await using output = await Output.open(STANDARD, io);
    const traces = collector.traces();
    const ids = traces.map(({ sourceId }) => sourceId.text);
    const form = options.json ? JSON_LINES : options.csv ? CSV : textForm(layoutFor(io.stdout, ids));
    if (form.heading !== undefined) await output.line(form.heading);
    for (const trace of traces) {
      const found = availabilityOf(trace, {
        startTime: window.start,
        endTime: window.end,
        minGap,
        tolerance,
      });
      if (!found) continue;
      for (const line of form.lines(trace.sourceId.text, found)) await output.line(line);
    }
    await output.close();
    return files.exitCode;
  },
});

/** A way to write it down. */
interface Form {
  heading?: string;
  lines(id: string, availability: Availability): Iterable<string>;
}

function textForm(layout: Layout): Form {
  const widths = layout.isNarrow ? [7, 4, 9] : [8, 8, 8];
  const columns = (id: string, start: string, end: string, ...numbers: string[]) => {
    const times = [start, end].map(layout.timeColumn);
    return [layout.id(id), ...times, ...numbers.map((text, i) => text.padStart(widths[i]!))].join(" ");
  };
  const missingText = (seconds: number) => `${layout.isNarrow ? Math.round(seconds) : rounded(seconds)} s`;
  return {
    heading: columns("SourceID", "Start", "End", "Percent", "Gaps", "Missing"),
    *lines(id, { startTime, endTime, percent, gaps }) {
      const missing = gaps.reduce((sum, gap) => sum + secondsOf(gap), 0);
      const numbers = [percentText(percent), String(gaps.length), missingText(missing)];
      yield columns(id, layout.time(startTime), layout.time(endTime), ...numbers);
      for (const gap of gaps) {
        const [start, end] = [layout.time(gap.startTime), layout.time(gap.endTime)];
        yield columns("  gap", start, end, "", "", missingText(secondsOf(gap)));
      }
    },
  };
}

const CSV: Form = {
  heading: "kind,sourceId,startTime,endTime,seconds,percent",
  *lines(id, { startTime, endTime, seconds, percent, gaps }) {
    const name = csvText(id);
    const times = (span: MissingSpan) =>
      `${formatNanoseconds(span.startTime)},${formatNanoseconds(span.endTime)}`;
    yield `data,${name},${times({ startTime, endTime })},${rounded(seconds)},${percentText(percent)}`;
    for (const gap of gaps) yield `gap,${name},${times(gap)},${rounded(secondsOf(gap))},`;
  },
};

const JSON_LINES: Form = {
  *lines(sourceId, { startTime, endTime, seconds, percent, gaps }) {
    yield JSON.stringify({
      sourceId,
      startTime: formatNanoseconds(startTime),
      endTime: formatNanoseconds(endTime),
      percent,
      seconds,
      gaps: gaps.map((gap) => ({
        startTime: formatNanoseconds(gap.startTime),
        endTime: formatNanoseconds(gap.endTime),
        seconds: secondsOf(gap),
      })),
    });
  },
};

function secondsOf({ startTime, endTime }: MissingSpan): number {
  return Number(endTime - startTime) / 1e9;
}

/** To the microsecond, without zeros at the end. */
function rounded(seconds: number): string {
  return String(Math.round(seconds * 1e6) / 1e6);
}

/** 100 only where nothing is missing. */
function percentText(percent: number): string {
  return percent < 100 && percent > 99.999 ? "99.999" : percent.toFixed(3);
}
