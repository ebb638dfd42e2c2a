/**
 * The columns of lists of traces and gaps: those of msi, which other programs read; and on a terminal that is too narrow for
 * them, ids without FDSN: and times to the second.
 */
import { printable } from "../../printable.ts";
import { type OutputStream, widthOf } from "../../terminal.ts";
import { timeText } from "./time-text.ts";

export interface Layout {
  readonly isNarrow: boolean;
  /** A source id, or a heading, as wide as its column. */
  readonly id: (text: string) => string;
  /** Nanoseconds since 1970. */
  readonly time: (nanoseconds: bigint, isInSecond60?: boolean) => string;
  /** A time that is shown, or a heading, as wide as its column. */
  readonly timeColumn: (text: string) => string;
}

const ID_WIDTH = 27;
const TIME_WIDTH = 28;
/** What all columns of the widest list take. */
const FULL_WIDTH = 112;
const SHORT_TIME_WIDTH = "2026-11-22 06:00:00".length;

const FULL: Layout = {
  isNarrow: false,
  id: (text) => printable(text).padEnd(ID_WIDTH),
  time: timeText,
  timeColumn: (text) => text.padEnd(TIME_WIDTH),
};

/** The layout for standard output, of a list with these source ids. */
export function layoutFor(stdout: OutputStream, ids: readonly string[]): Layout {
  if (!stdout.isTTY || widthOf(stdout) >= FULL_WIDTH) return FULL;
  const width = Math.max("SourceID".length, ...ids.map((id) => short(id).length));
  return {
    isNarrow: true,
    id: (text) => short(text).padEnd(width),
    time: (nanoseconds, isInSecond60) =>
      timeText(nanoseconds, isInSecond60).slice(0, SHORT_TIME_WIDTH).replace("T", " "),
    timeColumn: (text) => text.padEnd(SHORT_TIME_WIDTH),
  };
}

function short(id: string): string {
  return printable(id.replace(/^FDSN:/, ""));
}
