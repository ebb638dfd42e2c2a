/** In which order channels stand, and what is shown of them. Pure. */
import type { EventMark } from "../../lib/seismograph/frames.ts";
import type { Channel } from "./channel.ts";

/** Components from top to bottom: vertical, north, east, then the others by name. */
const COMPONENTS = "ZNE";

/** The channels by station, in each by their location and band, then Z, N, E. */
export function byStation(channels: readonly Channel[]): Channel[] {
  const key = ({ station, id }: Channel) => {
    const component = COMPONENTS.indexOf(id.at(-1) ?? "");
    const rank = component < 0 ? COMPONENTS.length : component;
    return [station, id.slice(0, -1), rank, id] as const;
  };
  return channels
    .map((channel) => ({ channel, key: key(channel) }))
    .sort((a, b) => compare(a.key, b.key))
    .map(({ channel }) => channel);
}

/** The channels by their distance from an event, the nearest first; those whose distance nobody knows are last. */
export function byDistance(channels: readonly Channel[], event: EventMark | undefined): Channel[] {
  const distance = ({ id }: Channel) => event?.arrivals[id]?.distance ?? Number.POSITIVE_INFINITY;
  return byStation(channels).sort((a, b) => compare([distance(a)], [distance(b)]));
}

function compare(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  for (const [i, value] of a.entries()) {
    if (value < b[i]!) return -1;
    if (value > b[i]!) return 1;
  }
  return 0;
}
