/** What a station monitor is asked to look for, and what it says. */
import { invalid, notNegative, oneOf, positive, whole } from "../settings.ts";

/** Limits and lengths of time in seconds; 0 where a limit is not wanted. */
export interface MonitorOptions {
  /** A stream is silent when nothing of it came for so long, or for five times its usual interval if that is longer. Default 300. */
  silentAfter?: number;
  /** It is back, or well again, after so many seconds of good data. Default 60. */
  backAfter?: number;
  /** Gaps and overlaps from so many seconds on are told of; all are counted. Default 1. */
  gapFrom?: number;
  /** Whether silence is told of for each stream (default), or when all streams of a station are silent. */
  groupBy?: "stream" | "station";
  /** Streams that must be there, as `CO_JSC`, `CO.JSC.00.HHZ` or `CO_*`: one that never comes is told of, too. */
  expected?: readonly string[];
  /** Data that come so many seconds after they were recorded are late. Default 0: not told of. */
  maximumDelay?: number;
  /** Least share of the last hour, in percent: less is a problem in the report. Default 0. */
  minimumCompleteness?: number;
  /** Least timing quality, in percent. Default 0. */
  minimumTimingQuality?: number;
  /** Largest mean of a minute, above or below 0, in the samples' unit. Default 0: not looked at. */
  maximumOffset?: number;
  /** A channel whose samples have all been the same for so long is dead. Default 60. */
  deadAfter?: number;
  /** Most streams at once. Default 1000. */
  streams?: number;
}

/** What can happen to a stream. */
export type MonitorEventKind = "silent" | "back" | "gap" | "overlap" | "late" | "clock" | "dead" | "offset";

/** What happened. Times in nanoseconds since 1970. */
export interface MonitorEvent {
  event: MonitorEventKind;
  /** The stream; `null` where it is about a station, about all streams, or about one that never came. */
  sourceId: string | null;
  /** The station, as `CO_JSC`; `null` where it is about all. */
  station: string | null;
  /** With `back`: what is over. */
  after?: Exclude<MonitorEventKind, "back">;
  /** When it began. */
  since: bigint;
  /** For how long, or how much; 0 where that says nothing. */
  seconds: number;
  /** How many samples are missing or there twice; 0 where that says nothing. */
  samples: number;
  /** How many things of the kind this stands for. */
  count: number;
  /** A sentence fit for a mail. */
  message: string;
}

const FIRST_LIMITS = { silentAfter: 300, backAfter: 60, gapFrom: 1, deadAfter: 60 };
const MOST_STREAMS = 10_000;
const MOST_EXPECTED = 1000;

/** The options with their defaults. @throws SignalError `INVALID_SETTING` */
export function checkedOptions(options: MonitorOptions): Required<MonitorOptions> {
  const limit = (name: keyof typeof FIRST_LIMITS) =>
    notNegative(name, options[name] ?? FIRST_LIMITS[name], "of seconds");
  const percent = (name: "minimumCompleteness" | "minimumTimingQuality") => {
    const value = notNegative(name, options[name] ?? 0, "of percent");
    if (value > 100) throw invalid(name, value, "at most 100 percent");
    return value;
  };
  return {
    silentAfter: positive("silentAfter", limit("silentAfter"), "of seconds"),
    backAfter: limit("backAfter"),
    gapFrom: limit("gapFrom"),
    deadAfter: limit("deadAfter"),
    groupBy: oneOf("groupBy", options.groupBy ?? "stream", ["stream", "station"]),
    expected: expectedOf(options.expected ?? []),
    maximumDelay: notNegative("maximumDelay", options.maximumDelay ?? 0, "of seconds"),
    minimumCompleteness: percent("minimumCompleteness"),
    minimumTimingQuality: percent("minimumTimingQuality"),
    maximumOffset: notNegative("maximumOffset", options.maximumOffset ?? 0),
    streams: whole("streams", options.streams ?? 1000, 1, MOST_STREAMS),
  };
}

function expectedOf(patterns: readonly string[]): string[] {
  whole("expected.length", patterns.length, 0, MOST_EXPECTED);
  for (const pattern of patterns) {
    if (typeof pattern !== "string" || pattern.trim() === "")
      throw invalid("expected", pattern, "a list of names such as CO_JSC or CO.JSC.00.HHZ");
  }
  return [...new Set(patterns.map((pattern) => pattern.trim()))];
}
