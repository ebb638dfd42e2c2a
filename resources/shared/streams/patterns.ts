/** What is picked of a server's streams, as the text of a setting: a regular expression, or SeedLink's streams. */
import type { Picked } from "./streams.ts";

/** Where several expressions have the beginning in common, it is written once. */
class Trie {
  readonly #children = new Map<string, Trie>();
  /** Whatever follows is selected. */
  #isOpen = false;

  add([token, ...rest]: readonly string[]): void {
    if (token === undefined) {
      this.#isOpen = true;
      return;
    }
    const next = this.#children.get(token) ?? new Trie();
    this.#children.set(token, next);
    next.add(rest);
  }

  toString(): string {
    if (this.#isOpen) return "";
    const byRest = new Map<string, string[]>();
    for (const [token, next] of this.#children) {
      const rest = String(next);
      byRest.set(rest, [...(byRest.get(rest) ?? []), token]);
    }
    const parts = [...byRest].map(([rest, tokens]) => oneOf(tokens) + rest);
    return parts.length === 1 ? parts[0]! : `(${parts.join("|")})`;
  }
}

function oneOf(tokens: readonly string[]): string {
  if (tokens.length === 1) return tokens[0]!;
  const areLetters = tokens.every((token) => /^[A-Za-z0-9]$/.test(token));
  return areLetters ? `[${tokens.join("")}]` : `(${tokens.join("|")})`;
}

/** Each character, escaped where a regular expression would take it for more than itself. */
function literal(text: string): string[] {
  return text.split("").map((sign) => (/[.*+?^${}()|[\]\\]/.test(sign) ? `\\${sign}` : sign));
}

/** A regular expression that selects what is picked; empty for nothing. */
export function regularExpression(picks: readonly Picked[]): string {
  if (picks.length === 0) return "";
  const trie = new Trie();
  for (const pick of picks) for (const tokens of expressionsOf(pick)) trie.add(tokens);
  return `^${String(trie)}`;
}

function expressionsOf({ head, network, station, rests, all }: Picked): string[][] {
  const begin = literal(head + network);
  if (station === undefined && rests === undefined) return [[...begin, "_"]];
  const every = all.every((leaf) => leaf.station !== undefined);
  const place =
    station !== undefined ? [...begin, "_", ...literal(station)] : every ? [...begin, "_", "[^_/]*"] : begin;
  if (rests === undefined) {
    const signs = new Set(all.map(({ rest }) => rest.charAt(0)));
    return [...signs].map((sign) => (sign === "" ? [...place, "$"] : [...place, ...literal(sign)]));
  }
  return rests.picked.map((rest) => [...place, ...literal(rest), "$"]);
}

/** SeedLink's text of streams that selects what is picked; empty for nothing. */
export function seedLinkStreams(picks: readonly Picked[]): string {
  return picks.map(entryOf).join(", ");
}

function entryOf({ network, station, rests }: Picked): string {
  const place = `${network}_${station ?? "*"}`;
  return rests === undefined ? place : `${place}:${selectorsOf(rests).join(" ")}`;
}

/** `00HH?` where all streams with this beginning are picked. */
function selectorsOf(rests: { picked: string[]; all: string[] }): string[] {
  const all = rests.all.map(selectorOf);
  const left = new Set(rests.picked.map(selectorOf));
  const words: string[] = [];
  for (const word of left) {
    const alike = /^..[A-Z0-9]{3}$/.test(word) ? all.filter((other) => isAlike(word, other)) : [word];
    const isWhole = alike.length > 1 && alike.every((other) => left.has(other));
    words.push(isWhole ? `${word.slice(0, 4)}?` : word);
    if (isWhole) for (const other of alike) left.delete(other);
  }
  return words;
}

const isAlike = (word: string, other: string) => other.length === 5 && other.startsWith(word.slice(0, 4));

/** `00HHZ`, or as the server has it where its codes have more letters: `00_HHX_H_Z`. */
function selectorOf(rest: string): string {
  const [location = "", ...channel] = rest.replace(/^_/, "").split("_");
  const place = location === "" ? "--" : location;
  const isSeed = place.length === 2 && channel.length === 3 && channel.every((code) => code.length === 1);
  return isSeed ? place + channel.join("") : [place, ...channel].join("_");
}
