/**
 * What people ask for, as text, and how it is said to a server: `CO_JSC:BHZ 00HH? !BHN, IU_KONO`, and stream ids as
 * servers list them. Everything is told in the terms of protocol 4, `LOC_B_S_SS`, and turned into those of 3 where that
 * is spoken.
 *
 * Grammar: entries are separated by commas (or line ends); an entry is a station, `NET_STA`, and behind a colon selectors
 * separated by blanks; or it is one stream: `NET_STA_LOC_CHA`, `FDSN:NET_STA_LOC_B_S_SS`, either perhaps with `/MSEED`.
 * `*` stands for any characters, `?` for one. Codes are upper case, whatever is typed. A selector may end in a type (`BHZ.D`),
 * or be one (`L`: logs), and in protocol 4 in a conversion (`BHZ:3`).
 */
import { SeedLinkError, shown } from "./errors.ts";

/** One selector of a station. */
export interface Selector {
  /** Whether it takes streams away rather than asks for them. */
  readonly negative: boolean;
  /** Pattern of `LOC_B_S_SS`; `*` matches underscores too. */
  readonly stream: string;
  /** Type of protocol 3 (`D` data, `L` log …), or format and subformat of protocol 4 (`2D`); as patterns. */
  readonly type?: string;
  /** Conversion of protocol 4: `3` for miniSEED 3, `native` for none. */
  readonly filter?: string;
}

/** A station, or a pattern of stations, and what is asked for of it; no selectors: everything. */
export interface StationRequest {
  /** `NET_STA`, perhaps with wildcards. */
  readonly station: string;
  readonly selectors: readonly Selector[];
}

/** Most stations and selectors of one request: every one is a command to the server. */
const MAX_ENTRIES = 10_000;

/** Longest text of a request, in characters. */
const MAX_TEXT = 1_000_000;

const CODE = /^[A-Z0-9*?-]+$/;
const SELECTOR = /^(!)?([A-Za-z0-9*?_-]+)(?:\.([A-Za-z0-9?*]{1,2}))?(?::([A-Za-z0-9]{1,20}))?$/;

/**
 * Reads the text of a request. Empty text means everything. Selectors of the same station are put together; stations
 * with wildcards come last, so that a station's own entry decides before a pattern does.
 *
 * @throws SeedLinkError `INVALID_ARGUMENT`, naming the entry that makes no sense
 */
export function parseStreams(text: string): StationRequest[] {
  if (typeof text !== "string" || text.length > MAX_TEXT) {
    throw new SeedLinkError("INVALID_ARGUMENT", `The streams are text of at most ${MAX_TEXT} characters.`);
  }
  const stations = new Map<string, Selector[]>();
  let entries = 0;
  for (const part of text.split(/[,\n\r]/)) {
    const entry = part.trim();
    if (entry === "") continue;
    const { station, selectors } = parseEntry(entry);
    entries += 1 + selectors.length;
    if (entries > MAX_ENTRIES) throw tooMany();
    addEntry(stations, station, selectors);
  }
  if (stations.size === 0) return [{ station: "*", selectors: [] }];
  const requests = [...stations].map(([station, selectors]) => ({ station, selectors }));
  return requests.sort((a, b) => Number(hasWildcard(a.station)) - Number(hasWildcard(b.station)));
}

/** An entry without selectors asks for everything, whatever others of the station say. */
function addEntry(stations: Map<string, Selector[]>, station: string, selectors: Selector[]): void {
  const known = stations.get(station);
  if (known === undefined) stations.set(station, selectors);
  else if (known.length === 0 || selectors.length === 0) stations.set(station, []);
  else known.push(...selectors);
}

/** Whether a pattern may stand for more than one name. */
export function hasWildcard(pattern: string): boolean {
  return pattern.includes("*") || pattern.includes("?");
}

/** The text of a request, which `parseStreams` reads back. */
export function formatStreams(requests: readonly StationRequest[]): string {
  return requests
    .map(({ station, selectors }) =>
      selectors.length === 0 ? station : `${station}:${selectors.map(formatSelector).join(" ")}`,
    )
    .join(",");
}

function parseEntry(entry: string): { station: string; selectors: Selector[] } {
  const id = /^(?:FDSN:)?([^:/]*)(?:\/[A-Za-z0-9]+)*$/i.exec(entry)?.[1];
  if (id !== undefined && (/^FDSN:/i.test(entry) || id.split("_").length > 2)) return parseId(id, entry);
  const colon = entry.indexOf(":");
  const name = colon < 0 ? entry : entry.slice(0, colon);
  const words =
    colon < 0
      ? []
      : entry
          .slice(colon + 1)
          .trim()
          .split(/\s+/)
          .filter(Boolean);
  if (colon >= 0 && words.length === 0) throw invalid(entry, "write selectors behind the colon, such as BHZ");
  return { station: parseStation(name, entry), selectors: words.map((word) => parseSelector(word, entry)) };
}

/** `NET`, `NET_STA`, `NET_STA_LOC`, `NET_STA_LOC_CHA` or `NET_STA_LOC_B_S_SS`. */
function parseId(id: string, entry: string): { station: string; selectors: Selector[] } {
  const codes = id.trim().toUpperCase().split("_");
  const [network = "", station = "*", location, ...channel] = codes;
  const where = parseStation(`${network}_${station}`, entry);
  if (location === undefined) return { station: where, selectors: [] };
  const text = [location, ...(channel.length === 0 ? ["*"] : channel)].join("_");
  return { station: where, selectors: [parseSelector(text, entry)] };
}

function parseStation(name: string, entry: string): string {
  const upper = name.trim().toUpperCase();
  if (upper === "*") return "*";
  const codes = upper.split("_");
  if (codes.length === 2 && codes.every((code) => CODE.test(code))) return upper === "*_*" ? "*" : upper;
  throw invalid(entry, "a station is written NET_STA, for example CO_JSC or CO_*");
}

/** Reads one selector, of either protocol. */
function parseSelector(word: string, entry: string): Selector {
  const kind = /^(!)?([DECTLO])$/i.exec(word);
  if (kind) return { negative: kind[1] !== undefined, stream: "*", type: kind[2]!.toUpperCase() };
  const parts = SELECTOR.exec(word);
  const stream = parts ? streamPattern(parts[2]!.toUpperCase()) : undefined;
  if (!parts || stream === undefined) {
    const example = "for example BHZ, 00BHZ, BH?, --BHZ, 00_B_H_Z or !LOG";
    throw invalid(entry, `${shown(word, 30)} does not select streams, ${example}`);
  }
  return {
    negative: parts[1] !== undefined,
    stream,
    ...(parts[3] !== undefined && { type: parts[3].toUpperCase() }),
    ...(parts[4] !== undefined && { filter: parts[4] }),
  };
}

/** A selector's stream in the terms of protocol 4, or `undefined` where it is not one. */
function streamPattern(text: string): string | undefined {
  if (text === "*") return text;
  if (!text.includes("_")) return fromProtocol3(text);
  const [first = "", ...channel] = text.split("_");
  const location = first === "--" ? "" : first;
  // One code for the channel, as SEED writes it: BHZ, or BH* with fewer letters.
  const seed = channel.length === 1 && /^(?:[A-Z0-9?]{3}|(?=.*\*)[A-Z0-9?*]{1,3})$/.test(channel[0]!);
  if (seed) return `${location}_${spread(channel[0]!)}`;
  const complete = channel.length === 3 || (channel.length < 3 && text.includes("*"));
  return complete && !channel.some((code) => code.includes("-"))
    ? [location, ...channel].join("_")
    : undefined;
}

/** `CCC`, `LLCCC`, `--CCC`; with `*`, of which only ringserver knows, as many letters as one likes. */
function fromProtocol3(text: string): string | undefined {
  if (/^[A-Z0-9?]{3}$/.test(text)) return `*_${spread(text)}`;
  if (/^(?:[A-Z0-9?]{2}|--)[A-Z0-9?]{3}$/.test(text)) {
    return `${text.startsWith("--") ? "" : text.slice(0, 2)}_${spread(text.slice(2))}`;
  }
  // No band begins with a digit: these are a location, and all its channels.
  if (/^\d\d\*$/.test(text)) return `${text.slice(0, 2)}_*`;
  if (/^(?:[A-Z0-9?]{2}|--)[A-Z0-9?*]{1,3}$/.test(text) && text.length > 3 && text.includes("*")) {
    return `${text.startsWith("--") ? "" : text.slice(0, 2)}_${spread(text.slice(2))}`;
  }
  return /^[A-Z0-9?*]{2,3}$/.test(text) && text.includes("*") ? `*_${spread(text)}` : undefined;
}

function spread(letters: string): string {
  return letters.split("").join("_");
}

function formatSelector({ negative, stream, type, filter }: Selector): string {
  const word = `${negative ? "!" : ""}${stream.startsWith("_") ? "--" : ""}${stream}`;
  return `${word}${type === undefined ? "" : `.${type}`}${filter === undefined ? "" : `:${filter}`}`;
}

/** A selector as an argument of SELECT in protocol 4. A type of protocol 3 is not said, but looked at on this side. */
export function selectorOf4({ negative, stream, type, filter }: Selector): string {
  const format = type !== undefined && type.length === 2 ? `.${type}` : "";
  return `${negative ? "!" : ""}${stream}${format}${filter === undefined ? "" : `:${filter}`}`;
}

/**
 * A selector as the argument of SELECT in protocol 3, or `undefined` where it cannot be said there. It may ask for more
 * than the selector does, and take away less: the rest is looked at on this side.
 *
 * @param dashes whether the server reads `--` as an empty location
 * @throws SeedLinkError `NOT_SUPPORTED` for a conversion, which protocol 3 does not have
 */
export function selectorOf3(
  { negative, stream, type, filter }: Selector,
  dashes: boolean,
): string | undefined {
  if (filter !== undefined && filter !== "native") {
    throw new SeedLinkError(
      "NOT_SUPPORTED",
      `The server speaks protocol 3, which cannot convert streams (:${filter}): leave the conversion out.`,
    );
  }
  const exact = exactOf3(stream, dashes);
  if (!negative) return exact ?? widerOf3(stream, dashes);
  // With a type or a conversion it takes away less than the stream.
  return exact === undefined || type !== undefined ? undefined : `!${exact}`;
}

/** What of protocol 3 means the very same, if anything does. */
function exactOf3(stream: string, dashes: boolean): string | undefined {
  const codes = stream.split("_");
  if (codes.length !== 4) return undefined;
  const [location = "", ...letters] = codes;
  if (!letters.every((letter) => /^[A-Z0-9]$/.test(letter) || letter === "?")) return undefined;
  if (location === "*") return letters.join("");
  if (location === "" && dashes) return `--${letters.join("")}`;
  return /^[A-Z0-9?]{2}$/.test(location) ? location + letters.join("") : undefined;
}

/** What of protocol 3 selects at least these streams. */
function widerOf3(stream: string, dashes: boolean): string {
  const codes = stream.split("_");
  const [first = "*", ...rest] = codes;
  const location = first === "" && dashes ? "--" : /^[A-Z0-9?]{2}$/.test(first) ? first : "";
  const letters =
    codes.length === 4 && !first.includes("*") ? rest : first === "*" && rest.length === 3 ? rest : [];
  const channel = [0, 1, 2].map((i) => (/^[A-Z0-9]$/.test(letters[i] ?? "") ? letters[i] : "?")).join("");
  return location + channel;
}

function invalid(entry: string, advice: string): SeedLinkError {
  return new SeedLinkError(
    "INVALID_ARGUMENT",
    `The streams entry ${shown(entry)} cannot be read: ${advice}.`,
  );
}

function tooMany(): SeedLinkError {
  return new SeedLinkError(
    "INVALID_ARGUMENT",
    `The streams have more than ${MAX_ENTRIES} entries: use wildcards, or several subscriptions.`,
  );
}
