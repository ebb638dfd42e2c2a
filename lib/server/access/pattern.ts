/**
 * Patterns that strangers send, matched so that none of them can hold up the server: the time that a text takes grows
 * with its length, and never with the cunning of the pattern. What cannot be matched in that way is refused in words.
 *
 * Programs send long lists of stream ids, with wildcards, joined by `|`. A pattern is therefore taken apart at its
 * outermost `|`: alternatives of the usual kind share one trie, and the others are compiled one by one by RE2, in
 * programs of bounded size and memory.
 */
import { RE2JS, RE2JSException } from "re2js";
import { DataLinkError } from "../../datalink/protocol/errors.ts";
import { classEnd, readInto } from "./pattern-reader.ts";
import { PatternTrie, TrieFullError } from "./pattern-trie.ts";

/** A compiled pattern; like ringserver's it is searched for anywhere in the text, and is case-sensitive. */
export interface StreamPattern {
  readonly text: string;
  test(text: string): boolean;
  /** Gives memory back that tests have taken; they take it again. Called after a round of tests. */
  release(): void;
}

/** A pattern that cannot be used, and why in words; empty where it is simply not a regular expression. */
export class PatternError extends Error {}

/** Most instructions of all the pieces together that RE2 compiles, and of a single one; `x{1000}` has 1000. */
const MAX_PROGRAM = 2500;
const MAX_PIECE = 800;

/** Characters that counted repetitions may add to a pattern when they are written out. */
const MAX_WRITTEN_OUT = 2500;

/** Most bytes that RE2's memory of one pattern may take between two releases. */
const MAX_MEMORY = 16 * 1024 * 1024;

/** What RE2 keeps while it reads one text, at most: a state per character, with a number per instruction. */
const STATES_PER_TEST = 64;
const BYTES_PER_STATE = 150;
const BYTES_PER_INSTRUCTION = 8;

/** Compiles a pattern, step by step. A NUL ends it. The steps throw {@link PatternError} where it cannot be used. */
export function* compilePattern(text: string): Generator<undefined, StreamPattern> {
  const nul = text.indexOf("\0");
  const pattern = nul < 0 ? text : text.slice(0, nul);
  const { before, alternatives, after } = takeApart(withoutComments(pattern));
  const trie = new PatternTrie(pattern.length + MAX_WRITTEN_OUT);
  const expressions: RE2JS[] = [];
  let room = MAX_PROGRAM;
  for (const alternative of alternatives) {
    if (!addTo(trie, before + alternative + after)) {
      const piece = before + after === "" ? alternative : `${before}(?:${alternative})${after}`;
      const expression = compileExpression(piece, room);
      room -= expression.programSize();
      expressions.push(expression);
    }
    yield;
  }
  trie.finish();
  return new CompiledPattern(pattern, trie, expressions, MAX_PROGRAM - room);
}

/**
 * Compiles a pattern of the server's own settings.
 *
 * @throws DataLinkError `INVALID_ARGUMENT` where it cannot be used.
 */
export function compileNow(text: string): StreamPattern {
  try {
    const steps = compilePattern(text);
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
    }
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const reason = error.message || "it is not a regular expression";
    throw new DataLinkError("INVALID_ARGUMENT", `The pattern "${text}" cannot be used: ${reason}.`, {
      cause: error,
    });
  }
}

function addTo(trie: PatternTrie, expression: string): boolean {
  try {
    return readInto(trie, expression);
  } catch (error) {
    if (!(error instanceof TrieFullError)) throw error;
    throw new PatternError(`it is too large: ${error.message}`, { cause: error });
  }
}

class CompiledPattern implements StreamPattern {
  readonly text: string;
  readonly #trie: PatternTrie | undefined;
  readonly #expressions: RE2JS[];
  readonly #testsPerRelease: number;
  #tests = 0;

  constructor(text: string, trie: PatternTrie, expressions: RE2JS[], instructions: number) {
    this.text = text;
    this.#trie = trie.isEmpty ? undefined : trie;
    this.#expressions = expressions;
    const bytesPerTest =
      STATES_PER_TEST * (BYTES_PER_STATE * expressions.length + BYTES_PER_INSTRUCTION * instructions);
    this.#testsPerRelease = Math.floor(MAX_MEMORY / bytesPerTest);
  }

  test(text: string): boolean {
    if (this.#trie?.isFoundIn(text)) return true;
    if (this.#expressions.length === 0) return false;
    if (this.#tests >= this.#testsPerRelease) this.release();
    this.#tests++;
    return this.#expressions.some((expression) => expression.test(text));
  }

  release(): void {
    if (this.#tests === 0) return;
    this.#tests = 0;
    for (const expression of this.#expressions) expression.reset();
  }
}

/**
 * The pattern without its comments `(?#…)`. `\\Z`, which RE2 does not know, is written `\\z`: they differ before a line
 * break at the end only, which no name has.
 */
function withoutComments(pattern: string): string {
  if (!/\(\?#|\\Z/.test(pattern) || pattern.includes("\\Q")) return pattern;
  const lastClose = pattern.lastIndexOf(")");
  let [text, copied] = ["", 0];
  const replace = (from: number, to: number, by: string): void => {
    text += pattern.slice(copied, from) + by;
    copied = to;
  };
  for (let at = 0; at < pattern.length; at++) {
    if (pattern[at] === "\\") {
      if (pattern[at + 1] === "Z") replace(at, at + 2, "\\z");
      at++;
    } else if (pattern[at] === "[") {
      at = classEnd(pattern, at) - 1;
    } else if (at < lastClose && pattern.startsWith("(?#", at)) {
      const close = pattern.indexOf(")", at);
      replace(at, close + 1, "");
      at = close;
    }
  }
  return text + pattern.slice(copied);
}

/** A pattern as alternatives, each with the same around it: `(?i)^(a|b)$` is `(?i)^a$` or `(?i)^b$`. */
interface Parts {
  before: string;
  alternatives: string[];
  after: string;
}

function takeApart(pattern: string): Parts {
  const [flags = ""] = /^\(\?[a-z]+\)/.exec(pattern) ?? [];
  const rest = pattern.slice(flags.length);
  // Flags hold for all that follows them, and \Q quotes bars, too.
  if (/\(\?[a-zA-Z-]+\)|\\Q/.test(rest)) return { before: "", alternatives: [pattern], after: "" };
  const { bars, innerBars, isGroup } = structureOf(rest);
  if (bars.length > 0 || !isGroup) return { before: flags, alternatives: splitAt(rest, bars), after: "" };
  const [, before, after] = GROUP.exec(rest) as unknown as [string, string, string];
  const inner = rest.slice(before.length, rest.length - after.length);
  const alternatives = splitAt(
    inner,
    innerBars.map((bar) => bar - before.length),
  );
  return { before: flags + before.replace(/\(.*/, ""), alternatives, after: after.slice(1) };
}

/** What may stand around the alternatives of a group that is the whole pattern. */
const GROUP = /^(\^?\((?:\?:|(?!\?))).*(\)\$?)$/s;

/** Where the bars outside all groups are, and those inside one; and whether one group with bars is the whole pattern. */
function structureOf(pattern: string): { bars: number[]; innerBars: number[]; isGroup: boolean } {
  const [bars, innerBars]: [number[], number[]] = [[], []];
  let depth = 0;
  let firstEnd = -1;
  let lastEnd = -1;
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === "\\") at++;
    else if (character === "[") at = classEnd(pattern, at) - 1;
    else if (character === "(") depth++;
    else if (character === ")") {
      depth--;
      lastEnd = at;
      if (depth === 0 && firstEnd < 0) firstEnd = at;
      if (depth < 0) throw new PatternError("");
    } else if (character === "|") {
      if (depth === 0) bars.push(at);
      else if (depth === 1) innerBars.push(at);
    }
  }
  if (depth > 0) throw new PatternError("");
  // In (a)(b), the first and the last parenthesis are not a pair; in (a)\), the last character is not one.
  const isLast = lastEnd === pattern.length - (pattern.endsWith("$") ? 2 : 1);
  const isGroup = innerBars.length > 0 && firstEnd === lastEnd && isLast && GROUP.test(pattern);
  return { bars, innerBars, isGroup };
}

function splitAt(pattern: string, bars: number[]): string[] {
  return [-1, ...bars].map((bar, i) => pattern.slice(bar + 1, bars[i]));
}

function compileExpression(piece: string, room: number): RE2JS {
  // Names are ASCII: classes of all the world's letters would only make tables.
  if (/\\[pP]|[^ -~]/.test(piece))
    throw new PatternError("only printable ASCII can be matched, without \\p and \\P");
  if (piece.length > LONGEST_PIECE) throw tooLarge(piece, `it has more than ${LONGEST_PIECE} characters`);
  checkSize(piece, expandedSize(piece), room);
  const expression = compileByRe2(piece);
  checkSize(piece, expression.programSize(), room);
  return expression;
}

/** More characters would make more instructions than a piece may have. */
const LONGEST_PIECE = 16 * MAX_PIECE;

function checkSize(piece: string, size: number, room: number): void {
  if (size > MAX_PIECE) {
    throw tooLarge(
      piece,
      `written out, it has about ${size} steps where ${MAX_PIECE} are the most: use fewer or shorter repetitions`,
    );
  }
  if (size > room) {
    throw tooLarge(
      piece,
      `it and the alternatives before it that are more than names with wildcards have over ${MAX_PROGRAM} steps`,
    );
  }
}

function tooLarge(piece: string, why: string): PatternError {
  const shown = piece.length > 40 ? `${piece.slice(0, 40)}...` : piece;
  return new PatternError(`${shown} is too large: ${why}`);
}

function compileByRe2(piece: string): RE2JS {
  try {
    return RE2JS.compile(piece);
  } catch (error) {
    if (!(error instanceof RE2JSException) && !(error instanceof RangeError)) throw error;
    const isBeyondRe2 = BEYOND_RE2.test(error.message);
    throw new PatternError(isBeyondRe2 ? `${BEYOND} (${error.message})` : "", { cause: error });
  }
}

/** What RE2 says of expressions that other engines take. */
const BEYOND_RE2 = /Perl syntax|\(\?<[=!]|escape sequence|nested repetition|repeat count|too large/;
const BEYOND =
  "look-around, back-references, more than 1000 repetitions, and possessive quantifiers and atomic groups that change " +
  "what is found are not supported";

type Token = { kind: "(" | ")" | "atom" | "repeat"; times: number };

const TOKEN = /\\[\s\S]?|\[\^?\]?(?:\[:\^?\w*:\]|\\[\s\S]|[^\]\\])*\]?|\(\??|\{\d*,?\d*\}|[\s\S]/g;

/** The pattern in the coarse pieces that matter here: groups, repetitions, and single matchers, as large as a bar. */
function* tokens(pattern: string): Generator<Token> {
  for (const [text] of pattern.matchAll(TOKEN)) {
    const repeat = /^\{(\d+),?(\d*)\}$/.exec(text);
    if (repeat) yield { kind: "repeat", times: Math.max(1, Number(repeat[1]), Number(repeat[2])) };
    else if (text === "*" || text === "+" || text === "?") yield { kind: "repeat", times: 1 };
    else if (text.startsWith("(")) yield { kind: "(", times: 1 };
    else if (text === ")") yield { kind: text, times: 1 };
    else yield { kind: "atom", times: 1 };
  }
}

/** About how many instructions the pattern has once counted repetitions are written out. */
function expandedSize(pattern: string): number {
  const outer: number[] = [];
  let [group, last] = [0, 0];
  for (const { kind, times } of tokens(pattern)) {
    if (kind === "(") {
      outer.push(group + last);
      [group, last] = [0, 0];
    } else if (kind === ")") {
      last = group + last + 1;
      group = outer.pop() ?? 0;
    } else if (kind === "repeat") {
      last = (last + 1) * times;
    } else {
      group += last;
      last = 1;
    }
  }
  return outer.reduce((sum, size) => sum + size, group + last);
}
