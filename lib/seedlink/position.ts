/**
 * Where a reader stopped: what a subscription keeps, and goes on behind after a restart. Numbers alone are not enough: a
 * server that began anew may have passed them already, so the time of the last record is kept with each of them.
 */
import type { SeedLinkPacket } from "./protocol/packet.ts";

/** A packet that can be recognized. */
export interface KnownPacket {
  readonly sequence: bigint;
  /** Not there where no packet of the station has come yet: then the number is that of its newest packet at the time. */
  readonly sourceId?: string;
  /** Time of its first sample: microseconds since 1970. */
  readonly start?: number;
}

/**
 * Whose numbers they are: one for the whole `ring`, or each `station` its own. Of a server that counts differently they
 * mean nothing.
 */
export type Numbering = "ring" | "station";

/** Where a SeedLink reader stopped: the last packet of each station. */
export interface SeedLinkPosition {
  readonly numbering: Numbering;
  /** The packet of the highest number. */
  newest: KnownPacket | undefined;
  /** The last packet of each station, by `NET_STA`. */
  readonly stations: Map<string, KnownPacket>;
  /** The latest start of each stream, by source id: microseconds since 1970. */
  readonly streams: Map<string, number>;
}

/** Names come from the server, in any number; those that have been silent longest are forgotten first. */
const MAX_NAMES = 200_000;

/** No packet yet. */
export function emptyPosition(numbering: Numbering): SeedLinkPosition {
  return { numbering, newest: undefined, stations: new Map(), streams: new Map() };
}

/** An independent copy. */
export function copyPosition(position: SeedLinkPosition): SeedLinkPosition {
  return { ...position, stations: new Map(position.stations), streams: new Map(position.streams) };
}

/** Moves a position behind a packet; packets come in the order in which they are to be counted. */
export function advance(position: SeedLinkPosition, packet: SeedLinkPacket): void {
  const { sequence, sourceId, dataStart: start, station } = packet;
  const known: KnownPacket = { sequence, sourceId, start };
  position.newest = known;
  position.stations.set(station, known);
  const latest = position.streams.get(sourceId);
  if (latest === undefined || start > latest) position.streams.set(sourceId, start);
  if (position.stations.size > MAX_NAMES) forgetFirst(position.stations);
  if (position.streams.size > MAX_NAMES) forgetFirst(position.streams);
}

/**
 * The position of a reader to whom these packets come again: before the first of each station, or of the ring. They are in the
 * order in which they came, and `position` is behind all of them. Others that came after them may come again too.
 */
export function rewound(position: SeedLinkPosition, packets: readonly SeedLinkPacket[]): SeedLinkPosition {
  const back = copyPosition(position);
  const [first] = packets;
  if (first && back.numbering === "ring") back.newest = { sequence: first.sequence - 1n };
  // The last of them that is set is the first that came.
  for (const { station, sequence, sourceId, dataStart } of packets.toReversed()) {
    back.stations.set(station, { sequence: sequence - 1n });
    const latest = back.streams.get(sourceId);
    if (latest === undefined || latest >= dataStart) back.streams.set(sourceId, dataStart - 1);
  }
  return back;
}

function forgetFirst(names: Map<string, unknown>): void {
  for (const name of names.keys()) {
    names.delete(name);
    return;
  }
}

/** How a position becomes JSON, and comes back. */
export const positionFormat = { write: writePosition, read: readPosition };

function writePosition({ numbering, newest, stations, streams }: SeedLinkPosition): unknown {
  return {
    numbering,
    newest: newest && plain(newest),
    stations: Object.fromEntries([...stations].map(([name, known]) => [name, plain(known)])),
    streams: Object.fromEntries(streams),
  };
}

function plain({ sequence, sourceId, start }: KnownPacket): unknown {
  return { sequence: String(sequence), sourceId, start };
}

/** `undefined` where the value is not a position. */
function readPosition(value: unknown): SeedLinkPosition | undefined {
  const { numbering, newest, stations, streams } = (value ?? {}) as Record<string, unknown>;
  if (numbering !== "ring" && numbering !== "station") return undefined;
  const known = Object.entries(objectOf(stations)).map(
    ([name, packet]) => [name, readKnown(packet)] as const,
  );
  const starts = Object.entries(objectOf(streams));
  const last = newest === undefined ? undefined : readKnown(newest);
  const isWhole =
    (newest === undefined || last !== undefined) &&
    known.every(([, packet]) => packet !== undefined) &&
    starts.every(([, start]) => Number.isSafeInteger(start));
  if (!isWhole) return undefined;
  return {
    numbering,
    newest: last,
    stations: new Map(known as [string, KnownPacket][]),
    streams: new Map(starts as [string, number][]),
  };
}

function readKnown(value: unknown): KnownPacket | undefined {
  const { sequence, sourceId, start } = objectOf(value);
  if (typeof sequence !== "string" || !/^(?:\d{1,20}|-1)$/.test(sequence)) return undefined;
  const number = { sequence: BigInt(sequence) };
  if (sourceId === undefined && start === undefined) return number;
  return typeof sourceId === "string" && Number.isSafeInteger(start)
    ? { ...number, sourceId, start: start as number }
    : undefined;
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
