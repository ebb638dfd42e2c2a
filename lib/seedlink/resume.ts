/**
 * Where to begin: which server it is, what is asked for, where this reader stopped and what the server says it holds give
 * what to send for each station, what is to come first, what of it has been had already, and what is lost. Pure. No two
 * servers resume alike, and none says that it could not, so this decides before asking and proves it afterwards:
 *
 * - ringserver begins with number n only if n-1 is still there, else it silently skips all that it holds; it has one number
 *   for all stations, of which the newest counts. What it cannot be asked for by number is asked for by time, from 1970 on.
 * - SeisComP and others have a number for each station.
 * - The last packet is asked for once more: that it comes first, and is the same one, proves that the number still means
 *   what it meant. If not, all is asked for, and what has been had is dropped.
 */
import {
  copyPosition,
  emptyPosition,
  type KnownPacket,
  type Numbering,
  type SeedLinkPosition,
} from "./position.ts";
import type { Begin } from "./protocol/commands.ts";
import { SeedLinkError } from "./protocol/errors.ts";
import { hasOneNumberForAll, hasStationWildcards3, type ServerHello } from "./protocol/hello.ts";
import type { InfoStation } from "./protocol/info.ts";
import { globMatches, StreamMatcher } from "./protocol/matching.ts";
import {
  hasWildcard,
  type Selector,
  type StationRequest,
  selectorOf3,
  selectorOf4,
} from "./protocol/selectors.ts";
import { SEQUENCES_3, widenSequence } from "./protocol/sequence.ts";

/** Where to begin without a position: with the oldest packet, with those to come, or with a time in microseconds since 1970. */
export type Start = "earliest" | "latest" | number;

export interface ResumeInput {
  readonly hello: ServerHello;
  readonly protocol: 3 | 4;
  readonly requests: readonly StationRequest[];
  readonly start: Start;
  readonly position: SeedLinkPosition | undefined;
  /** What INFO STATIONS says, without a pattern; `undefined` where the server does not tell. */
  readonly stations: readonly InfoStation[] | undefined;
  /** Stations whose last packet did not come first, or was another one; `*` for the whole ring. */
  readonly distrusted?: ReadonlySet<string>;
  /** Stations that the server did not know when it was asked last. */
  readonly missing?: ReadonlySet<string>;
}

/**
 * How a station, or the ring, goes on. `position`: behind the last packet. `earliest`: with the oldest one, the position's
 * not being there any more. `restarted`: the server has begun anew. `unknown`: it does not tell what it holds. `new`: there
 * was no position.
 */
export type How = "position" | "earliest" | "restarted" | "unknown" | "new";

/** What has been had already, of what comes. */
export type Drop =
  | { readonly rule: "none" }
  /**
   * The numbers are those of the position: a packet whose number is not above `sequence` has been had, if its record is not
   * after the latest of its stream either. `sure`: also where nothing of its stream is known.
   */
  | { readonly rule: "numbers"; readonly sequence: bigint; readonly sure: boolean }
  /** The numbers mean nothing: a record that is not after the latest of its stream has been had. */
  | { readonly rule: "times" };

/** What is sent for one STATION. */
export interface StationPlan {
  /** `NET_STA`, or a pattern where the server takes one. */
  readonly station: string;
  /** The arguments of SELECT. */
  readonly selects: readonly string[];
  readonly begin: Begin;
}

/** How to judge what comes of a station; of a ring, of all of them together. */
export interface Judgement {
  readonly how: How;
  readonly drop: Drop;
  /** The packet that comes first, if all is as it was. */
  readonly expect: KnownPacket | undefined;
  /** A number near those to come, by which 24-bit ones are widened. */
  readonly near: bigint | undefined;
  /** Where all that the ring holds is asked for: what it held before it was asked. */
  readonly held?: Range | undefined;
}

/** Packets that the server does not have any more. */
export interface Gap {
  readonly station: string;
  readonly first: bigint;
  readonly last: bigint;
}

export interface Plan {
  readonly numbering: Numbering;
  readonly stations: readonly StationPlan[];
  /** By station; `*` for all others, and for a ring. */
  readonly judgements: ReadonlyMap<string, Judgement>;
  readonly gaps: readonly Gap[];
  /** Stations asked for by name that the server does not list. */
  readonly missing: readonly string[];
  /** The position from now on. */
  readonly position: SeedLinkPosition;
  /** How many packets the ring holds; a jump of numbers by as many may be an overtaken reader. */
  readonly span: bigint | undefined;
  /** Whether the numbers of a station follow one another, where all of its streams are asked for. */
  readonly isConsecutive: boolean;
}

/** ringserver's station codes in INFO are cut to so many characters; shorter ones can be told apart. */
const TOLD_CODE = 9;

/** No data are older. ringserver 2020.075 takes the very beginning of 1970 for no time, and sends nothing. */
const FIRST_TIME = 1_000_000;

const EVERYTHING_BY_TIME: Begin = { at: "time", start: FIRST_TIME };

/**
 * Decides how to begin.
 *
 * @throws SeedLinkError `NOT_SUPPORTED` where the server cannot be asked for the streams
 */
export function planResume(input: ResumeInput): Plan {
  const numbering = hasOneNumberForAll(input.hello) ? "ring" : "station";
  // Numbers of a server that counts differently mean nothing, but the times of the records do.
  const foreign = input.position !== undefined && input.position.numbering !== numbering;
  const position = positionFor(input.position, numbering);
  const known = { ...input, position };
  return numbering === "ring" ? planRing(known, foreign) : planStations(known, foreign);
}

function positionFor(position: SeedLinkPosition | undefined, numbering: Numbering): SeedLinkPosition {
  if (position === undefined) return emptyPosition(numbering);
  if (position.numbering === numbering) return copyPosition(position);
  return { ...emptyPosition(numbering), streams: new Map(position.streams) };
}

type Input = ResumeInput & { readonly position: SeedLinkPosition };

/** The numbers of what a server holds. */
export interface Range {
  /** Number of the oldest packet. */
  readonly first: bigint;
  /** The number behind the newest one. */
  readonly next: bigint;
}

/* The ring: one number for all. */

function planRing(input: Input, foreign: boolean): Plan {
  const range = ringRange(input, input.position.newest?.sequence);
  const decision = decideRing(input, range, foreign);
  const stations = input.requests.map(({ station, selectors }) => ({
    station,
    selects: selectsOf(selectors, input),
    begin: decision.begin,
  }));
  return {
    numbering: "ring",
    stations,
    judgements: new Map([["*", decision.judgement]]),
    gaps: decision.gap ? [decision.gap] : [],
    missing: missingOf(input),
    position: decision.judgement.how === "new" ? baseline(input, range) : input.position,
    span: spanOf(input, range),
    isConsecutive: false,
  };
}

/** At least as much as there is now: while there is nothing yet, any jump is to be looked at. */
function spanOf({ stations }: Input, range: Range | undefined): bigint | undefined {
  if (stations === undefined) return undefined;
  return range && range.next > range.first ? range.next - range.first : 1n;
}

interface Decision {
  readonly begin: Begin;
  readonly judgement: Judgement;
  readonly gap?: Gap;
}

function decideRing(input: Input, range: Range | undefined, foreign: boolean): Decision {
  const last = input.position.newest;
  if (foreign) return everything("restarted", { rule: "times" }, range);
  if (last === undefined) return startRing(input.start, range);
  if (range === undefined)
    return everything(input.stations === undefined ? "unknown" : "restarted", { rule: "times" }, range);
  const drop = (sure: boolean): Drop => ({ rule: "numbers", sequence: last.sequence, sure });
  if (last.sequence < range.first) {
    // The very oldest packet is lost as well: it is never sent.
    const gap = { station: "*", first: last.sequence + 1n, last: range.first };
    return { ...everything("earliest", drop(false), range), gap };
  }
  if (last.sequence >= range.next) return everything("restarted", { rule: "times" }, range);
  if (input.distrusted?.has("*")) return everything("restarted", { rule: "times" }, range);
  return byNumber(input, last, range) ?? everything("position", drop(true), range);
}

/** Behind the last packet, by its number, if the server can be asked so. */
function byNumber(input: Input, last: KnownPacket, range: Range): Decision | undefined {
  const provable = canProve(input, last);
  const sequence = provable ? last.sequence : last.sequence + 1n;
  // Number n is to be had while n-1 is there; in protocol 3, only in the block of 24 bits of the newest packet.
  const there = sequence > range.first;
  const sameBlock = input.protocol === 4 || (sequence - 1n) / SEQUENCES_3 === (range.next - 1n) / SEQUENCES_3;
  if (!there || !sameBlock || sequence < 2n) return undefined;
  return {
    begin: { at: "sequence", sequence },
    judgement: {
      how: "position",
      drop: { rule: "numbers", sequence: last.sequence, sure: true },
      expect: provable ? last : undefined,
      near: sequence,
    },
  };
}

/** Whether the last packet is one that would come if it were asked for. */
function canProve(input: Input, last: KnownPacket): boolean {
  if (last.sourceId === undefined || last.start === undefined) return false;
  const codes = last.sourceId.slice(last.sourceId.lastIndexOf(":") + 1).split("_");
  const stream = codes.length === 6 ? codes.slice(2).join("_") : undefined;
  const matcher = new StreamMatcher(withoutTypes(input.requests));
  return matcher.matches({ station: codes.slice(0, 2).join("_"), stream, format: "", subformat: "" });
}

/** The type of the last packet is not known, but it came through once. */
function withoutTypes(requests: readonly StationRequest[]): StationRequest[] {
  return requests.map(({ station, selectors }) => ({
    station,
    selectors: selectors
      .filter(({ negative, type }) => !negative || type === undefined)
      .map(({ negative, stream }) => ({ negative, stream })),
  }));
}

/** All that the ring holds but its very oldest packet, which ringserver never sends. */
function everything(how: How, drop: Drop, range: Range | undefined): Decision {
  return {
    begin: EVERYTHING_BY_TIME,
    judgement: { how, drop, expect: undefined, near: range?.first, held: range },
  };
}

function startRing(start: Start, range: Range | undefined): Decision {
  const time = typeof start === "number" ? Math.max(start, FIRST_TIME) : FIRST_TIME;
  const begin: Begin = start === "latest" ? { at: "next" } : { at: "time", start: time };
  const near = start === "latest" ? range?.next : range?.first;
  const held = start === "earliest" ? range : undefined;
  return { begin, judgement: { how: "new", drop: { rule: "none" }, expect: undefined, near, held } };
}

/** All stations together: the numbers of one station have gaps. */
function ringRange(input: ResumeInput, near: bigint | undefined): Range | undefined {
  let [first, next]: [bigint | undefined, bigint] = [undefined, 0n];
  for (const station of input.stations ?? []) {
    const range = rangeOf(station, input, near);
    if (range === undefined) continue;
    if (first === undefined || range.first < first) first = range.first;
    if (range.next > next) next = range.next;
  }
  return first === undefined ? undefined : { first, next };
}

/** Numbers of 24 bits are widened to those that are near the position; ringserver 4 tells all of its 64 bits in 3, too. */
function rangeOf(station: InfoStation, input: ResumeInput, near: bigint | undefined): Range | undefined {
  const { firstSequence: first, nextSequence: next } = station;
  if (first === undefined || next === undefined) return undefined;
  if (input.protocol === 4 || input.hello.kind === "ringserver")
    return next < first ? undefined : { first, next };
  const low = widenSequence(Number(first % SEQUENCES_3), near);
  return { first: low, next: low + ((((next - first) % SEQUENCES_3) + SEQUENCES_3) % SEQUENCES_3) };
}

/** With those to come: what there is now counts as had, so that a cut before the first packet loses nothing. */
function baseline(input: Input, range: Range | undefined): SeedLinkPosition {
  if (input.start !== "latest" || range === undefined) return input.position;
  return { ...input.position, newest: { sequence: range.next - 1n } };
}

/* Each station its own number. */

function planStations(input: Input, foreign: boolean): Plan {
  const named = new Map((input.stations ?? []).map((station) => [station.id, station]));
  const asked = expand(input, named);
  const plans: StationPlan[] = [];
  const judgements = new Map<string, Judgement>();
  const gaps: Gap[] = [];
  const baselines: [string, KnownPacket][] = [];
  const position = input.position;
  for (const [station, { request, byName }] of asked) {
    const info = named.get(station);
    const decision = hasWildcard(station)
      ? startStation(input, false)
      : decideStation(input, station, info, byName, foreign);
    plans.push({ station, selects: selectsOf(request.selectors, input), begin: decision.begin });
    judgements.set(station, decision.judgement);
    if (decision.gap) gaps.push(decision.gap);
    const range = info && rangeOf(info, input, undefined);
    if (decision.begin.at === "next" && range) baselines.push([station, { sequence: range.next - 1n }]);
  }
  for (const [station, known] of baselines) position.stations.set(station, known);
  return {
    numbering: "station",
    stations: plans,
    judgements,
    gaps,
    missing: missingOf(input),
    position,
    span: undefined,
    isConsecutive: input.hello.kind === "seiscomp",
  };
}

interface Asked {
  readonly request: StationRequest;
  /** Whether it was asked for by its name, not by a pattern. */
  readonly byName: boolean;
}

/** The stations to ask for: patterns as the stations that are known, which each have a number of their own. */
function expand(input: Input, named: ReadonlyMap<string, InfoStation>): Map<string, Asked> {
  const asked = new Map<string, Asked>();
  const patterns = input.requests.filter(({ station }) => hasWildcard(station));
  for (const request of input.requests) {
    if (!hasWildcard(request.station)) asked.set(request.station, { request, byName: true });
  }
  for (const station of [...named.keys(), ...input.position.stations.keys()]) {
    if (asked.has(station)) continue;
    const request = patterns.find((pattern) => globMatches(pattern.station, station));
    if (request) asked.set(station, { request, byName: false });
  }
  // Those that are not known yet; protocol 3 has no way to ask for them.
  if (input.protocol === 4)
    for (const request of patterns) asked.set(request.station, { request, byName: false });
  if (
    patterns.length > 0 &&
    input.protocol === 3 &&
    input.stations === undefined &&
    !hasStationWildcards3(input.hello)
  ) {
    throw new SeedLinkError(
      "NOT_SUPPORTED",
      `The server takes no wildcards for stations (${patterns[0]!.station}), and does not list its stations: name them.`,
    );
  }
  return asked;
}

function decideStation(
  input: Input,
  station: string,
  info: InfoStation | undefined,
  byName: boolean,
  foreign: boolean,
): Decision {
  if (foreign) return all("restarted", { rule: "times" }, undefined);
  const last = input.position.stations.get(station);
  if (last === undefined) return startStation(input, isNewStation(input, station, byName));
  const range = info && rangeOf(info, input, last.sequence);
  if (range === undefined) {
    return input.distrusted?.has(station)
      ? all("unknown", { rule: "times" }, last.sequence)
      : behind(input, last, "unknown");
  }
  if (last.sequence >= range.next) return all("restarted", { rule: "times" }, range.first);
  const drop: Drop = { rule: "numbers", sequence: last.sequence, sure: false };
  if (last.sequence + 1n < range.first) {
    return {
      ...all("earliest", drop, range.first),
      gap: { station, first: last.sequence + 1n, last: range.first - 1n },
    };
  }
  if (input.distrusted?.has(station)) return all("restarted", { rule: "times" }, range.first);
  if (last.sequence < range.first) return all("position", drop, range.first);
  return behind(input, last, "position");
}

/** Whether all that the server has of a station has come since this reader began. */
function isNewStation(input: Input, station: string, byName: boolean): boolean {
  const resumed = input.position.stations.size > 0 || input.position.newest !== undefined;
  return byName ? input.missing?.has(station) === true : resumed;
}

function behind(input: Input, last: KnownPacket, how: How): Decision {
  const provable = canProve(input, last);
  return {
    begin: { at: "sequence", sequence: provable ? last.sequence : last.sequence + 1n },
    judgement: {
      how,
      drop: { rule: "numbers", sequence: last.sequence, sure: true },
      expect: provable ? last : undefined,
      near: last.sequence,
    },
  };
}

function all(how: How, drop: Drop, near: bigint | undefined): Decision {
  return { begin: { at: "all" }, judgement: { how, drop, expect: undefined, near } };
}

function startStation({ start, position }: Input, isNew: boolean): Decision {
  const drop: Drop = position.streams.size > 0 ? { rule: "times" } : { rule: "none" };
  if (isNew || start === "earliest") return all("new", drop, undefined);
  const begin: Begin = start === "latest" ? { at: "next" } : { at: "time", start };
  return { begin, judgement: { how: "new", drop, expect: undefined, near: undefined } };
}

/* Both. */

function selectsOf(selectors: readonly Selector[], { protocol, hello }: ResumeInput): string[] {
  if (protocol === 4) return selectors.map(selectorOf4);
  const dashes = hasOneNumberForAll(hello);
  const words = selectors
    .map((selector) => selectorOf3(selector, dashes))
    .filter((word) => word !== undefined);
  return [...new Set(words)];
}

/** Stations asked for by name that are not in the list, as far as the list can be trusted to tell. */
function missingOf({ requests, stations }: ResumeInput): string[] {
  if (stations === undefined) return [];
  const names = new Set(stations.map(({ id }) => id.toUpperCase()));
  return requests
    .map(({ station }) => station)
    .filter((station) => !hasWildcard(station) && !names.has(station) && !isCut(station, names));
}

function isCut(station: string, names: ReadonlySet<string>): boolean {
  const [network = "", code = ""] = station.split("_");
  if (network.length < TOLD_CODE && code.length < TOLD_CODE) return false;
  return [...names].some((name) => station.startsWith(name));
}
