/** What a seismograph is to be like: its options, what holds where they say nothing, and which of them make no sense. */
import { MAX_CHANNELS, MAX_SEISMOGRAPH_BYTES } from "../limits.ts";
import { SeismographError } from "./errors.ts";
import type { BandView } from "./frames.ts";
import { bandView, MAX_VIEWS } from "./views.ts";

/** What a seismograph keeps and shows. */
export interface SeismographOptions {
  /** At the top of the page. Default `Seismograph`. */
  title?: string | undefined;
  /**
   * Band views, 1 to 5: `raw`, `1-20` (hertz from and to), `0.5-` (from), `-1` (up to). The first is what a page begins with.
   * Default raw, 1-20 and 0.7-2.
   */
  views?: readonly string[] | undefined;
  /** How far back a drum reaches, 1 to 168. Default 24. */
  hours?: number | undefined;
  /** Of a drum's line: 5, 10, 15, 20, 30, 60 or 120. Default 30. */
  lineMinutes?: number | undefined;
  /** Raw samples kept for zooming, 1 to 1440. Default 60. */
  rawMinutes?: number | undefined;
  /** Default 200, which is the most. */
  maxChannels?: number | undefined;
  /** Memory of all channels in bytes, counted as if each were full already. Default 1 GiB. */
  maxBytes?: number | undefined;
  /**
   * An archive of miniSEED: a folder, or a path pattern as the archives have it (`SDS@/data/archive`). A new seismograph reads the hours
   * that it keeps from it, and zooms and downloads read what is older than the raw samples kept. Default none.
   */
  archive?: string | undefined;
  /** A file in which triggers and earthquakes outlast a restart: it is read by `refill()`, and written after changes. Default none. */
  marksFile?: string | undefined;
  /** Hears of what could not be read of the archive, or of the file of marks, and of a file that cannot be written. */
  onProblem?: ((error: Error) => void) | undefined;
}

/** Options with the defaults for those that are not given. */
export interface CompleteOptions {
  title: string;
  views: readonly BandView[];
  hours: number;
  lineMinutes: number;
  rawMinutes: number;
  maxChannels: number;
  maxBytes: number;
}

/** The lines that a drum can have, in minutes. */
export const LINE_MINUTES = [5, 10, 15, 20, 30, 60, 120] as const;

const DEFAULT_VIEWS = ["raw", "1-20", "0.7-2"];
const LONGEST_TITLE = 100;

/** @throws SeismographError `INVALID_SETTING` */
export function completeOptions(options: SeismographOptions): CompleteOptions {
  const { title = "Seismograph", lineMinutes = 30 } = options;
  if (!LINE_MINUTES.some((minutes) => minutes === lineMinutes)) {
    throw invalid("lineMinutes", lineMinutes, `one of ${LINE_MINUTES.join(", ")}`);
  }
  return {
    title: title.slice(0, LONGEST_TITLE),
    views: viewsOf(options.views ?? DEFAULT_VIEWS),
    hours: within("hours", options.hours ?? 24, 1, 168),
    lineMinutes,
    rawMinutes: within("rawMinutes", options.rawMinutes ?? 60, 1, 1440),
    maxChannels: within("maxChannels", options.maxChannels ?? MAX_CHANNELS, 1, MAX_CHANNELS),
    maxBytes: within("maxBytes", options.maxBytes ?? MAX_SEISMOGRAPH_BYTES, 1e6, 1e12),
  };
}

function viewsOf(names: readonly string[]): BandView[] {
  const views = [...new Set(names)].map(bandView);
  if (views.length >= 1 && views.length <= MAX_VIEWS) return views;
  throw invalid("views", names.join(", ").slice(0, 100), `1 to ${MAX_VIEWS} band views`);
}

function within(name: string, value: number, least: number, most: number): number {
  if (typeof value === "number" && value >= least && value <= most) return value;
  throw invalid(name, value, `a number from ${least} to ${most}`);
}

function invalid(name: string, value: unknown, wanted: string): SeismographError {
  return new SeismographError(
    "INVALID_SETTING",
    `${name} is ${JSON.stringify(value) ?? "nothing"}: it must be ${wanted}.`,
  );
}
