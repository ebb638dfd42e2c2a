/**
 * What a client has asked for with STATION, SELECT and DATA, and which packets that are. Pure but for the ring it is asked
 * about. A station belongs to the first STATION that it fits, and to all others with the very same pattern; each of them has
 * its own selectors, and its own beginning and end.
 */
import { globMatches } from "../../seedlink/protocol/matching.ts";
import { hasWildcard } from "../../seedlink/protocol/selectors.ts";
import { SEQUENCES_3 } from "../../seedlink/protocol/sequence.ts";
import type { Beginning, Filter, StreamSelector } from "../../seedlink/protocol/server/requests.ts";
import type { Ring, RingStream } from "../ring/ring.ts";
import { isTooLong, streamNames } from "./stream-names.ts";

/** Most STATION and SELECT of a client, and characters of their patterns in all. */
const MAX_LINES = 10_000;
const MAX_CHARACTERS = 256 * 1024;

/**
 * Most characters of the patterns that one name has to be compared with: those of stations with wildcards, and those of the
 * selectors of one station. A comparison takes characters of the name times those of the pattern.
 */
const MAX_COMPARED = 16 * 1024;

/** Most STATION with the same pattern: each of them has to be asked for each stream. */
const MAX_SAME = 8;

/** A packet that is not looked for by its time. */
const ANY = Number.NEGATIVE_INFINITY;
const UNLIMITED = Number.POSITIVE_INFINITY;

/** One STATION, with what has followed it. */
export interface StationRequest {
  readonly pattern: string;
  readonly selectors: StreamSelector[];
  /** Characters of the selectors. */
  characters: number;
  beginning: Beginning;
  /** Sequences: of the first packet that may be sent, and behind the last one. */
  from: number;
  until: number;
  /** Microseconds since 1970: packets that end by then are left out: all of them, or those before the first other one. */
  after: number;
  startsAfter: number;
  /** Packets that start then or later are left out. */
  before: number;
  /** Of a window: the serials of streams that have come, and of those that have not reached its end. */
  readonly seen: Set<number>;
  readonly open: Set<number>;
  /** How its streams are sent where that does not depend on their packets: the same for all of them. */
  readonly plain: Readonly<Record<Filter, readonly [Choice]>>;
}

/** Why a stream is sent: which request asks for it, and how. */
export interface Choice {
  readonly request: StationRequest;
  /** Where it depends on a packet's type: the selectors to be asked, in order. */
  readonly typed: readonly StreamSelector[] | undefined;
  readonly filter: Filter;
}

const FROM_NOW_ON: Beginning = {
  sequence: "next",
  start: undefined,
  end: undefined,
  timeIsSpare: false,
  fetch: false,
};

/** Takes everything away: what a refused SELECT means that would have taken something away. */
const NOTHING: StreamSelector = { negative: true, stream: "*", type: undefined, filter: undefined };
/** Selects nothing: what a refused SELECT means otherwise. No stream has this name. */
const NO_STREAM: StreamSelector = { negative: false, stream: "!", type: undefined, filter: undefined };

export class StationRequests {
  /** Requests with the same pattern, in the order of the first of them. */
  readonly #groups = new Map<string, { order: number; requests: StationRequest[] }>();
  /** Groups whose pattern has wildcards. */
  readonly #wild: { order: number; pattern: string; requests: StationRequest[] }[] = [];
  #wildCharacters = 0;
  #lines = 0;
  #characters = 0;
  #latest: StationRequest | undefined;
  /** What is asked for before any STATION: it counts where none follows. */
  #global: StationRequest | undefined;
  #started: readonly StationRequest[] = [];
  #canFinish = false;
  /** A STATION was refused: what follows it counts for nothing, up to the next one. */
  #isRefused = false;
  #permitted: ((streamId: string) => boolean) | undefined;
  /** By the stream's slot: its serial, and how it is sent, if at all. */
  #serials: number[] = [];
  #choices: (readonly Choice[])[] = [];

  /** How often a stream had to be compared with the patterns. */
  decisions = 0;

  /** Whether nothing was said of stations. */
  get isGlobal(): boolean {
    return this.#groups.size === 0 && !this.#isRefused;
  }

  /** Whether SELECT and DATA have no station to count for. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** Which streams may be read; `undefined` for all. */
  set permitted(permitted: ((streamId: string) => boolean) | undefined) {
    this.#permitted = permitted;
    this.#forget();
  }

  permits(streamId: string): boolean {
    return this.#permitted === undefined || this.#permitted(streamId);
  }

  /** STATION; gives whether there is room for it. */
  add(pattern: string): boolean {
    this.#latest = undefined;
    this.#isRefused = true;
    if (!this.#takeRoom(pattern.length)) return false;
    let group = this.#groups.get(pattern);
    if (!group) {
      const wild = hasWildcard(pattern);
      if (wild && this.#wildCharacters + pattern.length > MAX_COMPARED) return false;
      group = { order: this.#groups.size, requests: [] };
      this.#groups.set(pattern, group);
      if (wild && !isTooLong(pattern)) {
        this.#wildCharacters += pattern.length;
        this.#wild.push({ order: group.order, pattern, requests: group.requests });
      }
    }
    if (group.requests.length >= MAX_SAME) return false;
    this.#isRefused = false;
    this.#latest = newRequest(pattern);
    group.requests.push(this.#latest);
    return true;
  }

  /** A STATION that was refused. */
  refuse(): void {
    this.#latest = undefined;
    this.#isRefused = true;
  }

  /** SELECT; none of them takes back those of before. Gives whether there is room for it. */
  select(selectors: readonly StreamSelector[]): boolean {
    const request = this.#current();
    if (selectors.length === 0) {
      request.selectors.length = 0;
      request.characters = 0;
      return true;
    }
    const characters = selectors.reduce((sum, { stream, type = "" }) => sum + stream.length + type.length, 0);
    if (request.characters + characters > MAX_COMPARED || !this.#takeRoom(characters)) {
      this.refuseSelect(selectors.some(({ negative }) => negative));
      return false;
    }
    request.characters += characters;
    for (const selector of selectors)
      request.selectors.push(isTooLong(selector.stream) ? NO_STREAM : selector);
    return true;
  }

  /** A SELECT that was refused must not leave more selected than was asked for. */
  refuseSelect(wasNegative: boolean): void {
    const { selectors } = this.#current();
    const stand = wasNegative ? NOTHING : NO_STREAM;
    if (!selectors.includes(stand)) selectors.push(stand);
  }

  /** DATA, FETCH or TIME. */
  begin(beginning: Beginning): void {
    this.#current().beginning = beginning;
  }

  #current(): StationRequest {
    if (this.#latest) return this.#latest;
    // What is said behind a refused STATION goes nowhere.
    if (this.#isRefused) return newRequest("");
    this.#global ??= newRequest("*");
    return this.#global;
  }

  #takeRoom(characters: number): boolean {
    if (this.#lines >= MAX_LINES || this.#characters + characters > MAX_CHARACTERS) return false;
    this.#lines++;
    this.#characters += characters;
    return true;
  }

  /** Fixes where each request begins and ends, now; gives the sequence that the first of them begins at. */
  start(ring: Ring, protocol: 3 | 4, isDialUp: boolean): number {
    if (this.isGlobal) {
      const requests = [this.#global ?? newRequest("*")];
      this.#groups.set("*", { order: 0, requests });
      this.#wild.push({ order: 0, pattern: "*", requests });
    }
    this.#forget();
    this.#started = [...this.#groups.values()].flatMap(({ requests }) => requests);
    let first = ring.end;
    for (const request of this.#started) {
      place(request, ring, protocol, isDialUp);
      first = Math.min(first, request.from);
    }
    this.#canFinish = this.#started.every(
      ({ until, before }) => Number.isFinite(until) || Number.isFinite(before),
    );
    return first;
  }

  /**
   * Whether nothing more is to come for who has read up to a sequence.
   *
   * @param hasAll whether that is all there is: a window is not over before
   */
  isFinished(next: number, hasAll: boolean): boolean {
    return (
      this.#canFinish &&
      this.#started.every((request) => next >= request.until || (hasAll && isWindowOver(request)))
    );
  }

  /** Whether all that was asked for ended before a time in microseconds since 1970. */
  endsBefore(time: number): boolean {
    return (
      this.#canFinish && this.#started.every(({ until, before }) => Number.isFinite(until) || before < time)
    );
  }

  /** How a stream is sent: by the first of the choices that wants the packet. */
  choicesOf(stream: RingStream): readonly Choice[] {
    const { slot, serial } = stream;
    if (this.#serials[slot] === serial) return this.#choices[slot]!;
    this.decisions++;
    const choices = this.permits(stream.streamId) ? this.#choose(stream) : NONE;
    this.#serials[slot] = serial;
    this.#choices[slot] = choices;
    return choices;
  }

  #choose(stream: RingStream): readonly Choice[] {
    const names = streamNames(stream);
    if (!names) return NONE;
    const all = this.#requestsFor(names.station).map((request) => choicesFor(request, names.stream));
    const some = all.filter((choices) => choices.length > 0);
    return some.length <= 1 ? (some[0] ?? NONE) : some.flat();
  }

  #forget(): void {
    this.#serials = [];
    this.#choices = [];
  }

  #requestsFor(station: string): readonly StationRequest[] {
    const named = this.#groups.get(station);
    for (const { order, pattern, requests } of this.#wild) {
      if (named && named.order < order) break;
      if (globMatches(pattern, station)) return requests;
    }
    return named?.requests ?? [];
  }

  /** For people, in short. */
  describe(): string {
    let text = "";
    for (const { pattern, selectors } of this.#started) {
      const streams = selectors.map(({ negative, stream }) => `${negative ? "!" : ""}${stream}`).join(" ");
      text += `${text && ", "}${pattern}${streams && `:${streams}`}`;
      if (text.length > MAX_DESCRIPTION) return `${text.slice(0, MAX_DESCRIPTION)}…`;
    }
    return text;
  }
}

const MAX_DESCRIPTION = 200;
const NONE: readonly Choice[] = [];

function newRequest(pattern: string): StationRequest {
  const request = {
    pattern,
    selectors: [],
    characters: 0,
    beginning: FROM_NOW_ON,
    from: 0,
    until: UNLIMITED,
    after: ANY,
    startsAfter: ANY,
    before: UNLIMITED,
    seen: new Set<number>(),
    open: new Set<number>(),
    plain: { native: [] as unknown as [Choice], 3: [] as unknown as [Choice] },
  };
  for (const filter of ["native", "3"] as const)
    request.plain[filter][0] = { request, typed: undefined, filter };
  return request;
}

/** How a request sends a stream: one that a positive selector fits, if there are any, and no negative one. */
function choicesFor(request: StationRequest, stream: string): readonly Choice[] {
  const { selectors, plain } = request;
  const fitting = selectors.filter((selector) => globMatches(selector.stream, stream));
  const isAsked = selectors.every(({ negative }) => negative) || fitting.some(({ negative }) => !negative);
  if (!isAsked || fitting.some(({ negative, type }) => negative && type === undefined)) return NONE;
  if (fitting.every(({ type }) => type === undefined)) return plain[filterOf(fitting)];
  return [{ request, typed: withDefault(selectors, fitting), filter: filterOf(fitting) }];
}

/** Where there are negative selectors only, all others are asked for. */
function withDefault(all: readonly StreamSelector[], fitting: readonly StreamSelector[]): StreamSelector[] {
  const negativeOnly = all.every(({ negative }) => negative);
  return negativeOnly ? [...fitting, EVERYTHING] : [...fitting];
}

const EVERYTHING: StreamSelector = { negative: false, stream: "*", type: undefined, filter: undefined };

/** The first that names a conversion decides. */
function filterOf(selectors: readonly StreamSelector[]): Filter {
  return selectors.find(({ negative, filter }) => !negative && filter !== undefined)?.filter ?? "native";
}

/** How a packet of this format and subformat (`2D`) is sent; `undefined` if it is not. */
export function filterFor(choice: Choice, type: string): Filter | undefined {
  if (!choice.typed) return choice.filter;
  const fitting = choice.typed.filter(
    (selector) => selector.type === undefined || globMatches(selector.type, type),
  );
  if (fitting.some(({ negative }) => negative) || fitting.length === 0) return undefined;
  return filterOf(fitting);
}

/** Whether a request wants a packet that its selectors ask for, by its place and its time. */
export function wants(request: StationRequest, ring: Ring, sequence: number): boolean {
  if (sequence < request.from || sequence >= request.until) return false;
  const { after, startsAfter, before } = request;
  if (after !== ANY && ring.dataEndAt(sequence) <= after) return false;
  if (startsAfter !== ANY) {
    if (ring.dataEndAt(sequence) <= startsAfter) return false;
    request.startsAfter = ANY;
  }
  return before === UNLIMITED || isInWindow(request, ring, sequence);
}

/** Notes how far the streams of a window have come. */
function isInWindow(request: StationRequest, ring: Ring, sequence: number): boolean {
  const { serial } = ring.streamAt(sequence);
  const isIn = ring.dataStartAt(sequence) < request.before;
  const isNew = !request.seen.has(serial);
  request.seen.add(serial);
  if (!isIn) request.open.delete(serial);
  else if (isNew) request.open.add(serial);
  return isIn;
}

/** Whether every stream of a window that has come so far has come to its end. */
function isWindowOver({ before, seen, open }: StationRequest): boolean {
  return before !== UNLIMITED && seen.size > 0 && open.size === 0;
}

/** Finds where a request begins. A number whose packet is gone, or of a ring of before, never skips what there is. */
function place(request: StationRequest, ring: Ring, protocol: 3 | 4, isDialUp: boolean): void {
  const { sequence, start, end, timeIsSpare, fetch } = request.beginning;
  request.until = fetch || isDialUp ? ring.end : UNLIMITED;
  request.before = end ?? UNLIMITED;
  const place =
    sequence === "next" ? ring.end : sequence === "all" ? ring.first : placeOf(sequence, ring, protocol);
  request.from = place ?? ring.first;
  if (timeIsSpare) request.startsAfter = place === undefined ? (start ?? ANY) : ANY;
  else request.after = start ?? ANY;
}

/** Sequence of the packet with a number, or of the next one there is; `undefined` where it means nothing (any more). */
function placeOf(number: bigint, ring: Ring, protocol: 3 | 4): number | undefined {
  const next = ring.latestId + 1n;
  // Of 24 bits: the newest number that has them.
  const id = protocol === 4 ? number : next - ((((next - number) % SEQUENCES_3) + SEQUENCES_3) % SEQUENCES_3);
  const isGone = id > next || ring.packets === 0 || id < ring.idAt(ring.first);
  return isGone && id !== next ? undefined : ring.sequenceFrom(id);
}
