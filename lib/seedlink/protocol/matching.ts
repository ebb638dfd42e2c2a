/**
 * Whether a packet is one of those asked for. Looked at again on this side, because servers send more: after a refused
 * SELECT, for overlapping stations, for types and formats that they do not know.
 */
import type { Selector, StationRequest } from "./selectors.ts";

/** What of a packet selectors look at. */
export interface Candidate {
  /** `NET_STA` */
  readonly station: string;
  /** `LOC_B_S_SS`; `undefined` where the packet is not of a channel. */
  readonly stream: string | undefined;
  readonly format: string;
  readonly subformat: string;
}

/** Whether `text` fits a pattern with `*` and `?`. Never more than (length of text) × (length of pattern) steps. */
export function globMatches(pattern: string, text: string): boolean {
  let [p, t] = [0, 0];
  let [star, restart] = [-1, 0];
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === "*") {
      star = p++;
      restart = t;
    } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++restart;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

/**
 * Tells which packets are asked for. The entry that is a station's own decides about it, else the first whose pattern
 * fits; it asks for what one of its positive selectors fits, or for all if it has none, and no negative one.
 */
export class StreamMatcher {
  readonly #requests: readonly StationRequest[];

  constructor(requests: readonly StationRequest[]) {
    this.#requests = requests;
  }

  /** The entry that decides about a station. */
  requestFor(station: string): StationRequest | undefined {
    return this.#requests.find((request) => globMatches(request.station, station));
  }

  matches(candidate: Candidate): boolean {
    const request = this.requestFor(candidate.station);
    if (request === undefined) return false;
    const { selectors } = request;
    if (selectors.some((selector) => selector.negative && fits(selector, candidate))) return false;
    const positive = selectors.filter((selector) => !selector.negative);
    return positive.length === 0 || positive.some((selector) => fits(selector, candidate));
  }
}

function fits({ stream, type }: Selector, candidate: Candidate): boolean {
  if (stream !== "*" && (candidate.stream === undefined || !globMatches(stream, candidate.stream)))
    return false;
  if (type === undefined) return true;
  return globMatches(type, type.length === 1 ? candidate.subformat : candidate.format + candidate.subformat);
}
