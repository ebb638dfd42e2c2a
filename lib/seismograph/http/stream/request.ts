/** What a page asks of a stream: which channels and band, how far back and how fine. */
import type { PageKind } from "../../frames.ts";
import type { Seismograph } from "../../seismograph.ts";
import { COARSE, FINE, FINE_KEPT } from "../../store/channel.ts";
import { RequestError } from "../errors.ts";
import type { Query } from "../query.ts";

export interface StreamRequest {
  page: PageKind;
  /** Id of the view, and its place among those of the seismograph. */
  view: string;
  viewIndex: number;
  /** Ids of the channels whose bins are wanted; undefined: all. */
  channels: ReadonlySet<string> | undefined;
  /** Seconds that the snapshot reaches back. */
  span: number;
  /** Whether the fine bins are sent, and how many of the bins kept make one of those sent. */
  isFine: boolean;
  factor: number;
  /** Whether raw samples are sent too. */
  hasSamples: boolean;
}

const LONGEST_LIVE = 3600;
const DEFAULT_LIVE = 300;
/** Live traces up to so many seconds have bins of 25 ms. */
const FINEST = 60;
const FINE_FACTOR = 4;
const MOST_CHANNELS = 200;

/** @throws RequestError `BAD_REQUEST` */
export function streamRequest(query: Query, { options }: Seismograph): StreamRequest {
  const page = query.choice("page", ["live", "heli"], "live");
  const ids = options.views.map(({ id }) => id);
  const view = query.choice("view", ids, ids[0]!);
  const channels = channelsOf(query.text("channels"));
  const hours = query.number("hours", 0.1, 168, options.hours);
  const live = query.number("span", 10, LONGEST_LIVE, DEFAULT_LIVE);
  const span = page === "heli" ? Math.min(hours, options.hours) * 3600 : live;
  const isFine = page === "live" && span <= Math.min(FINE_KEPT / 1e6, options.hours * 3600);
  const factor = isFine && span > FINEST ? FINE_FACTOR : 1;
  const hasSamples = query.isOn("samples");
  if (hasSamples && page !== "live") {
    throw new RequestError("BAD_REQUEST", "samples=1 is for page=live only.");
  }
  return { page, view, viewIndex: ids.indexOf(view), channels, span, isFine, factor, hasSamples };
}

/** Microseconds of a bin that is sent. */
export function binWidth({ isFine, factor }: StreamRequest): number {
  return (isFine ? FINE : COARSE) * factor;
}

/** The same text for requests that get the same frames. */
export function keyOf({ channels, ...request }: StreamRequest): string {
  return JSON.stringify([request, channels && [...channels].sort()]);
}

function channelsOf(text: string | undefined): Set<string> | undefined {
  if (text === undefined) return undefined;
  const ids = text.split(",").filter((id) => id !== "");
  if (ids.length <= MOST_CHANNELS) return new Set(ids);
  throw new RequestError("BAD_REQUEST", `channels has ${ids.length} names: give at most ${MOST_CHANNELS}.`);
}
