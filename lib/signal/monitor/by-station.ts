/** Events of streams, told of for their stations: three components that have the same gap are one thing to look at. */
import type { MonitorEvent } from "./options.ts";

/** One event of each kind for each station, in the order of the first; those of stations and of all stay as they are. */
export function eventsByStation(events: readonly MonitorEvent[]): MonitorEvent[] {
  const groups = new Map<string, MonitorEvent[]>();
  for (const event of events) {
    const key = `${event.event} ${event.after ?? ""} ${event.station ?? event.message}`;
    groups.set(key, [...(groups.get(key) ?? []), event]);
  }
  return [...groups.values()].map(joined);
}

function joined(group: MonitorEvent[]): MonitorEvent {
  const longest = group.reduce((a, b) => (b.seconds > a.seconds ? b : a));
  if (group.length === 1) return longest;
  const others = group.length - 1;
  return {
    ...longest,
    sourceId: null,
    count: group.reduce((sum, { count }) => sum + count, 0),
    samples: group.reduce((sum, { samples }) => sum + samples, 0),
    message: `${longest.message} So ${others === 1 ? "does another stream" : `do ${others} other streams`} of the station.`,
  };
}
